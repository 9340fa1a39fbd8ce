//===- Driver.h - the driver library in tests -------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_EMULATOR_DRIVER_H
#define MUNTIN_TESTS_RUNTIME_EMULATOR_DRIVER_H

#include "runtime/emulator/driver/Types.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <dlfcn.h>
#include <string>

namespace muntin::emulator::driver {

/// Opened as a runtime would open it, in a process in which another library exports the same names to everyone.
inline void *library() {
  static void *handle = [] {
    setenv("MUNTIN_EMULATOR", "sm_80,sm_90a", 1);
    setenv("MUNTIN_EMULATOR_ASYNC", "late", 1);
    EXPECT_NE(dlopen(MUNTIN_DECOY_LIBRARY, RTLD_NOW | RTLD_GLOBAL), nullptr) << dlerror();
    void *h = dlopen(MUNTIN_EMULATOR_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(h, nullptr) << dlerror();
    return h;
  }();
  return handle;
}

/// Calls an exported entry point by name.
template <typename... A> CUresult call(const char *name, A... arguments) {
  auto *f = reinterpret_cast<CUresult (*)(A...)>(dlsym(library(), name));
  EXPECT_NE(f, nullptr) << name;
  return f ? f(arguments...) : CUDA_ERROR_NOT_FOUND;
}

inline std::string lastMessage() {
  char text[2048];
  reinterpret_cast<size_t (*)(char *, size_t)>(dlsym(library(), "mtn_emulator_last_message"))(text, sizeof text);
  return text;
}

} // namespace muntin::emulator::driver

#endif // MUNTIN_TESTS_RUNTIME_EMULATOR_DRIVER_H
