//===- Folder.h - where the parts of an installation are ---*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_ABI_FOLDER_H
#define MUNTIN_RUNTIME_ABI_FOLDER_H

#include <string>

namespace muntin {

/// The folder of the program or library that `inside` points into: the runtime finds the compiler library and the
/// emulator beside itself, the compiler its assembler's plug-in. "." of a bare name; "" where the loader does not know.
std::string folderOf(const void *inside);

} // namespace muntin

#endif // MUNTIN_RUNTIME_ABI_FOLDER_H
