//===- AttentionTest.cpp - small cases worked by hand ---------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Attention.h"
#include "compiler/Reference/Element.h"
#include "compiler/Reference/Random.h"
#include "tests/support/Masks.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace muntin;
using namespace muntin::reference;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

static TensorView viewOf(const std::vector<float> &data, std::vector<int64_t> strides) {
  return {data.data(), ElementType::F32, std::move(strides)};
}

static Problem problemOf(Mask mask, int64_t headDim, int64_t valueDim, int rank = 1) {
  Problem problem;
  problem.rank = rank, problem.headDim = headDim, problem.valueDim = valueDim, problem.mask = std::move(mask);
  return problem;
}

/// One query, two keys with scores 0 and log 3: p = 1/4, 3/4.
TEST(Attention, TwoKeysByHand) {
  const float log3 = std::log(3.0f);
  const std::vector<float> q = {2, 0}, k = {0, 5, log3, 1}, v = {4, 8};
  const Problem problem = problemOf(masks::full(), 2, 1);
  const Shape shape{.grid = {1}, .kvGrid = {2}};
  const Inputs inputs{viewOf(q, {2, 2, 2}), viewOf(k, {4, 2, 2}), viewOf(v, {2, 1, 1}), 0.5};
  const auto rows = attend(problem, shape, inputs);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_NEAR(rows[0].out[0], 7, 1e-6);          // 4/4 + 3*8/4
  EXPECT_NEAR(rows[0].spread[0], 1 + 36, 1e-5);  // 1^2 + 6^2
  EXPECT_NEAR(rows[0].lse, std::log(4.0), 1e-7); // 1 + 3
  EXPECT_NEAR(rows[0].scoreSize, std::log(3.0), 1e-7);
}

TEST(Attention, NoKeysGivesZeroAndMinusInfinity) {
  const Mask mask = masks::negation(masks::full());
  const std::vector<float> one(4, 1.0f);
  const Inputs inputs{viewOf(one, {2, 1, 1}), viewOf(one, {2, 1, 1}), viewOf(one, {2, 1, 1}), 1};
  for (const Shape &shape : {Shape{.grid = {2}, .kvGrid = {2}}, Shape{.grid = {2}, .kvGrid = {0}}})
    for (const Row &row : attend(problemOf(mask, 1, 1), shape, inputs)) {
      EXPECT_EQ(row.out, std::vector<double>{0});
      EXPECT_EQ(row.lse, -kInfinity);
    }
  EXPECT_TRUE(attend(problemOf(mask, 1, 1), {.grid = {0}, .kvGrid = {2}}, inputs).empty());
}

TEST(Attention, ScaleZeroIsTheMeanAndNegativeTurnsTheOrder) {
  const std::vector<float> q = {1}, k = {-2, 3}, v = {10, 20};
  Inputs inputs{viewOf(q, {1, 1, 1}), viewOf(k, {2, 1, 1}), viewOf(v, {2, 1, 1}), 0};
  const Problem problem = problemOf(masks::full(), 1, 1);
  const Shape shape{.grid = {1}, .kvGrid = {2}};
  EXPECT_DOUBLE_EQ(attend(problem, shape, inputs)[0].out[0], 15);
  EXPECT_DOUBLE_EQ(attend(problem, shape, inputs)[0].lse, std::log(2));
  inputs.scale = -100; // scores 200 and -300: no exponential overflows
  EXPECT_DOUBLE_EQ(attend(problem, shape, inputs)[0].out[0], 10);
  EXPECT_DOUBLE_EQ(attend(problem, shape, inputs)[0].lse, 200);
}

TEST(Attention, HugeScoresDoNotOverflow) {
  const std::vector<float> q = {1e18f}, k = {1e18f, 1e18f}, v = {1, 3};
  const Inputs inputs{viewOf(q, {1, 1, 1}), viewOf(k, {2, 1, 1}), viewOf(v, {2, 1, 1}), 1};
  const auto rows = attend(problemOf(masks::full(), 1, 1), {.grid = {1}, .kvGrid = {2}}, inputs);
  EXPECT_DOUBLE_EQ(rows[0].out[0], 2);
}

