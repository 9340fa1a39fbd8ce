//===- RulesTest.cpp - the golden rows of the mask rules ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Rules.h"
#include "tests/support/Masks.h"

#include <gtest/gtest.h>

using namespace muntin;
using namespace muntin::reference;

using Keys = std::vector<int64_t>;

static Mask neighborhood(int64_t window, int64_t dilation, int64_t stride, int64_t causal) {
  return masks::neighborhood({window}, {dilation}, {stride}, {causal});
}

/// The keys of query i on one axis.
static Keys keysOf(const Mask &mask, int64_t queries, int64_t keys, int64_t i, const Segments &segments = {}) {
  const Grids grids = makeGrids({queries}, {keys});
  Keys found;
  for (int64_t j = 0; j < keys; ++j)
    if (allows(mask, grids, {i, 0, 0}, {j, 0, 0}, segments))
      found.push_back(j);
  return found;
}

static void expectRows(const Mask &mask, const std::vector<Keys> &rows) {
  for (size_t i = 0; i < rows.size(); ++i)
    EXPECT_EQ(keysOf(mask, rows.size(), rows.size(), i), rows[i]) << "query " << i;
}

TEST(Rules, NeighborhoodShiftsAtBorders) {
  const Keys a = {0, 1, 2, 3}, g = {6, 7, 8, 9};
  expectRows(neighborhood(4, 1, 1, 0),
             {a, a, a, {1, 2, 3, 4}, {2, 3, 4, 5}, {3, 4, 5, 6}, {4, 5, 6, 7}, {5, 6, 7, 8}, g, g});
}

TEST(Rules, NeighborhoodWithStride) {
  const Keys a = {0, 1, 2, 3, 4}, b = {2, 3, 4, 5, 6}, c = {5, 6, 7, 8, 9};
  expectRows(neighborhood(5, 1, 3, 0), {a, a, a, b, b, b, c, c, c, c});
  const Keys last = {6, 7, 8, 9}, first = {0, 1, 2, 3}, second = {4, 5, 6, 7};
  expectRows(neighborhood(4, 1, 4, 0), {first, first, first, first, second, second, second, second, last, last});
}

TEST(Rules, CausalNeighborhoodWithStride) {
  expectRows(neighborhood(4, 1, 3, 1),
             {{0}, {0, 1}, {0, 1, 2}, {2, 3}, {2, 3, 4}, {2, 3, 4, 5}, {5, 6}, {5, 6, 7}, {5, 6, 7, 8}, {6, 7, 8, 9}});
}

TEST(Rules, DilatedNeighborhood) {
  const Keys a = {0, 3, 6}, b = {3, 6, 9}, c = {1, 4, 7}, d = {2, 5, 8};
  expectRows(neighborhood(3, 3, 1, 0), {a, c, d, a, c, d, b, c, d, b});
}

TEST(Rules, WindowOfOneSeesItself) { expectRows(neighborhood(1, 1, 1, 0), {{0}, {1}, {2}}); }

TEST(Rules, SlidingIsClipped) {
  Mask mask = masks::sliding({2}, {1});
  expectRows(mask, {{0, 1}, {0, 1, 2}, {0, 1, 2, 3}, {1, 2, 3, 4}, {2, 3, 4}});
  mask.left = {kUnbounded}, mask.right = {0};
  expectRows(mask, {{0}, {0, 1}, {0, 1, 2}});
  mask.right = {kUnbounded};
  expectRows(mask, {{0, 1}, {0, 1}});
  // Coordinates are compared as they are: query 4 of 5 lies beyond the 2 keys.
  mask.left = {1}, mask.right = {0};
  EXPECT_EQ(keysOf(mask, 5, 2, 4), Keys());
  EXPECT_EQ(keysOf(mask, 5, 2, 2), Keys({1}));
}

TEST(Rules, CausalIsAlignedTopLeft) {
  const Mask mask = masks::causal();
  EXPECT_EQ(keysOf(mask, 2, 5, 1), Keys({0, 1}));
  EXPECT_EQ(keysOf(mask, 5, 2, 4), Keys({0, 1}));
}

TEST(Rules, BlockAndHalo) {
  expectRows(masks::block({2}), {{0, 1}, {0, 1}, {2, 3}, {2, 3}, {4}});
  expectRows(masks::halo({2}, {1}), {{0, 1, 2}, {0, 1, 2}, {1, 2, 3, 4}, {1, 2, 3, 4}, {3, 4}});
  expectRows(masks::halo({kUnbounded}, {kUnbounded}), {{0, 1}, {0, 1}});
}

TEST(Rules, GlobalUsesTheFlatIndexOfEachSide) {
  Mask mask = masks::global(2);
  const Grids grids = makeGrids({2, 1}, {1, 3}); // tokens: queries (0,0) (1,0), keys (0,0) (0,1) (0,2)
  EXPECT_TRUE(allows(mask, grids, {1, 0, 0}, {0, 2, 0}));
  mask.tokens = 1;
  EXPECT_TRUE(allows(mask, grids, {0, 0, 0}, {0, 2, 0}));
  EXPECT_TRUE(allows(mask, grids, {1, 0, 0}, {0, 0, 0}));
  EXPECT_FALSE(allows(mask, grids, {1, 0, 0}, {0, 1, 0}));
  mask.tokens = 0;
  EXPECT_FALSE(allows(mask, grids, {0, 0, 0}, {0, 0, 0}));
}

TEST(Rules, DocumentComparesNumbers) {
  const int32_t queries[] = {7, -1, 7}, keys[] = {-1, 7, 0, 7};
  const Mask mask = masks::document();
  EXPECT_EQ(keysOf(mask, 3, 4, 0, {queries, keys}), Keys({1, 3}));
  EXPECT_EQ(keysOf(mask, 3, 4, 1, {queries, keys}), Keys({0}));
}

TEST(Rules, TheAlgebra) {
  const Mask near = masks::sliding({1}, {1}), causal = masks::causal();
  const Mask either = masks::anyOf({near, causal});
  expectRows(masks::allOf({near, causal}), {{0}, {0, 1}, {1, 2}, {2, 3}});
  expectRows(either, {{0, 1}, {0, 1, 2}, {0, 1, 2, 3}, {0, 1, 2, 3}});
  expectRows(masks::negation(either), {{2, 3}, {3}, {}, {}});
}

TEST(Rules, AxesHaveTheirOwnParameters) {
  const Mask mask = masks::neighborhood({3, 1, 2}, {1, 1, 2}, {1, 1, 1}, {0, 0, 1});
  const Grids grids = makeGrids({4, 2, 5}, {4, 2, 5});
  int64_t count = 0;
  for (int64_t key = 0; key < tokenCount(grids.key); ++key) {
    const Coordinates at = tokenAt(grids.key, key);
    EXPECT_EQ(flatIndex(grids.key, at), key);
    // Query (3, 1, 4): axis 0 shifts to 1..3; axis 1 itself; axis 2 causal with dilation 2: 2 and 4.
    const bool expected = at[0] >= 1 && at[1] == 1 && (at[2] == 2 || at[2] == 4);
    EXPECT_EQ(allows(mask, grids, {3, 1, 4}, at), expected);
    count += expected;
  }
  EXPECT_EQ(count, 6);
}
