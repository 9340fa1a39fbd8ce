//===- Errors.cpp - error names, settings ---------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/State.h"

#include <algorithm>
#include <cstring>

namespace muntin::emulator::driver {

struct ErrorRow {
  CUresult code;
  const char *name, *text;
};
static constexpr ErrorRow errors[] = {
#define MUNTIN_ERROR(name, code, text) {code, #name, text},
    MUNTIN_CUDA_ERRORS(MUNTIN_ERROR)
#undef MUNTIN_ERROR
};

static const ErrorRow *findError(CUresult code) {
  for (const ErrorRow &row : errors)
    if (row.code == code)
      return &row;
  return nullptr;
}

MUNTIN_API CUresult cuGetErrorName(CUresult error, const char **text) {
  if (!text)
    return CUDA_ERROR_INVALID_VALUE;
  const ErrorRow *row = findError(error);
  *text = row ? row->name : nullptr;
  return row ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

MUNTIN_API CUresult cuGetErrorString(CUresult error, const char **text) {
  if (!text)
    return CUDA_ERROR_INVALID_VALUE;
  const ErrorRow *row = findError(error);
  *text = row ? row->text : nullptr;
  return row ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

// Settings, in the words of the environment variables. They win over those. 0 on success, 1 if not understood.

/// MUNTIN_EMULATOR; takes effect at cuInit, so 1 after it.
MUNTIN_API int mtn_emulator_set_devices(const char *text) {
  Driver &driver = Driver::get();
  const std::lock_guard lock(driver.mutex);
  if (!text || driver.initialised)
    return 1;
  setenv("MUNTIN_EMULATOR", text, 1);
  return 0;
}
MUNTIN_API int mtn_emulator_set_async(const char *text) {
  const std::lock_guard lock(Driver::get().mutex);
  return text && setAsync(Driver::get(), text) ? 0 : 1;
}
MUNTIN_API int mtn_emulator_set_check(const char *text) {
  const std::lock_guard lock(Driver::get().mutex);
  return text && setCheck(Driver::get(), text) ? 0 : 1;
}
MUNTIN_API int mtn_emulator_set_steps(unsigned long long steps) {
  const std::lock_guard lock(Driver::get().mutex);
  Driver::get().options.stepLimit = steps ? steps : Options().stepLimit;
  return 0;
}
MUNTIN_API int mtn_emulator_set_profile(const char *path) {
  Driver &driver = Driver::get();
  const std::lock_guard lock(driver.mutex);
  driver.profilePath = path ? path : "";
  return 0;
}

MUNTIN_API int mtn_emulator_set_report(const char *path) {
  const std::lock_guard lock(Driver::get().mutex);
  Driver::get().reports.writeTo(path ? path : "");
  return 0;
}
/// The sentence of the last failure; returns its length, whatever fits into the buffer is copied.
MUNTIN_API size_t mtn_emulator_last_message(char *buffer, size_t bytes) {
  const std::lock_guard lock(Driver::get().mutex);
  const std::string &m = Driver::get().lastMessage;
  if (buffer && bytes) {
    const size_t n = std::min(bytes - 1, m.size());
    std::memcpy(buffer, m.data(), n);
    buffer[n] = '\0';
  }
  return m.size();
}

} // namespace muntin::emulator::driver
