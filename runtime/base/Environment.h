//===- Environment.h - every variable the runtime reads ----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The only place in the runtime that reads the environment. Each variable has a
// field in mtn_session_options that wins over it, unless the table says
// otherwise; README.md repeats the table for people.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_BASE_ENVIRONMENT_H
#define MUNTIN_RUNTIME_BASE_ENVIRONMENT_H

#include "runtime/base/Log.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace muntin::runtime {

constexpr int kMaxThreads = 1024;

enum class CacheMode : int { Off = 1, ReadOnly = 2, ReadWrite = 3 };
constexpr uint64_t kDefaultCacheLimit = uint64_t{1} << 30;

struct Variable {
  const char *name;
  const char *meaning;
};
/// The variables that readEnvironment looks at, for `--help` and the README.
const std::vector<Variable> &environmentTable();

struct Environment {
  std::string compiler;    ///< MUNTIN_COMPILER
  std::string dumpDir;     ///< MUNTIN_DUMP
  std::string overrideDir; ///< MUNTIN_OVERRIDE
  std::string cudaLibrary; ///< MUNTIN_CUDA_LIBRARY
  std::string ptxas;       ///< MUNTIN_PTXAS
  std::optional<int> threads;
  std::optional<LogLevel> logLevel;
  CacheMode cache = CacheMode::ReadWrite;
  std::string cacheDir; ///< MUNTIN_CACHE_DIR, else below the XDG cache folder; "" if the environment names no place
  uint64_t cacheLimit = kDefaultCacheLimit; ///< bytes
  std::vector<std::string> temporaryDirs;   ///< XDG_RUNTIME_DIR, TMPDIR, /tmp: absolute paths, in order of preference
};

using Lookup = std::function<const char *(const char *)>;
/// Malformed values are errors that name the variable. An empty value counts as unset.
Result<Environment> readEnvironment(const Lookup &lookup);
/// The same for this process.
Result<Environment> readEnvironment();

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_BASE_ENVIRONMENT_H
