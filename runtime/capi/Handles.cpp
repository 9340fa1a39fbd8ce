//===- Handles.cpp - which handles live --------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/capi/Handles.h"

#include <map>
#include <mutex>
#include <string_view>

namespace muntin::runtime {

#ifdef NDEBUG

// A lock for each call is too much for a library that is in use.
Status checkHandle(const char *kind, const void *handle) {
  return handle ? Status() : Status::invalid(fmt::format("{} is null", kind));
}
void noteHandle(const char *, const void *) {}
void forgetHandle(const void *) {}

#else

namespace {
struct Living {
  std::mutex mutex;
  std::map<const void *, std::string_view> kinds;
};
} // namespace

static Living &living() {
  static Living all;
  return all;
}

Status checkHandle(const char *kind, const void *handle) {
  if (!handle)
    return Status::invalid(fmt::format("{} is null", kind));
  const std::lock_guard lock(living().mutex);
  const auto found = living().kinds.find(handle);
  if (found == living().kinds.end())
    return Status::invalid(fmt::format("{} is {}, which was released or never was a handle", kind, handle));
  if (found->second != kind)
    return Status::invalid(fmt::format("{} is {}, which is a {}", kind, handle, found->second));
  return {};
}

void noteHandle(const char *kind, const void *handle) {
  const std::lock_guard lock(living().mutex);
  living().kinds[handle] = kind;
}

void forgetHandle(const void *handle) {
  const std::lock_guard lock(living().mutex);
  living().kinds.erase(handle);
}

#endif

} // namespace muntin::runtime
