//===- Control.h - control flow and special registers -----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_CONTROL_H
#define MUNTIN_EMULATOR_EXEC_CONTROL_H

#include "runtime/emulator/isa/Kernel.h"

namespace muntin::emulator {

/// Instr::flags of a branch whose targets lie in Routine::tables from aux on.
constexpr uint8_t TableBranch = 2;

Handler exitHandler();
Handler returnHandler();
/// nullptr where there is no such register.
Handler specialRegister(std::string_view name);
uint32_t specialIndex(std::string_view name);
bool specialIsWide(std::string_view name);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_CONTROL_H
