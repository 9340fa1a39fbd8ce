//===- MaskFoldTest.cpp - constants in, constants out; lanes; golden rows --===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MaskPrograms.h"
#include "tests/support/Masks.h"
#include "tests/support/RandomMask.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace muntin::attn;

namespace muntin::testing {

namespace {
/// A place to emit constants and what masks make of them.
struct Constants {
  Constants() : builder(&testContext()), module(ModuleOp::create(builder.getUnknownLoc())) {
    builder.setInsertionPointToEnd(module->getBody());
  }
  Location loc() { return builder.getUnknownLoc(); }
  Value scalar(int64_t value) { return arith::ConstantIntOp::create(builder, loc(), value, 64); }
  Value lanes(ArrayRef<int64_t> values, unsigned width) {
    SmallVector<APInt> elements;
    for (int64_t value : values)
      elements.push_back(APInt(width, value, /*isSigned=*/true));
    auto type = VectorType::get(int64_t(values.size()), builder.getIntegerType(width));
    return arith::ConstantOp::create(builder, loc(), DenseElementsAttr::get(type, elements));
  }
  MaskContext context(const Grids &grids) {
    MaskContext context;
    for (size_t axis = 0; axis < grids.rank(); ++axis) {
      context.queryExtents.push_back(scalar(grids.query[axis]));
      context.keyExtents.push_back(scalar(grids.key[axis]));
    }
    return context;
  }
  Box box(const Tokens &tokens) {
    Box box;
    for (size_t axis = 0; axis < tokens.rank(); ++axis)
      box.push_back({scalar(tokens.origin[axis]), tokens.step[axis], scalar(tokens.count[axis])});
    return box;
  }

