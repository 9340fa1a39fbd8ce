//===- WgmmaMath.cpp - warpgroup products: addresses and arithmetic -------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Wgmma.h"

#include "runtime/emulator/exec/Mma.h"

#include <immintrin.h>

namespace muntin::emulator {

SharedMatrix::SharedMatrix(uint64_t d, bool mnMajor, unsigned elementBytes)
    : start((d & 0x3fff) << 4), leading(((d >> 16) & 0x3fff) << 4), stride(((d >> 32) & 0x3fff) << 4),
      swizzle((d >> 62) & 3), baseOffset((d >> 49) & 7), mnMajor(mnMajor), elementBytes(elementBytes) {}

uint64_t SharedMatrix::end(uint32_t rows, uint32_t depth) const {
  static constexpr uint64_t Span[] = {16, 128, 64, 32};
  const uint64_t span = Span[swizzle];
  uint64_t last = start;
  if (!mnMajor) {
    const uint64_t bytes = uint64_t(depth) * elementBytes;
    last += uint64_t((rows - 1) / 8) * stride + 7 * span + (swizzle == 0 ? (bytes - 1) / 16 * leading + 16 : bytes);
  } else {
    const uint64_t across = uint64_t(rows * elementBytes - 1) / span, deep = (depth - 1) / 8;
    last += 8 * span + (swizzle == 0 ? across * stride + deep * leading : across * leading + deep * stride);
  }
  return (last + 127) / 128 * 128; // a swizzle moves pieces within 128 bytes
}

/// Columns [first, n) by vectors of eight.
static void multiplyNarrow(float *sum, const float *a, const float *b, unsigned n, unsigned k, unsigned from) {
  for (unsigned column = from; column < n; column += 8)
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

/// As many columns as vectors of sixteen cover; returns their number.
__attribute__((target("avx512f"))) static unsigned multiplyWide(float *sum, const float *a, const float *b, unsigned n,
                                                                unsigned k) {
  unsigned column = 0;
  for (; column + 16 <= n; column += 16)
    for (unsigned first = 0; first < 16; first += 8) {
      __m512 r[8];
      for (unsigned i = 0; i < 8; ++i)
        r[i] = _mm512_loadu_ps(sum + (first + i) * n + column);
      for (unsigned j = 0; j < k; ++j) {
        const __m512 row = _mm512_loadu_ps(b + j * n + column);
        for (unsigned i = 0; i < 8; ++i)
          r[i] = _mm512_fmadd_ps(_mm512_set1_ps(a[(first + i) * k + j]), row, r[i]);
      }
      for (unsigned i = 0; i < 8; ++i)
        _mm512_storeu_ps(sum + (first + i) * n + column, r[i]);
    }
  return column;
}

void multiplyRows(float *sum, const float *a, const float *b, unsigned n, unsigned k) {
  multiplyNarrow(sum, a, b, n, k, hasWideVectors() ? multiplyWide(sum, a, b, n, k) : 0);
}

namespace {

__m256 widened(__m128i eight, bool isBF16, __m256 sign) {
  const __m256 v =
      isBF16 ? _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(eight), 16)) : _mm256_cvtph_ps(eight);
  return _mm256_xor_ps(v, sign);
}

/// The sign bit where values are negated.
__m256 signBits(float sign) { return _mm256_and_ps(_mm256_set1_ps(sign), _mm256_set1_ps(-0.0f)); }

__m128i load(const uint8_t *p) { return _mm_loadu_si128(reinterpret_cast<const __m128i *>(p)); }

/// Rows become columns: r[i] has value i of each of the former eight.
void transpose(__m128i r[8]) {
  __m128i a[8], b[8];
  for (int i = 0; i < 4; ++i) {
    a[2 * i] = _mm_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
    a[2 * i + 1] = _mm_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) {
      b[4 * i + 2 * j] = _mm_unpacklo_epi32(a[4 * i + j], a[4 * i + 2 + j]);
      b[4 * i + 2 * j + 1] = _mm_unpackhi_epi32(a[4 * i + j], a[4 * i + 2 + j]);
    }
  for (int i = 0; i < 4; ++i) {
    r[2 * i] = _mm_unpacklo_epi64(b[i], b[4 + i]);
    r[2 * i + 1] = _mm_unpackhi_epi64(b[i], b[4 + i]);
  }
}

} // namespace

void widenEight(const uint8_t *from, bool isBF16, float sign, float *out) {
  _mm256_storeu_ps(out, widened(load(from), isBF16, signBits(sign)));
}

void readHalvesOfB(const uint8_t *shared, const SharedMatrix &m, unsigned n, unsigned k, bool isBF16, float sign,
                   float *out) {
  const __m256 negate = signBits(sign);
  const __m128i order = _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
  for (unsigned column = 0; column < n; column += 8)
    for (unsigned j = 0; j < k; j += 8) {
      __m128i r[8];
      for (unsigned i = 0; i < 8; ++i) // MN-major: at one k, all columns; K-major: of one column, all k
        r[i] = m.mnMajor ? _mm_shuffle_epi8(load(shared + m.address(column, j + i)), order)
                         : load(shared + m.address(column + (i < 4 ? 2 * i : 2 * i - 7), j));
      if (!m.mnMajor)
        transpose(r);
      for (unsigned i = 0; i < 8; ++i)
        _mm256_storeu_ps(out + (j + i) * n + column, widened(r[i], isBF16, negate));
    }
}

} // namespace muntin::emulator
