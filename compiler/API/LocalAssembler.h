//===- LocalAssembler.h - the assembler of this machine --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_API_LOCALASSEMBLER_H
#define MUNTIN_COMPILER_API_LOCALASSEMBLER_H

#include "compiler/Assemble/Assembler.h"
#include "runtime/abi/Compiler.h"

namespace muntin {

/// The assembler that the options name, or the best that this machine has; null if there is none.
Result<std::unique_ptr<Assembler>> localAssembler(const mtnc_options &options);

} // namespace muntin

#endif // MUNTIN_COMPILER_API_LOCALASSEMBLER_H
