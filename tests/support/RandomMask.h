//===- RandomMask.h - random legal masks ------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One generator for every random test. The same seed gives the same mask on
// every machine; a test prints the seed and the mask that failed.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_SUPPORT_RANDOMMASK_H
#define MUNTIN_TESTS_SUPPORT_RANDOMMASK_H

#include "runtime/abi/Mask.h"

#include <algorithm>
#include <random>

namespace muntin::testing {

using Random = std::mt19937_64;

/// A number in [least, most]. std::uniform_int_distribution differs between libraries.
inline int64_t pick(Random &random, int64_t least, int64_t most) {
  return least + static_cast<int64_t>(random() % static_cast<uint64_t>(most - least + 1));
}
inline bool chance(Random &random, int percent) { return pick(random, 1, 100) <= percent; }

/// A grid whose axes have extents in [least, most].
inline std::vector<int64_t> randomGrid(Random &random, int rank, int64_t least, int64_t most) {
  std::vector<int64_t> grid(rank);
  for (int64_t &extent : grid)
    extent = pick(random, least, most);
  return grid;
}

/// What a random mask must be legal for.
struct MaskScope {
  std::vector<int64_t> grid, kvGrid; ///< no neighborhood() where they differ
  bool documents = true;             ///< may contain document()
  int depth = 3;                     ///< levels of the tree at most

  int rank() const { return static_cast<int>(grid.size()); }
};

/// A neighborhood() that is legal for `grid`, each legal parameter set possible.
inline Mask randomNeighborhood(Random &random, const std::vector<int64_t> &grid) {
  Mask mask{.kind = MaskKind::Neighborhood};
  for (const int64_t extent : grid) {
    const int64_t window = pick(random, 1, extent);
    mask.window.push_back(window);
    mask.dilation.push_back(chance(random, 60) ? 1 : pick(random, 1, extent / window));
    mask.stride.push_back(chance(random, 50) ? 1 : pick(random, 1, window));
    mask.causal.push_back(chance(random, 30));
  }
  return mask;
}

/// A mask without children, of a kind that `scope` allows.
inline Mask randomLeaf(Random &random, const MaskScope &scope) {
  const int64_t most = *std::ranges::max_element(scope.grid) + 2; // values beyond the extent are legal
  const auto list = [&](int64_t least, int infinite) {
    AxisValues values(scope.grid.size());
    for (int64_t &value : values)
      value = chance(random, infinite) ? kUnbounded : pick(random, least, most);
    return values;
  };
  switch (static_cast<MaskKind>(pick(random, 0, static_cast<int>(MaskKind::Document)))) {
  case MaskKind::Causal:
    if (scope.rank() == 1)
      return {.kind = MaskKind::Causal};
    [[fallthrough]];
  case MaskKind::Neighborhood:
    if (scope.grid == scope.kvGrid && std::ranges::find(scope.grid, 0) == scope.grid.end())
      return randomNeighborhood(random, scope.grid);
    [[fallthrough]];
  case MaskKind::Sliding: return {.kind = MaskKind::Sliding, .left = list(0, 15), .right = list(0, 15)};
  case MaskKind::Block: return {.kind = MaskKind::Block, .size = list(1, 0)};
  case MaskKind::Halo: return {.kind = MaskKind::Halo, .size = list(1, 0), .halo = list(0, 0)};
  case MaskKind::Document:
    if (scope.documents)
      return {.kind = MaskKind::Document};
    [[fallthrough]];
  case MaskKind::Global: return {.kind = MaskKind::Global, .tokens = pick(random, 0, most)};
  default: return {};
  }
}

/// A mask that is expanded to the rank of `scope` and legal for its grids.
inline Mask randomMask(Random &random, const MaskScope &scope) {
  if (scope.depth <= 1 || chance(random, 45))
    return randomLeaf(random, scope);
  MaskScope inner = scope;
  --inner.depth;
  Mask mask{
      .kind = static_cast<MaskKind>(pick(random, static_cast<int>(MaskKind::AllOf), static_cast<int>(MaskKind::Not)))};
  const int64_t count = mask.kind == MaskKind::Not ? 1 : pick(random, 1, 3);
  for (int64_t i = 0; i < count; ++i)
    mask.children.push_back(randomMask(random, inner));
  return mask;
}

} // namespace muntin::testing

#endif // MUNTIN_TESTS_SUPPORT_RANDOMMASK_H
