//===- LastError.h - failures as the C interface tells them *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_CAPI_LASTERROR_H
#define MUNTIN_RUNTIME_CAPI_LASTERROR_H

#include "muntin/muntin.h"
#include "runtime/abi/Result.h"

#include <exception>
#include <new>
#include <string>

namespace muntin::runtime {

/// Notes a failure for mtn_last_error() of this thread. Returns its code.
mtn_status report(const Status &status, const std::string &reproducer = {}) noexcept;
mtn_status reportOutOfMemory() noexcept;

/// Runs `body`, which returns a Status or an mtn_status; nothing it throws gets out.
template <typename Body> mtn_status guarded(const Body &body) noexcept {
  try {
    if constexpr (std::is_same_v<decltype(body()), mtn_status>)
      return body();
    else
      return report(body());
  } catch (const std::bad_alloc &) {
    return reportOutOfMemory();
  } catch (const std::exception &failure) {
    return report(Status(StatusCode::CompileFailed, std::string("a defect of ours: ") + failure.what()));
  }
}

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_CAPI_LASTERROR_H
