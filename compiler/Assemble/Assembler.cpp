//===- Assembler.cpp - what any assembler does -----------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Assemble/Assembler.h"

#include <fmt/format.h>

using namespace muntin;

Status Assembler::broken(const std::string &how) const {
  return {StatusCode::Unavailable,
          fmt::format("assemble: {} {}; MUNTIN_PTXAS names another, or off for none", path(), how)};
}

Status Assembler::refused(const std::string &why) const {
  return {StatusCode::CompileFailed, fmt::format("assemble: {} refuses the PTX: {}", path(), why)};
}
