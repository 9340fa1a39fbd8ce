//===- Mma16816.cpp - the inner function of mma.sync m16n8k16 -------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One AVX vector is one row of C, its columns in the order 0 2 4 6 1 3 5 7:
// then c0 and c1 of lanes 4g .. 4g+3 are its two halves as they lie, and B
// reaches the same order by 4 x 4 transposes within 128-bit halves. Constants
// are operands as well and less aligned than registers.
//
//   c0 lanes 4g..4g+3 = C[g][0 2 4 6]     c1 = C[g][1 3 5 7]
//   b0 lanes 8i..8i+7 = n = 2i (k pairs 0..3), n = 2i + 1 (k pairs 0..3)
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Mma.h"

#include <immintrin.h>

namespace muntin::emulator {

namespace {

/// Halves of 8 packed pairs as f32.
template <bool BF16> void split(__m256i pairs, __m256 &even, __m256 &odd) {
  if constexpr (BF16) {
    even = _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16));
    odd = _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(static_cast<int>(0xffff0000))));
  } else {
    const __m256i order = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12,
                                           13, 2, 3, 6, 7, 10, 11, 14, 15);
    const __m256i sorted = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(pairs, order), 0xd8);
    even = _mm256_cvtph_ps(_mm256_castsi256_si128(sorted));
    odd = _mm256_cvtph_ps(_mm256_extracti128_si256(sorted, 1));
  }
}

/// k rows 2t, 2t + 1 of B for t = 0..3.
template <bool BF16> void columns(const uint32_t *b, __m256 *rows) {
  const auto load = [b](int i) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(b + 8 * i)); };
  const __m256i r0 = load(0), r1 = load(1), r2 = load(2), r3 = load(3);
  const __m256i t0 = _mm256_unpacklo_epi32(r0, r1), t1 = _mm256_unpackhi_epi32(r0, r1);
  const __m256i t2 = _mm256_unpacklo_epi32(r2, r3), t3 = _mm256_unpackhi_epi32(r2, r3);
  split<BF16>(_mm256_unpacklo_epi64(t0, t2), rows[0], rows[1]);
  split<BF16>(_mm256_unpackhi_epi64(t0, t2), rows[2], rows[3]);
  split<BF16>(_mm256_unpacklo_epi64(t1, t3), rows[4], rows[5]);
  split<BF16>(_mm256_unpackhi_epi64(t1, t3), rows[6], rows[7]);
}

/// Fragment register of A as f32, row by row: 8 values of k each.
template <bool BF16> void rowsOfA(const uint32_t *a, float *out) {
  for (int i = 0; i < 4; ++i) {
    __m256 even, odd;
    split<BF16>(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(a + 8 * i)), even, odd);
    const __m256 low = _mm256_unpacklo_ps(even, odd), high = _mm256_unpackhi_ps(even, odd);
    _mm256_store_ps(out + 16 * i, _mm256_permute2f128_ps(low, high, 0x20));
    _mm256_store_ps(out + 16 * i + 8, _mm256_permute2f128_ps(low, high, 0x31));
  }
}

template <bool BF16>
void multiply(const uint32_t *const a[4], const uint32_t *const b[2], const float *const c[4], float *const d[4]) {
  alignas(32) __m256 rows[16];
  alignas(32) float left[4][64];
  columns<BF16>(b[0], rows);
  columns<BF16>(b[1], rows + 8);
  for (int r = 0; r < 4; ++r)
    rowsOfA<BF16>(a[r], left[r]);
  for (int half = 0; half < 2; ++half) { // rows 0..7 from a0 and a2, rows 8..15 from a1 and a3
    __m256 sum[8];
    for (int g = 0; g < 8; ++g)
      sum[g] = _mm256_set_m128(_mm_loadu_ps(c[2 * half + 1] + 4 * g), _mm_loadu_ps(c[2 * half] + 4 * g));
    for (int k = 0; k < 16; ++k) {
      const float *column = left[half + (k < 8 ? 0 : 2)] + (k & 7);
      for (int g = 0; g < 8; ++g)
        sum[g] = _mm256_fmadd_ps(_mm256_broadcast_ss(column + 8 * g), rows[k], sum[g]);
    }
    for (int g = 0; g < 8; ++g) {
      _mm_store_ps(d[2 * half] + 4 * g, _mm256_castps256_ps128(sum[g]));
      _mm_store_ps(d[2 * half + 1] + 4 * g, _mm256_extractf128_ps(sum[g], 1));
    }
  }
}

} // namespace

void multiply16816Narrow(const uint32_t *const a[4], const uint32_t *const b[2], const float *const c[4],
                         float *const d[4], bool isBF16) {
  isBF16 ? multiply<true>(a, b, c, d) : multiply<false>(a, b, c, d);
}

bool hasWideVectors() {
  static const bool has =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return has;
}

void multiply16816(const uint32_t *const a[4], const uint32_t *const b[2], const float *const c[4], float *const d[4],
                   bool isBF16) {
  (hasWideVectors() ? multiply16816Wide : multiply16816Narrow)(a, b, c, d, isBF16);
}

} // namespace muntin::emulator
