//===- Request.cpp - what the command line asks for ------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Request.h"

#include "runtime/abi/Target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>

using namespace muntin;

static constexpr int64_t kMaxThreads = 4096;

static Status notYet(std::string what) {
  return {StatusCode::NotInThisVersion, fmt::format("{} is not in this version", what)};
}

//===----------------------------------------------------------------------===//
// The pieces of a request
//===----------------------------------------------------------------------===//

/// The option if given, else what the files say, else `otherwise`; both must agree.
static Result<int64_t> merge(const char *field, const Text &option, const std::optional<Number> &file, int64_t least,
                             int64_t most, int64_t otherwise) {
  if (!option && !file)
    return otherwise;
  if (!option) {
    if (file->value < least || file->value > most)
      return Status::invalid(
          fmt::format("{} (of {}) is {}; expected {} to {}", field, file->from, file->value, least, most));
    return file->value;
  }
  Result<int64_t> value = parseInteger(field, *option, least, most);
  if (value && file && *value != file->value)
    return Status::invalid(
        fmt::format("{} is {}, but {} has {}; they must agree", field, *value, file->from, file->value));
  return value;
}

static Result<std::vector<int64_t>> mergeGrid(const char *field, const char *file, const Text &option,
                                              const std::vector<int64_t> &fromFile) {
  if (!option)
    return fromFile;
  Result<std::vector<int64_t>> grid = parseExtents(field, *option, 0);
  if (grid && !fromFile.empty() && *grid != fromFile)
    return Status::invalid(
        fmt::format("{} is {}, but {} has {}; they must agree", field, *option, file, printExtents(fromFile)));
  return grid;
}

/// The rank follows from --rank, the grid, or the mask's lists.
static Result<int> findRank(const Options &o, const std::vector<int64_t> &grid, const Mask &mask, bool needShape) {
  Result<int> demanded = maskRank(mask);
  if (!demanded)
    return demanded;
  int rank = static_cast<int>(grid.size());
  if (o.rank) {
    Result<int64_t> given = parseInteger("--rank", *o.rank, 1, kMaxRank);
    if (!given)
      return given.status();
    if (rank != 0 && rank != *given)
      return Status::invalid(
          fmt::format("--rank is {}, but the grid {} has {} axes", *given, printExtents(grid), rank));
    rank = static_cast<int>(*given);
  }
  if (rank == 0 && needShape)
    return Status::invalid("--grid is missing; it is required without files, as in --grid 56x56");
  if (rank == 0)
    rank = *demanded;
  if (rank == 0)
    return Status::invalid("--rank is missing; give --rank 1 to 3, or --grid");
  return rank;
}

static Status fillProblem(const Options &o, const FileFacts &facts, Problem &problem) {
  if (o.op && *o.op == "backward")
    return notYet("--op backward");
  if (o.op && *o.op != "forward")
    return Status::invalid(fmt::format("--op is '{}'; expected forward or backward", *o.op));
  problem.element = facts.element.value_or(ElementType::F32);
  if (o.dtype) {
    Result<ElementType> element = parseElementType(*o.dtype);
    if (!element)
      return Status::invalid(fmt::format("--dtype is '{}'; expected f32, f16 or bf16", *o.dtype));
    problem.element = *element;
  }
  Result<int64_t> headDim = merge("--head-dim", o.headDim, facts.headDim, 1, kMaxHeadDim, 64);
  if (!headDim)
    return headDim.status();
  Result<int64_t> valueDim = merge("--value-dim", o.valueDim, facts.valueDim, 1, kMaxHeadDim, *headDim);
  if (!valueDim)
    return valueDim.status();
  problem.headDim = *headDim;
  problem.valueDim = *valueDim;
  problem.templateName = o.templateName.value_or("");
  problem.plan = o.plan.value_or("");
  return {};
}

