//===- CheckTest.cpp - wrong results must fail ----------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Check.h"
#include "compiler/Reference/Element.h"
#include "compiler/Reference/Random.h"
#include "tests/support/Masks.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace muntin;
using namespace muntin::reference;

namespace {
/// A problem with the reference's own answer, rounded to the element type, as its result.
struct Case {
  Problem problem;
  Shape shape{.batch = 2, .heads = 2, .kvHeads = 1, .grid = {24}, .kvGrid = {24}};
  std::vector<float> q, k, v, lse;
  std::vector<float> out32;
  std::vector<uint16_t> out16;
  Inputs inputs;
  Outputs outputs;

  explicit Case(Mask mask, ElementType element = ElementType::F32) {
    problem.element = element;
    problem.mask = std::move(mask);
    problem.headDim = 8, problem.valueDim = 4;
    inputs.query = fill(q, Tensor::Query, 2, 8);
    inputs.key = fill(k, Tensor::Key, 1, 8);
    inputs.value = fill(v, Tensor::Value, 1, 4);
    inputs.scale = 0.5;
    out32.resize(2 * 24 * 2 * 4), out16.resize(out32.size()), lse.resize(2 * 24 * 2);
    void *out = element == ElementType::F32 ? static_cast<void *>(out32.data()) : out16.data();
    outputs.out = {out, element, contiguousStrides(shape.grid, 2, 4)};
    outputs.lse = {lse.data(), ElementType::F32, contiguousStrides(shape.grid, 2, 1)};
    answer(problem);
  }
  TensorView fill(std::vector<float> &data, Tensor tensor, int64_t heads, int64_t depth) {
    data.resize(2 * 24 * heads * depth);
    TensorView view{data.data(), ElementType::F32, contiguousStrides(shape.grid, heads, depth)};
    fillRandom(1, tensor, view, data.data(), 2, shape.grid, heads, depth);
    return view;
  }
  void answer(const Problem &asked) {
    const auto rows = attend(asked, shape, inputs);
    for (size_t row = 0; row < rows.size(); ++row) {
      lse[row] = static_cast<float>(rows[row].lse);
      for (int64_t d = 0; d < 4; ++d)
        setOut(row * 4 + d, static_cast<float>(rows[row].out[d]));
    }
  }
  void setOut(int64_t index, float value) {
    writeElement(problem.element, const_cast<void *>(outputs.out.data), index, value);
  }
  double getOut(int64_t index) const { return readElement(problem.element, outputs.out.data, index); }
  CheckResult check(const CheckOptions &options = {}) const {
    return reference::check(problem, shape, inputs, outputs, options);
  }
};
} // namespace

static Mask window(int64_t size) { return masks::neighborhood({size}); }

/// Queries 0 to 3 have no key.
static Mask beginsWithEmptyRows() { return masks::negation(masks::sliding({3}, {kUnbounded})); }

TEST(Check, TheRightResultPasses) {
  for (const ElementType element : {ElementType::F32, ElementType::F16, ElementType::BF16})
    for (const Mask &mask : {window(5), beginsWithEmptyRows(), masks::full()}) {
      const CheckResult result = Case(mask, element).check();
      EXPECT_TRUE(result.pass) << result.worst;
      EXPECT_EQ(result.rows, 2 * 24 * 2);
      EXPECT_EQ(result.rowsChecked, result.rows);
      EXPECT_GT(result.maxRelativeError, 0) << "rounding leaves a trace";
    }
}

TEST(Check, APoisonedElementFails) {
  for (const ElementType element : {ElementType::F32, ElementType::F16, ElementType::BF16})
    for (const float poison : {std::nanf(""), INFINITY, 100.0f}) {
      Case wrong(window(5), element);
      wrong.setOut(201, poison);
      const CheckResult result = wrong.check();
      EXPECT_FALSE(result.pass) << poison;
      // Element 201 is row 50: batch 1, query 1, head 0.
      EXPECT_NE(result.worst.find("out of batch 1, head 0"), std::string::npos) << result.worst;
      EXPECT_NE(result.worst.find("query (1)"), std::string::npos) << result.worst;
    }
}

TEST(Check, OneWrongRowOfAWindowFails) {
  for (const ElementType element : {ElementType::F32, ElementType::F16, ElementType::BF16}) {
    Case wrong(window(5), element);
    Problem other = wrong.problem;
    other.mask = window(4); // off by one
    const Row row = attendRow(other, wrong.shape, wrong.inputs, 1, 1, {20, 0, 0}, {18, 19, 20, 21});
    for (int64_t d = 0; d < 4; ++d)
      wrong.setOut(((24 + 20) * 2 + 1) * 4 + d, static_cast<float>(row.out[d]));
    const CheckResult result = wrong.check();
    EXPECT_FALSE(result.pass);
    EXPECT_NE(result.worst.find("batch 1, head 1"), std::string::npos) << result.worst;
    EXPECT_NE(result.worst.find("query (20)"), std::string::npos) << result.worst;
  }
}

