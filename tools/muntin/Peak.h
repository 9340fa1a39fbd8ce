//===- Peak.h - what this machine could do at best -------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Peak is what a loop of nothing but multiply-adds between registers reaches in
// this process, at this moment, at the vector width of the target. It is
// measured beside each timing: clocks and neighbours change between runs.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_PEAK_H
#define MUNTIN_TOOLS_MUNTIN_PEAK_H

#include "runtime/abi/Problem.h"
#include "runtime/abi/Target.h"

#include <cstdint>

namespace muntin {

struct PeakLoop {
  const char *instruction;
  double flopsPerIteration;
  void (*run)(int64_t iterations);
};

/// The loop that bounds kernels of `element` on `target`: pair products where the target has them for bf16, else the
/// f32 multiply-add of the target's width. Null for targets without vectors.
const PeakLoop *peakLoop(const Target &target, ElementType element);

/// Flops per second: over the time that passed, and over the time that the threads had a core. The two differ where
/// other programs want the cores too.
struct PeakRate {
  double wall = 0, cpu = 0;
};
/// Of `threads` threads together, each running for about `seconds`. The machine supports the loop.
PeakRate measurePeak(const PeakLoop &loop, int threads, double seconds);

/// CPU seconds that the calling thread, or all of this process, has had so far.
double threadSeconds();
double processSeconds();

// One file each, compiled for that instruction set and called nowhere else.
void runFma8(int64_t iterations);
void runFma16(int64_t iterations);
void runBf16Dot16(int64_t iterations);
constexpr int kFma8Chains = 12;  ///< of 16 registers; latency 4 x 2 ports wants at least 8
constexpr int kFma16Chains = 24; ///< of 32 registers
constexpr int kBf16DotChains = 24;

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_PEAK_H
