//===- SharedObject.cpp - machine code from bytes to entries *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/SharedObject.h"

#include "runtime/device/cpu/KernelFolder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include <dlfcn.h>
#include <link.h>
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

static bool refusesCode(const std::string &path) {
  struct statvfs info{};
  return ::statvfs(path.c_str(), &info) == 0 && (info.f_flag & ST_NOEXEC);
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
      return std::unique_ptr<Module>(new SharedObject(opened->second, opened->first, Keeper::Us));
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
  return std::unique_ptr<Module>(new SharedObject(*handle, path, Keeper::Others, std::move(memory)));
}

/// The program headers of the ELF file that `bytes` begins with; none if they do not lie inside.
static std::vector<ElfW(Phdr)> segmentsOf(std::string_view bytes) {
  ElfW(Ehdr) head{};
  if (bytes.size() < sizeof head)
    return {};
  std::memcpy(&head, bytes.data(), sizeof head);
  std::vector<ElfW(Phdr)> segments(head.e_phnum);
  const size_t size = segments.size() * sizeof(ElfW(Phdr));
  if (head.e_phoff > bytes.size() || size > bytes.size() - head.e_phoff)
    return {};
  std::memcpy(segments.data(), bytes.data() + head.e_phoff, size);
  return segments;
}

namespace {
struct Comparison {
  ElfW(Addr) base;
  const std::vector<ElfW(Phdr)> &segments;
  std::string_view bytes;
  bool same = false;
};
} // namespace

/// Compares the library at `base` with the bytes: its program headers, then all that no loader writes to.
static int compareLibrary(dl_phdr_info *info, size_t, void *context) noexcept {
  auto &comparison = *static_cast<Comparison *>(context);
  const auto &segments = comparison.segments;
  if (info->dlpi_addr != comparison.base || info->dlpi_phnum != segments.size() ||
      std::memcmp(info->dlpi_phdr, segments.data(), segments.size() * sizeof(ElfW(Phdr))) != 0)
    return 0;
  comparison.same = std::ranges::all_of(segments, [&](const ElfW(Phdr) & segment) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W))
      return true;
    const std::string_view mapped(reinterpret_cast<const char *>(comparison.base + segment.p_vaddr), segment.p_filesz);
    return segment.p_offset <= comparison.bytes.size() &&
           comparison.bytes.substr(segment.p_offset, segment.p_filesz) == mapped;
  });
  return 1;
}

/// True if what `handle` stands for was mapped from the ELF file that `bytes` begins with.
static bool isMappedFrom(void *handle, std::string_view bytes) {
  link_map *map = nullptr;
  const std::vector<ElfW(Phdr)> segments = segmentsOf(bytes);
  if (segments.empty() || ::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0)
    return false;
  Comparison comparison{.base = map->l_addr, .segments = segments, .bytes = bytes};
  ::dl_iterate_phdr(compareLibrary, &comparison);
  return comparison.same;
}

Result<std::unique_ptr<Module>> SharedObject::openFile(std::string_view bytes, const std::string &path) {
  if (refusesCode(path)) // dlopen() would find out too, but leave a mapping behind
    return Status(StatusCode::IoError, fmt::format("{} is mounted noexec", path));
  const Result<void *> handle = openLibrary(path);
  if (!handle)
    return handle.status();
  if (isMappedFrom(*handle, bytes))
    return std::unique_ptr<Module>(new SharedObject(*handle, path, Keeper::Others));
  ::dlclose(*handle);
  return Status(StatusCode::CheckFailed, fmt::format("{} is not what it was a moment ago", path));
}

SharedObject::~SharedObject() {
  if (Unforkable::broken()) // nobody will open the loader's lock
    return;
  const Unforkable region;
  ::dlclose(handle_);
  if (keeper_ == Keeper::Others || birthplace_.inherited()) // after fork() the file is still the parent's
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
