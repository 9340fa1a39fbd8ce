//===- outcome.hpp - how a call ended ---------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_OUTCOME_HPP
#define MUNTIN_OUTCOME_HPP

#include "muntin/status.h"

#include <cassert>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#ifdef MUNTIN_EXCEPTIONS
#include <stdexcept>
#endif

namespace muntin {

/// How a call ended: success, or a code with one sentence.
class [[nodiscard]] Outcome {
public:
  Outcome() = default;
  /// Takes the thread's last error along if `status` is a failure.
  explicit Outcome(mtn_status status) : code_(status) {
    if (status == MTN_OK)
      return;
    message_ = mtn_last_error()->message;
    if (const char *path = mtn_last_error()->reproducer)
      reproducer_ = path;
  }

  bool ok() const { return code_ == MTN_OK; }
  explicit operator bool() const { return ok(); }
  mtn_status code() const { return code_; }
  const std::string &message() const { return message_; }
  /// A file that replays a failed compilation, or "".
  const std::string &reproducer() const { return reproducer_; }

private:
  mtn_status code_ = MTN_OK;
  std::string message_, reproducer_;
};

#ifdef MUNTIN_EXCEPTIONS
/// What value() throws.
class Failure : public std::runtime_error {
public:
  explicit Failure(Outcome outcome) : std::runtime_error(outcome.message()), outcome_(std::move(outcome)) {}
  const Outcome &outcome() const { return outcome_; }

private:
  Outcome outcome_;
};
#endif

/// A value, or the Outcome that says why there is none; to be used like std::expected, which C++20 has not. `*` and
/// `->` need a value.
template <typename T> class [[nodiscard]] Expected {
public:
  using value_type = T;
  using error_type = Outcome;

  Expected(T value) : value_(std::move(value)) {}
  Expected(Outcome failure) : failure_(std::move(failure)) { assert(!failure_.ok() && "a failure needs a code"); }

  bool ok() const { return value_.has_value(); }
  bool has_value() const { return ok(); }
  explicit operator bool() const { return ok(); }
  const Outcome &error() const { return failure_; }
  T &operator*() & { return *value_; }
  const T &operator*() const & { return *value_; }
  T &&operator*() && { return std::move(*value_); }
  T *operator->() { return &*value_; }
  const T *operator->() const { return &*value_; }

  template <typename U> T value_or(U &&other) && {
    return ok() ? std::move(*value_) : static_cast<T>(std::forward<U>(other));
  }
  /// next(value), an Expected or an Outcome, or the failure.
  template <typename Next> auto and_then(Next &&next) && -> std::invoke_result_t<Next, T &&> {
    if (!ok())
      return std::move(failure_);
    return std::invoke(std::forward<Next>(next), std::move(*value_));
  }
  /// An Expected of change(value), or the failure.
  template <typename Change> auto transform(Change &&change) && -> Expected<std::invoke_result_t<Change, T &&>> {
    if (!ok())
      return std::move(failure_);
    return std::invoke(std::forward<Change>(change), std::move(*value_));
  }

#ifdef MUNTIN_EXCEPTIONS
  /// The value; throws Failure if there is none.
  T value() && {
    if (!ok())
      throw Failure(failure_);
    return std::move(*value_);
  }
#endif

private:
  std::optional<T> value_;
  Outcome failure_;
};

} // namespace muntin

#endif // MUNTIN_OUTCOME_HPP
