//===- KernelFolder.cpp - a private place for code on disk -*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/KernelFolder.h"

#include "runtime/base/Files.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>
#include <optional>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muntin::runtime {

/// When process `pid` started, in clock ticks since boot; nothing if that cannot be read.
static std::optional<uint64_t> startTime(const std::string &pid) {
  Result<std::string> text = readFile("/proc/" + pid + "/stat");
  if (!text)
    return std::nullopt;
  // The second field is the command in parentheses and may hold spaces; the start time is the 22nd.
  size_t at = text->rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field)
    at = text->find(' ', at + 1);
  uint64_t ticks = 0;
  if (at == std::string::npos ||
      std::from_chars(text->data() + at + 1, text->data() + text->size(), ticks).ec != std::errc())
    return std::nullopt;
  return ticks;
}

/// The part of a folder's name that all processes of this user and pid namespace share.
static std::string namePrefix() {
  struct stat space{};
  if (::stat("/proc/self/ns/pid", &space) != 0)
    space.st_ino = 0;
  return fmt::format("muntin-{}-{}-", ::getuid(), space.st_ino);
}

/// True if `rest`, "PID-START" or "PID-START-N", names a process that is no more.
static bool isDead(std::string_view rest) {
  pid_t pid = 0;
  uint64_t start = 0;
  const char *end = rest.data() + rest.size();
  const auto first = std::from_chars(rest.data(), end, pid);
  if (first.ec != std::errc() || pid <= 0 || first.ptr == end || *first.ptr != '-')
    return false;
  if (std::from_chars(first.ptr + 1, end, start).ec != std::errc())
    return false;
  if (::kill(pid, 0) != 0 && errno == ESRCH)
    return true;
  const std::optional<uint64_t> now = startTime(std::to_string(pid));
  return now && *now != start;
}

/// Removes a folder of files. Links are not followed.
static bool removeFolder(int parent, const char *name) {
  const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return false;
  struct stat info{};
  const std::unique_ptr<DIR, int (*)(DIR *)> folder(::fdopendir(fd), ::closedir);
  if (!folder || ::fstat(fd, &info) != 0 || info.st_uid != ::getuid())
    return false;
  while (const dirent *entry = ::readdir(folder.get()))
    ::unlinkat(fd, entry->d_name, 0); // "." and ".." refuse
  return ::unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

int sweepKernelFolders(const std::string &base) {
  const std::unique_ptr<DIR, int (*)(DIR *)> folder(::opendir(base.c_str()), ::closedir);
  if (!folder)
    return 0;
  const std::string prefix = namePrefix();
  int removed = 0;
  while (const dirent *entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name.starts_with(prefix) && isDead(name.substr(prefix.size())))
      removed += removeFolder(::dirfd(folder.get()), entry->d_name);
  }
  return removed;
}

KernelFolder &KernelFolder::instance() {
  static KernelFolder folder;
  return folder;
}

KernelFolder::~KernelFolder() {
  if (owner_ != ::getpid()) // after fork() the folders are still the parent's
    return;
  for (const Entry &entry : folders_)
    removeFolder(AT_FDCWD, entry.path.c_str());
}

Result<std::string> KernelFolder::folderIn(const std::string &base) {
  if (owner_ != ::getpid()) {
    folders_.clear();
    owner_ = ::getpid();
  }
  for (const Entry &entry : folders_)
    if (entry.base == base)
      return entry.path;
  sweepKernelFolders(base);
  const uint64_t start = startTime("self").value_or(0);
  const std::string stem = fmt::format("{}/{}{}-{}", base, namePrefix(), owner_, start);
  std::string path = stem;
  for (int attempt = 1; ::mkdir(path.c_str(), 0700) != 0; ++attempt) {
    if (errno != EEXIST || attempt == 100)
      return ioError("create the folder", path);
    path = fmt::format("{}-{}", stem, attempt); // someone else's, or of a boot before this one: leave it alone
  }
  folders_.push_back({base, path});
  return path;
}

Result<std::string> KernelFolder::write(const std::string &base, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  Result<std::string> folder = folderIn(base);
  if (!folder)
    return folder;
  const std::string path = fmt::format("{}/kernel-{}.so", *folder, next_++);
  if (Status status = createFile(path, bytes); !status)
    return status;
  return path;
}

} // namespace muntin::runtime
