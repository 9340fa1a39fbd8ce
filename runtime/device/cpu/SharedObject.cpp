//===- SharedObject.cpp - machine code from bytes to entries *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/SharedObject.h"

#include "runtime/device/cpu/KernelFolder.h"

#include <fmt/format.h>

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace muntin::runtime {

static Result<void *> openLibrary(const std::string &path) {
  if (void *handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL))
    return handle;
  const char *reason = ::dlerror();
  return Status(StatusCode::IoError, fmt::format("cannot load {}: {}", path, reason ? reason : "no reason given"));
}

static bool refusesCode(const std::string &folder) {
  struct statvfs info{};
  return ::statvfs(folder.c_str(), &info) == 0 && (info.f_flag & ST_NOEXEC);
}

/// The loaded file's path and handle.
static Result<std::pair<std::string, void *>> openFromFile(const std::string &base, std::string_view bytes) {
  if (refusesCode(base))
    return Status(StatusCode::IoError, fmt::format("{} is mounted noexec", base));
  Result<std::string> path = KernelFolder::instance().write(base, bytes);
  if (!path)
    return path.status();
  Result<void *> handle = openLibrary(*path);
  if (!handle) {
    ::unlink(path->c_str());
    return handle.status();
  }
  return std::pair(*path, *handle);
}

Result<std::unique_ptr<Module>> SharedObject::open(std::string_view bytes, std::span<const std::string> bases,
                                                   const Log &log) {
  std::string reasons;
  for (const std::string &base : bases) {
    auto opened = openFromFile(base, bytes);
    if (opened)
      return std::unique_ptr<Module>(new SharedObject(opened->second, opened->first, {}));
    reasons += opened.status().message() + "; ";
  }
  Descriptor memory(::memfd_create("muntin-kernel", MFD_CLOEXEC));
  if (!memory)
    return Status(StatusCode::IoError, reasons + ioError("create", "a memfd").message());
  if (Status status = writeAll(memory, bytes, "a memfd"); !status)
    return status;
  const std::string path = fmt::format("/proc/self/fd/{}", memory.get());
  Result<void *> handle = openLibrary(path);
  if (!handle)
    return Status(StatusCode::IoError, reasons + handle.status().message());
  log.warn("no folder can hold code, so a kernel is loaded from memory and has no name in perf ({})", reasons);
  return std::unique_ptr<Module>(new SharedObject(*handle, path, std::move(memory)));
}

SharedObject::~SharedObject() {
  ::dlclose(handle_);
  if (memory_)
    return;
  // A kernel has nothing that would keep it mapped, but a file in use is never removed.
  if (void *still = ::dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD))
    ::dlclose(still);
  else
    ::unlink(path_.c_str());
}

Result<void *> SharedObject::entry(const std::string &name) const {
  if (void *address = ::dlsym(handle_, name.c_str()))
    return address;
  return Status(StatusCode::CheckFailed, fmt::format("the kernel image has no entry {}", name));
}

} // namespace muntin::runtime
