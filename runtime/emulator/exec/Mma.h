//===- Mma.h - mma.sync -----------------------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_MMA_H
#define MUNTIN_EMULATOR_EXEC_MMA_H

#include "runtime/emulator/exec/Lanes.h"

namespace muntin::emulator {

/// D = A B + C for m16n8k16 with 16-bit inputs and f32 sums: fused multiply-adds in ascending k, starting from C.
/// Fragments are registers of 32 lanes. PTX leaves the order open; this is ours.
void multiply16816(const uint32_t *const a[4], const uint32_t *const b[2], const float *const c[4], float *const d[4],
                   bool isBF16);

/// The same by AVX2, and by AVX-512 where the processor has it; the sums agree bit by bit.
void multiply16816Narrow(const uint32_t *const a[4], const uint32_t *const b[2], const float *const c[4],
                         float *const d[4], bool isBF16);
void multiply16816Wide(const uint32_t *const a[4], const uint32_t *const b[2], const float *const c[4],
                       float *const d[4], bool isBF16);
bool hasWideVectors();

/// Value `part` of a register that holds several, or one; tf32 without its low bits.
double packedValue(uint32_t bits, unsigned part, Type type);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_MMA_H
