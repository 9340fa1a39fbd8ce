//===- Attention.cpp - attention in double precision ----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Attention.h"
#include "compiler/Reference/Element.h"
#include "compiler/Reference/Parallel.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace muntin::reference {

int64_t TensorView::offset(int64_t batch, const Coordinates &token, int64_t head) const {
  const size_t rank = strides.size() - 2;
  int64_t offset = batch * strides.front() + head * strides.back();
  for (size_t axis = 0; axis < rank; ++axis)
    offset += token[axis] * strides[axis + 1];
  return offset;
}

std::vector<int64_t> contiguousStrides(const std::vector<int64_t> &grid, int64_t heads, int64_t depth) {
  std::vector<int64_t> strides(grid.size() + 2);
  strides.back() = depth;
  int64_t stride = heads * depth;
  for (size_t axis = grid.size(); axis-- > 0; stride *= grid[axis])
    strides[axis + 1] = stride;
  strides.front() = stride;
  return strides;
}

std::vector<int64_t> allowedKeys(const Mask &mask, const Grids &grids, const Coordinates &query,
                                 const Segments &segments) {
  std::vector<int64_t> keys;
  int64_t index = 0;
  Coordinates key = {0, 0, 0};
  for (key[0] = 0; key[0] < grids.key[0]; ++key[0])
    for (key[1] = 0; key[1] < grids.key[1]; ++key[1])
      for (key[2] = 0; key[2] < grids.key[2]; ++key[2], ++index)
        if (allows(mask, grids, query, key, segments))
          keys.push_back(index);
  return keys;
}

Segments segmentsOf(const Shape &shape, const Inputs &inputs, int64_t batch) {
  const Grids grids = makeGrids(shape.grid, shape.kvGrid);
  const int32_t *keys = inputs.kvSegments ? inputs.kvSegments : inputs.segments;
  Segments segments;
  if (inputs.segments)
    segments.queries = inputs.segments + batch * tokenCount(grids.query);
  if (keys)
    segments.keys = keys + batch * tokenCount(grids.key);
  return segments;
}

Row attendRow(const Problem &problem, const Shape &shape, const Inputs &inputs, int64_t batch, int64_t head,
              const Coordinates &query, const std::vector<int64_t> &keys) {
  Row row{std::vector<double>(problem.valueDim), std::vector<double>(problem.valueDim),
          -std::numeric_limits<double>::infinity(), 0};
  if (keys.empty())
    return row;

  const Grids grids = makeGrids(shape.grid, shape.kvGrid);
  const int64_t kvHead = head / (shape.heads / shape.kvHeads);
  const auto read = [&](const TensorView &tensor, int64_t flatKey, std::vector<double> &to) {
    const int64_t first = tensor.offset(batch, tokenAt(grids.key, flatKey), kvHead);
    readElements(tensor.element, tensor.data, first, static_cast<int64_t>(to.size()), to.data());
  };

  std::vector<double> q(problem.headDim), k(problem.headDim), v(problem.valueDim), scores(keys.size());
  readElements(inputs.query.element, inputs.query.data, inputs.query.offset(batch, query, head), problem.headDim,
               q.data());
  for (size_t j = 0; j < keys.size(); ++j) {
    read(inputs.key, keys[j], k);
    double score = 0, size = 0;
    for (int64_t d = 0; d < problem.headDim; ++d) {
      score += q[d] * k[d];
      size += std::fabs(q[d] * k[d]);
    }
    scores[j] = inputs.scale * score;
    row.scoreSize = std::max(row.scoreSize, std::fabs(inputs.scale) * size);
  }

  const double greatest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double &score : scores)
    sum += score = std::exp(score - greatest);
  row.lse = greatest + std::log(sum);

  for (size_t j = 0; j < keys.size(); ++j) {
    read(inputs.value, keys[j], v);
    const double p = scores[j] / sum;
    for (int64_t d = 0; d < problem.valueDim; ++d) {
      row.out[d] += p * v[d];
      row.spread[d] += p * p * v[d] * v[d];
    }
  }
  return row;
}

std::vector<Row> attend(const Problem &problem, const Shape &shape, const Inputs &inputs, int threads) {
  const Grids grids = makeGrids(shape.grid, shape.kvGrid);
  const int64_t tokens = tokenCount(grids.query);
  std::vector<Row> rows(shape.batch * tokens * shape.heads);
  parallelFor(shape.batch * tokens, threads, [&](int64_t index) {
    const int64_t batch = index / tokens;
    const Coordinates query = tokenAt(grids.query, index % tokens);
    const auto keys = allowedKeys(problem.mask, grids, query, segmentsOf(shape, inputs, batch));
    for (int64_t head = 0; head < shape.heads; ++head)
      rows[index * shape.heads + head] = attendRow(problem, shape, inputs, batch, head, query, keys);
  });
  return rows;
}

} // namespace muntin::reference