TEST(Attention, NaNReachesOnlyTheQueriesThatSeeIt) {
  const std::vector<float> q = {1, 1}, k = {1, NAN}, v = {5, 6};
  const Inputs inputs{viewOf(q, {2, 1, 1}), viewOf(k, {2, 1, 1}), viewOf(v, {2, 1, 1}), 1};
  const auto rows = attend(problemOf(masks::causal(), 1, 1), {.grid = {2}, .kvGrid = {2}}, inputs);
  EXPECT_EQ(rows[0].out[0], 5);
  EXPECT_TRUE(std::isnan(rows[1].out[0]) && std::isnan(rows[1].lse));
}

TEST(Attention, QueryHeadsShareKeyHeads) {
  // Every key head has a value of its own, and each query sees only itself.
  const std::vector<float> q(4, 1.0f), k(2, 1.0f), v = {10, 20};
  const Inputs inputs{viewOf(q, {4, 4, 1}), viewOf(k, {2, 2, 1}), viewOf(v, {2, 2, 1}), 1};
  Shape shape{.heads = 4, .kvHeads = 2, .grid = {1}, .kvGrid = {1}};
  std::vector<double> out;
  for (const Row &row : attend(problemOf(masks::full(), 1, 1), shape, inputs))
    out.push_back(row.out[0]);
  EXPECT_EQ(out, (std::vector<double>{10, 10, 20, 20}));
}

TEST(Attention, SegmentsOfEachBatchEntry) {
  const std::vector<float> q(4, 0.0f), v = {1, 3, 5, 7};
  Inputs inputs{viewOf(q, {2, 1, 1}), viewOf(q, {2, 1, 1}), viewOf(v, {2, 1, 1}), 1};
  const int32_t segments[] = {0, 1, 9, 9};
  inputs.segments = segments;
  const auto rows = attend(problemOf(masks::document(), 1, 1), {.batch = 2, .grid = {2}, .kvGrid = {2}}, inputs);
  EXPECT_EQ(rows[0].out[0], 1);
  EXPECT_EQ(rows[1].out[0], 3);
  EXPECT_EQ(rows[2].out[0], 6);
  EXPECT_EQ(rows[3].out[0], 6);
}

/// The same numbers in padded, reversed and 16-bit tensors give the same rows, for any number of threads.
TEST(Attention, StridesAndThreadsChangeNothing) {
  const Problem problem = problemOf(masks::neighborhood({3}), 3, 2, 2);
  const Shape shape{.batch = 2, .heads = 2, .kvHeads = 1, .grid = {4, 5}, .kvGrid = {4, 5}};
  std::vector<uint16_t> q(1000), k(1000), v(1000), paddedQ(4000), reversedK(1000);
  const auto view = [](const std::vector<uint16_t> &data, std::vector<int64_t> strides, int64_t first = 0) {
    return TensorView{data.data() + first, ElementType::F16, std::move(strides)};
  };
  Inputs plain{view(q, contiguousStrides(shape.grid, 2, 3)), view(k, contiguousStrides(shape.grid, 1, 3)),
               view(v, contiguousStrides(shape.grid, 1, 2)), 0.5};
  Inputs strided = plain;
  strided.query = view(paddedQ, {500, 120, 20, 7});
  strided.key = view(reversedK, {-60, -15, -3, 3}, 117); // the last token first
  const auto fill = [&](Tensor tensor, const TensorView &at, int64_t heads, int64_t depth) {
    fillRandom(7, tensor, at, const_cast<void *>(at.data), shape.batch, shape.grid, heads, depth);
  };
  for (const Inputs *inputs : {&plain, &strided}) {
    fill(Tensor::Query, inputs->query, 2, 3);
    fill(Tensor::Key, inputs->key, 1, 3);
  }
  fill(Tensor::Value, plain.value, 1, 2);
  const auto expected = attend(problem, shape, plain, 1), actual = attend(problem, shape, strided, 3);
  ASSERT_EQ(expected.size(), 80u);
  for (size_t row = 0; row < expected.size(); ++row) {
    EXPECT_EQ(expected[row].out, actual[row].out);
    EXPECT_EQ(expected[row].lse, actual[row].lse);
  }
}
