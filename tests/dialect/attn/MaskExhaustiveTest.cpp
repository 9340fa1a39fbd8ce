//===- MaskExhaustiveTest.cpp - every mask on one axis, exhaustively -------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All legal parameters up to n = 12 tokens, all boxes of queries and keys. The
// hulls of bands are exact and their classes complete wherever the boxes have the
// mask's period as their step, so a lazy answer fails as a wrong one does.
//
//===----------------------------------------------------------------------===//

#include "MaskChecker.h"
#include "tests/support/Masks.h"

#include "gtest/gtest.h"

namespace muntin::testing {

constexpr int64_t kTokens = 12;

namespace {
class MaskExhaustive : public ::testing::Test {
protected:
  ~MaskExhaustive() override { tally.print(::testing::UnitTest::GetInstance()->current_test_info()->name()); }

  /// All boxes with each of these steps, on both sides.
  bool checkAllBoxes(MaskChecker &checker, int64_t queries, int64_t keys, const std::vector<int64_t> &steps,
                     int64_t period) {
    checker.setGrids({{queries}, {keys}, {}, {}});
    if (!checker.checkElements())
      return false;
    for (int64_t q : steps) {
      const std::vector<Tokens> queryBoxes = allBoxes(queries, q);
      if (!checker.checkHulls(false, queryBoxes, {q}) || !checker.checkHulls(true, allBoxes(keys, q), {q}) ||
          !checker.checkCommon(queryBoxes, {q}))
        return false;
      for (int64_t k : steps) {
        const Proofs proofs = q == period && k == period ? Proofs::Complete : Proofs::Sound;
        if (!checker.checkClasses(queryBoxes, {q}, allBoxes(keys, k), {k}, proofs))
          return false;
      }
    }
    return true;
  }

  /// The same for a mask that may have different extents of queries and keys,
  /// with steps up to 3 on short axes.
  void checkAllExtents(const Mask &mask) {
    MaskChecker checker(mask, 1, tally);
    for (int64_t n = 1; n <= kTokens; ++n)
      for (int64_t keys : {n, kTokens - n, std::min(n + 3, kTokens)})
        ASSERT_TRUE(checkAllBoxes(checker, n, keys, {1}, 1));
    for (int64_t n : {5, 7})
      ASSERT_TRUE(checkAllBoxes(checker, n, n, {1, 2, 3}, 1));
  }

