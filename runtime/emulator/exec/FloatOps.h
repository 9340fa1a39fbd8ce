//===- FloatOps.h - floating-point handlers ---------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_FLOATOPS_H
#define MUNTIN_EMULATOR_EXEC_FLOATOPS_H

#include "runtime/emulator/exec/Lanes.h"
#include "runtime/emulator/exec/Numbers.h"

#include <algorithm>
#include <tuple>

namespace muntin::emulator {

enum class FloatOp : uint8_t {
  Add,
  Sub,
  Mul,
  Div,
  Fma,
  Min,
  Max,
  Abs,
  Neg,
  Sqrt,
  Rcp,
  Rsqrt,
  Exp2,
  Log2,
  Sin,
  Cos,
  Tanh
};

/// f32, to nearest even. `second` is .sat, for Min and Max .NaN.
Handler floatHandler(FloatOp op, bool ftz, bool second);
Handler doubleHandler(FloatOp op);
/// .rz, .rm, .rp of add, sub, mul, div, fma, sqrt, rcp; nullptr for others. aux: FloatFlags.
Handler directedHandler(FloatOp op, bool isDouble, Rounding rounding);

/// Settings of the handlers that decide at run time, in Instr::aux.
enum FloatFlags : uint32_t { FlagFtz = 1, FlagSat = 2, FlagRelu = 4, FlagNan = 8, FlagSatFinite = 16, FlagAbs = 32 };
/// f16, bf16 and their packed forms; nullptr where PTX has no such operation.
Handler halfHandler(FloatOp op, Type type);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_FLOATOPS_H
