//===- FormulaTest.cpp - integer formulas of launch recipes ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Image.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace muntin;

namespace {

using Op = Formula::Op;
constexpr int64_t kMin = std::numeric_limits<int64_t>::min(), kMax = std::numeric_limits<int64_t>::max();

Formula number(int64_t value) { return Formula::constant(value); }
Formula of(Op op, int64_t left, int64_t right) { return Formula::apply(op, number(left), number(right)); }

Shape shape() { return {.batch = 2, .heads = 8, .kvHeads = 4, .grid = {13, 9}, .kvGrid = {7, 5}}; }

TEST(Formula, TasksOfAKernel) {
  const Formula boxes0 = Formula::apply(Op::CeilDiv, Formula::symbol(Symbol::Query0), number(6));
  const Formula boxes1 = Formula::apply(Op::CeilDiv, Formula::symbol(Symbol::Query1), number(4));
  const Formula rows = Formula::apply(Op::Mul, Formula::symbol(Symbol::Batch), Formula::symbol(Symbol::Heads));
  const Formula tasks = Formula::apply(Op::Mul, Formula::apply(Op::Mul, rows, boxes0), boxes1);
  EXPECT_EQ(*tasks.evaluate(shape()), 2 * 8 * 3 * 3);
  EXPECT_EQ(tasks.print(), "batch * heads * ceildiv(query0, 6) * ceildiv(query1, 4)");
}

TEST(Formula, Symbols) {
  const int64_t values[] = {2, 8, 4, 13, 9, 1, 7, 5, 1};
  for (int symbol = 0; symbol < 9; ++symbol)
    EXPECT_EQ(*Formula::symbol(static_cast<Symbol>(symbol)).evaluate(shape()), values[symbol]) << symbol;
}

TEST(Formula, Operations) {
  EXPECT_EQ(*of(Op::Add, 7, -9).evaluate({}), -2);
  EXPECT_EQ(*of(Op::Sub, 7, 9).evaluate({}), -2);
  EXPECT_EQ(*of(Op::Min, 7, -9).evaluate({}), -9);
  EXPECT_EQ(*of(Op::Max, 7, -9).evaluate({}), 7);
  // Divisions round towards plus and minus infinity, for every pair of signs.
  for (int64_t left = -12; left <= 12; ++left)
    for (int64_t right : {-5, -3, -1, 1, 3, 5}) {
      const int64_t floor = *of(Op::FloorDiv, left, right).evaluate({});
      const int64_t ceil = *of(Op::CeilDiv, left, right).evaluate({});
      const double exact = static_cast<double>(left) / static_cast<double>(right);
      EXPECT_EQ(floor, static_cast<int64_t>(std::floor(exact))) << left << " / " << right;
      EXPECT_EQ(ceil, static_cast<int64_t>(std::ceil(exact))) << left << " / " << right;
    }
}

TEST(Formula, OverflowIsAnError) {
  for (const Formula &formula :
       {of(Op::Add, kMax, 1), of(Op::Sub, kMin, 1), of(Op::Mul, kMax, 2), of(Op::FloorDiv, kMin, -1),
        of(Op::CeilDiv, kMin, -1), of(Op::CeilDiv, 1, 0), of(Op::FloorDiv, 0, 0)}) {
    const Result<int64_t> value = formula.evaluate({});
    ASSERT_FALSE(value) << formula.print();
    EXPECT_EQ(value.status().code(), StatusCode::InvalidArgument);
  }
  EXPECT_EQ(of(Op::Mul, kMax, 2).evaluate({}).status().message(),
            "formula 9223372036854775807 * 2 has no value in 64 bits: * of 9223372036854775807 and 2");
}

TEST(Formula, MalformedProgramsAreErrors) {
  Formula tooDeep;
  for (int i = 0; i < 100; ++i)
    tooDeep.steps.push_back({Op::Constant, 1});
  for (int i = 0; i < 99; ++i)
    tooDeep.steps.push_back({Op::Add});
  const Formula programs[] = {{},
                              {{{Op::Add}}},
                              {{{Op::Constant, 1}, {Op::Add}}},
                              {{{Op::Constant, 1}, {Op::Constant, 1}}},
                              {{{Op::Symbol, 9}}},
                              {{{Op::Symbol, -1}}},
                              {{{Op::Constant, 1}, {Op::Constant, 1}, {static_cast<Op>(200)}}},
                              tooDeep};
  for (const Formula &program : programs) {
    const Result<int64_t> value = program.evaluate(shape());
    ASSERT_FALSE(value);
    EXPECT_EQ(value.status().code(), StatusCode::CheckFailed);
    EXPECT_FALSE(program.print().empty());
  }
}

TEST(Formula, PrintKeepsTheTree) {
  const Formula a = Formula::symbol(Symbol::Batch), b = Formula::symbol(Symbol::Heads), c = number(3);
  EXPECT_EQ(Formula::apply(Op::Sub, a, Formula::apply(Op::Sub, b, c)).print(), "batch - (heads - 3)");
  EXPECT_EQ(Formula::apply(Op::Sub, Formula::apply(Op::Sub, a, b), c).print(), "batch - heads - 3");
  EXPECT_EQ(Formula::apply(Op::Mul, Formula::apply(Op::Add, a, b), c).print(), "(batch + heads) * 3");
  EXPECT_EQ(Formula::apply(Op::Max, Formula::apply(Op::Add, a, b), c).print(), "max(batch + heads, 3)");
}

} // namespace
