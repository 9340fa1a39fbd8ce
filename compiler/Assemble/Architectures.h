//===- Architectures.h - which machine code images carry -------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cubin runs on its own architecture and on later ones of the same major number:
// one for sm_80 on 8.0, 8.6 and 8.9. Who wants no driver to assemble when it loads
// asks for one of each major number, or of each architecture.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_ASSEMBLE_ARCHITECTURES_H
#define MUNTIN_COMPILER_ASSEMBLE_ARCHITECTURES_H

#include "runtime/abi/Result.h"

#include <string>
#include <vector>

namespace muntin {

/// "sm_80,sm_90a" as a list. Refused are other names, one that stands twice, and those older than `target`, whose
/// instructions they lack.
Result<std::vector<std::string>> parseArchitectures(const std::string &text, const std::string &target);

} // namespace muntin

#endif // MUNTIN_COMPILER_ASSEMBLE_ARCHITECTURES_H
