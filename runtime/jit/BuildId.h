//===- BuildId.h - which build a library is ----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_JIT_BUILDID_H
#define MUNTIN_RUNTIME_JIT_BUILDID_H

#include "runtime/abi/Result.h"

#include <string>

namespace muntin::runtime {

/// The build-id that the linker noted in an ELF file, in hexadecimal digits. Reads a few hundred bytes of the file and
/// executes none of it. A file without one is CheckFailed.
Result<std::string> buildIdOfFile(const std::string &path);

/// The same of the loaded library that holds `address`: the file may have been replaced since it was opened.
Result<std::string> buildIdOfLoaded(const void *address);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_JIT_BUILDID_H
