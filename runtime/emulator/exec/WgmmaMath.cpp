//===- WgmmaMath.cpp - warpgroup products: addresses and arithmetic -------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Wgmma.h"

#include <immintrin.h>

namespace muntin::emulator {

SharedMatrix::SharedMatrix(uint64_t d, bool mnMajor, unsigned elementBytes)
    : start((d & 0x3fff) << 4), leading(((d >> 16) & 0x3fff) << 4), stride(((d >> 32) & 0x3fff) << 4),
      swizzle((d >> 62) & 3), baseOffset((d >> 49) & 7), mnMajor(mnMajor), elementBytes(elementBytes) {}

void multiplyRows(float *sum, const float *a, const float *b, unsigned n, unsigned k) {
  for (unsigned column = 0; column < n; column += 8)
    for (unsigned first = 0; first < 16; first += 8) {
      __m256 r[8];
      for (unsigned i = 0; i < 8; ++i)
        r[i] = _mm256_loadu_ps(sum + (first + i) * n + column);
      for (unsigned j = 0; j < k; ++j) {
        const __m256 row = _mm256_loadu_ps(b + j * n + column);
        for (unsigned i = 0; i < 8; ++i)
          r[i] = _mm256_fmadd_ps(_mm256_broadcast_ss(a + (first + i) * k + j), row, r[i]);
      }
      for (unsigned i = 0; i < 8; ++i)
        _mm256_storeu_ps(sum + (first + i) * n + column, r[i]);
    }
}

} // namespace muntin::emulator
