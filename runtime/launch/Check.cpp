//===- Check.cpp - are these tensors a run of this problem? *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/launch/Check.h"

#include <fmt/format.h>

#include <cmath>

namespace muntin::runtime {

/// Rank and element type, extents below 2^31, last axis contiguous, span below 2^63.
static Status checkForm(const char *name, const TensorView &tensor, int rank, DataType type) {
  if (tensor.rank != rank)
    return Status::invalid(fmt::format("{} has {} dimensions, expected {}", name, tensor.rank, rank));
  if (tensor.type != type)
    return Status::invalid(
        fmt::format("{} has element type {}, expected {}", name, dataTypeName(tensor.type), dataTypeName(type)));
  for (int axis = 0; axis < rank; ++axis)
    if (const int64_t extent = tensor.extents[axis]; extent < 0 || extent >= int64_t(1) << 31)
      return Status::invalid(fmt::format("{}: extent {} of axis {} is not in [0, 2^31)", name, extent, axis));
  if (tensor.extents[rank - 1] > 1 && tensor.strides[rank - 1] != 1)
    return Status::invalid(fmt::format("{}: stride {} of the last axis, expected 1", name, tensor.strides[rank - 1]));
  if (!tensor.empty() && !byteReach(tensor))
    return Status::invalid(fmt::format("{} spans 2^63 bytes or more", name));
  return {};
}

static Status checkExtent(const char *name, int axis, int64_t extent, const char *meaning, int64_t expected) {
  if (extent == expected)
    return {};
  return Status::invalid(
      fmt::format("{}: extent {} of axis {}, expected {} ({})", name, extent, axis, expected, meaning));
}

/// [B, *grid, H, last] against a shape; `last` < 0 where there is no last axis.
static Status checkExtents(const char *name, const TensorView &tensor, int64_t batch, const Grid &grid, int64_t heads,
                           int64_t last) {
  if (Status status = checkExtent(name, 0, tensor.extents[0], "the batch of q", batch); !status)
    return status;
  int axis = 1;
  for (const int64_t extent : grid) {
    if (Status status = checkExtent(name, axis, tensor.extents[axis], "the grid", extent); !status)
      return status;
    ++axis;
  }
  if (Status status = checkExtent(name, axis, tensor.extents[axis], "the heads", heads); !status)
    return status;
  if (last < 0)
    return {};
  return checkExtent(name, axis + 1, tensor.extents[axis + 1], "the head dimension", last);
}

static Status checkSegmentList(const char *name, const TensorView &tensor, int64_t batch, int64_t tokens) {
  if (Status status = checkForm(name, tensor, 2, DataType::I32); !status)
    return status;
  if (Status status = checkExtent(name, 0, tensor.extents[0], "the batch", batch); !status)
    return status;
  return checkExtent(name, 1, tensor.extents[1], "the tokens of the grid", tokens);
}

Status checkSegments(const Problem &problem, const Shape &shape, TensorSet &tensors) {
  const std::optional<TensorView> &segments = at(tensors, Tensor::Segments);
  std::optional<TensorView> &kvSegments = at(tensors, Tensor::KvSegments);
  if (!needsSegments(problem.mask)) {
    for (const Tensor tensor : {Tensor::Segments, Tensor::KvSegments})
      if (at(tensors, tensor))
        return Status::invalid(fmt::format("{} is given, but the mask has no document()", tensorName(tensor)));
    return {};
  }
  if (!segments)
    return Status::invalid("segments is null, but the mask has document()");
  if (!kvSegments && shape.grid == shape.kvGrid)
    kvSegments = segments;
  if (!kvSegments)
    return Status::invalid("kv_segments is null, but the mask has document() and the grids of q and k differ");
  if (Status status = checkSegmentList("segments", *segments, shape.batch, shape.queries()); !status)
    return status;
  return checkSegmentList("kv_segments", *kvSegments, shape.batch, shape.keys());
}

/// The axes between batch and head.
static Grid gridOf(const TensorView &tensor, int rank) {
  return {tensor.extents.begin() + 1, tensor.extents.begin() + 1 + rank};
}

Result<Shape> checkLayouts(const Problem &problem, TensorSet &tensors) {
  const int rank = problem.rank;
  for (const Tensor tensor : {Tensor::Query, Tensor::Key, Tensor::Value, Tensor::Out}) {
    if (!at(tensors, tensor))
      return Status::invalid(fmt::format("{} is null", tensorName(tensor)));
    if (Status status = checkForm(tensorName(tensor), *at(tensors, tensor), rank + 3, dataTypeOf(problem.element));
        !status)
      return status;
  }
  const TensorView &q = *at(tensors, Tensor::Query), &k = *at(tensors, Tensor::Key);
  const Shape shape{.batch = q.extents[0],
                    .heads = q.extents[rank + 1],
                    .kvHeads = k.extents[rank + 1],
                    .grid = gridOf(q, rank),
                    .kvGrid = gridOf(k, rank)};
  const auto check = [&](Tensor tensor, const Grid &grid, int64_t heads, int64_t last) {
    return checkExtents(tensorName(tensor), *at(tensors, tensor), shape.batch, grid, heads, last);
  };
  if (Status status = check(Tensor::Query, shape.grid, shape.heads, problem.headDim); !status)
    return status;
  if (Status status = check(Tensor::Key, shape.kvGrid, shape.kvHeads, problem.headDim); !status)
    return status;
  if (Status status = check(Tensor::Value, shape.kvGrid, shape.kvHeads, problem.valueDim); !status)
    return status;
  if (Status status = check(Tensor::Out, shape.grid, shape.heads, problem.valueDim); !status)
    return status;
  if (const std::optional<TensorView> &lse = at(tensors, Tensor::Lse)) {
    if (Status status = checkForm("lse", *lse, rank + 2, DataType::F32); !status)
      return status;
    if (Status status = check(Tensor::Lse, shape.grid, shape.heads, -1); !status)
      return status;
  }
  if (Status status = checkShape(problem, shape); !status)
    return status;
  if (Status status = checkSegments(problem, shape, tensors); !status)
    return status;
  return shape;
}

static Status checkPointer(const char *name, const TensorView &tensor) {
  if (tensor.empty())
    return {};
  if (!tensor.data)
    return Status::invalid(fmt::format("{}: the data pointer is null, but no extent is 0", name));
  const int bytes = dataTypeBytes(tensor.type);
  const auto address = reinterpret_cast<uintptr_t>(tensor.data);
  if (address % static_cast<uintptr_t>(bytes) != 0)
    return Status::invalid(fmt::format("{}: the data pointer {:#x} is not a multiple of {}", name, address, bytes));
  if (!byteSpan(tensor))
    return Status::invalid(fmt::format("{} leaves the address space", name));
  return {};
}

Status checkOutputs(const TensorSet &tensors) {
  for (const Tensor output : {Tensor::Out, Tensor::Lse})
    if (const std::optional<TensorView> &written = at(tensors, output);
        written && !written->empty() && !isInjective(*written))
      return Status::invalid(fmt::format("{} overlaps itself", tensorName(output)));
  return {};
}

Status checkMemory(const TensorSet &tensors) {
  for (int i = 0; i < kNumTensors; ++i)
    if (const std::optional<TensorView> &tensor = tensors[i])
      if (Status status = checkPointer(tensorName(static_cast<Tensor>(i)), *tensor); !status)
        return status;
  if (Status status = checkOutputs(tensors); !status)
    return status;
  for (const Tensor output : {Tensor::Out, Tensor::Lse}) {
    const std::optional<TensorView> &written = at(tensors, output);
    if (!written || written->empty())
      continue;
    for (int i = 0; i < kNumTensors; ++i)
      if (tensors[i] && static_cast<Tensor>(i) != output && !areDisjoint(*written, *tensors[i]))
        return Status::invalid(fmt::format("{} overlaps {}", tensorName(output), tensorName(static_cast<Tensor>(i))));
  }
  return {};
}

Status checkScale(double scale) {
  if (std::isfinite(scale))
    return {};
  return Status::invalid(fmt::format("scale is {}, expected a finite number", scale));
}

} // namespace muntin::runtime
