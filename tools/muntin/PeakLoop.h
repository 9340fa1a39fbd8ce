//===- PeakLoop.h - independent chains of one instruction ------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_PEAKLOOP_H
#define MUNTIN_TOOLS_MUNTIN_PEAKLOOP_H

#include <cstdint>

namespace muntin {

/// `Chains` accumulators, none waiting for another; the empty asm keeps each in its register and alive.
template <int Chains, typename Vector, typename Step>
inline void runChains(int64_t iterations, Vector start, Step step) {
  Vector chains[Chains];
#pragma clang loop unroll(full)
  for (int i = 0; i < Chains; ++i) {
    chains[i] = start;
    asm volatile("" : "+v"(chains[i]));
  }
  for (int64_t n = 0; n < iterations; ++n) {
#pragma clang loop unroll(full)
    for (int i = 0; i < Chains; ++i)
      chains[i] = step(chains[i]);
    asm volatile("");
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < Chains; ++i)
    asm volatile("" : : "v"(chains[i]));
}

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_PEAKLOOP_H
