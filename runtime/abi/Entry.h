//===- Entry.h - a kernel as a file of the disk cache ----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The machine code stands first, so that dlopen() takes the entry itself; what
// describes it stands behind, and is found from the end:
//
//   ┌───────────────┬─────────────────────────────────────┬────────┐
//   │ shared object │ compiler, seconds, image without it │ footer │
//   └───────────────┴─────────────────────────────────────┴────────┘
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ABI_ENTRY_H
#define MUNTIN_ABI_ENTRY_H

#include "runtime/abi/Image.h"

#include <string>
#include <string_view>

namespace muntin {

struct Entry {
  std::string compiler;      ///< which compiler made it: the build-id of its library, in hexadecimal digits
  double compileSeconds = 0; ///< what the compilation took
  Image image;
  bool operator==(const Entry &) const = default;
};

std::string serializeEntry(const Entry &entry);
/// Never reads outside `bytes`. Another format version is NotInThisVersion, any damage CheckFailed.
Result<Entry> deserializeEntry(std::string_view bytes);

constexpr size_t kEntryFooterBytes = 48;
/// How long the file is whose last bytes are `footer`; not yet checked against its checksum.
Result<uint64_t> entryBytes(std::string_view footer);

/// PROBLEM-COMPILER.kernel, both as 32 hexadecimal digits of a hash: the name is a hint, the entry itself says what it
/// is.
std::string entryFileName(std::string_view problemKey, std::string_view compiler);
/// The part before the compiler.
std::string entryFilePrefix(std::string_view problemKey);
constexpr std::string_view kEntrySuffix = ".kernel";

} // namespace muntin

#endif // MUNTIN_ABI_ENTRY_H
