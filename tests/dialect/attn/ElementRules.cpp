//===- ElementRules.cpp - the law of masks, in plain C++ -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementRules.h"

#include <algorithm>

namespace muntin::testing {

int64_t tokenCount(const Coords &extents) {
  int64_t count = 1;
  for (int64_t extent : extents)
    count *= extent;
  return count;
}

int64_t flatIndex(const Coords &extents, const Coords &token) {
  int64_t index = 0;
  for (size_t axis = 0; axis < extents.size(); ++axis)
    index = index * extents[axis] + token[axis];
  return index;
}

Coords tokenAt(const Coords &extents, int64_t index) {
  Coords token(extents.size());
  for (size_t axis = extents.size(); axis-- > 0; index /= extents[axis])
    token[axis] = index % extents[axis];
  return token;
}

static bool neighborhood(int64_t n, int64_t w, int64_t d, int64_t s, bool causal, int64_t i, int64_t j) {
  const int64_t g = i % d;
  if (j % d != g)
    return false;
  const int64_t length = (n - g + d - 1) / d;
  const int64_t p = i / d, q = j / d;
  if (!causal) {
    const int64_t leader = std::min(p / s * s + s / 2, length - 1);
    const int64_t a = std::max<int64_t>(0, std::min(leader - w / 2, length - w));
    return a <= q && q < a + w;
  }
  const int64_t leader = std::min(p / s * s + s - 1, length - 1);
  return std::max<int64_t>(leader - w + 1, 0) <= q && q <= p;
}

static bool onAxis(const Mask &mask, size_t axis, int64_t n, int64_t i, int64_t j) {
  switch (mask.kind) {
  case MaskKind::Neighborhood:
    return neighborhood(n, mask.window[axis], mask.dilation[axis], mask.stride[axis], mask.causal[axis], i, j);
  case MaskKind::Sliding:
    return (mask.left[axis] == kUnbounded || i - j <= mask.left[axis]) &&
           (mask.right[axis] == kUnbounded || j - i <= mask.right[axis]);
  case MaskKind::Block: return i / mask.size[axis] == j / mask.size[axis];
  case MaskKind::Halo: {
    const int64_t first = i / mask.size[axis] * mask.size[axis], last = first + mask.size[axis] - 1;
    const int64_t distance = j < first ? first - j : j > last ? j - last : 0;
    return distance <= mask.halo[axis];
  }
  default: return true;
  }
}

bool allows(const Mask &mask, const Grids &grids, const Coords &i, const Coords &j) {
  auto child = [&](const Mask &part) { return allows(part, grids, i, j); };
  const int64_t flatQuery = flatIndex(grids.query, i), flatKey = flatIndex(grids.key, j);
  switch (mask.kind) {
  case MaskKind::Full: return true;
  case MaskKind::Causal: return j[0] <= i[0];
  case MaskKind::Global: return flatQuery < mask.tokens || flatKey < mask.tokens;
  case MaskKind::Document: return grids.querySegments[flatQuery] == grids.keySegments[flatKey];
  case MaskKind::AllOf: return std::ranges::all_of(mask.children, child);
  case MaskKind::AnyOf: return std::ranges::any_of(mask.children, child);
  case MaskKind::Not: return !child(mask.children[0]);
  default:
    for (size_t axis = 0; axis < grids.rank(); ++axis)
      if (!onAxis(mask, axis, grids.query[axis], i[axis], j[axis]))
        return false;
    return true;
  }
}

} // namespace muntin::testing
