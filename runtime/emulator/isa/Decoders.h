//===- Decoders.h - the decoders that rows of the table name ----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_ISA_DECODERS_H
#define MUNTIN_EMULATOR_ISA_DECODERS_H

#include "runtime/emulator/exec/Memory.h"
#include "runtime/emulator/isa/Decoder.h"

namespace muntin::emulator {

#define X(prefix, decoder, kind, architecture, form, note) void decoder(Decoder &d);
#include "runtime/emulator/isa/Instructions.def"
#undef X

// Shared by decoders.
void decodeIntegerAdd(Decoder &d, Type type, bool subtract);
void decodeIntegerMul(Decoder &d, Type type);
void decodeIntegerMad(Decoder &d, Type type, bool carryIn);
void decodeIntegerDiv(Decoder &d, Type type);
void decodeIntegerMinMax(Decoder &d, Type type, bool max);
void decodeIntegerAbs(Decoder &d, Type type);
void decodeIntegerNeg(Decoder &d, Type type);
uint32_t takeOrdering(Decoder &d);
MemSpace takeSpace(Decoder &d);
/// Decodes a bracketed address into op[slot], imm, flags and the space in aux.
void memoryOperand(Decoder &d, const Operand &o, unsigned slot, MemSpace space);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_ISA_DECODERS_H
