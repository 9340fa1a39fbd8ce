//===- MaskSampledTest.cpp - grids, nested masks, documents, by chance -----===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MUNTIN_TEST_SEED=N replays a run, MUNTIN_TEST_MASKS=N makes it longer.
//
//===----------------------------------------------------------------------===//

#include "MaskChecker.h"
#include "tests/support/RandomMask.h"

#include "gtest/gtest.h"

#include <cstdlib>

namespace muntin::testing {

static int64_t number(const char *variable, int64_t otherwise) {
  const char *text = std::getenv(variable);
  return text ? std::atoll(text) : otherwise;
}

/// A box of the grid with these steps.
static Tokens randomBox(Random &random, const Coords &grid, const Coords &step) {
  Tokens box{Coords(grid.size()), step, Coords(grid.size())};
  for (size_t axis = 0; axis < grid.size(); ++axis) {
    box.origin[axis] = pick(random, 0, grid[axis] - 1);
    const int64_t room = (grid[axis] - 1 - box.origin[axis]) / step[axis] + 1;
    box.count[axis] = pick(random, 1, room);
  }
  return box;
}

static std::vector<Tokens> randomBoxes(Random &random, const Coords &grid, const Coords &step, int count) {
  std::vector<Tokens> boxes;
  for (int i = 0; i < count; ++i)
    boxes.push_back(randomBox(random, grid, step));
  return boxes;
}

/// Steps that are 1 on all axes, or the period of each.
static Coords stepsOf(attn::MaskAttrInterface mask, unsigned rank, bool periods) {
  Coords step(rank, 1);
  for (unsigned axis = 0; periods && axis < rank; ++axis)
    step[axis] = mask.residuePeriod(axis);
  return step;
}

static bool checkBoxes(MaskChecker &checker, Random &random, const Grids &grids, Proofs onPeriods) {
  for (bool queryPeriods : {false, true}) {
    const Coords q = stepsOf(checker.attribute(), grids.rank(), queryPeriods);
    const std::vector<Tokens> queries = randomBoxes(random, grids.query, q, 20);
    if (!checker.checkHulls(false, queries, q) || !checker.checkHulls(true, randomBoxes(random, grids.key, q, 20), q) ||
        !checker.checkCommon(queries, q))
      return false;
    for (bool keyPeriods : {false, true}) {
      const Coords k = stepsOf(checker.attribute(), grids.rank(), keyPeriods);
      const Proofs proofs = queryPeriods && keyPeriods ? onPeriods : Proofs::Sound;
      if (!checker.checkClasses(queries, q, randomBoxes(random, grids.key, k, 20), k, proofs))
        return false;
    }
  }
  return true;
}

static std::vector<int64_t> randomSegments(Random &random, int64_t tokens, bool sorted) {
  std::vector<int64_t> segments(tokens);
  for (int64_t &segment : segments)
    segment = pick(random, -2, 2);
  if (sorted)
    std::ranges::sort(segments);
  return segments;
}

static Grids randomGrids(Random &random, int rank) {
  const int64_t most = rank == 1 ? 40 : rank == 2 ? 9 : 5;
  Grids grids;
  grids.query = randomGrid(random, rank, 1, most);
  grids.key = chance(random, 60) ? grids.query : randomGrid(random, rank, 1, most);
  const bool sorted = chance(random, 50);
  grids.querySegments = randomSegments(random, tokenCount(grids.query), sorted);
  grids.keySegments = randomSegments(random, tokenCount(grids.key), sorted);
  return grids;
}

static bool isLeafBand(const Mask &mask) { return mask.kind != MaskKind::Document && mask.children.empty(); }

/// `depth` 1: products of axes; more: nested masks.
static void checkRandomMasks(int depth, int64_t count, const char *name) {
  const int64_t seed = number("MUNTIN_TEST_SEED", 1);
  Random random(seed + 1000 * depth);
  Tally tally;
  for (int64_t i = 0; i < number("MUNTIN_TEST_MASKS", count); ++i) {
    const Grids grids = randomGrids(random, int(1 + i % 3));
    const Mask mask = randomMask(random, {grids.query, grids.key, /*documents=*/true, depth});
    MaskChecker checker(mask, grids.rank(), tally);
    checker.setGrids(grids);
    const Proofs proofs = isLeafBand(mask) ? Proofs::Complete : Proofs::Sound;
    ASSERT_TRUE(checker.checkElements() && checkBoxes(checker, random, grids, proofs))
        << "MUNTIN_TEST_SEED=" << seed << ", mask " << i;
  }
  tally.print(name);
}

TEST(MaskSampled, ProductsOfAxes) { checkRandomMasks(1, 600, "products"); }
TEST(MaskSampled, NestedMasks) { checkRandomMasks(3, 900, "nested"); }
TEST(MaskSampled, DeeplyNestedMasks) { checkRandomMasks(6, 150, "deep"); }

} // namespace muntin::testing
