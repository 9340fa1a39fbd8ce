//===- Pairs.cpp - how many pairs a mask keeps ----------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Pairs.h"
#include "compiler/Reference/Parallel.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <unordered_map>

namespace muntin::reference {

static int64_t onAxis(const AxisValues &values, int axis) { return values.size() == 1 ? values[0] : values[axis]; }

namespace {
/// The keys first, first + step, ... below end.
struct Range {
  int64_t first = 0, end = 0, step = 1;
  int64_t count() const { return end > first ? (end - first + step - 1) / step : 0; }
};
} // namespace

/// [first, end) as far as it lies in [0, extent).
static Range inside(int64_t first, int64_t end, int64_t extent) {
  return {std::max<int64_t>(first, 0), std::min(end, extent)};
}

static Range neighborhoodRange(const Mask &mask, int axis, int64_t n, int64_t i) {
  const int64_t w = onAxis(mask.window, axis), d = onAxis(mask.dilation, axis), s = onAxis(mask.stride, axis);
  const int64_t group = i % d, p = i / d, length = (n - group + d - 1) / d;
  const bool causal = onAxis(mask.causal, axis) != 0;
  const int64_t leader = std::min(p / s * s + (causal ? s - 1 : s / 2), length - 1);
  const int64_t first =
      causal ? std::max<int64_t>(leader - w + 1, 0) : std::clamp<int64_t>(leader - w / 2, 0, length - w);
  const int64_t last = causal ? p : first + w - 1;
  return {first * d + group, last * d + group + 1, d};
}

/// Keys on one axis that query i may see, for masks that are one rule per axis.
static std::optional<Range> axisRange(const Mask &mask, int axis, int64_t n, int64_t keys, int64_t i) {
  constexpr int64_t kFar = int64_t(1) << 32; // beyond every extent
  switch (mask.kind) {
  case MaskKind::Full: return Range{0, keys};
  case MaskKind::Causal: return inside(0, i + 1, keys);
  case MaskKind::Neighborhood: return neighborhoodRange(mask, axis, n, i);
  case MaskKind::Sliding:
    return inside(i - std::min(onAxis(mask.left, axis), kFar), i + std::min(onAxis(mask.right, axis), kFar) + 1, keys);
  case MaskKind::Block:
  case MaskKind::Halo: {
    const int64_t size = std::min(onAxis(mask.size, axis), kFar);
    const int64_t halo = mask.kind == MaskKind::Halo ? std::min(onAxis(mask.halo, axis), kFar) : 0;
    return inside(i / size * size - halo, i / size * size + size + halo, keys);
  }
  default: return std::nullopt;
  }
}

/// Product over the axes of the pairs on each, or nothing if the mask is not one rule per axis.
static std::optional<int64_t> separablePairs(const Mask &mask, const Grids &grids) {
  int64_t product = 1;
  for (int axis = 0; axis < grids.rank; ++axis) {
    int64_t pairs = 0;
    for (int64_t i = 0; i < grids.query[axis]; ++i) {
      const auto keys = axisRange(mask, axis, grids.query[axis], grids.key[axis], i);
      if (!keys)
        return std::nullopt;
      pairs += keys->count();
    }
    product *= pairs; // at most the number of all pairs, which fits
  }
  return product;
}

static int64_t globalPairs(int64_t tokens, int64_t queries, int64_t keys) {
  const int64_t first = std::min(tokens, queries);
  return first * keys + (queries - first) * std::min(tokens, keys);
}

static int64_t documentPairs(const Segments &segments, int64_t queries, int64_t keys) {
  std::unordered_map<int32_t, int64_t> length;
  for (int64_t j = 0; j < keys; ++j)
    ++length[segments.keys[j]];
  int64_t pairs = 0;
  for (int64_t i = 0; i < queries; ++i)
    if (const auto found = length.find(segments.queries[i]); found != length.end())
      pairs += found->second;
  return pairs;
}

/// Appends to `cuts` the places on the last axis where the answer for `query` may change as the key moves along it from
/// `row`, its first token. False if it may change anywhere.
static bool appendCuts(const Mask &mask, const Grids &grids, const Coordinates &query, int64_t row,
                       std::vector<int64_t> &cuts) {
  const int axis = grids.rank - 1;
  if (mask.kind == MaskKind::Document)
    return false;
  if (mask.kind == MaskKind::Global)
    cuts.push_back(mask.tokens - row);
  else if (const auto range = axisRange(mask, axis, grids.query[axis], grids.key[axis], query[axis])) {
    cuts.insert(cuts.end(), {range->first, range->end});
    return range->step == 1;
  }
  return std::all_of(mask.children.begin(), mask.children.end(),
                     [&](const Mask &child) { return appendCuts(child, grids, query, row, cuts); });
}

/// Keys of one query: along the last axis only one token between two cuts is asked.
static int64_t countKeys(const Mask &mask, const Grids &grids, const Coordinates &query, const Segments &segments) {
  const int axis = grids.rank - 1;
  const int64_t extent = grids.key[axis], keys = tokenCount(grids.key);
  std::vector<int64_t> cuts;
  int64_t count = 0;
  for (int64_t row = 0; row < keys; row += extent) {
    Coordinates key = tokenAt(grids.key, row);
    cuts = {0, extent};
    const bool few = appendCuts(mask, grids, query, row, cuts);
    if (few)
      std::sort(cuts.begin(), cuts.end());
    for (size_t next = 0; key[axis] < extent;) {
      const int64_t from = key[axis];
      while (few && cuts[next] <= from)
        ++next;
      key[axis] = few ? std::min(cuts[next], extent) : from + 1;
      Coordinates asked = key;
      asked[axis] = from;
      count += allows(mask, grids, query, asked, segments) ? key[axis] - from : 0;
    }
  }
  return count;
}

static Result<int64_t> countedPairs(const Mask &mask, const Grids &grids, const Segments &segments, int64_t all) {
  std::vector<int64_t> cuts;
  const bool few = appendCuts(mask, grids, {0, 0, 0}, 0, cuts);
  const int64_t rows = all / grids.key[grids.rank - 1];
  const int64_t questions = few ? std::min<int64_t>(all, rows * (static_cast<int64_t>(cuts.size()) + 1)) : all;
  if (questions > kMaxQuestions)
    return Status(StatusCode::Unavailable, "counting the pairs of this mask takes " + std::to_string(questions) +
                                               " questions, more than " + std::to_string(kMaxQuestions));
  std::vector<int64_t> counts(tokenCount(grids.query));
  parallelFor(static_cast<int64_t>(counts.size()), 0,
              [&](int64_t i) { counts[i] = countKeys(mask, grids, tokenAt(grids.query, i), segments); });
  return std::accumulate(counts.begin(), counts.end(), int64_t(0));
}

Result<int64_t> pairsKept(const Mask &mask, const Grids &grids, const Segments &segments) {
  const int64_t queries = tokenCount(grids.query), keys = tokenCount(grids.key);
  int64_t all;
  if (__builtin_mul_overflow(queries, keys, &all))
    return Status::invalid("the number of pairs, " + std::to_string(queries) + " queries times " +
                           std::to_string(keys) + " keys, is not below 2^63");
  if (all == 0)
    return int64_t(0);
  if (mask.kind == MaskKind::Global)
    return globalPairs(mask.tokens, queries, keys);
  if (mask.kind == MaskKind::Document)
    return documentPairs(segments, queries, keys);
  if (mask.kind == MaskKind::Not) {
    const auto others = pairsKept(mask.children[0], grids, segments);
    return others ? Result<int64_t>(all - *others) : others;
  }
  if (const auto pairs = separablePairs(mask, grids))
    return *pairs;
  return countedPairs(mask, grids, segments, all);
}

Result<int64_t> pairsKept(const Problem &problem, const Shape &shape, const Inputs &inputs) {
  const Grids grids = makeGrids(shape.grid, shape.kvGrid);
  const bool perBatch = inputs.segments != nullptr;
  int64_t sum = 0;
  for (int64_t batch = 0; batch < (perBatch ? shape.batch : std::min<int64_t>(shape.batch, 1)); ++batch) {
    const auto pairs = pairsKept(problem.mask, grids, segmentsOf(shape, inputs, batch));
    if (!pairs)
      return pairs;
    if (__builtin_add_overflow(sum, *pairs, &sum))
      return Status::invalid("the number of pairs is not below 2^63");
  }
  if (__builtin_mul_overflow(sum, perBatch ? shape.heads : shape.heads * shape.batch, &sum))
    return Status::invalid("the number of pairs is not below 2^63");
  return sum;
}

} // namespace muntin::reference
