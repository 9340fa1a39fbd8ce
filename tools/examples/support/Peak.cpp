//===- Peak.cpp - what this machine's multipliers can do ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Peak.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace demo {

namespace {

constexpr int64_t kSteps = 1 << 21;
/// Chains of dependent multiply-adds: more than latency (4) times units (2), fewer than registers (16 in AVX2).
constexpr int kChains = 12;
constexpr int kRounds = 9;

const volatile float opaque = 0.5f; ///< keeps the optimiser from finding the chains' closed form

/// One round; inlined into callers that may use the vector's registers.
template <int lanes> [[gnu::always_inline]] inline void fmaLoop() {
#pragma clang fp contract(fast)
  using Vector __attribute__((ext_vector_type(lanes))) = float;
  const Vector factor = static_cast<Vector>(opaque), term = static_cast<Vector>(opaque);
  Vector chain[kChains];
  for (int n = 0; n < kChains; ++n)
    chain[n] = static_cast<Vector>(opaque + n);
  for (int64_t step = 0; step < kSteps; ++step)
#pragma unroll
    for (int n = 0; n < kChains; ++n)
      chain[n] = chain[n] * factor + term;
  for (int n = 1; n < kChains; ++n)
    chain[0] += chain[n];
  [[maybe_unused]] volatile float result = chain[0][0];
}

[[gnu::target("avx512f"), gnu::noinline]] void fmaLoop512() { fmaLoop<16>(); }
[[gnu::target("avx2,fma"), gnu::noinline]] void fmaLoop256() { fmaLoop<8>(); }

} // namespace

double measurePeakF32(int threads) {
  const bool wide = __builtin_cpu_supports("avx512f");
  if (!wide && !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")))
    return 0;
  const double operations = 2.0 * (wide ? 16 : 8) * kChains * kSteps;
  const auto round = [&] { (wide ? fmaLoop512 : fmaLoop256)(); };
  double best = 0;
  for (int n = 0; n < kRounds; ++n) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::jthread> others;
    for (int thread = 1; thread < threads; ++thread)
      others.emplace_back(round);
    round();
    others.clear(); // joins
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::max(best, threads * operations / elapsed.count());
  }
  return best;
}

} // namespace demo
