//===- HullTest.cpp - bounds of live keys against every query box ----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/Hull.h"

#include "tests/dialect/attn/MaskPrograms.h"
#include "tests/support/Masks.h"
#include "tests/support/RandomMask.h"

#include "gtest/gtest.h"

#include <algorithm>

namespace muntin::testing {
namespace {

Grids gridsOf(const Coords &query, const Coords &key) {
  Grids grids{query, key, {}, {}};
  grids.querySegments.assign(tokenCount(query), 0);
  grids.keySegments.assign(tokenCount(key), 0);
  return grids;
}

/// All query boxes of a grid, as the launch cuts it: along an axis of step s, each of the s residues is a line of its
/// own, cut into boxes of `extent` tokens.
std::vector<Tokens> queryBoxes(const Coords &grid, const Coords &box, const Coords &step) {
  std::vector<Tokens> all{Tokens{}};
  for (size_t axis = 0; axis < grid.size(); ++axis) {
    std::vector<Tokens> longer;
    for (const Tokens &prefix : all)
      for (int64_t residue = 0; residue < std::min(step[axis], grid[axis]); ++residue) {
        const int64_t line = (grid[axis] - residue + step[axis] - 1) / step[axis];
        for (int64_t first = 0; first < line; first += box[axis]) {
          Tokens next = prefix;
          next.origin.push_back(residue + first * step[axis]);
          next.step.push_back(step[axis]);
          next.count.push_back(std::min(box[axis], line - first));
          longer.push_back(next);
        }
      }
    all = std::move(longer);
  }
  return all;
}

class HullBounds {
public:
  int64_t bounded = 0, unbounded = 0, boxes = 0;

  /// Compares the bound for one mask and box with each query box of `trials` grids that are legal for the mask.
  void check(Random &random, const Mask &mask, int rank, int64_t extent, int trials) {
    const HullEstimator estimator(mask, rank);
    const Coords steps = estimator.steps();
    Coords box(rank);
    for (int64_t &tokens : box)
      tokens = pick(random, 1, 12);
    const std::optional<Coords> bound = estimator.bound(box, steps);
    ++(bound ? bounded : unbounded);
    if (!bound)
      return;
    MaskProgram live = MaskProgram::live(attributeOf(mask), /*fromKeys=*/false, steps);
    for (int trial = 0; trial < trials; ++trial) {
      const Coords query = randomGrid(random, rank, 1, extent);
      const Coords key = chance(random, 70) ? query : randomGrid(random, rank, 1, extent);
      if (checkMaskExtents(mask, query, key))
        checkGrid(mask, live, gridsOf(query, key), queryBoxes(query, box, steps), *bound);
    }
  }

private:
  void checkGrid(const Mask &mask, MaskProgram &live, const Grids &grids, const std::vector<Tokens> &queries,
                 const Coords &bound) {
    for (const Tokens &box : queries) {
      ++boxes;
      const Tokens keys = live.live(grids, box);
      for (size_t axis = 0; axis < bound.size(); ++axis)
        ASSERT_LE(keys.count[axis], bound[axis])
            << printMask(mask) << " axis " << axis << ", grid " << ::testing::PrintToString(grids.query) << ", keys "
            << ::testing::PrintToString(grids.key) << ", box at " << ::testing::PrintToString(box.origin) << " of "
            << ::testing::PrintToString(box.count);
      checkHalves(live, grids, box, bound[0]);
    }
  }

