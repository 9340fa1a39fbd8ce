//===- LoadStore.h - loads, stores, atomics ---------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_LOADSTORE_H
#define MUNTIN_EMULATOR_EXEC_LOADSTORE_H

#include "runtime/emulator/exec/Memory.h"

namespace muntin::emulator {

enum class AtomicOp : uint8_t { Add, Min, Max, Inc, Dec, Cas, Exch, And, Or, Xor };

Handler loadHandler(Type type);
Handler storeHandler(Type type);
/// nullptr where PTX has no such form. `returns`: atom, else red.
Handler atomicHandler(AtomicOp op, Type type, bool returns);

/// The vector unit that the profile counts.
void profileAccess(Warp &w, const Instr &in, uint32_t mask, MemSpace space, unsigned bytes, const Touched &t);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_LOADSTORE_H
