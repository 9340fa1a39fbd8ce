//===- WgmmaProduct.h - one product of a warp -------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_WGMMAPRODUCT_H
#define MUNTIN_EMULATOR_EXEC_WGMMAPRODUCT_H

#include "runtime/emulator/exec/Cta.h"
#include "runtime/emulator/exec/Wgmma.h"

namespace muntin::emulator::wgmma {

/// Instr::aux.
inline constexpr uint32_t NegateA = 1, NegateB = 2, MnMajorA = 4, MnMajorB = 8, RegistersA = 16, HalfSums = 32;

/// A product that was issued; everything but shared memory and accumulators is captured.
struct Product {
  Cta *cta;
  uint32_t warp;
  uint32_t *registers;            ///< the frame's words, where accumulators live
  const Ref *accumulators;        ///< among the routine's extras
  std::vector<uint32_t> fragment; ///< A in registers: 4 x 32 words
  uint64_t descriptorA = 0, descriptorB = 0;
  uint32_t aux = 0;
  unsigned n = 0, k = 0;
  Type type = Type::None, typeB = Type::None;
  bool accumulate = true;

  /// `round` counts the products of a warpgroup: B is read once for the four warps that perform the same one.
  void perform(uint64_t round) const;

private:
  void readA(float *a) const;
  const float *readB(uint64_t round) const;
};

inline unsigned sizeOf(Type t) { return t == Type::TF32 ? 4 : bytesOf(t); }

} // namespace muntin::emulator::wgmma

#endif // MUNTIN_EMULATOR_EXEC_WGMMAPRODUCT_H
