//===- Peak.cpp - what this machine could do at best -----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Peak.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string_view>
#include <thread>
#include <vector>

using namespace muntin;

const PeakLoop *muntin::peakLoop(const Target &target, ElementType element) {
  // A multiply-add is two flops; a pair product is two of them per lane.
  static constexpr PeakLoop fma8{"vfmadd ymm (f32)", 2.0 * 8 * kFma8Chains, runFma8};
  static constexpr PeakLoop fma16{"vfmadd zmm (f32)", 2.0 * 16 * kFma16Chains, runFma16};
  static constexpr PeakLoop dot16{"vdpbf16ps zmm (bf16)", 4.0 * 16 * kBf16DotChains, runBf16Dot16};
  // Rows for tests have the plans of one machine in the code of another: the code generator's CPU decides.
  const bool wide = target.lanes == 16 && std::string_view(target.llvmCpu) == "x86-64-v4";
  if (wide && element == ElementType::BF16 && target.bf16Dot == Bf16Dot::Native)
    return &dot16;
  return wide ? &fma16 : target.lanes >= 8 ? &fma8 : nullptr;
}

static double clockSeconds(clockid_t clock) {
  timespec time = {};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double muntin::threadSeconds() { return clockSeconds(CLOCK_THREAD_CPUTIME_ID); }
double muntin::processSeconds() { return clockSeconds(CLOCK_PROCESS_CPUTIME_ID); }

/// One thread: short bursts until `seconds` have passed.
static PeakRate measureOne(const PeakLoop &loop, double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr int64_t burst = 20000; // about 30 us
  int64_t iterations = 0;
  double elapsed = 0;
  const Clock::time_point start = Clock::now();
  const double cpuStart = threadSeconds();
  do {
    loop.run(burst);
    iterations += burst;
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  } while (elapsed < seconds);
  const double flops = static_cast<double>(iterations) * loop.flopsPerIteration;
  return {flops / elapsed, flops / (threadSeconds() - cpuStart)};
}

PeakRate muntin::measurePeak(const PeakLoop &loop, int threads, double seconds) {
  std::vector<PeakRate> rates(static_cast<size_t>(std::max(threads, 1)));
  std::vector<std::thread> others;
  for (size_t i = 1; i < rates.size(); ++i)
    others.emplace_back([&, i] { rates[i] = measureOne(loop, seconds); });
  rates[0] = measureOne(loop, seconds);
  for (std::thread &other : others)
    other.join();
  PeakRate sum;
  for (const PeakRate &rate : rates) {
    sum.wall += rate.wall;
    sum.cpu += rate.cpu;
  }
  return sum;
}
