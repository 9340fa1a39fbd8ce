//===- NonLocalMeansTest.cpp - the demo's mathematics, without a kernel ---===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/examples/support/NonLocalMeans.h"

#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>

using namespace demo;

namespace {

Picture noise(int64_t height, int64_t width, int64_t channels) {
  return addNoise(Picture(height, width, channels), 0.3, 7);
}

/// Attention with q, k, v and the clipped sliding window, in double: what the kernel is asked for.
double attend(const NonLocalMeans &method, const Picture &noisy, const std::vector<float> &q,
              const std::vector<float> &k, int64_t y, int64_t x, int64_t c) {
  const int64_t dim = method.headDim(noisy.channels);
  double total = 0, sum = 0;
  for (int64_t v = 0; v < noisy.height; ++v)
    for (int64_t u = 0; u < noisy.width; ++u) {
      if (std::abs(v - y) > method.radius || std::abs(u - x) > method.radius)
        continue;
      double score = 0;
      for (int64_t d = 0; d < dim; ++d)
        score += double(q[(y * noisy.width + x) * dim + d]) * k[(v * noisy.width + u) * dim + d];
      total += std::exp(score);
      sum += std::exp(score) * noisy.at(v, u, c);
    }
  return sum / total;
}

// The identity of NonLocalMeans.h: attention over the features is the definition.
TEST(NonLocalMeans, AttentionOverFeaturesIsTheDefinition) {
  for (int64_t channels : {1, 3}) {
    const NonLocalMeans method{.patch = 5, .radius = 3, .h = 0.4};
    const Picture noisy = noise(9, 13, channels);
    std::vector<float> q(9 * 13 * method.headDim(channels)), k(q.size());
    patchFeatures(method, noisy, q.data(), k.data());
    const Picture expected = referenceMeans(method, noisy, 0, 0, 9, 13);
    for (int64_t y = 0; y < 9; ++y)
      for (int64_t x = 0; x < 13; ++x)
        for (int64_t c = 0; c < channels; ++c)
          ASSERT_NEAR(attend(method, noisy, q, k, y, x, c), expected.at(y, x, c), 2e-6) << y << ' ' << x << ' ' << c;
  }
}

TEST(NonLocalMeans, ReferenceOfABoxIsThatBoxOfTheWhole) {
  const NonLocalMeans method{.patch = 3, .radius = 2, .h = 0.4};
  const Picture noisy = noise(11, 8, 1);
  const Picture whole = referenceMeans(method, noisy, 0, 0, 11, 8), box = referenceMeans(method, noisy, 4, 2, 5, 6);
  for (int64_t y = 0; y < 5; ++y)
    for (int64_t x = 0; x < 6; ++x)
      ASSERT_EQ(box.at(y, x, 0), whole.at(4 + y, 2 + x, 0));
}

TEST(NonLocalMeans, PictureSmallerThanAPatch) {
  const NonLocalMeans method;
  const Picture noisy = noise(1, 2, 1);
  std::vector<float> q(2 * method.headDim(1)), k(q.size());
  patchFeatures(method, noisy, q.data(), k.data());
  const Picture expected = referenceMeans(method, noisy, 0, 0, 1, 2);
  EXPECT_NEAR(attend(method, noisy, q, k, 0, 0, 0), expected.at(0, 0, 0), 2e-6);
}

TEST(NonLocalMeans, PairsKeptCountsClippedWindows) {
  const NonLocalMeans method{.radius = 3};
  for (int64_t height : {1, 3, 4, 9})
    for (int64_t width : {1, 5, 8}) {
      int64_t pairs = 0;
      for (int64_t i = 0; i < height * width; ++i)
        for (int64_t j = 0; j < height * width; ++j)
          pairs += std::abs(i / width - j / width) <= 3 && std::abs(i % width - j % width) <= 3;
      EXPECT_EQ(pairsKept(method, height, width), pairs) << height << ' ' << width;
    }
}

TEST(NonLocalMeans, NoiseHasItsDeviationAndItsSeed) {
  const Picture clean(200, 200, 1), noisy = addNoise(clean, 0.1, 3);
  EXPECT_NEAR(psnr(clean, noisy), 20, 0.1); // -20 log10(0.1)
  EXPECT_EQ(noisy.pixels, addNoise(clean, 0.1, 3).pixels);
  EXPECT_NE(noisy.pixels, addNoise(clean, 0.1, 4).pixels);
  EXPECT_TRUE(std::isinf(psnr(clean, clean)));
}

} // namespace
