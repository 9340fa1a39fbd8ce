//===- PeakAvx2.cpp - f32 multiply-adds, 8 lanes ---------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Peak.h"
#include "tools/muntin/PeakLoop.h"

#include <immintrin.h>

void muntin::runFma8(int64_t iterations) {
  const __m256 a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(1e-3f);
  runChains<kFma8Chains>(iterations, _mm256_setzero_ps(), [=](__m256 c) { return _mm256_fmadd_ps(a, b, c); });
}
