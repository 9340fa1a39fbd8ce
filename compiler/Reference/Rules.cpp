//===- Rules.cpp - the element rule of every mask -------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Rules.h"

#include <algorithm>

namespace muntin::reference {

Grids makeGrids(const std::vector<int64_t> &grid, const std::vector<int64_t> &kvGrid) {
  Grids grids;
  grids.rank = static_cast<int>(grid.size());
  std::copy(grid.begin(), grid.end(), grids.query.begin());
  std::copy(kvGrid.begin(), kvGrid.end(), grids.key.begin());
  return grids;
}

int64_t tokenCount(const Coordinates &extents) { return extents[0] * extents[1] * extents[2]; }

int64_t flatIndex(const Coordinates &extents, const Coordinates &token) {
  return (token[0] * extents[1] + token[1]) * extents[2] + token[2];
}

Coordinates tokenAt(const Coordinates &extents, int64_t index) {
  return {index / extents[2] / extents[1], index / extents[2] % extents[1], index % extents[2]};
}

/// No extent reaches 2^31, so a larger argument means the same as this one, and sums of these never overflow.
static int64_t clipped(int64_t value) { return std::min(value, int64_t(1) << 32); }

/// A list of one number stands for every axis.
static int64_t onAxis(const AxisValues &values, int axis) { return values.size() == 1 ? values[0] : values[axis]; }

/// The window of query i shifts at a border, it never shrinks:
///
///   n = 10, w = 4     i = 0   [####......]
///                     i = 4   [..####....]
///                     i = 9   [......####]
///
/// With dilation d, tokens fall into d groups and the same holds inside each.
static bool neighborhoodAllows(const Mask &mask, int axis, int64_t n, int64_t i, int64_t j) {
  const int64_t w = onAxis(mask.window, axis), d = onAxis(mask.dilation, axis), s = onAxis(mask.stride, axis);
  const int64_t group = i % d;
  if (j % d != group)
    return false;
  const int64_t length = (n - group + d - 1) / d;
  const int64_t p = i / d, q = j / d;
  if (onAxis(mask.causal, axis)) {
    const int64_t leader = std::min(p / s * s + s - 1, length - 1);
    const int64_t first = std::max(leader - w + 1, int64_t(0));
    return first <= q && q <= p;
  }
  const int64_t leader = std::min(p / s * s + s / 2, length - 1);
  const int64_t first = std::clamp(leader - w / 2, int64_t(0), length - w);
  return first <= q && q < first + w;
}

static bool slidingAllows(const Mask &mask, int axis, int64_t i, int64_t j) {
  return i - clipped(onAxis(mask.left, axis)) <= j && j <= i + clipped(onAxis(mask.right, axis));
}

static bool blockAllows(const Mask &mask, int axis, int64_t i, int64_t j) {
  const int64_t size = onAxis(mask.size, axis);
  return i / size == j / size;
}

static bool haloAllows(const Mask &mask, int axis, int64_t i, int64_t j) {
  const int64_t size = clipped(onAxis(mask.size, axis)), halo = clipped(onAxis(mask.halo, axis));
  const int64_t first = i / size * size;
  return first - halo <= j && j < first + size + halo;
}

/// True if `allowsOnAxis(axis)` holds on each axis.
template <typename Rule> static bool onEveryAxis(int rank, Rule allowsOnAxis) {
  for (int axis = 0; axis < rank; ++axis)
    if (!allowsOnAxis(axis))
      return false;
  return true;
}

bool allows(const Mask &mask, const Grids &grids, const Coordinates &query, const Coordinates &key,
            const Segments &segments) {
  const auto childAllows = [&](const Mask &child) { return allows(child, grids, query, key, segments); };
  switch (mask.kind) {
  case MaskKind::Full: return true;
  case MaskKind::Causal: return key[0] <= query[0];
  case MaskKind::Neighborhood:
    return onEveryAxis(grids.rank, [&](int axis) {
      return neighborhoodAllows(mask, axis, grids.query[axis], query[axis], key[axis]);
    });
  case MaskKind::Sliding:
    return onEveryAxis(grids.rank, [&](int axis) { return slidingAllows(mask, axis, query[axis], key[axis]); });
  case MaskKind::Block:
    return onEveryAxis(grids.rank, [&](int axis) { return blockAllows(mask, axis, query[axis], key[axis]); });
  case MaskKind::Halo:
    return onEveryAxis(grids.rank, [&](int axis) { return haloAllows(mask, axis, query[axis], key[axis]); });
  case MaskKind::Global: return flatIndex(grids.query, query) < mask.tokens || flatIndex(grids.key, key) < mask.tokens;
  case MaskKind::Document:
    return segments.queries[flatIndex(grids.query, query)] == segments.keys[flatIndex(grids.key, key)];
  case MaskKind::AllOf: return std::all_of(mask.children.begin(), mask.children.end(), childAllows);
  case MaskKind::AnyOf: return std::any_of(mask.children.begin(), mask.children.end(), childAllows);
  case MaskKind::Not: return !childAllows(mask.children[0]);
  }
  return false;
}

} // namespace muntin::reference
