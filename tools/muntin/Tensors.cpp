//===- Tensors.cpp - the tensors of a run ---------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Tensors.h"

#include "compiler/Reference/Element.h"
#include "compiler/Reference/Random.h"
#include "tools/muntin/Report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <cstring>
#include <new>

using namespace muntin;

static constexpr size_t kAlignment = 64;

Buffer::Buffer(size_t size) : size_(size) {
  const size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
  data_.reset(static_cast<char *>(std::aligned_alloc(kAlignment, rounded ? rounded : kAlignment)));
  if (!data_)
    throw std::bad_alloc();
  std::memset(data_.get(), 0, rounded);
}

void Buffer::Free::operator()(char *memory) const { std::free(memory); }

Result<uint64_t> muntin::checkMemory(const Request &request) {
  const TensorSizes sizes = tensorSizes(request);
  const double element = elementTypeBytes(request.problem.element);
  const double bytes = element * (double(sizes.q) + double(sizes.k) + double(sizes.v) + double(sizes.out)) +
                       sizeof(float) * double(sizes.lse);
  const double have = memoryLimit();
  if (bytes > have)
    return Status{StatusCode::OutOfMemory, fmt::format("the tensors take {}; this machine has {} of memory",
                                                       formatBytes(bytes), formatBytes(have))};
  return static_cast<uint64_t>(bytes);
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

static ElementType elementOf(NpyType type) {
  return type == NpyType::F32 ? ElementType::F32 : type == NpyType::F16 ? ElementType::F16 : ElementType::BF16;
}

static Buffer convert(const NpyArray &array, ElementType to) {
  const int64_t count = static_cast<int64_t>(array.header.elements());
  Buffer buffer(static_cast<size_t>(count) * static_cast<size_t>(elementTypeBytes(to)));
  const ElementType from = elementOf(array.header.type);
  if (from == to) {
    if (count > 0)
      std::memcpy(buffer.data(), array.data.data(), buffer.size());
    return buffer;
  }
  for (int64_t i = 0; i < count; ++i)
    reference::writeElement(to, buffer.data(), i,
                            static_cast<float>(reference::readElement(from, array.data.data(), i)));
  return buffer;
}

static reference::TensorView view(const Buffer &buffer, ElementType element, const std::vector<int64_t> &grid,
                                  int64_t heads, int64_t depth) {
  return {buffer.data(), element, reference::contiguousStrides(grid, heads, depth)};
}

static Buffer random(const Request &request, Tensor tensor, const std::vector<int64_t> &grid, int64_t heads,
                     int64_t depth, int64_t elements) {
  const ElementType element = request.problem.element;
  Buffer buffer(static_cast<size_t>(elements) * static_cast<size_t>(elementTypeBytes(element)));
  reference::fillRandom(request.seed, tensor, view(buffer, element, grid, heads, depth), buffer.data(),
                        request.shape->batch, grid, heads, depth);
  return buffer;
}

/// int32 [B, tokens], or that with the tokens as a grid.
static Result<std::vector<int32_t>> readSegments(const char *field, const std::string &path, const Shape &shape,
                                                 const std::vector<int64_t> &grid, int64_t tokens) {
  Result<NpyArray> array = readNpy(path);
  if (!array)
    return Status(array.status().code(), fmt::format("{} {}", field, array.status().message()));
  if (array->header.type != NpyType::I32)
    return Status::invalid(
        fmt::format("{} {}: has dtype {}; expected int32", field, path, npyTypeName(array->header.type)));
  std::vector<int64_t> gridShape = {shape.batch};
  gridShape.insert(gridShape.end(), grid.begin(), grid.end());
  if (array->header.shape != std::vector<int64_t>{shape.batch, tokens} && array->header.shape != gridShape)
    return Status::invalid(fmt::format("{} {}: has shape ({}); expected ({}, {})", field, path,
                                       fmt::join(array->header.shape, ", "), shape.batch, tokens));
  std::vector<int32_t> segments(array->header.elements());
  if (!segments.empty())
    std::memcpy(segments.data(), array->data.data(), array->data.size());
  return segments;
}

Status muntin::makeSegments(const Options &o, const Request &request, Tensors &tensors) {
  const Shape &shape = *request.shape;
  if (!needsSegments(request.problem.mask)) {
    if (o.segments || o.kvSegments)
      return Status::invalid(
          fmt::format("{} is given, but the mask has no document()", o.segments ? "--segments" : "--kv-segments"));
    return {};
  }
  const bool sameGrid = shape.grid == shape.kvGrid;
  if (o.segments && !o.kvSegments && !sameGrid)
    return Status::invalid("--kv-segments is missing; the grids differ, so the keys need numbers of their own");
  if (o.segments) {
    Result<std::vector<int32_t>> read = readSegments("--segments", *o.segments, shape, shape.grid, shape.queries());
    if (!read)
      return read.status();
    tensors.segments = std::move(*read);
  } else {
    tensors.segments = reference::randomSegments(request.seed, Tensor::Segments, shape.batch, shape.queries());
  }
  if (o.kvSegments) {
    Result<std::vector<int32_t>> read = readSegments("--kv-segments", *o.kvSegments, shape, shape.kvGrid, shape.keys());
    if (!read)
      return read.status();
    tensors.kvSegments = std::move(*read);
  } else {
    tensors.kvSegments = sameGrid
                             ? tensors.segments
                             : reference::randomSegments(request.seed, Tensor::KvSegments, shape.batch, shape.keys());
  }
  return {};
}

Result<Tensors> muntin::makeTensors(const Options &options, const Request &request, const InputFiles *files) {
  const TensorSizes sizes = tensorSizes(request);
  const Shape &shape = *request.shape;
  const Problem &problem = request.problem;
  Tensors tensors;
  if (Status status = makeSegments(options, request, tensors); !status)
    return status;
  if (files) {
    tensors.q = convert(files->q, problem.element);
    tensors.k = convert(files->k, problem.element);
    tensors.v = convert(files->v, problem.element);
  } else {
    tensors.q = random(request, Tensor::Query, shape.grid, shape.heads, problem.headDim, sizes.q);
    tensors.k = random(request, Tensor::Key, shape.kvGrid, shape.kvHeads, problem.headDim, sizes.k);
    tensors.v = random(request, Tensor::Value, shape.kvGrid, shape.kvHeads, problem.valueDim, sizes.v);
  }
  tensors.out = Buffer(static_cast<size_t>(sizes.out) * static_cast<size_t>(elementTypeBytes(problem.element)));
  tensors.lse.resize(static_cast<size_t>(sizes.lse));
  return tensors;
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

static std::vector<int64_t> tensorShape(int64_t batch, const std::vector<int64_t> &grid, std::vector<int64_t> rest) {
  std::vector<int64_t> extents = {batch};
  extents.insert(extents.end(), grid.begin(), grid.end());
  extents.insert(extents.end(), rest.begin(), rest.end());
  return extents;
}

std::vector<int64_t> muntin::outShape(const Request &r) {
  return tensorShape(r.shape->batch, r.shape->grid, {r.shape->heads, r.problem.valueDim});
}

std::vector<int64_t> muntin::lseShape(const Request &r) {
  return tensorShape(r.shape->batch, r.shape->grid, {r.shape->heads});
}

static std::optional<mtn_tensor> segmentView(std::vector<int32_t> &segments, const Request &request, int64_t tokens) {
  if (!needsSegments(request.problem.mask))
    return std::nullopt;
  return tensor(segments.data(), MTN_I32, {request.shape->batch, tokens});
}

std::optional<mtn_tensor> muntin::segmentTensor(const Request &request, Tensors &tensors) {
  return segmentView(tensors.segments, request, request.shape->queries());
}

std::optional<mtn_tensor> muntin::kvSegmentTensor(const Request &request, Tensors &tensors) {
  return segmentView(tensors.kvSegments, request, request.shape->keys());
}

Arguments muntin::runtimeArguments(const Request &r, Tensors &tensors) {
  const Shape &s = *r.shape;
  const mtn_dtype dtype = runtimeType(r.problem.element);
  return {.q = tensor(tensors.q.data(), dtype, tensorShape(s.batch, s.grid, {s.heads, r.problem.headDim})),
          .k = tensor(tensors.k.data(), dtype, tensorShape(s.batch, s.kvGrid, {s.kvHeads, r.problem.headDim})),
          .v = tensor(tensors.v.data(), dtype, tensorShape(s.batch, s.kvGrid, {s.kvHeads, r.problem.valueDim})),
          .out = tensor(tensors.out.data(), dtype, outShape(r)),
          .lse = tensor(tensors.lse.data(), MTN_F32, lseShape(r)),
          .segments = segmentTensor(r, tensors),
          .kvSegments = kvSegmentTensor(r, tensors),
          .scale = r.scale,
          .workspace = {},
          .threads = r.threads};
}

reference::Inputs muntin::referenceInputs(const Request &r, const Tensors &tensors) {
  const Shape &s = *r.shape;
  const ElementType element = r.problem.element;
  return {.query = view(tensors.q, element, s.grid, s.heads, r.problem.headDim),
          .key = view(tensors.k, element, s.kvGrid, s.kvHeads, r.problem.headDim),
          .value = view(tensors.v, element, s.kvGrid, s.kvHeads, r.problem.valueDim),
          .scale = r.scale,
          .segments = tensors.segments.empty() ? nullptr : tensors.segments.data(),
          .kvSegments = tensors.kvSegments.empty() ? nullptr : tensors.kvSegments.data()};
}

reference::Outputs muntin::referenceOutputs(const Request &r, const Tensors &tensors) {
  const Shape &s = *r.shape;
  return {.out = view(tensors.out, r.problem.element, s.grid, s.heads, r.problem.valueDim),
          .lse = {tensors.lse.data(), ElementType::F32, reference::contiguousStrides(s.grid, s.heads, 1)}};
}

std::vector<float> muntin::widenOut(const Request &request, const Tensors &tensors) {
  std::vector<float> wide(static_cast<size_t>(tensorSizes(request).out));
  for (size_t i = 0; i < wide.size(); ++i)
    wide[i] = static_cast<float>(
        reference::readElement(request.problem.element, tensors.out.data(), static_cast<int64_t>(i)));
  return wide;
}
