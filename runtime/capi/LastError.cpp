//===- LastError.cpp - failures as the C interface tells them *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/capi/LastError.h"

#include <array>

namespace muntin::runtime {

namespace {
struct Detail {
  std::string message, reproducer;
  mtn_error error{MTN_OK, "", nullptr};
};
} // namespace

static thread_local Detail lastError;

mtn_status reportOutOfMemory() noexcept {
  lastError.error = {MTN_OUT_OF_MEMORY, "out of memory", nullptr};
  return MTN_OUT_OF_MEMORY;
}

mtn_status report(const Status &status, const std::string &reproducer) noexcept {
  if (status.ok())
    return MTN_OK;
  try {
    lastError.message = status.message();
    lastError.reproducer = reproducer;
  } catch (const std::bad_alloc &) {
    return reportOutOfMemory();
  }
  lastError.error = {static_cast<mtn_status>(status.code()), lastError.message.c_str(),
                     reproducer.empty() ? nullptr : lastError.reproducer.c_str()};
  return lastError.error.status;
}

} // namespace muntin::runtime

const mtn_error *mtn_last_error(void) { return &muntin::runtime::lastError.error; }

const char *mtn_status_name(mtn_status status) {
  static constexpr std::array names = {"ok",           "invalid argument",   "not in this version",
                                       "unavailable",  "compilation failed", "input/output error",
                                       "check failed", "out of memory"};
  const auto index = static_cast<size_t>(status);
  return index < names.size() ? names[index] : "unknown status";
}
