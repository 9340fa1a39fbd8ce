//===- Mutate.h - one synchronisation instruction less ----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_TOOL_MUTATE_H
#define MUNTIN_EMULATOR_TOOL_MUTATE_H

#include "runtime/emulator/ptx/Module.h"

namespace muntin::emulator {

/// A PTX text with one synchronisation instruction deleted or weakened.
struct Mutation {
  uint32_t line = 0;
  std::string what; ///< e.g. "without bar.sync"
  std::string text;
};

/// Barriers, waits, fences, commits and arrivals are deleted; waits for groups allow one more; expected bytes are 16
/// more.
/// Of one function, or of all of them.
std::vector<Mutation> mutationsOf(const Module &module, std::string_view function = {});

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_TOOL_MUTATE_H
