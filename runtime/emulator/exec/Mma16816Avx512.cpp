//===- Mma16816Avx512.cpp - mma.sync m16n8k16 with AVX-512 ----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One vector is one column of C or one k of A, all 16 rows of it in the order
// 0 4 8 12 1 5 9 13 ...: element 4b + j is row b + 4j. A fragment register
// gets there by a 4 x 4 transpose within 128-bit blocks, for block b of a
// register's half has row g = b or b + 4, and element t of it column t:
//
//   a0 lanes 0..15: rows 0..3     a0 lanes 16..31: rows 4..7       four inputs of
//   a1 lanes 0..15: rows 8..11    a1 lanes 16..31: rows 12..15     one transpose
//
// B is taken a value at a time, broadcast by the multiply-add itself. The sums
// are those of Mma16816.cpp, bit by bit.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Mma.h"

#include <immintrin.h>

#define MUNTIN_WIDE __attribute__((target("avx512f,avx512bw,avx512vl")))

namespace muntin::emulator {

namespace {

struct Four {
  __m512i r[4];
};

MUNTIN_WIDE inline Four transposed(const void *low, const void *high) {
  const auto *a = static_cast<const uint32_t *>(low), *b = static_cast<const uint32_t *>(high);
  const __m512i x0 = _mm512_loadu_si512(a), x1 = _mm512_loadu_si512(a + 16), x2 = _mm512_loadu_si512(b),
                x3 = _mm512_loadu_si512(b + 16);
  const __m512i t0 = _mm512_unpacklo_epi32(x0, x1), t1 = _mm512_unpackhi_epi32(x0, x1);
  const __m512i t2 = _mm512_unpacklo_epi32(x2, x3), t3 = _mm512_unpackhi_epi32(x2, x3);
  return {{_mm512_unpacklo_epi64(t0, t2), _mm512_unpackhi_epi64(t0, t2), _mm512_unpacklo_epi64(t1, t3),
           _mm512_unpackhi_epi64(t1, t3)}};
}

/// The way back is the same with rows and columns of the blocks exchanged.
MUNTIN_WIDE inline void store(const Four &y, float *low, float *high) {
  const __m512i t0 = _mm512_unpacklo_epi32(y.r[0], y.r[1]), t1 = _mm512_unpackhi_epi32(y.r[0], y.r[1]);
  const __m512i t2 = _mm512_unpacklo_epi32(y.r[2], y.r[3]), t3 = _mm512_unpackhi_epi32(y.r[2], y.r[3]);
  _mm512_storeu_si512(low, _mm512_unpacklo_epi64(t0, t2));
  _mm512_storeu_si512(low + 16, _mm512_unpackhi_epi64(t0, t2));
  _mm512_storeu_si512(high, _mm512_unpacklo_epi64(t1, t3));
  _mm512_storeu_si512(high + 16, _mm512_unpackhi_epi64(t1, t3));
}

/// Halves of 16 packed pairs as f32.
template <bool BF16> MUNTIN_WIDE inline __m512 evenOf(__m512i pairs) {
  if constexpr (BF16)
    return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
  else
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(pairs));
}
template <bool BF16> MUNTIN_WIDE inline __m512 oddOf(__m512i pairs) {
  if constexpr (BF16)
    return _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(static_cast<int>(0xffff0000))));
  else
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(pairs, 16)));
}

template <bool BF16>
MUNTIN_WIDE void multiply(const uint32_t *const a[4], const uint32_t *const b[2], const float *const c[4],
                          float *const d[4]) {
  alignas(64) float right[2][2][32]; // by half of k, parity of k, lane 4n + t
  for (int half = 0; half < 2; ++half)
    for (int i = 0; i < 2; ++i) {
      const __m512i pairs = _mm512_loadu_si512(b[half] + 16 * i);
      _mm512_store_ps(right[half][0] + 16 * i, evenOf<BF16>(pairs));
      _mm512_store_ps(right[half][1] + 16 * i, oddOf<BF16>(pairs));
    }
  const Four even = transposed(c[0], c[2]), odd = transposed(c[1], c[3]);
  __m512 sum[8];
  for (int t = 0; t < 4; ++t) {
    sum[2 * t] = _mm512_castsi512_ps(even.r[t]);
    sum[2 * t + 1] = _mm512_castsi512_ps(odd.r[t]);
  }
  for (int half = 0; half < 2; ++half) {
    const Four left = transposed(a[2 * half], a[2 * half + 1]);
    for (int t = 0; t < 4; ++t) {
      const __m512 k0 = evenOf<BF16>(left.r[t]), k1 = oddOf<BF16>(left.r[t]);
      for (int n = 0; n < 8; ++n)
        sum[n] = _mm512_fmadd_ps(k0, _mm512_set1_ps(right[half][0][4 * n + t]), sum[n]);
      for (int n = 0; n < 8; ++n)
        sum[n] = _mm512_fmadd_ps(k1, _mm512_set1_ps(right[half][1][4 * n + t]), sum[n]);
    }
  }
  const auto bits = [](__m512 v) MUNTIN_WIDE { return _mm512_castps_si512(v); };
  store({{bits(sum[0]), bits(sum[2]), bits(sum[4]), bits(sum[6])}}, d[0], d[2]);
  store({{bits(sum[1]), bits(sum[3]), bits(sum[5]), bits(sum[7])}}, d[1], d[3]);
}

} // namespace

void multiply16816Wide(const uint32_t *const a[4], const uint32_t *const b[2], const float *const c[4],
                       float *const d[4], bool isBF16) {
  isBF16 ? multiply<true>(a, b, c, d) : multiply<false>(a, b, c, d);
}

} // namespace muntin::emulator