TEST(Check, AWrongMaskFails) {
  Case wrong(window(5));
  Problem other = wrong.problem;
  other.mask = window(4);
  wrong.answer(other);
  EXPECT_FALSE(wrong.check().pass);
}

TEST(Check, WrongLseFails) {
  for (const float lse : {std::nanf(""), -INFINITY, INFINITY}) {
    Case wrong(window(5));
    wrong.lse[7] = lse;
    EXPECT_FALSE(wrong.check().pass);
    wrong.outputs.lse.data = nullptr;
    EXPECT_TRUE(wrong.check().pass) << "lse is not judged where there is none";
  }
  Case wrong(window(5));
  wrong.lse[7] += 2e-5f;
  const CheckResult result = wrong.check();
  EXPECT_FALSE(result.pass);
  EXPECT_NEAR(result.maxLseError, 2e-5, 2e-6);
  EXPECT_NE(result.worst.find("lse of batch 0, head 1"), std::string::npos) << result.worst;
}

TEST(Check, RowsWithoutKeysMustBeExact) {
  Case wrong(beginsWithEmptyRows());
  ASSERT_EQ(wrong.lse[0], -INFINITY);
  wrong.setOut(3, 1e-30f);
  EXPECT_FALSE(wrong.check().pass);
  Case large(beginsWithEmptyRows());
  large.lse[0] = -1e30f;
  EXPECT_FALSE(large.check().pass);
}

TEST(Check, NaNInTheReferencePassesNothing) {
  for (const float value : {std::nanf(""), INFINITY}) {
    Case wrong(window(5));
    wrong.k[0] = value;
    wrong.answer(wrong.problem);
    EXPECT_FALSE(wrong.check().pass);
  }
}

TEST(Check, ErrorIsRelativeToTheSliceAndItsSpread) {
  // Values +1 and -1 cancel: R = 0, T^2 = 2 (1/2)^2.
  Case zero(masks::full());
  zero.shape = {.grid = {1}, .kvGrid = {2}};
  zero.inputs.scale = 0;
  zero.problem.valueDim = 1;
  zero.inputs.value.strides = {0, 1, 1};
  zero.v[0] = 1, zero.v[1] = -1;
  zero.outputs.out.strides = zero.outputs.lse.strides = {1, 1, 1};
  zero.setOut(0, 1e-6f);
  zero.lse[0] = std::log(2.0f);
  const CheckResult result = zero.check();
  EXPECT_NEAR(result.maxRelativeError, 1e-6 / std::sqrt(0.5), 1e-9);
  EXPECT_TRUE(result.pass);
  EXPECT_EQ(result.rows, 1);
}

TEST(Check, LimitsOfTheContract) {
  EXPECT_EQ(limitsFor(ElementType::F32, 1, 20).relative, 3e-6);
  EXPECT_EQ(limitsFor(ElementType::F32, 1, 20).lse, 1e-5);
  EXPECT_EQ(limitsFor(ElementType::F16, 1, 0).relative, 5e-4);
  EXPECT_EQ(limitsFor(ElementType::F16, 1, 0).lse, 1e-4);
  EXPECT_EQ(limitsFor(ElementType::BF16, 63, 0).relative, 8e-3);
  EXPECT_EQ(limitsFor(ElementType::BF16, 64, 0).relative, 4e-3);
  EXPECT_EQ(limitsFor(ElementType::BF16, 64, 0).lse, 5e-3);
  EXPECT_NEAR(limitsFor(ElementType::F32, 1, 1020).relative, 4.03e-4, 1e-9);
}

TEST(Check, ThreadsChangeNoBitAndSamplesAreCounted) {
  Case right(window(5));
  for (const int64_t maxPairs : {int64_t(1) << 30, int64_t(24 * 10), int64_t(1)}) {
    const CheckResult one = right.check({maxPairs, 9, 1}), three = right.check({maxPairs, 9, 3});
    EXPECT_EQ(one.maxRelativeError, three.maxRelativeError);
    EXPECT_EQ(one.worst, three.worst);
    EXPECT_EQ(one.rowsChecked, std::min<int64_t>(std::max<int64_t>(maxPairs / 24, 1), 96));
  }
}

TEST(Check, SamplesDifferWithTheSeedAndFindErrors) {
  Case wrong(window(5));
  for (size_t i = 0; i < wrong.out32.size() / 2; ++i)
    wrong.setOut(i, -5);
  int found = 0;
  for (uint64_t seed = 0; seed < 50; ++seed)
    found += !wrong.check({24, seed, 1}).pass; // one row of all
  EXPECT_GT(found, 10);                        // half the rows are wrong
  EXPECT_LT(found, 40);
}

TEST(Check, EmptyProblemsPass) {
  Case empty(window(5));
  empty.shape.grid = {0};
  const CheckResult result = empty.check();
  EXPECT_TRUE(result.pass);
  EXPECT_EQ(result.rows, 0);
}