  /// What two halves of a box see on the first axis, together, is no more than what the box may see.
  void checkHalves(MaskProgram &live, const Grids &grids, const Tokens &box, int64_t bound) {
    if (box.count[0] < 2)
      return;
    Tokens lower = box, upper = box;
    lower.count[0] = box.count[0] / 2;
    upper.count[0] -= lower.count[0];
    upper.origin[0] += lower.count[0] * box.step[0];
    const Tokens first = live.live(grids, lower), second = live.live(grids, upper);
    if (first.count[0] < 1 || second.count[0] < 1)
      return;
    const auto end = [](const Tokens &keys) { return keys.origin[0] + keys.count[0] * keys.step[0]; };
    const int64_t keys = std::max(end(first), end(second)) - std::min(first.origin[0], second.origin[0]);
    ASSERT_LE(keys, bound * first.step[0]);
  }
};

TEST(Hull, BoundsHoldForEveryBoxOfEveryGrid) {
  constexpr uint64_t kSeed = 20260;
  Random random(kSeed);
  HullBounds bounds;
  const int64_t extents[] = {40, 14, 8};
  for (int round = 0; round < 240 && !::testing::Test::HasFatalFailure(); ++round) {
    const int rank = round % 3 + 1;
    MaskScope scope;
    scope.grid = scope.kvGrid = randomGrid(random, rank, 1, extents[rank - 1]);
    const Mask mask = randomMask(random, scope);
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", round " + std::to_string(round));
    bounds.check(random, mask, rank, extents[rank - 1], 12);
  }
  std::printf("%ld masks bounded, %ld not, %ld boxes\n", long(bounds.bounded), long(bounds.unbounded),
              long(bounds.boxes));
  EXPECT_GT(bounds.bounded, 60);
  EXPECT_GT(bounds.unbounded, 20);
  EXPECT_GT(bounds.boxes, 3000);
}

/// What random masks found: windows that move meet more at the ends of the grid than inside.
TEST(Hull, MovingNeighbourhoodsInCombinations) {
  Random random(1);
  HullBounds bounds;
  const Mask window = *expandMask(masks::neighborhood({5}), 1);
  const Mask dilated = *expandMask(masks::neighborhood({2}, {3}), 1);
  for (int round = 0; round < 20; ++round) {
    bounds.check(random, masks::allOf({window, masks::causal()}), 1, 30, 10);
    bounds.check(random, masks::allOf({window, masks::sliding({kUnbounded}, {1})}), 1, 30, 10);
    bounds.check(random, masks::anyOf({dilated, masks::block({2})}), 1, 30, 10);
  }
  EXPECT_EQ(bounds.bounded, 60) << "they are bounded";
}

TEST(Hull, BoundsAreReached) {
  struct {
    Mask mask;
    int64_t box, bound;
  } const cases[] = {
      {masks::neighborhood({7}), 8, 14},           // w + box - 1
      {masks::neighborhood({7}, {3}), 8, 14},      // the same within a residue class
      {masks::neighborhood({8}, {1}, {4}), 8, 12}, // two leaders, four apart
      {masks::sliding({5}, {2}), 4, 11},
      {masks::block({6}), 4, 12}, // a box that straddles two blocks
      {masks::halo({4}, {2}), 8, 12},
  };
  for (const auto &[mask, box, bound] : cases) {
    const Result<Mask> expanded = expandMask(mask, 1);
    ASSERT_TRUE(expanded);
    const HullEstimator estimator(*expanded, 1);
    const std::optional<Coords> found = estimator.bound({box}, estimator.steps());
    ASSERT_TRUE(found) << printMask(mask);
    EXPECT_EQ(found->front(), bound) << printMask(mask);
  }
}

TEST(Hull, MasksThatGrowWithTheGridHaveNoBound) {
  const Mask unbounded[] = {
      masks::full(),
      masks::causal(),
      masks::document(),
      masks::global(3),
      masks::sliding({kUnbounded}, {3}),
      masks::sliding({3}, {kUnbounded}),
      masks::negation(masks::sliding({3}, {3})),
      masks::anyOf({masks::sliding({3}, {3}), masks::global(1)}),
      masks::anyOf({masks::sliding({3}, {3}), masks::causal()}),
  };
  for (const Mask &mask : unbounded)
    EXPECT_FALSE(HullEstimator(mask, 1).bound({8}, {1})) << printMask(mask);
}

} // namespace
} // namespace muntin::testing