  Tally tally;
};
} // namespace

TEST_F(MaskExhaustive, Full) { checkAllExtents(masks::full()); }
TEST_F(MaskExhaustive, Causal) { checkAllExtents(masks::causal()); }

TEST_F(MaskExhaustive, Sliding) {
  std::vector<int64_t> bounds{kUnbounded, int64_t(1) << 40};
  for (int64_t bound = 0; bound <= kTokens + 1; ++bound)
    bounds.push_back(bound);
  for (int64_t left : bounds)
    for (int64_t right : bounds)
      checkAllExtents(masks::sliding({left}, {right}));
}

TEST_F(MaskExhaustive, Block) {
  for (int64_t size = 1; size <= kTokens + 1; ++size)
    checkAllExtents(masks::block({size}));
  checkAllExtents(masks::block({int64_t(1) << 40}));
}

TEST_F(MaskExhaustive, Halo) {
  for (int64_t size = 1; size <= kTokens + 1; ++size)
    for (int64_t halo = 0; halo <= kTokens + 1; ++halo)
      checkAllExtents(masks::halo({size}, {halo}));
  checkAllExtents(masks::halo({3}, {int64_t(1) << 40}));
}

TEST_F(MaskExhaustive, Global) {
  for (int64_t tokens = 0; tokens <= kTokens + 1; ++tokens)
    checkAllExtents(masks::global(tokens));
  checkAllExtents(masks::global(int64_t(1) << 40));
}

TEST_F(MaskExhaustive, Neighborhood) {
  for (int64_t d = 1; d <= kTokens; ++d)
    for (int64_t w = 1; w * d <= kTokens; ++w)
      for (int64_t s = 1; s <= w; ++s)
        for (int64_t causal : {0, 1}) {
          MaskChecker checker(masks::neighborhood({w}, {d}, {s}, {causal}), 1, tally);
          EXPECT_EQ(checker.attribute().residuePeriod(0), d);
          const std::vector<int64_t> steps = d == 1 ? std::vector<int64_t>{1, 2} : std::vector<int64_t>{1, d, 2 * d};
          for (int64_t n = w * d; n <= kTokens; ++n)
            ASSERT_TRUE(checkAllBoxes(checker, n, n, steps, d));
        }
}

// A dense box of a dilated mask needs no exact hull, but a useless one is a defect.
TEST_F(MaskExhaustive, DenseHullOfDilatedNeighborhoodIsClose) {
  int64_t hulls = 0;
  for (int64_t d = 2; d <= 4; ++d)
    for (int64_t w = 1; w * d <= 24; ++w)
      for (int64_t causal : {0, 1}) {
        const Mask mask = masks::neighborhood({w}, {d}, {std::max<int64_t>(1, w / 2)}, {causal});
        MaskProgram live = MaskProgram::live(attributeOf(mask), false, {1});
        const Grids grids{{24}, {24}, {}, {}};
        for (const Tokens &box : allBoxes(24, 1)) {
          int64_t first = 24, last = 0;
          for (int64_t i = 0; i < box.count[0]; ++i)
            for (int64_t j = 0; j < 24; ++j)
              if (allows(mask, grids, {box.origin[0] + i}, {j}))
                first = std::min(first, j), last = std::max(last, j);
          ++hulls;
          EXPECT_LE(live.live(grids, box).count[0], last - first + 1 + 4 * d) << printMask(mask);
        }
      }
  EXPECT_GT(hulls, 5000);
}

// The bands of an all_of are one band: exact hulls, complete classes.
TEST_F(MaskExhaustive, AllOfBands) {
  const std::vector<Mask> bands{masks::causal(),
                                masks::sliding({2}, {kUnbounded}),
                                masks::sliding({3}, {1}),
                                masks::block({4}),
                                masks::halo({3}, {1}),
                                masks::neighborhood({3}),
                                masks::neighborhood({2}, {3}),
                                masks::neighborhood({4}, {2}, {2}, {1}),
                                masks::full()};
  for (const Mask &a : bands)
    for (const Mask &b : bands) {
      MaskChecker checker(masks::allOf({a, b}), 1, tally);
      const int64_t period = checker.attribute().residuePeriod(0);
      for (int64_t n : {8, 9, 12})
        ASSERT_TRUE(checkAllBoxes(checker, n, n,
                                  period == 1 ? std::vector<int64_t>{1} : std::vector<int64_t>{1, period}, period));
    }
}

// Masks whose parts have hulls with other steps than the whole, in every nesting of two.
TEST_F(MaskExhaustive, NestedParts) {
  const std::vector<Mask> parts{masks::neighborhood({2}, {2}),
                                masks::neighborhood({2}, {4}, {1}, {1}),
                                masks::neighborhood({1}, {3}),
                                masks::anyOf({masks::sliding({1}, {2})}),
                                masks::anyOf({masks::block({3}), masks::sliding({0}, {1})}),
                                masks::global(2),
                                masks::negation(masks::causal())};
  for (const Mask &a : parts)
    for (const Mask &b : parts)
      for (MaskKind kind : {MaskKind::AllOf, MaskKind::AnyOf}) {
        MaskChecker checker(masks::withChildren(kind, {a, b}), 1, tally);
        for (int64_t n : {8, 11})
          ASSERT_TRUE(checkAllBoxes(checker, n, n, {1, 2, 3, 4, 6}, /*period: no proof is complete*/ 0));
      }
}

// On a grid the hull of a global mask is not exact, but it is the bounding box.
TEST_F(MaskExhaustive, GlobalHullIsTheBoundingBox) {
  const Coords one{1, 1, 1};
  for (int64_t tokens = 1; tokens < 24; ++tokens) {
    MaskProgram live = MaskProgram::live(attributeOf(masks::global(tokens)), false, one);
    for (const Coords &keys : {Coords{4, 2, 3}, Coords{2, 3, 4}, Coords{1, 6, 4}, Coords{24, 1, 1}}) {
      const Grids grids{{2, 24, 1}, keys, {}, {}};
      Coords expected(3, 1);
      for (int64_t j = 0; j < tokens; ++j)
        for (int axis = 0; axis < 3; ++axis)
          expected[axis] = std::max(expected[axis], tokenAt(keys, j)[axis] + 1);
      EXPECT_EQ(live.live(grids, {{1, 0, 0}, one, one}).count, expected) << tokens;
      EXPECT_EQ(live.live(grids, {{0, tokens - 1, 0}, one, one}).count, keys) << tokens;
    }
  }
}

} // namespace muntin::testing