static Status fillShape(const Options &o, const FileFacts &facts, std::vector<int64_t> grid, Shape &shape) {
  Result<int64_t> batch = merge("--batch", o.batch, facts.batch, 0, kMaxExtent, 1);
  if (!batch)
    return batch.status();
  Result<int64_t> heads = merge("--heads", o.heads, facts.heads, 0, kMaxExtent, 1);
  if (!heads)
    return heads.status();
  Result<int64_t> kvHeads = merge("--kv-heads", o.kvHeads, facts.kvHeads, 0, kMaxExtent, *heads);
  if (!kvHeads)
    return kvHeads.status();
  Result<std::vector<int64_t>> kvGrid = mergeGrid("--kv-grid", "--k", o.kvGrid, facts.kvGrid);
  if (!kvGrid)
    return kvGrid.status();
  shape.batch = *batch;
  shape.heads = *heads;
  shape.kvHeads = *kvHeads;
  shape.kvGrid = kvGrid->empty() ? grid : *kvGrid;
  shape.grid = std::move(grid);
  return {};
}

/// "163K", or bytes; checkProblem() knows the bounds.
static Status fillShared(const Options &o, Problem &problem) {
  if (!o.shared)
    return {};
  const bool kilo = o.shared->ends_with('K');
  constexpr int64_t most = std::numeric_limits<int32_t>::max() / 1024;
  Result<int64_t> value = parseInteger("--shared", o.shared->substr(0, o.shared->size() - kilo), 1, most);
  if (!value)
    return value.status();
  problem.sharedBytes = *value * (kilo ? 1024 : 1);
  return {};
}

