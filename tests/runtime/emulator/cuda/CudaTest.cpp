//===- CudaTest.cpp - what nvcc makes of general kernels ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/cuda/Cuda.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace muntin::emulator::test {
namespace {

TEST(Cuda, Vectors) {
  onEach("small", [](Session &s) {
    const int n = 1003;
    const auto a = smallNumbers(n, 1), b = smallNumbers(n, 2);
    const uint64_t out = s.upload(std::vector<float>(n));
    runClean(s, "addVectors", {{3, 1, 1}, {96, 1, 1}}, Params().add(s.upload(a)).add(s.upload(b)).add(out).add(n));
    std::vector<double> want(n);
    for (int i = 0; i < n; ++i)
      want[i] = double(a[i]) + b[i];
    expectNear(s.download<float>(out, n), want, 0, "sum");
  });
}

TEST(Cuda, Reduction) {
  onEach("small", [](Session &s) {
    const int n = 2999, blocks = 5, threads = 160;
    const auto a = smallNumbers(n, 3);
    const uint64_t out = s.upload(std::vector<float>(blocks));
    runClean(s, "reduce", {{blocks, 1, 1}, {threads, 1, 1}}, Params().add(s.upload(a)).add(out).add(n));
    std::vector<double> want(blocks);
    for (int i = 0; i < n; ++i)
      want[i / threads % blocks] += a[i];
    expectNear(s.download<float>(out, blocks), want, 1e-5, "sum");
  });
}

TEST(Cuda, Transpose) {
  onEach("small", [](Session &s) {
    const int rows = 45, columns = 70;
    const auto a = smallNumbers(rows * columns, 4);
    const uint64_t out = s.upload(std::vector<float>(a.size()));
    runClean(s, "transpose", {{3, 2, 1}, {32, 8, 1}}, Params().add(s.upload(a)).add(out).add(rows).add(columns));
    std::vector<double> want(a.size());
    for (int y = 0; y < rows; ++y)
      for (int x = 0; x < columns; ++x)
        want[x * rows + y] = a[y * columns + x];
    expectNear(s.download<float>(out, a.size()), want, 0, "out");
  });
}

TEST(Cuda, Histogram) {
  onEach("small", [](Session &s) {
    const int n = 5003;
    std::mt19937 random(5);
    std::vector<uint8_t> data(n);
    std::vector<uint32_t> want(256);
    for (uint8_t &v : data)
      ++want[v = static_cast<uint8_t>(random() % 100 * (random() % 3))];
    const uint64_t bins = s.upload(std::vector<uint32_t>(256));
    runClean(s, "histogram", {{4, 1, 1}, {128, 1, 1}}, Params().add(s.upload(data)).add(n).add(bins));
    EXPECT_EQ(s.download<uint32_t>(bins, 256), want);
  });
}

TEST(Cuda, PipelinesAndBarriers) {
  onEach("copies", [](Session &s) {
    const int n = 1500;
    const auto in = smallNumbers(n, 6);
    std::vector<double> scaled(n), turned(n);
    for (int i = 0; i < n; ++i) {
      const int first = i / 256 * 256, count = std::min(256, n - first);
      scaled[i] = 2.5 * in[i];
      turned[i] = 2.5 * in[first + count - 1 - (i - first)];
    }
    const uint64_t at = s.upload(in);
    const auto check = [&](const char *kernel, const LaunchShape &shape, int count, const std::vector<double> &want) {
      const uint64_t out = s.upload(std::vector<float>(n));
      runClean(s, kernel, shape, Params().add(at).add(out).add(count).add(2.5f));
      expectNear(s.download<float>(out, n), want, 0, kernel);
    };
    check("pipelined", {{1, 1, 1}, {96, 1, 1}}, n, turned);
    check("pipelinedThreads", {{2, 1, 1}, {64, 1, 1}}, n / 4, scaled);
    check("barriers", {{1, 1, 1}, {96, 1, 1}}, n, turned);
  });
}

TEST(Cuda, CooperativeGroups) {
  onEach("groups", [](Session &s) {
    const int n = 500, threads = 128, blocks = 4;
    std::mt19937 random(7);
    std::vector<int> in(n), tiles(blocks * threads / 8), most(blocks), prefix(n), keys(n);
    std::vector<uint32_t> positive(1), counts(10);
    for (int i = 0; i < n; ++i) {
      in[i] = static_cast<int>(random() % 2001) - 1000;
      tiles[i / 8] += in[i];
      prefix[i] = in[i] + (i % 32 ? prefix[i - 1] : 0);
      most[i / threads] = i % threads ? std::max(most[i / threads], in[i]) : in[i];
      positive[0] += in[i] > 0;
      ++counts[keys[i] = static_cast<int>(random() % 10)];
    }
    most[3] = std::max(most[3], 0); // threads beyond the end hold 0
    const uint64_t t = s.upload(std::vector<int>(tiles.size())), m = s.upload(std::vector<int>(blocks));
    const uint64_t p = s.upload(std::vector<int>(n)), c = s.upload(std::vector<int>(1)),
                   k = s.upload(std::vector<int>(10));
    const LaunchShape shape{{blocks, 1, 1}, {threads, 1, 1}};
    runClean(s, "groups", shape, Params().add(s.upload(in)).add(n).add(t).add(m).add(p).add(c));
    EXPECT_EQ(s.download<int>(t, tiles.size()), tiles);
    EXPECT_EQ(s.download<int>(m, blocks), most);
    EXPECT_EQ(s.download<int>(p, n), prefix);
    EXPECT_EQ(s.download<uint32_t>(c, 1), positive);
    runClean(s, "countKeys", shape, Params().add(s.upload(keys)).add(n).add(k));
    EXPECT_EQ(s.download<uint32_t>(k, 10), counts);
  });
}

struct Item {
  double weight;
  int64_t count;
  int16_t tag, pad[3];
};

TEST(Cuda, DebugBuild) {
  onEach(
      "debug",
      [](Session &s) {
        const int n = 75;
        const auto in = smallNumbers(n, 8);
        std::vector<Item> items(n), wantItems(n);
        std::vector<double> medians(n);
        std::vector<int64_t> numbers(n);
        const int64_t fibonacci[12] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
        for (int i = 0; i < n; ++i) {
          std::vector<float> window;
          for (int j = -4; j <= 4; ++j)
            window.push_back(in[std::clamp(i + j, 0, n - 1)]);
          std::sort(window.begin(), window.end());
          medians[i] = window[4];
          items[i] = {i * 1.5, i * 123457ll - 4000000, static_cast<int16_t>(i * 500), {}};
          const int64_t b = i * 11ll;
          wantItems[i] = {items[i].weight * 0.5 + std::sqrt(2.0 + i) / 3.0,
                          items[i].count * 1000003ll % (b + 7) - items[i].count / (b + 3),
                          static_cast<int16_t>(i * 577),
                          {}};
          uint32_t reversed = 0;
          for (int bit = 0; bit < 32; ++bit)
            reversed |= uint32_t((i >> bit) & 1) << (31 - bit);
          numbers[i] = fibonacci[i % 12] + static_cast<int64_t>(std::exp(i * 0.125)) +
                       __builtin_popcountll(uint64_t(i) * 0x123456789abcull) + __builtin_clz(unsigned(i) + 1) +
                       (reversed >> 20);
        }
        const uint64_t m = s.upload(std::vector<float>(n)), it = s.upload(items), num = s.upload(numbers);
        runClean(s, "debugBuild", {{3, 1, 1}, {32, 1, 1}}, Params().add(s.upload(in)).add(n).add(m).add(it).add(num));
        expectNear(s.download<float>(m, n), medians, 0, "median");
        EXPECT_EQ(s.download<int64_t>(num, n), numbers);
        const auto got = s.download<Item>(it, n);
        for (int i = 0; i < n; ++i) {
          EXPECT_DOUBLE_EQ(got[i].weight, wantItems[i].weight);
          EXPECT_EQ(got[i].count, wantItems[i].count);
          EXPECT_EQ(got[i].tag, wantItems[i].tag);
        }
        std::vector<double> values(n);
        uint64_t bits = 0;
        for (int i = 0; i < n; ++i)
          bits ^= std::bit_cast<uint64_t>(values[i] = in[i] * 1e10 + i);
        const uint64_t sum = s.upload(std::vector<double>(1)), x = s.upload(std::vector<uint64_t>(1));
        runClean(s, "addDoubles", {{3, 1, 1}, {32, 1, 1}}, Params().add(s.upload(values)).add(n).add(sum).add(x));
        EXPECT_NEAR(s.download<double>(sum, 1)[0], std::accumulate(values.begin(), values.end(), 0.0), 1e-3);
        EXPECT_EQ(s.download<uint64_t>(x, 1)[0], bits);
      },
      80, "-G");
}

} // namespace
} // namespace muntin::emulator::test
