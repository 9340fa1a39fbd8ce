//===- Log.cpp - lines for whoever operates the program ----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/Log.h"

#include <array>
#include <cstdio>

namespace muntin::runtime {

static constexpr std::array<const char *, 4> kLevelNames = {"error", "warn", "info", "debug"};

Result<LogLevel> parseLogLevel(std::string_view text) {
  for (size_t i = 0; i < kLevelNames.size(); ++i)
    if (text == kLevelNames[i])
      return static_cast<LogLevel>(i + 1);
  return Status::invalid(fmt::format("the log level is '{}', expected error, warn, info or debug", text));
}

static void writeToStderr(LogLevel level, const char *message) {
  // One call, so that lines of several threads do not mix.
  std::fprintf(stderr, "muntin: %s: %s\n", kLevelNames[static_cast<size_t>(level) - 1], message);
}

Log::Log(LogLevel limit) : limit_(limit), sink_(writeToStderr) {}

} // namespace muntin::runtime
