//===- Log.h - lines for whoever operates the program ------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_BASE_LOG_H
#define MUNTIN_RUNTIME_BASE_LOG_H

#include "runtime/abi/Result.h"

#include <fmt/format.h>

#include <functional>
#include <string_view>
#include <utility>

namespace muntin::runtime {

enum class LogLevel : int { Error = 1, Warn = 2, Info = 3, Debug = 4 };
Result<LogLevel> parseLogLevel(std::string_view text); // "error", "warn", "info", "debug"

/// Where messages go and how many. A value: copies write to the same place.
class Log {
public:
  /// Called from any thread.
  using Sink = std::function<void(LogLevel level, const char *message)>;

  /// One line per message on standard error.
  explicit Log(LogLevel limit = LogLevel::Warn);
  Log(LogLevel limit, Sink sink) : limit_(limit), sink_(std::move(sink)) {}

  bool wants(LogLevel level) const { return level <= limit_; }
  template <typename... Ts> void warn(fmt::format_string<Ts...> format, Ts &&...values) const {
    write(LogLevel::Warn, format, values...);
  }
  template <typename... Ts> void info(fmt::format_string<Ts...> format, Ts &&...values) const {
    write(LogLevel::Info, format, values...);
  }
  template <typename... Ts> void debug(fmt::format_string<Ts...> format, Ts &&...values) const {
    write(LogLevel::Debug, format, values...);
  }

private:
  template <typename... Ts> void write(LogLevel level, fmt::string_view format, const Ts &...values) const {
    if (wants(level))
      sink_(level, fmt::vformat(format, fmt::make_format_args(values...)).c_str());
  }

  LogLevel limit_;
  Sink sink_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_BASE_LOG_H
