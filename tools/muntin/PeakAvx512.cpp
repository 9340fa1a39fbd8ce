//===- PeakAvx512.cpp - f32 multiply-adds, 16 lanes ------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Peak.h"
#include "tools/muntin/PeakLoop.h"

#include <immintrin.h>

void muntin::runFma16(int64_t iterations) {
  const __m512 a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(1e-3f);
  runChains<kFma16Chains>(iterations, _mm512_setzero_ps(), [=](__m512 c) { return _mm512_fmadd_ps(a, b, c); });
}
