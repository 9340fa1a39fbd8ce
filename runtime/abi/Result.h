//===- Result.h - statuses without exceptions ------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every call that can fail returns a Status or a Result<T>. A message is one
// sentence that names the field, the value and the bound.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ABI_RESULT_H
#define MUNTIN_ABI_RESULT_H

#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace muntin {

/// What kind of failure; the command's exit code follows from it.
enum class StatusCode : int {
  Ok = 0,
  InvalidArgument = 1,  ///< the request is wrong: exit code 2
  NotInThisVersion = 2, ///< named by the contract, not built yet: exit code 2
  Unavailable = 3,      ///< this machine cannot do it: exit code 3
  CompileFailed = 4,    ///< a defect of ours: exit code 4
  IoError = 5,          ///< a file could not be read or written: exit code 2
  CheckFailed = 6,      ///< a result or an entry is damaged: exit code 1
  OutOfMemory = 7,      ///< exit code 3
  Cancelled = 8,        ///< by the caller: exit code 3
  TimedOut = 9,         ///< the caller would not wait longer: exit code 3
};

class [[nodiscard]] Status {
public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}
  static Status invalid(std::string message) { return {StatusCode::InvalidArgument, std::move(message)}; }

  bool ok() const { return code_ == StatusCode::Ok; }
  explicit operator bool() const { return ok(); }
  StatusCode code() const { return code_; }
  const std::string &message() const { return message_; }

private:
  StatusCode code_ = StatusCode::Ok;
  std::string message_;
};

/// A value, or the Status that says why there is none.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) { assert(!status_.ok() && "a failure needs a code"); }

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Status &status() const { return status_; }
  // As with std::optional, the caller has asked ok().
  // NOLINTBEGIN(bugprone-unchecked-optional-access)
  T &operator*() { return *value_; }
  const T &operator*() const { return *value_; }
  T *operator->() { return &*value_; }
  const T *operator->() const { return &*value_; }
  // NOLINTEND(bugprone-unchecked-optional-access)

private:
  std::optional<T> value_;
  Status status_;
};

} // namespace muntin

#endif // MUNTIN_ABI_RESULT_H
