//===- Embed.h - bytes as C source -----------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_EMBED_H
#define MUNTIN_TOOLS_MUNTIN_EMBED_H

#include "runtime/abi/Result.h"

#include <string>
#include <string_view>

namespace muntin {

/// A name that C and C++ accept, or what is wrong with it.
Status checkIdentifier(const std::string &name);

/// Declares `name` and `name`_size, for C and C++.
std::string embeddedHeader(const std::string &name);
/// Defines them: the bytes as 64-bit words, an eighth of the work for the C compiler that single bytes are.
std::string embeddedSource(const std::string &name, std::string_view bytes);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_EMBED_H