static Status fillTarget(const Options &o, const Text &target, RequestNeeds needs, Problem &problem) {
  if (!target && o.targets.size() > 1)
    return Status::invalid(fmt::format("--target is given {} times; expected once", o.targets.size()));
  const std::string otherwise = isGpuDevice(o) ? "sm_80" : "host";
  const std::string name = target ? *target : o.targets.empty() ? otherwise : o.targets.front();
  Result<const Target *> row = findTarget(name);
  if (!row)
    return Status(row.status().code(), fmt::format("--target: {}", row.status().message()));
  if (!(*row)->implemented)
    return notYet(fmt::format("--target {}", name));
  if (needs.execution && isGpuDevice(o) != ((*row)->gpu != nullptr))
    return {StatusCode::Unavailable,
            fmt::format("--target is {}, which --device {} cannot execute", name, o.device.value_or("cpu"))};
  if (needs.execution && !(*row)->gpu && !machineSupports(**row))
    return {StatusCode::Unavailable, fmt::format("--target is {}, which this machine cannot execute", name)};
  problem.target = (*row)->name;
  problem.alignment = (*row)->gpu ? rowAlignment(problem) : 0; // tensors of the command have no gaps
  return fillShared(o, problem);
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

static Status fillNumbers(const Options &o, Request &request) {
  request.scale = 1.0 / std::sqrt(static_cast<double>(request.problem.headDim));
  if (o.scale) {
    Result<double> scale = parseFinite("--scale", *o.scale);
    if (!scale)
      return scale.status();
    request.scale = *scale;
  }
  if (o.threads) {
    Result<int64_t> threads = parseInteger("--threads", *o.threads, 1, kMaxThreads);
    if (!threads)
      return threads.status();
    request.threads = static_cast<int>(*threads);
  }
  if (o.random) {
    Result<int64_t> seed = parseInteger("--random", *o.random, 0, std::numeric_limits<int64_t>::max());
    if (!seed)
      return seed.status();
    request.seed = static_cast<uint64_t>(*seed);
  }
  return {};
}

/// The mask, the grid and what they must agree on.
static Status fillMaskAndShape(const Options &o, const FileFacts &facts, RequestNeeds needs, Request &request) {
  Result<std::vector<int64_t>> grid = mergeGrid("--grid", "--q", o.grid, facts.grid);
  if (!grid)
    return grid.status();
  Result<Mask> mask = parseMask(o.mask.value_or("full()"));
  if (!mask)
    return Status(mask.status().code(), fmt::format("--mask: {}", mask.status().message()));
  Result<int> rank = findRank(o, *grid, *mask, needs.shape);
  if (!rank)
    return rank.status();
  request.problem.rank = *rank;
  Result<Mask> expanded = expandMask(*mask, *rank);
  if (!expanded)
    return Status(expanded.status().code(), fmt::format("--mask: {}", expanded.status().message()));
  request.problem.mask = std::move(*expanded);
  if (Status status = checkProblem(request.problem); !status)
    return status;
  Shape shape;
  if (Status status = fillShape(o, facts, std::move(*grid), shape); !status)
    return status;
  if (shape.grid.empty())
    return o.kvGrid ? Status::invalid("--grid is missing; --kv-grid needs it") : Status();
  if (Status status = checkShape(request.problem, shape); !status)
    return status;
  request.shape = std::move(shape);
  return {};
}

Result<Request> muntin::makeRequest(const Options &o, RequestNeeds needs, const InputFiles *files, const Text &target) {
  Request request;
  FileFacts facts;
  if (files) {
    Result<FileFacts> read = readFacts(*files);
    if (!read)
      return read.status();
    facts = std::move(*read);
    if (!facts.element && !o.dtype)
      return Status::invalid(fmt::format("--q, --k and --v have dtypes {}, {} and {}; expected one, or --dtype",
                                         npyTypeName(files->q.header.type), npyTypeName(files->k.header.type),
                                         npyTypeName(files->v.header.type)));
  }
  if (Status status = fillProblem(o, facts, request.problem); !status)
    return status;
  if (Status status = fillTarget(o, target, needs, request.problem); !status)
    return status;
  if (Status status = fillMaskAndShape(o, facts, needs, request); !status)
    return status;
  if (Status status = fillNumbers(o, request); !status)
    return status;
  return request;
}

bool muntin::isGpuDevice(const Options &o) {
  const std::string device = o.device.value_or("cpu"), kind = device.substr(0, device.find(':'));
  return kind == "cuda" || kind == "emulator";
}

Status muntin::checkDevice(const Options &o) {
  const std::string device = o.device.value_or("cpu");
  if (device == "cpu" || isGpuDevice(o)) // which of them there is, the session says
    return {};
  return Status::invalid(fmt::format("--device is '{}'; expected cpu, cuda[:N] or emulator[:sm_80]", device));
}

Attention Request::attention() const {
  return {.dtype = runtimeType(problem.element),
          .rank = problem.rank,
          .headDim = problem.headDim,
          .valueDim = problem.valueDim,
          .mask = printMask(problem.mask),
          .templateName = problem.templateName,
          .target = problem.target,
          .plan = problem.plan,
          .sharedBytes = problem.sharedBytes};
}

Extents Request::extents() const {
  return {.batch = shape->batch,
          .heads = shape->heads,
          .kvHeads = shape->kvHeads,
          .grid = shape->grid,
          .kvGrid = shape->kvGrid};
}

mtn_dtype muntin::runtimeType(ElementType type) {
  switch (type) {
  case ElementType::F32: return MTN_F32;
  case ElementType::F16: return MTN_F16;
  case ElementType::BF16: return MTN_BF16;
  }
  return MTN_F32;
}

/// An extent of 0 hides an overflow of the others; checkShape has refused all that do not fit otherwise.
static int64_t product(std::initializer_list<int64_t> factors) {
  int64_t result = 1;
  for (int64_t factor : factors)
    if (factor == 0)
      return 0;
  for (int64_t factor : factors)
    result *= factor;
  return result;
}

TensorSizes muntin::tensorSizes(const Request &request) {
  const Shape &s = *request.shape;
  const Problem &p = request.problem;
  return {product({s.batch, s.queries(), s.heads, p.headDim}), product({s.batch, s.keys(), s.kvHeads, p.headDim}),
          product({s.batch, s.keys(), s.kvHeads, p.valueDim}), product({s.batch, s.queries(), s.heads, p.valueDim}),
          product({s.batch, s.queries(), s.heads})};
}
