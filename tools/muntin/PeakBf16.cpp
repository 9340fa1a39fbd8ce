//===- PeakBf16.cpp - products of bf16 pairs, 16 lanes ---------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Peak.h"
#include "tools/muntin/PeakLoop.h"

#include <immintrin.h>

void muntin::runBf16Dot16(int64_t iterations) {
  const __m512bh a = (__m512bh)_mm512_set1_epi16(0x3f00); // 0.5
  const __m512bh b = (__m512bh)_mm512_set1_epi16(0x3a83); // 0.001
  runChains<kBf16DotChains>(iterations, _mm512_setzero_ps(), [=](__m512 c) { return _mm512_dpbf16_ps(c, a, b); });
}
