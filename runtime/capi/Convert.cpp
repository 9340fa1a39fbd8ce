//===- Convert.cpp - between the structures of C and ours --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/capi/Convert.h"

#include "runtime/base/Environment.h"

#include <cstdlib>

namespace muntin::runtime {

Status checkNewerFields(const char *what, const void *structure, size_t known, size_t size) {
  const auto *bytes = static_cast<const unsigned char *>(structure);
  constexpr size_t kLimit = 1 << 12; // no structure of ours will be as long; more is a field that was never set
  if (size > kLimit)
    return Status::invalid(fmt::format("{}: struct_size is {}, expected {}", what, size, known));
  for (size_t i = known; i < size; ++i)
    if (bytes[i])
      return {StatusCode::NotInThisVersion,
              fmt::format("{}: a field beyond byte {} is set, which is not in this version", what, known)};
  return {};
}

static std::string orEmpty(const char *text) { return text ? text : ""; }

//===-- Problems and shapes -----------------------------------------------===//

Result<Request> toRequest(const mtn_problem *problem) {
  const Result<mtn_problem> fields = readStruct("problem", problem);
  if (!fields)
    return fields.status();
  if (fields->operation != MTN_FORWARD && fields->operation != MTN_BACKWARD)
    return Status::invalid(fmt::format("operation is {}, expected MTN_FORWARD (0) or MTN_BACKWARD (1)",
                                       static_cast<int>(fields->operation)));
  if (fields->dtype < MTN_F32 || fields->dtype > MTN_BF16)
    return Status::invalid(
        fmt::format("dtype is {}, expected MTN_F32 (0), MTN_F16 (1) or MTN_BF16 (2)", static_cast<int>(fields->dtype)));
  if (fields->rank < 0 || fields->rank > kMaxRank)
    return Status::invalid(fmt::format("rank is {}, expected 1 to {}", fields->rank, kMaxRank));
  Request request{.operation = static_cast<Operation>(fields->operation),
                  .element = static_cast<ElementType>(fields->dtype),
                  .rank = fields->rank,
                  .headDim = fields->head_dim,
                  .valueDim = fields->value_dim};
  if (fields->mask)
    request.mask = fields->mask;
  if (fields->template_name)
    request.templateName = fields->template_name;
  if (fields->target)
    request.target = fields->target;
  if (fields->plan)
    request.plan = fields->plan;
  request.alignment = fields->alignment;
  request.sharedBytes = fields->shared_bytes;
  return request;
}

Result<Shape> toShape(const mtn_shape *shape, int rank) {
  const Result<mtn_shape> fields = readStruct("shape", shape);
  if (!fields)
    return fields.status();
  return Shape{.batch = fields->batch,
               .heads = fields->heads,
               .kvHeads = fields->kv_heads,
               .grid = {fields->grid, fields->grid + rank},
               .kvGrid = {fields->kv_grid, fields->kv_grid + rank}};
}

//===-- Runs --------------------------------------------------------------===//

static Status toView(const char *name, const mtn_tensor &tensor, std::optional<TensorView> &target) {
  if (tensor.dtype < MTN_F32 || tensor.dtype > MTN_I32)
    return Status::invalid(fmt::format("{}: dtype is {}, expected 0 to 3", name, static_cast<int>(tensor.dtype)));
  if (tensor.ndim < 0 || tensor.ndim > kMaxDims)
    return Status::invalid(fmt::format("{}: ndim is {}, expected 0 to {}", name, tensor.ndim, kMaxDims));
  TensorView &view = target.emplace();
  view.data = tensor.data;
  view.type = static_cast<DataType>(tensor.dtype);
  view.rank = tensor.ndim;
  std::copy_n(tensor.extents, tensor.ndim, view.extents.begin());
  std::copy_n(tensor.strides, tensor.ndim, view.strides.begin());
  return {};
}

static Status addTensor(TensorSet &set, Tensor which, const mtn_tensor *tensor) {
  return tensor ? toView(tensorName(which), *tensor, at(set, which)) : Status();
}

Result<RunRequest> toRunRequest(const mtn_arguments *arguments) {
  const Result<mtn_arguments> fields = readStruct("arguments", arguments);
  if (!fields)
    return fields.status();
  if (fields->threads < 0 || fields->threads > kMaxThreads)
    return Status::invalid(fmt::format("threads is {}, expected 0 to {}", fields->threads, kMaxThreads));
  if (fields->flags & ~static_cast<uint32_t>(MTN_ALLOCATE_WORKSPACE))
    return Status::invalid(fmt::format("flags is {:#x}, expected 0 or MTN_ALLOCATE_WORKSPACE (1)", fields->flags));
  RunRequest run;
  const mtn_tensor *tensors[kNumTensors] = {fields->q,   fields->k,        fields->v,          fields->out,
                                            fields->lse, fields->segments, fields->kv_segments};
  for (int i = 0; i < kNumTensors; ++i)
    if (Status status = addTensor(run.tensors, static_cast<Tensor>(i), tensors[i]); !status)
      return status;
  if (fields->scale)
    run.scale = *fields->scale;
  run.workspace = {fields->workspace, fields->workspace_size};
  run.allocateWorkspace = fields->flags & MTN_ALLOCATE_WORKSPACE;
  run.stream = fields->stream;
  run.threads = fields->threads;
  return run;
}

Result<TensorSet> toSegments(const mtn_tensor *segments, const mtn_tensor *kvSegments) {
  TensorSet set;
  if (Status status = addTensor(set, Tensor::Segments, segments); !status)
    return status;
  if (Status status = addTensor(set, Tensor::KvSegments, kvSegments); !status)
    return status;
  return set;
}

//===-- Sessions and memory -----------------------------------------------===//

Result<SessionOptions> toSessionOptions(const mtn_session_options *options) {
  mtn_session_options defaults;
  mtn_session_options_init(&defaults);
  const Result<mtn_session_options> fields = readStruct("options", options ? options : &defaults);
  if (!fields)
    return fields.status();
  SessionOptions result;
  result.device = orEmpty(fields->device);
  result.threads = fields->threads;
  result.compiler = orEmpty(fields->compiler);
  result.dumpDir = orEmpty(fields->dump_dir);
  result.overrideDir = orEmpty(fields->override_dir);
  result.logLevel = fields->log_level;
  if (fields->cache < MTN_CACHE_DEFAULT || fields->cache > MTN_CACHE_RW)
    return Status::invalid(fmt::format("cache is {}, expected 0 to 3", static_cast<int>(fields->cache)));
  if (fields->cache != MTN_CACHE_DEFAULT)
    result.cache = static_cast<CacheMode>(fields->cache);
  result.cacheDir = orEmpty(fields->cache_dir);
  if (fields->cache_limit > 0)
    result.cacheLimit = fields->cache_limit;
  result.parallelFor = {fields->parallel_for, fields->parallel_for_user};
  if (!fields->allocate != !fields->release)
    return Status::invalid(fmt::format("{} is null, but {} is not", fields->allocate ? "release" : "allocate",
                                       fields->allocate ? "allocate" : "release"));
  result.allocator = {fields->allocate, fields->release, fields->allocator_user};
  result.compileTimeout = std::chrono::duration<double>(fields->compile_timeout);
  if (fields->compile_never != 0 && fields->compile_never != 1)
    return Status::invalid(fmt::format("compile_never is {}, expected 0 or 1", fields->compile_never));
  result.compileNever = fields->compile_never;
  result.ptxas = orEmpty(fields->ptxas);
  result.cubins = orEmpty(fields->cubins);
  if (const mtn_progress_callback progress = fields->progress)
    result.progress = [progress, user = fields->progress_user](const std::string &key, const char *stage) {
      progress(user, key.c_str(), stage);
    };
  if (const mtn_log_callback log = fields->log)
    result.sink = [log, user = fields->log_user](LogLevel level, const char *message) {
      log(user, static_cast<mtn_log_level>(level), message);
    };
  return result;
}

Result<mtn_blob> toBlob(std::string_view bytes) {
  auto *data = static_cast<char *>(std::malloc(bytes.size() + 1));
  if (!data)
    return Status(StatusCode::OutOfMemory, fmt::format("cannot allocate {} bytes", bytes.size() + 1));
  std::copy(bytes.begin(), bytes.end(), data);
  data[bytes.size()] = '\0';
  return mtn_blob{data, bytes.size()};
}

} // namespace muntin::runtime
