//===- Wgmma.h - warpgroup products: operands in shared memory --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A matrix descriptor, as the PTX ISA lays it out:
//
//   bits 0-13 start >> 4   16-29 leading offset >> 4   32-45 stride offset >> 4
//   bits 49-51 base offset   62-63 swizzle (0 none, 1 128 B, 2 64 B, 3 32 B)
//
// "Rows" are rows of A or columns of B: M or N. In K-major form a row's 16
// bytes of k lie together; in MN-major form 16 bytes of neighbouring rows do.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_WGMMA_H
#define MUNTIN_EMULATOR_EXEC_WGMMA_H

#include "runtime/emulator/ptx/Types.h"

#include <cstdint>

namespace muntin::emulator {

struct SharedMatrix {
  uint32_t start, leading, stride;
  unsigned swizzle; ///< as in the descriptor
  unsigned baseOffset;
  bool mnMajor;
  unsigned elementBytes;

  SharedMatrix(uint64_t descriptor, bool mnMajor, unsigned elementBytes);
  /// The shared address of element (row, k).
  uint32_t address(uint32_t row, uint32_t k) const;
  /// No element (row < rows, k < depth) lies at or beyond this address; often exact to 128 bytes.
  uint64_t end(uint32_t rows, uint32_t depth) const;
};

inline uint32_t SharedMatrix::address(uint32_t row, uint32_t k) const {
  // Span of a swizzle: bytes that lie together before the next row of the pattern.
  static constexpr uint32_t Span[] = {16, 128, 64, 32}, Mask[] = {0, 7, 3, 1};
  const uint32_t span = Span[swizzle];
  uint32_t a = start;
  if (!mnMajor) {
    const uint32_t bytes = k * elementBytes;
    a += (row / 8) * stride + (row % 8) * span;
    a += swizzle == 0 ? (bytes / 16) * leading + bytes % 16 : bytes;
  } else {
    const uint32_t bytes = row * elementBytes;
    a += bytes % span + (k % 8) * span;
    // Without swizzle the two offsets change places.
    a += swizzle == 0 ? (bytes / span) * stride + (k / 8) * leading : (bytes / span) * leading + (k / 8) * stride;
  }
  return a ^ (((a >> 7) & Mask[swizzle]) << 4);
}

/// sum[row][n] += a[row][k] * b[k][n] for 16 rows, by fused steps in ascending k. n is a multiple of 8; b has rows of
/// `n` values.
void multiplyRows(float *sum, const float *a, const float *b, unsigned n, unsigned k);

// 16-bit operands, eight values at a time.

/// Eight halves that lie together, as f32.
void widenEight(const uint8_t *from, bool isBF16, float sign, float *out);
/// B as multiplyRows wants it, columns within each eight in the order 0 2 4 6 1 3 5 7; n and k are multiples of 8.
void readHalvesOfB(const uint8_t *shared, const SharedMatrix &m, unsigned n, unsigned k, bool isBF16, float sign,
                   float *out);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_WGMMA_H
