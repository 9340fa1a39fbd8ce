//===- MaskCanonicalTest.cpp - one form for equal masks -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Rules.h"
#include "runtime/abi/Mask.h"
#include "tests/support/RandomMask.h"

#include <gtest/gtest.h>

using namespace muntin;
using namespace muntin::testing;

namespace {

std::string canonical(std::string_view text, int rank = 1) {
  const Result<Mask> mask = parseMask(text);
  EXPECT_TRUE(mask) << mask.status().message();
  const Result<Mask> expanded = expandMask(*mask, rank);
  EXPECT_TRUE(expanded) << expanded.status().message();
  return printMask(canonicalMask(*expanded));
}

struct Rewrite {
  const char *from, *to;
};

TEST(MaskCanonical, Rewrites) {
  const Rewrite rewrites[] = {
      {"all_of(causal())", "causal()"},
      {"not(not(causal()))", "causal()"},
      {"not(not(not(causal())))", "not(causal())"},
      {"any_of(global(tokens=4), causal(), global(tokens=4))", "any_of(causal(), global(tokens=4))"},
      {"any_of(causal(), any_of(global(tokens=4), block(size=3)))",
       "any_of(block(size=3), causal(), global(tokens=4))"},
      {"all_of(causal(), any_of(all_of(global(tokens=4))))", "all_of(causal(), global(tokens=4))"},
      // full() is the unit of all_of and the zero of any_of; not(full()) the other way round.
      {"all_of(full(), causal())", "causal()"},
      {"all_of(full(), full())", "full()"},
      {"any_of(full(), causal())", "full()"},
      {"any_of(not(full()), causal())", "causal()"},
      {"all_of(not(full()), causal())", "not(full())"},
      {"not(any_of(causal(), full()))", "not(full())"},
      // These still bind the extents, or need segments.
      {"any_of(full(), neighborhood(window=7), causal())",
       "any_of(full(), neighborhood(window=7, dilation=1, stride=1, causal=0))"},
      {"all_of(not(full()), not(document()))", "all_of(not(document()), not(full()))"},
      // A bound that no extent reaches is none.
      {"sliding(left=2147483647, right=2147483646)", "sliding(left=inf, right=2147483646)"},
      {"halo(size=3000000000, halo=9000000000)", "halo(size=2147483647, halo=2147483647)"},
      // A different problem, with other legal extents.
      {"neighborhood(window=1, dilation=5)", "neighborhood(window=1, dilation=5, stride=1, causal=0)"},
  };
  for (const Rewrite &rewrite : rewrites)
    EXPECT_EQ(canonical(rewrite.from), rewrite.to) << rewrite.from;
  EXPECT_EQ(canonical("sliding(left=1, right=inf)", 2), "sliding(left=1x1, right=infxinf)");
}

TEST(MaskCanonical, Idempotent) {
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    Random random(seed);
    const auto grid = randomGrid(random, static_cast<int>(pick(random, 1, kMaxRank)), 1, 9);
    const Mask mask = randomMask(random, {.grid = grid, .kvGrid = grid, .depth = 5});
    const Mask once = canonicalMask(mask);
    ASSERT_EQ(canonicalMask(once), once) << "seed " << seed << ": " << printMask(mask);
    ASSERT_TRUE(expandMask(once, static_cast<int>(grid.size()))) << "seed " << seed << ": " << printMask(mask);
    ASSERT_EQ(needsSegments(once), needsSegments(mask)) << "seed " << seed << ": " << printMask(mask);
  }
}

/// Calls `visit` with every pair of a query and a key.
template <typename Visit> void forEachPair(const reference::Grids &grids, Visit visit) {
  for (int64_t query = 0; query < reference::tokenCount(grids.query); ++query)
    for (int64_t key = 0; key < reference::tokenCount(grids.key); ++key)
      visit(reference::tokenAt(grids.query, query), reference::tokenAt(grids.key, key));
}

TEST(MaskCanonical, SameMeaning) {
  int changed = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    const int rank = static_cast<int>(pick(random, 1, kMaxRank));
    const auto grid = randomGrid(random, rank, 1, rank == 1 ? 12 : 4);
    const auto kvGrid = chance(random, 70) ? grid : randomGrid(random, rank, 1, 4);
    const Mask mask = randomMask(random, {.grid = grid, .kvGrid = kvGrid, .depth = 5});
    const Mask canonical = canonicalMask(mask);
    changed += canonical != mask;

    const reference::Grids grids = reference::makeGrids(grid, kvGrid);
    std::vector<int32_t> segments(reference::tokenCount(grids.query)), kvSegments(reference::tokenCount(grids.key));
    for (auto *list : {&segments, &kvSegments})
      for (int32_t &segment : *list)
        segment = static_cast<int32_t>(pick(random, 0, 2));
    const reference::Segments numbers{segments.data(), kvSegments.data()};
    forEachPair(grids, [&](const reference::Coordinates &query, const reference::Coordinates &key) {
      ASSERT_EQ(reference::allows(canonical, grids, query, key, numbers),
                reference::allows(mask, grids, query, key, numbers))
          << "seed " << seed << ": " << printMask(mask) << " became " << printMask(canonical);
    });
  }
  EXPECT_GT(changed, 500);
}

/// No rewrite may make an illegal extent legal, or the other way round.
TEST(MaskCanonical, SameLegalExtents) {
  int refused = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    const int rank = static_cast<int>(pick(random, 1, kMaxRank));
    const auto large = randomGrid(random, rank, 1, 9), other = randomGrid(random, rank, 1, 9);
    const Mask mask = randomMask(random, {.grid = large, .kvGrid = large, .depth = 5});
    for (const auto &kvGrid : {large, other}) {
      const bool legal = checkMaskExtents(mask, other, kvGrid).ok();
      refused += !legal;
      ASSERT_EQ(checkMaskExtents(canonicalMask(mask), other, kvGrid).ok(), legal)
          << "seed " << seed << ": " << printMask(mask);
    }
  }
  EXPECT_GT(refused, 500);
}

} // namespace
