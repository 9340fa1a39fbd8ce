//===- CudaTensorTest.cpp - matrix products and attention by nvcc ---------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/cuda/Cuda.h"
#include "tests/runtime/emulator/cuda/WindowAttention.h"

#include <cmath>

namespace muntin::emulator::test {
namespace {

/// a [m, k], b [k, n], row-major, in double.
template <typename A, typename B> std::vector<double> product(const A &a, const B &b, int m, int n, int k) {
  std::vector<double> c(size_t(m) * n);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j)
      for (int x = 0; x < k; ++x)
        c[i * n + j] += double(a[i * k + x]) * double(b[x * n + j]);
  return c;
}

template <typename T> void checkGemm(Session &s, const char *kernel, int m, int n, int k) {
  const auto a = converted<T>(smallNumbers(size_t(m) * k, 1)), b = converted<T>(smallNumbers(size_t(k) * n, 2));
  const uint64_t c = s.upload(std::vector<float>(size_t(m) * n));
  const LaunchShape shape{{uint32_t(n + 63) / 64, uint32_t(m + 15) / 16, 1}, {128, 1, 1}};
  runClean(s, kernel, shape, Params().add(s.upload(a)).add(s.upload(b)).add(c).add(m).add(n).add(k));
  expectNear(s.download<float>(c, size_t(m) * n), product(a, b, m, n, k), 1e-5, kernel);
}

TEST(CudaTensor, WmmaGemm) {
  onEach("wmma", [](Session &s) {
    checkGemm<Bfloat>(s, "gemmBf16", 37, 75, 45);
    checkGemm<_Float16>(s, "gemmF16", 19, 90, 50);
    checkGemm<float>(s, "gemmTf32", 21, 70, 43);
  });
}

TEST(CudaTensor, WmmaHalfSums) {
  onEach("wmma", [](Session &s) {
    for (const auto &[kernel, m, n] :
         {std::tuple("half32x8", 32, 8), std::tuple("half8x32", 8, 32), std::tuple("half16x16", 16, 16)}) {
      const auto a = smallNumbers(size_t(m) * 16, 3), b = smallNumbers(size_t(n) * 16, 4),
                 c = smallNumbers(size_t(m) * n, 5);
      std::vector<float> turned(a.size()); // A is column-major there
      for (int i = 0; i < m; ++i)
        for (int k = 0; k < 16; ++k)
          turned[k * m + i] = a[i * 16 + k];
      const uint64_t d = s.upload(std::vector<_Float16>(c.size()));
      runClean(s, kernel, {{1, 1, 1}, {32, 1, 1}},
               Params()
                   .add(s.upload(converted<_Float16>(turned)))
                   .add(s.upload(converted<_Float16>(b)))
                   .add(s.upload(converted<_Float16>(c)))
                   .add(d));
      const auto sums = product(a, b, m, n, 16);
      std::vector<double> want(c.size()); // stored column-major
      for (int i = 0; i < m; ++i)
        for (int j = 0; j < n; ++j)
          want[j * m + i] = sums[i * n + j] + c[i * n + j];
      expectNear(s.download<_Float16>(d, c.size()), want, 1e-3, kernel);
    }
  });
}

TEST(CudaTensor, WmmaBytesAndDoubles) {
  onEach("wmma", [](Session &s) {
    std::mt19937 random(6);
    std::vector<int8_t> a(256), b(256);
    for (auto *v : {&a, &b})
      for (int8_t &x : *v)
        x = static_cast<int8_t>(random());
    const uint64_t d = s.upload(std::vector<int>(256));
    runClean(s, "bytes16x16", {{1, 1, 1}, {32, 1, 1}}, Params().add(s.upload(a)).add(s.upload(b)).add(d));
    auto want = product(a, b, 16, 16, 16);
    for (double &v : want)
      v += 7;
    expectNear(s.download<int>(d, 256), want, 0, "bytes");
    const auto x = smallNumbers(32, 7), y = smallNumbers(32, 8);
    std::vector<double> left(x.begin(), x.end()), right(32), columns(32); // B is column-major there
    for (int k = 0; k < 4; ++k)
      for (int n = 0; n < 8; ++n)
        columns[n * 4 + k] = right[k * 8 + n] = y[k * 8 + n];
    const uint64_t e = s.upload(std::vector<double>(64));
    runClean(s, "doubles8x8", {{1, 1, 1}, {32, 1, 1}}, Params().add(s.upload(left)).add(s.upload(columns)).add(e));
    want = product(left, right, 8, 8, 4);
    for (double &v : want)
      v += 0.5;
    expectNear(s.download<double>(e, 64), want, 1e-15, "doubles");
  });
}

TEST(CudaTensor, HopperGemm) {
  onEach(
      "hopper",
      [](Session &s) {
        const int m = 70, n = 100, k = 200;
        const auto a = converted<Bfloat>(smallNumbers(size_t(m) * k, 9)),
                   b = converted<Bfloat>(smallNumbers(size_t(n) * k, 10));
        std::vector<Bfloat> turned(b.size());
        for (int j = 0; j < n; ++j)
          for (int x = 0; x < k; ++x)
            turned[x * n + j] = b[j * k + x];
        const uint64_t c = s.upload(std::vector<float>(size_t(m) * n));
        const auto map = [&](const std::vector<Bfloat> &v, int rows) {
          return tensorMap(s.upload(v), {uint32_t(k), uint32_t(rows)}, {64, 64});
        };
        runClean(s, "gemm", {{2, 2, 1}, {128, 1, 1}},
                 Params().add(map(a, m), 64).add(map(b, n), 64).add(c).add(m).add(n).add(k));
        expectNear(s.download<float>(c, size_t(m) * n), product(a, turned, m, n, k), 1e-5, "gemm");
      },
      90);
}

const WindowAttention windowed(150, 2, 37, 11);

TEST(CudaTensor, FlashAttention2) {
  const WindowAttention causal(77, 1, 1 << 20, 0);
  onEach("flash2", [&](Session &s) {
    for (const WindowAttention *p : {&windowed, &causal})
      EXPECT_EQ(p->runFlash2(s), "");
  });
}

TEST(CudaTensor, WarpSpecialisedAttention) {
  const WindowAttention causal(205, 1, 1 << 20, 0);
  onEach(
      "hopper",
      [&](Session &s) {
        for (const WindowAttention *p : {&windowed, &causal})
          EXPECT_EQ(p->runHopper(s), "");
      },
      90);
}

} // namespace
} // namespace muntin::emulator::test
