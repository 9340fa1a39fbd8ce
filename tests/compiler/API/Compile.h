//===- Compile.h - one call of the compiler library ------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_COMPILER_API_COMPILE_H
#define MUNTIN_TESTS_COMPILER_API_COMPILE_H

#include "runtime/abi/Compiler.h"
#include "runtime/abi/Result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace muntin::testing {

/// What mtnc_compile() said, freed by itself.
struct Compiled {
  StatusCode code = StatusCode::Ok;
  std::string bytes, message, reproducer, warning;
  std::vector<std::string> stages;
};

Compiled compile(const std::string &key, const mtnc_options &options);
Compiled compile(const std::string &key, mtnc_emit emit = MTNC_EMIT_IMAGE);

/// A small problem: causal attention in one dimension.
extern const char *const kSmallKey;

/// A new folder, removed at the end.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::filesystem::path path;
};

std::string readFile(const std::filesystem::path &path);
void writeFile(const std::filesystem::path &path, const std::string &text);

} // namespace muntin::testing

#endif // MUNTIN_TESTS_COMPILER_API_COMPILE_H
