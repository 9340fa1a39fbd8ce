//===- Handles.cpp - which handles live --------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/capi/Handles.h"

#include <mutex>
#include <set>

namespace muntin::runtime {

#ifdef NDEBUG

// A lock for each call is too much for a library that is in use.
Status checkHandle(const char *what, const void *handle) {
  return handle ? Status() : Status::invalid(fmt::format("{} is null", what));
}
void noteHandle(const void *) {}
void forgetHandle(const void *) {}

#else

namespace {
struct Living {
  std::mutex mutex;
  std::set<const void *> handles;
};
} // namespace

static Living &living() {
  static Living all;
  return all;
}

Status checkHandle(const char *what, const void *handle) {
  if (!handle)
    return Status::invalid(fmt::format("{} is null", what));
  const std::lock_guard lock(living().mutex);
  if (!living().handles.contains(handle))
    return Status::invalid(fmt::format("{} is {}, which was released or never was a handle", what, handle));
  return {};
}

void noteHandle(const void *handle) {
  const std::lock_guard lock(living().mutex);
  living().handles.insert(handle);
}

void forgetHandle(const void *handle) {
  const std::lock_guard lock(living().mutex);
  living().handles.erase(handle);
}

#endif

} // namespace muntin::runtime
