//===- Driver.cpp - the CUDA driver API, opened at run time *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/Driver.h"

#include "runtime/base/Fork.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace muntin::runtime::cuda {

static Status unavailable(std::string message) { return {StatusCode::Unavailable, std::move(message)}; }

Result<std::shared_ptr<const Driver>> Driver::open(const std::string &library) {
  if (Status status = Unforkable::check(); !status)
    return status;
  const Unforkable region;
  // Never closed: a driver has threads of its own.
  void *handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) {
    const char *reason = ::dlerror();
    return unavailable(fmt::format("there is no CUDA driver: {}", reason ? reason : library));
  }
  auto driver = std::make_shared<Driver>();
  driver->library_ = library;
  driver->emulated_ = ::dlsym(handle, "mtn_emulator_set_devices") != nullptr;
  const char *missing = nullptr;
#define MUNTIN_FIND(member, name, parameters)                                                                          \
  driver->member = reinterpret_cast<decltype(driver->member)>(::dlsym(handle, #name));                                 \
  missing = driver->member ? missing : #name;
  MUNTIN_CUDA_FUNCTIONS(MUNTIN_FIND)
#undef MUNTIN_FIND
  if (missing)
    return unavailable(fmt::format("the CUDA driver {} is too old: it lacks {}", library, missing));
  const Code code = driver->init(0);
  if (code == kNoDevice)
    return unavailable(fmt::format("the CUDA driver {} finds no device", library));
  if (Status status = driver->check(code, "cuInit"); !status)
    return unavailable(status.message());
  return std::shared_ptr<const Driver>(std::move(driver));
}

Status Driver::check(Code code, const std::string &what) const {
  if (code == kSuccess)
    return {};
  const char *name = nullptr, *text = nullptr;
  getErrorName(code, &name);
  getErrorString(code, &text);
  constexpr Code kOutOfMemory = 2;
  return {code == kOutOfMemory ? StatusCode::OutOfMemory : StatusCode::Unavailable,
          fmt::format("{}: {} ({}): {}", what, name ? name : "unknown error", code, text ? text : "no text")};
}

} // namespace muntin::runtime::cuda
