//===- RandomTest.cpp - the generator's values and moments ----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Random.h"
#include "compiler/Reference/Element.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace muntin;
using namespace muntin::reference;

/// Written from the prose of README.md: the plain sequential SplitMix64.
static std::vector<uint64_t> splitMix64(uint64_t state, int count) {
  std::vector<uint64_t> words;
  for (int i = 0; i < count; ++i) {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    words.push_back(z ^ (z >> 31));
  }
  return words;
}

TEST(Random, WordsAreSplitMix64) {
  // Published first outputs for the seed 1234567.
  EXPECT_EQ(splitMix64(1234567, 3),
            (std::vector<uint64_t>{6457827717110365317u, 3203168211198807973u, 9817491932198370423u}));
  // The key of stream t is the first word from the state (first word from seed) + t - golden.
  for (uint64_t stream : {0, 2, 5}) {
    const uint64_t key = splitMix64(splitMix64(42, 1)[0] + stream - 0x9e3779b97f4a7c15, 1)[0];
    const auto words = splitMix64(key, 4);
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(randomWord(42, stream, i), words[i]);
  }
}

TEST(Random, GoldenValues) {
  const auto golden = [](uint64_t seed, Tensor tensor, int64_t index) { return randomNormal(seed, tensor, index); };
  EXPECT_EQ(golden(0, Tensor::Query, 0), -0x1.69ae4p-3f);
  EXPECT_EQ(golden(0, Tensor::Query, 1), -0x1.9a2564p+0f);
  EXPECT_EQ(golden(0, Tensor::Key, 0), 0x1.150b04p+0f);
  EXPECT_EQ(golden(1, Tensor::Value, int64_t(1) << 40), 0x1.128f5ap+0f);
}

TEST(Random, MomentsOfAStandardNormal) {
  constexpr int kCount = 200000;
  for (const Tensor tensor : {Tensor::Query, Tensor::Key, Tensor::Value}) {
    double sum = 0, squares = 0, cubes = 0, fourths = 0, neighbours = 0, before = 0;
    for (int i = 0; i < kCount; ++i) {
      const double x = randomNormal(3, tensor, i);
      sum += x, squares += x * x, cubes += x * x * x, fourths += x * x * x * x, neighbours += x * before;
      before = x;
    }
    // Five standard deviations: sqrt(1, 2, 15, 96, 1 over the count).
    const double unit = 5 / std::sqrt(kCount);
    EXPECT_NEAR(sum / kCount, 0, unit);
    EXPECT_NEAR(squares / kCount, 1, unit * std::sqrt(2));
    EXPECT_NEAR(cubes / kCount, 0, unit * std::sqrt(15));
    EXPECT_NEAR(fourths / kCount, 3, unit * std::sqrt(96));
    EXPECT_NEAR(neighbours / kCount, 0, unit);
  }
}

TEST(Random, FillFollowsTheLogicalIndexAndSparesGaps) {
  // [batch 2, grid 2, heads 1, depth 2] with a gap of one element behind each row.
  std::vector<float> data(12, 99.0f);
  const TensorView view{data.data(), ElementType::F32, {6, 3, 2}};
  fillRandom(5, Tensor::Key, view, data.data(), 2, {2}, 1, 2);
  for (int row = 0; row < 4; ++row) {
    EXPECT_EQ(data[row * 3 + 0], randomNormal(5, Tensor::Key, row * 2 + 0));
    EXPECT_EQ(data[row * 3 + 1], randomNormal(5, Tensor::Key, row * 2 + 1));
    EXPECT_EQ(data[row * 3 + 2], 99.0f);
  }
  uint16_t half[2];
  fillRandom(5, Tensor::Key, {half, ElementType::BF16, {2, 2, 2}}, half, 1, {1}, 1, 2);
  EXPECT_EQ(half[0], bf16FromFloat(data[0]));
}

TEST(Random, SegmentsAreRunsNumberedFromZero) {
  const auto segments = randomSegments(1, Tensor::Segments, 3, 40);
  ASSERT_EQ(segments.size(), 120u);
  int32_t last = 0;
  for (size_t i = 0; i < segments.size(); ++i) {
    const int32_t step = segments[i] - (i % 40 ? segments[i - 1] : 0);
    EXPECT_TRUE(step == 0 || (step == 1 && i % 40)) << i;
    last = std::max(last, segments[i]);
  }
  EXPECT_GT(last, 0);
  EXPECT_TRUE(randomSegments(1, Tensor::Segments, 2, 0).empty());
}
