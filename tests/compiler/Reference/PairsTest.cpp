//===- PairsTest.cpp - counts against asking for every pair ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Pairs.h"
#include "tests/support/Masks.h"
#include "tests/support/RandomMask.h"

#include <gtest/gtest.h>

using namespace muntin;
using namespace muntin::reference;

static int64_t countByAsking(const Mask &mask, const Grids &grids, const Segments &segments) {
  int64_t count = 0;
  for (int64_t query = 0; query < tokenCount(grids.query); ++query)
    count += allowedKeys(mask, grids, tokenAt(grids.query, query), segments).size();
  return count;
}

static void expectExact(const Mask &mask, const std::vector<int64_t> &grid, const std::vector<int64_t> &kvGrid,
                        const Segments &segments = {}) {
  const Grids grids = makeGrids(grid, kvGrid);
  const auto pairs = pairsKept(mask, grids, segments);
  ASSERT_TRUE(pairs.ok()) << pairs.status().message();
  EXPECT_EQ(*pairs, countByAsking(mask, grids, segments)) << "kind " << int(mask.kind);
}

TEST(Pairs, EveryNeighborhoodOfOneAxis) {
  for (int64_t n = 1; n <= 9; ++n)
    for (int64_t d = 1; d <= n; ++d)
      for (int64_t w = 1; w * d <= n; ++w)
        for (int64_t s = 1; s <= w; ++s)
          for (int64_t causal : {0, 1})
            expectExact(masks::neighborhood({w}, {d}, {s}, {causal}), {n}, {n});
}

TEST(Pairs, ClippedMasksOnGridsOfTheirOwn) {
  for (int64_t a : {int64_t(0), int64_t(1), int64_t(3), kUnbounded})
    for (int64_t b : {int64_t(0), int64_t(2), kUnbounded}) {
      const AxisValues size = {std::max<int64_t>(a, 1), 2, 3};
      for (const Mask &mask :
           {masks::sliding({a, b, 1}, {b, a, 0}), masks::block(size), masks::halo(size, {b, a, 0}), masks::full()}) {
        expectExact(mask, {5, 3, 2}, {4, 6, 3});
        expectExact(mask, {4, 6, 3}, {5, 3, 2});
      }
    }
}

TEST(Pairs, TheOthersAndTheAlgebra) {
  const int32_t queries[] = {0, 0, 1, 5, 1, 0}, keys[] = {1, 0, 0, 2};
  const Mask causal = masks::causal(), document = masks::document(), all = masks::allOf({causal, document});
  for (int64_t tokens : {0, 1, 3, 5, 100}) {
    const Mask global = masks::global(tokens), any = masks::anyOf({global, all});
    for (const Mask &mask : {global, causal, document, all, any, masks::negation(any), masks::negation(document)})
      expectExact(mask, {6}, {4}, {queries, keys});
  }
}

TEST(Pairs, LargeCountsByFormula) {
  const int64_t n = 1 << 20;
  const auto causal = pairsKept(masks::causal(), makeGrids({n}, {n}));
  ASSERT_TRUE(causal.ok());
  EXPECT_EQ(*causal, n * (n + 1) / 2);
}

TEST(Pairs, RunsAlongTheLastAxis) {
  muntin::testing::Random random(4);
  for (int i = 0; i < 3000; ++i) {
    const int rank = static_cast<int>(muntin::testing::pick(random, 1, 3));
    const auto grid = muntin::testing::randomGrid(random, rank, 1, 5);
    const auto kvGrid = muntin::testing::chance(random, 50) ? grid : muntin::testing::randomGrid(random, rank, 1, 5);
    std::vector<int32_t> numbers(125);
    for (int32_t &number : numbers)
      number = static_cast<int32_t>(muntin::testing::pick(random, 0, 2));
    const Mask mask = muntin::testing::randomMask(random, {.grid = grid, .kvGrid = kvGrid});
    SCOPED_TRACE(i);
    expectExact(mask, grid, kvGrid, {numbers.data(), numbers.data()});
  }
}

TEST(Pairs, SlidingAndGlobalOverAMillionTokens) {
  const int64_t n = 1 << 20;
  const auto pairs = pairsKept(masks::anyOf({masks::sliding({64}, {64}), masks::global(4)}), makeGrids({n}, {n}));
  ASSERT_TRUE(pairs.ok());
  // The band, then the first four rows and columns outside it: row or column t has t + 65 of the band.
  const int64_t band = n * 129 - 64 * 65;
  int64_t outside = 0;
  for (int64_t t = 0; t < 4; ++t)
    outside += 2 * (n - (t + 65));
  EXPECT_EQ(*pairs, band + outside);
}

TEST(Pairs, TooManyToAskIsAnError) {
  const Mask any = masks::anyOf({masks::full(), masks::document()});
  EXPECT_EQ(pairsKept(any, makeGrids({1 << 20}, {1 << 20})).status().code(), StatusCode::Unavailable);
  EXPECT_EQ(pairsKept(masks::full(), makeGrids({1 << 30, 4}, {1 << 30, 4})).status().code(),
            StatusCode::InvalidArgument);
}

TEST(Pairs, SumOverBatchAndHeads) {
  Problem problem;
  problem.mask = masks::document();
  const Shape shape{.batch = 2, .heads = 3, .kvHeads = 1, .grid = {2}, .kvGrid = {2}};
  const int32_t segments[] = {0, 1, 4, 4};
  Inputs inputs;
  inputs.segments = segments;
  EXPECT_EQ(*pairsKept(problem, shape, inputs), 3 * (2 + 4));
  problem.mask = masks::causal();
  EXPECT_EQ(*pairsKept(problem, shape), 2 * 3 * 3);
}
