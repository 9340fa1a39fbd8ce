//===- CallSite.cpp - a case as the C interface wants it ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/conformance/CallSite.h"

#include <algorithm>

namespace muntin::conformance {

Status statusOf(mtn_status status) {
  if (status == MTN_OK)
    return {};
  return {static_cast<StatusCode>(status), mtn_last_error()->message};
}

static mtn_shape shapeOf(const Shape &from) {
  mtn_shape shape;
  mtn_shape_init(&shape);
  shape.batch = from.batch, shape.heads = from.heads, shape.kv_heads = from.kvHeads;
  std::copy(from.grid.begin(), from.grid.end(), shape.grid);
  std::copy(from.kvGrid.begin(), from.kvGrid.end(), shape.kv_grid);
  return shape;
}

/// depth 0: lse, which has no last axis.
static mtn_tensor tensorOf(const reference::TensorView &view, int64_t batch, const std::vector<int64_t> &grid,
                           int64_t heads, int64_t depth) {
  mtn_tensor result = {};
  result.data = const_cast<void *>(view.data);
  result.dtype = static_cast<mtn_dtype>(view.element);
  result.ndim = static_cast<int32_t>(grid.size()) + 2;
  result.extents[0] = batch;
  std::copy(grid.begin(), grid.end(), result.extents + 1);
  result.extents[result.ndim - 1] = heads;
  std::copy(view.strides.begin(), view.strides.end(), result.strides);
  if (depth > 0) {
    result.extents[result.ndim] = depth;
    result.strides[result.ndim] = 1;
    ++result.ndim;
  }
  return result;
}

static mtn_tensor numbersOf(const int32_t *data, int64_t batch, int64_t tokens) {
  const int64_t extents[] = {batch, tokens};
  return mtn_tensor_contiguous(const_cast<int32_t *>(data), MTN_I32, 2, extents);
}

CallSite::CallSite(const Case &c, const reference::Inputs &inputs, const reference::Outputs &outputs, int threads)
    : mask(printMask(c.problem.mask)), shape(shapeOf(c.shape)), lse(), scale(inputs.scale) {
  mtn_problem_init(&problem);
  problem.dtype = static_cast<mtn_dtype>(c.problem.element);
  problem.rank = c.problem.rank;
  problem.head_dim = c.problem.headDim;
  problem.value_dim = c.problem.valueDim;
  problem.mask = mask.c_str();
  problem.template_name = c.problem.templateName.empty() ? nullptr : c.problem.templateName.c_str();
  problem.target = c.problem.target.empty() ? nullptr : c.problem.target.c_str();

  query = tensorOf(inputs.query, c.shape.batch, c.shape.grid, c.shape.heads, c.problem.headDim);
  key = tensorOf(inputs.key, c.shape.batch, c.shape.kvGrid, c.shape.kvHeads, c.problem.headDim);
  value = tensorOf(inputs.value, c.shape.batch, c.shape.kvGrid, c.shape.kvHeads, c.problem.valueDim);
  out = tensorOf(outputs.out, c.shape.batch, c.shape.grid, c.shape.heads, c.problem.valueDim);
  if (outputs.lse.data)
    lse = tensorOf(outputs.lse, c.shape.batch, c.shape.grid, c.shape.heads, 0);
  segments = numbersOf(inputs.segments, c.shape.batch, c.shape.queries());
  kvSegments = numbersOf(inputs.kvSegments, c.shape.batch, c.shape.keys());

  mtn_arguments_init(&arguments);
  arguments.q = &query, arguments.k = &key, arguments.v = &value, arguments.out = &out;
  arguments.lse = outputs.lse.data ? &lse : nullptr;
  arguments.segments = inputs.segments ? &segments : nullptr;
  arguments.kv_segments = inputs.kvSegments ? &kvSegments : nullptr;
  arguments.scale = &scale;
  arguments.threads = threads;
}

} // namespace muntin::conformance
