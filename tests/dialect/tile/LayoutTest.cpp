//===- LayoutTest.cpp - the layouts of instructions -----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Against the formulas of the PTX ISA (groupID = lane >> 2, threadID = lane % 4),
// and against banks that are counted.
//
//===----------------------------------------------------------------------===//

#include "dialect/tile/Layout.h"

#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <set>

using namespace muntin::tile;

namespace {

struct Layouts : testing::Test {
  Layouts() { context.loadDialect<TileDialect>(); }
  static Move sum(Move x, Move y) { return {x.row ^ y.row, x.column ^ y.column}; }
  mlir::MLIRContext context;
};

// mma.m16n8: c0, c1 in row groupID, c2, c3 in row groupID + 8; column threadID * 2 + (i & 1).
TEST_F(Layouts, AccumulatorsAreThoseOfTheInstruction) {
  for (bool words : {false, true}) {
    const LayoutAttr layout = accumulatorLayout(&context, words);
    EXPECT_EQ(layout.numRegisters(64), 32);
    for (int64_t lane = 0; lane < 32; ++lane)
      for (int64_t number = 0; number < 32; ++number) {
        const int64_t i = number % 4, block = number / 4;
        const Move expected{lane / 4 + (i < 2 ? 0 : 8), lane % 4 * 2 + i % 2 + 8 * block};
        const Move got = layout.ofRegister(number);
        EXPECT_EQ(sum({got.row, got.column % 8}, layout.ofLane(lane)), (Move{expected.row, expected.column % 8}));
        EXPECT_EQ(got.column / 8, block);
        EXPECT_EQ(layout.registerOf(got), number);
      }
  }
}

// m16n8k16, 16 bits: a0, a1 (groupID, 2 threadID + i), a2, a3 row + 8, a4 to a7 the same with column + 8.
TEST_F(Layouts, LeftOperandIsTwoAccumulatorsAsTheyLie) {
  const LayoutAttr left = leftOperandLayout(&context, false), sums = accumulatorLayout(&context, false);
  for (int64_t i = 0; i < 8; ++i) {
    const Move expected{i % 4 < 2 ? 0 : 8, i % 2 + (i < 4 ? 0 : 8)};
    EXPECT_EQ(left.ofRegister(i), expected);
    EXPECT_EQ(sums.registerOf(expected), i);
  }
  EXPECT_EQ(left.getLanes(), sums.getLanes());
}

// m16n8k8, tf32: a0 (groupID, threadID), a1 row + 8, a2 column + 4, a3 both. Column t is called key 2 t, t + 4 2 t + 1.
TEST_F(Layouts, LeftOperandOfWordsHasItsColumnsRenamed) {
  const LayoutAttr left = leftOperandLayout(&context, true);
  for (int64_t lane = 0; lane < 32; ++lane)
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t column = lane % 4 + (i < 2 ? 0 : 4), key = column < 4 ? 2 * column : 2 * (column - 4) + 1;
      EXPECT_EQ(sum(left.ofRegister(i), left.ofLane(lane)), (Move{lane / 4 + (i % 2 ? 8 : 0), key}));
    }
}

TEST_F(Layouts, RowsAreSharedByFourLanes) {
  const LayoutAttr rows = rowLayout(&context);
  EXPECT_EQ(rows.numRegisters(1), 2);
  EXPECT_EQ(rows.lanesOfOneRow(), (llvm::SmallVector<int64_t>{1, 2}));
  EXPECT_EQ(accumulatorLayout(&context, true).lanesOfOneRow(), (llvm::SmallVector<int64_t>{1, 2}));
}

/// Where the piece of an element lies: the row, and the offset in it.
int64_t offsetOf(LayoutAttr layout, int64_t row, int64_t column, int64_t columns) {
  for (int64_t offset = 0; offset < columns; ++offset)
    if (layout.inMemory(row, offset) == Move{row, column})
      return offset;
  return -1;
}

// ldmatrix reads one piece of each of eight rows at once: 32 banks of 4 bytes, each once.
TEST_F(Layouts, EightRowsOfAPieceLieOnAllBanks) {
  for (int64_t bytes : {2, 4})
    for (int64_t headDim = 1; headDim <= 256; ++headDim) {
      const int64_t columns = paddedColumns(headDim, bytes), perPiece = 16 / bytes;
      const LayoutAttr layout = sharedLayout(&context, headDim, bytes, /*words=*/false);
      EXPECT_GE(layout.getPitch(), columns * bytes);
      EXPECT_EQ(layout.getPitch() % 16, 0);
      for (int64_t column = 0; column < columns; column += perPiece) {
        std::set<int64_t> banks;
        for (int64_t row = 8; row < 16; ++row) {
          const int64_t offset = offsetOf(layout, row, column, columns);
          ASSERT_GE(offset, 0) << headDim;
          for (int64_t word = 0; word < 4; ++word)
            banks.insert((row * layout.getPitch() + offset * bytes) / 4 % 32 + word);
          // A piece is in one piece.
          EXPECT_EQ(offsetOf(layout, row, column + perPiece - 1, columns), offset + perPiece - 1);
        }
        ASSERT_EQ(banks.size(), 32u) << "D " << headDim << ", " << bytes << " bytes, column " << column;
      }
    }
}

// Rows 2 t and columns g, word by word.
TEST_F(Layouts, WordsOfFourRowsAndEightColumnsLieOnAllBanks) {
  for (int64_t headDim = 1; headDim <= 256; ++headDim) {
    const LayoutAttr layout = sharedLayout(&context, headDim, 4, /*words=*/true);
    for (int64_t odd : {0, 1}) {
      std::set<int64_t> banks;
      for (int64_t t = 0; t < 4; ++t)
        for (int64_t g = 0; g < 8; ++g)
          banks.insert(((2 * t + odd) * layout.getPitch() / 4 + g) % 32);
      EXPECT_EQ(banks.size(), 32u) << headDim;
    }
    EXPECT_EQ(layout.swizzle().second, 0);
  }
}

} // namespace