  OpBuilder builder;
  OwningOpRef<ModuleOp> module;
};
} // namespace

/// The number that an answer folded to; fails the test if it did not.
static int64_t constant(Value value) {
  IntegerAttr attr;
  EXPECT_TRUE(matchPattern(value, m_Constant(&attr))) << "not folded";
  return attr ? attr.getInt() : -1;
}

static std::vector<bool> constantLanes(Value value) {
  DenseElementsAttr attr;
  EXPECT_TRUE(matchPattern(value, m_Constant(&attr))) << "not folded";
  return attr ? std::vector<bool>(attr.getValues<bool>().begin(), attr.getValues<bool>().end()) : std::vector<bool>();
}

static bool allowsConstant(const Mask &mask, int64_t n, int64_t i, int64_t j) {
  Constants c;
  return constant(
      attributeOf(mask).allows(c.builder, c.loc(), c.context({{n}, {n}, {}, {}}), c.scalar(i), c.scalar(j)));
}

static std::string row(const Mask &mask, int64_t n, int64_t i) {
  std::string keys;
  for (int64_t j = 0; j < n; ++j)
    keys += allowsConstant(mask, n, i, j) ? '#' : '.';
  return keys;
}

TEST(MaskFold, GoldenRows) {
  auto expectRows = [](const Mask &mask, const std::vector<std::string> &rows) {
    for (size_t i = 0; i < rows.size(); ++i)
      EXPECT_EQ(row(mask, 10, i), rows[i]) << printMask(mask) << ", query " << i;
  };
  expectRows(masks::neighborhood({4}), {"####......", "####......", "####......", ".####.....", "..####....",
                                        "...####...", "....####..", ".....####.", "......####", "......####"});
  expectRows(masks::neighborhood({5}, {1}, {3}),
             {"#####.....", "#####.....", "#####.....", "..#####...", "..#####...", "..#####...", ".....#####",
              ".....#####", ".....#####", ".....#####"});
  expectRows(masks::neighborhood({4}, {1}, {3}, {1}),
             {"#.........", "##........", "###.......", "..##......", "..###.....", "..####....", ".....##...",
              ".....###..", ".....####.", "......####"});
  expectRows(masks::neighborhood({3}, {3}), {"#..#..#...", ".#..#..#..", "..#..#..#.", "#..#..#...", ".#..#..#..",
                                             "..#..#..#.", "...#..#..#", ".#..#..#..", "..#..#..#.", "...#..#..#"});
  const std::string first = "####......", second = "....####..", last = "......####";
  expectRows(masks::neighborhood({4}, {1}, {4}),
             {first, first, first, first, second, second, second, second, last, last});
}

// The interface is evaluated at compile time by folding: nothing may be left over.
TEST(MaskFold, EverythingFolds) {
  Random random(7);
  for (int i = 0; i < 300; ++i) {
    Grids grids;
    grids.query = grids.key = randomGrid(random, 1 + i % 3, 2, 6);
    const Mask mask = randomMask(random, {grids.query, grids.key, /*documents=*/false, 3});
    const MaskAttrInterface attr = attributeOf(mask);
    Constants c;
    const MaskContext context = c.context(grids);
    const Coords ones(grids.rank(), 1);
    const Tokens queries{Coords(grids.rank(), 0), ones, ones}, keys{ones, ones, ones};
    const int64_t got = constant(attr.classify(c.builder, c.loc(), context, c.box(queries), c.box(keys)));
    EXPECT_EQ(got, MaskProgram::classify(attr, ones, ones).classify(grids, queries, keys)) << printMask(mask);
    const LiveSet live = attr.liveKeys(c.builder, c.loc(), context, c.box(queries));
    const Tokens expected = MaskProgram::live(attr, false, ones).live(grids, queries);
    for (size_t axis = 0; axis < grids.rank(); ++axis) {
      EXPECT_EQ(constant(live.box[axis].origin), expected.origin[axis]) << printMask(mask);
      EXPECT_EQ(std::max<int64_t>(0, constant(live.box[axis].count)), expected.count[axis]) << printMask(mask);
    }
  }
}

// Lanes of i32 and i64, on queries and on keys.
TEST(MaskFold, Lanes) {
  Random random(11);
  for (int i = 0; i < 400; ++i) {
    const size_t rank = 1 + i % 3, width = 4;
    Grids grids;
    grids.query = grids.key = randomGrid(random, rank, 2, 6);
    const Mask mask = randomMask(random, {grids.query, grids.key, /*documents=*/false, 3});
    Constants c;
    std::vector<Coords> queries(width, Coords(rank)), keys(width, Coords(rank));
    SmallVector<Value> queryLanes, keyLanes;
    for (size_t axis = 0; axis < rank; ++axis) {
      SmallVector<int64_t> q(width), k(width, pick(random, 0, grids.key[axis] - 1)); // a splat on one side
      for (int64_t &value : q)
        value = pick(random, 0, grids.query[axis] - 1);
      if (i % 2)
        std::swap(q, k);
      for (size_t lane = 0; lane < width; ++lane)
        queries[lane][axis] = q[lane], keys[lane][axis] = k[lane];
      queryLanes.push_back(c.lanes(q, i % 4 < 2 ? 32 : 64));
      keyLanes.push_back(c.lanes(k, i % 4 < 2 ? 32 : 64));
    }
    const std::vector<bool> got =
        constantLanes(attributeOf(mask).allows(c.builder, c.loc(), c.context(grids), queryLanes, keyLanes));
    for (size_t lane = 0; lane < got.size(); ++lane)
      EXPECT_EQ(got[lane], allows(mask, grids, queries[lane], keys[lane])) << printMask(mask);
  }
}

// Coordinates up to the largest extent in i32 lanes: no sum may wrap.
TEST(MaskFold, LargestExtents) {
  const int64_t n = (int64_t(1) << 31) - 1;
  const std::vector<Mask> tried{masks::sliding({n - 2}, {n - 2}),
                                masks::sliding({int64_t(1) << 40}, {5}),
                                masks::sliding({0}, {int64_t(1) << 31}),
                                masks::halo({7}, {n}),
                                masks::halo({n - 1}, {3}),
                                masks::block({int64_t(1) << 30}),
                                masks::block({int64_t(1) << 33}),
                                masks::global(int64_t(1) << 35),
                                masks::neighborhood({n}),
                                masks::neighborhood({n}, {1}, {n}),
                                masks::neighborhood({n}, {1}, {n}, {1}),
                                masks::neighborhood({3}, {n / 3}, {2}),
                                masks::neighborhood({n / 2}, {2}, {n / 4}, {1}),
                                masks::neighborhood({1}, {n}),
                                masks::neighborhood({9}, {5}, {4})};
  const std::vector<int64_t> tokens{0, 1, 6, n / 3, n / 2 - 1, n / 2, n - 9, n - 2, n - 1};
  const Grids grids{{n}, {n}, {}, {}};
  for (const Mask &mask : tried)
    for (int64_t j : tokens) {
      Constants c;
      Value queries = c.lanes(tokens, 32), keys = c.lanes(SmallVector<int64_t>(tokens.size(), j), 32);
      const std::vector<bool> got =
          constantLanes(attributeOf(mask).allows(c.builder, c.loc(), c.context(grids), queries, keys));
      for (size_t lane = 0; lane < got.size(); ++lane)
        EXPECT_EQ(got[lane], allows(mask, grids, {tokens[lane]}, {j}))
            << printMask(mask) << ", query " << tokens[lane] << ", key " << j;
    }
}

// In tiles of one residue class the residue test is left out, and only there.
TEST(MaskFold, CommonResidueLeavesTheTestOut) {
  const MaskAttrInterface mask = attributeOf(masks::neighborhood({3}, {4}));
  auto allowsAcross = [&](int64_t known) {
    Constants c;
    MaskContext context = c.context({{24}, {24}, {}, {}});
    context.commonResidue = {known};
    return constant(mask.allows(c.builder, c.loc(), context, c.scalar(8), c.scalar(9)));
  };
  EXPECT_EQ(allowsAcross(1), 0);
  EXPECT_EQ(allowsAcross(2), 0);
  EXPECT_NE(allowsAcross(4), 0); // the promise is broken, so the answer is: no residue is compared
  EXPECT_NE(allowsAcross(8), 0);
}

} // namespace muntin::testing
