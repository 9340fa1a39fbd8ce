//===- MaskCheckTest.cpp - ranks, values and extents of masks -------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Mask.h"
#include "tests/support/RandomMask.h"

#include <gtest/gtest.h>

using namespace muntin;
using namespace muntin::testing;

namespace {

Mask parsed(std::string_view text) {
  const Result<Mask> mask = parseMask(text);
  EXPECT_TRUE(mask) << mask.status().message();
  return mask ? *mask : Mask();
}

std::string expanded(const Mask &mask, int rank) {
  const Result<Mask> result = expandMask(mask, rank);
  return result ? printMask(*result) : result.status().message();
}

std::string checked(std::string_view text, const std::vector<int64_t> &grid, const std::vector<int64_t> &kvGrid) {
  return checkMaskExtents(*expandMask(parsed(text), static_cast<int>(grid.size())), grid, kvGrid).message();
}

TEST(MaskCheck, Rank) {
  EXPECT_EQ(*maskRank(parsed("neighborhood(window=7)")), 0);
  EXPECT_EQ(*maskRank(parsed("causal()")), 1);
  EXPECT_EQ(*maskRank(parsed("all_of(full(), not(block(size=8x8)))")), 2);
  EXPECT_EQ(*maskRank(parsed("sliding(left=1x2x3, right=4)")), 3);

  Mask mask = parsed("all_of(block(size=8x8), block(size=3))");
  mask.children[1].size = {1, 2, 3};
  EXPECT_EQ(maskRank(mask).status().message(), "mask: 'size' is of rank 3, but 'size' before it is of rank 2\n"
                                               "  all_of(block(size=8x8), block(size=1x2x3))\n"
                                               "                                     ^");
}

TEST(MaskCheck, Expand) {
  EXPECT_EQ(expanded(parsed("neighborhood(window=7, causal=0x1)"), 2),
            "neighborhood(window=7x7, dilation=1x1, stride=1x1, causal=0x1)");
  EXPECT_EQ(expanded(parsed("any_of(sliding(left=inf, right=0), global(tokens=4))"), 3),
            "any_of(sliding(left=infxinfxinf, right=0x0x0), global(tokens=4))");
  EXPECT_EQ(expanded(parsed("causal()"), 1), "causal()");
  // Masks made in C++ may leave the optional arguments out.
  EXPECT_EQ(expanded({.kind = MaskKind::Neighborhood, .window = {5}}, 1),
            "neighborhood(window=5, dilation=1, stride=1, causal=0)");
}

TEST(MaskCheck, ExpandDropsWhatDoesNotBelong) {
  const Result<Mask> mask = expandMask({.kind = MaskKind::Full, .window = {7}, .tokens = 3}, 1);
  ASSERT_TRUE(mask);
  EXPECT_EQ(*mask, Mask());
}

struct Refusal {
  const char *text;
  int rank;
  const char *message;
};

TEST(MaskCheck, RefusalsNameAxisValueAndBound) {
  const Refusal refusals[] = {
      {"neighborhood(window=0)", 1,
       "mask: window on axis 0 is 0, expected at least 1\n"
       "  neighborhood(window=0, dilation=1, stride=1, causal=0)\n                      ^"},
      {"neighborhood(window=7, dilation=1x0)", 2,
       "mask: dilation on axis 1 is 0, expected at least 1\n"
       "  neighborhood(window=7, dilation=1x0, stride=1, causal=0)\n                                  ^"},
      {"neighborhood(window=3x5, stride=4)", 2,
       "mask: stride on axis 0 is 4, expected at most the window, 3\n"
       "  neighborhood(window=3x5, dilation=1, stride=4, causal=0)\n"
       "                                              ^"},
      {"neighborhood(window=3, stride=0)", 1,
       "mask: stride on axis 0 is 0, expected at least 1\n"
       "  neighborhood(window=3, dilation=1, stride=0, causal=0)\n"
       "                                            ^"},
      {"neighborhood(window=3, causal=2)", 1,
       "mask: causal on axis 0 is 2, expected at most 1\n"
       "  neighborhood(window=3, dilation=1, stride=1, causal=2)\n"
       "                                                      ^"},
      {"neighborhood(window=65536, dilation=65536)", 1,
       "mask: window 65536 times dilation 65536 on axis 0 exceeds 2147483647, the greatest extent\n"
       "  neighborhood(window=65536, dilation=65536, stride=1, causal=0)\n                      ^"},
      {"not(block(size=0))", 1,
       "mask: size on axis 0 is 0, expected at least 1\n  not(block(size=0))\n                 ^"},
      {"block(size=8x8)", 3,
       "mask: expected one number or 3 for 'size' on rank 3, got 2\n  block(size=8x8)\n             ^"},
      {"any_of(full(), causal())", 2,
       "mask: causal() stands on rank 1, got rank 2\n  any_of(full(), causal())\n                 ^"},
      {"full()", 0, "mask: rank is 0, expected 1 to 3"},
      {"full()", 4, "mask: rank is 4, expected 1 to 3"},
  };
  for (const Refusal &refusal : refusals)
    EXPECT_EQ(expanded(parsed(refusal.text), refusal.rank), refusal.message);
}

TEST(MaskCheck, RefusesMalformedTrees) {
  EXPECT_EQ(expanded({.kind = MaskKind::AllOf}, 1), "mask: all_of expects at least one mask, got 0\n  all_of()\n  ^");
  EXPECT_EQ(expanded({.kind = MaskKind::Not, .children = {Mask(), Mask()}}, 1),
            "mask: not expects exactly one mask, got 2\n  not(full(), full())\n  ^");
  EXPECT_EQ(expanded({.kind = MaskKind::Full, .children = {Mask()}}, 1),
            "mask: full expects no mask, got 1\n  full(full())\n  ^");
  EXPECT_EQ(expanded({.kind = MaskKind::Global, .tokens = -1}, 1),
            "mask: tokens is -1, expected at least 0\n  global(tokens=-1)\n                ^");
  EXPECT_EQ(expanded({.kind = MaskKind::Sliding, .left = {-1}, .right = {0}}, 1),
            "mask: left on axis 0 is -1, expected at least 0\n  sliding(left=-1, right=0)\n               ^");
  Mask deep;
  for (int i = 0; i < kMaxMaskDepth; ++i)
    deep = {.kind = MaskKind::Not, .children = {deep}};
  EXPECT_EQ(expanded(deep, 1), "mask: masks are nested deeper than 64");
  EXPECT_EQ(maskRank(deep).status().message(), "mask: masks are nested deeper than 64");
}

TEST(MaskCheck, Extents) {
  EXPECT_EQ(checked("neighborhood(window=7, dilation=2)", {14}, {14}), "");
  EXPECT_EQ(checked("neighborhood(window=7x7, dilation=1x2)", {56, 13}, {56, 13}),
            "mask: window 7 times dilation 2 on axis 1 exceeds the extent, 13; window 6 is the greatest that fits\n"
            "  neighborhood(window=7x7, dilation=1x2, stride=1x1, causal=0x0)\n                      ^");
  EXPECT_EQ(checked("any_of(full(), not(neighborhood(window=2)))", {8}, {9}),
            "mask: neighborhood needs equal grids, got 8 queries and 9 keys on axis 0\n"
            "  any_of(full(), not(neighborhood(window=2, dilation=1, stride=1, causal=0)))\n"
            "                     ^");
  EXPECT_EQ(checked("neighborhood(window=1, dilation=5)", {4}, {4}),
            "mask: window 1 times dilation 5 on axis 0 exceeds the extent, 4; dilation 4 is the greatest that fits any "
            "window\n  neighborhood(window=1, dilation=5, stride=1, causal=0)\n                      ^");
  // Only the neighbourhood is bound by the extents.
  EXPECT_EQ(checked("all_of(sliding(left=99, right=99), halo(size=99, halo=99), global(tokens=99))", {3}, {5}), "");
  EXPECT_EQ(checkMaskExtents(parsed("neighborhood(window=3)"), {5, 5}, {5, 5}).message(),
            "mask: expected a mask that is expanded to rank 2\n"
            "  neighborhood(window=3, dilation=1, stride=1, causal=0)\n  ^");
  EXPECT_EQ(checkMaskExtents(Mask(), {3}, {3, 3}).message(), "mask: grid has rank 1, but kv_grid has rank 2");
}

TEST(MaskCheck, RandomMasksAreLegal) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    const int rank = static_cast<int>(pick(random, 1, kMaxRank));
    const auto grid = randomGrid(random, rank, 1, 20);
    const auto kvGrid = chance(random, 50) ? grid : randomGrid(random, rank, 0, 20);
    const Mask mask = randomMask(random, {.grid = grid, .kvGrid = kvGrid, .documents = seed % 2 == 0, .depth = 4});
    const Result<Mask> result = expandMask(mask, rank);
    ASSERT_TRUE(result) << "seed " << seed << ": " << result.status().message();
    ASSERT_EQ(*result, mask) << "seed " << seed << ": " << printMask(mask);
    const Status status = checkMaskExtents(mask, grid, kvGrid);
    ASSERT_TRUE(status) << "seed " << seed << ": " << status.message();
    ASSERT_TRUE(seed % 2 == 0 || !needsSegments(mask)) << "seed " << seed;
    ASSERT_EQ(needsSegments(mask), printMask(mask).find("document") != std::string::npos);
  }
}

} // namespace
