//===- CacheFolder.cpp - the folder of the disk cache ------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cache/CacheFolder.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>
#include <tuple>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muntin::runtime {

/// A file beyond this is none of ours, whatever its footer says: kernels have some hundred kilobytes.
static constexpr uint64_t kMaxEntryBytes = uint64_t{256} << 20;
static constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;
static constexpr std::string_view kTemporarySuffix = ".tmp";

//===-- The folder --------------------------------------------------------===//

/// Independent of later changes of the current folder. "" stays "".
static std::string absolutePath(const std::string &path) {
  if (path.empty() || path.starts_with('/'))
    return path;
  std::string here(PATH_MAX, '\0');
  return ::getcwd(here.data(), here.size()) ? fmt::format("{}/{}", here.c_str(), path) : "";
}

CacheFolder::CacheFolder(const std::string &path) : path_(absolutePath(path)) {}

/// Makes `path` with mode 0700, and what is missing above it as mkdir does.
static Status makeFolders(const std::string &path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    ::mkdir(path.substr(0, slash).c_str(), 0777); // a failure shows below
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return ioError("create the folder", path);
  return {};
}

static Status checkOwner(const struct stat &info, const std::string &path) {
  if (info.st_uid != ::geteuid())
    return {StatusCode::IoError, fmt::format("{} belongs to user {}, not to user {}", path, info.st_uid, ::geteuid())};
  if (info.st_mode & kWritableByOthers)
    return {StatusCode::IoError,
            fmt::format("others may write to {} (mode {:o}); chmod 700 makes it private", path, info.st_mode & 0777)};
  return {};
}

Result<Descriptor> CacheFolder::open(bool create) const {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Descriptor folder(::open(path_.c_str(), kFlags));
  if (!folder && errno == ENOENT && create) {
    if (Status status = makeFolders(path_); !status)
      return status;
    folder = Descriptor(::open(path_.c_str(), kFlags));
  }
  if (!folder && errno == ENOENT)
    return Status(StatusCode::Unavailable, fmt::format("there is no folder {}", path_));
  if (!folder)
    return ioError("open the folder", path_);
  struct stat info{};
  if (::fstat(folder.get(), &info) != 0)
    return ioError("look at", path_);
  if (Status status = checkOwner(info, path_); !status)
    return status;
  return folder;
}

//===-- Reading -----------------------------------------------------------===//

static EntryFile failed(EntryFile file, Reason reason, std::string why) {
  file.reason = reason;
  file.why = std::move(why);
  return file;
}

/// The bytes of the entry in `file`. Its footer is read first, so that no foreign file is read as a whole.
static Result<std::string> readEntry(const Descriptor &file, uint64_t size, const std::string &path) {
  if (size < kEntryFooterBytes || size > kMaxEntryBytes)
    return Status(StatusCode::CheckFailed,
                  fmt::format("entry: {} bytes, expected {} to {}", size, kEntryFooterBytes, kMaxEntryBytes));
  std::string footer(kEntryFooterBytes, '\0');
  if (!readAt(file, footer.data(), footer.size(), size - footer.size()))
    return ioError("read", path);
  const Result<uint64_t> expected = entryBytes(footer);
  if (!expected)
    return expected.status();
  if (*expected != size)
    return Status(StatusCode::CheckFailed, fmt::format("entry: {} bytes, expected {}", size, *expected));
  std::string bytes(size, '\0');
  if (!readAt(file, bytes.data(), bytes.size(), 0))
    return ioError("read", path);
  return bytes;
}

EntryFile CacheFolder::read(const std::string &name, std::string_view problemKey, std::string_view compiler) const {
  EntryFile result{.path = pathOf(name)};
  const Result<Descriptor> folder = open(false);
  if (!folder && folder.status().code() == StatusCode::Unavailable)
    return result;
  if (!folder)
    return failed(std::move(result), Reason::Foreign, folder.status().message());
  // Not to be stopped by a fifo; not to count as a use of the file.
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOATIME;
  const Descriptor file(::openat(folder->get(), name.c_str(), kFlags));
  if (!file && errno == ENOENT)
    return result;
  if (!file)
    return failed(std::move(result),
                  errno == ELOOP || errno == ENXIO || errno == EPERM ? Reason::Foreign : Reason::Unreadable,
                  ioError("open", result.path).message());
  struct stat info{};
  if (::fstat(file.get(), &info) != 0)
    return failed(std::move(result), Reason::Unreadable, ioError("look at", result.path).message());
  if (!S_ISREG(info.st_mode))
    return failed(std::move(result), Reason::Foreign, fmt::format("{} is no regular file", result.path));
  if (Status status = checkOwner(info, result.path); !status)
    return failed(std::move(result), Reason::Foreign, status.message());

  const Result<std::string> bytes = readEntry(file, static_cast<uint64_t>(info.st_size), result.path);
  Result<Entry> entry = bytes ? deserializeEntry(*bytes) : bytes.status();
  if (!entry) {
    const StatusCode code = entry.status().code();
    return failed(std::move(result),
                  code == StatusCode::NotInThisVersion ? Reason::Version
                  : code == StatusCode::IoError        ? Reason::Unreadable
                                                       : Reason::Damaged,
                  entry.status().message());
  }
  const bool asked = (problemKey.empty() || entry->image.problemKey == problemKey) &&
                     (compiler.empty() || entry->compiler == compiler);
  if (!asked)
    return failed(std::move(result), Reason::Foreign,
                  fmt::format("the entry is for '{}' by the compiler {}", entry->image.problemKey, entry->compiler));
  result.reason = Reason::Found;
  result.entry = std::move(*entry);
  return result;
}

//===-- Writing -----------------------------------------------------------===//

Status CacheFolder::write(const std::string &name, std::string_view bytes) const {
  const Result<Descriptor> folder = open(true);
  if (!folder)
    return folder.status();
  static std::atomic<uint64_t> counter{0};
  const std::string temporary = fmt::format("{}.{}-{}{}", name, ::getpid(), counter++, kTemporarySuffix);
  const Descriptor file(
      ::openat(folder->get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file)
    return ioError("create", pathOf(temporary));
  Status status = writeAll(file, bytes, pathOf(temporary));
  // The contents reach the disk before the name does.
  if (status && ::fsync(file.get()) != 0)
    status = ioError("sync", pathOf(temporary));
  if (status && ::renameat(folder->get(), temporary.c_str(), folder->get(), name.c_str()) != 0)
    status = ioError("replace", pathOf(name));
  if (!status)
    ::unlinkat(folder->get(), temporary.c_str(), 0);
  else if (::fsync(folder->get()) != 0 && errno != EINVAL) // some file systems cannot sync a folder
    status = ioError("sync", path_);
  return status;
}

void CacheFolder::touch(const std::string &name) const {
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_NOW}, {.tv_sec = 0, .tv_nsec = UTIME_OMIT}};
  ::utimensat(AT_FDCWD, pathOf(name).c_str(), times, AT_SYMLINK_NOFOLLOW); // a matter of order only: may fail
}

//===-- All of them -------------------------------------------------------===//

/// Calls visit(name) for every file whose name does not begin with a dot.
static void forEachName(const Descriptor &folder, const std::function<void(const char *)> &visit) {
  // Opened anew: the position in a folder belongs to the open file.
  const int fd = ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR *)> names(fd < 0 ? nullptr : ::fdopendir(fd), ::closedir);
  while (const dirent *entry = names ? ::readdir(names.get()) : nullptr)
    if (entry->d_name[0] != '.')
      visit(entry->d_name);
}

static bool earlier(const timespec &left, const timespec &right) {
  return std::tie(left.tv_sec, left.tv_nsec) < std::tie(right.tv_sec, right.tv_nsec);
}

std::vector<FileInfo> CacheFolder::list(std::string_view prefix) const {
  std::vector<FileInfo> files;
  const Result<Descriptor> folder = open(false);
  if (!folder)
    return files;
  forEachName(*folder, [&](const char *file) {
    const std::string_view name = file;
    struct stat info{};
    if (name.starts_with(prefix) && name.ends_with(kEntrySuffix) &&
        ::fstatat(folder->get(), file, &info, AT_SYMLINK_NOFOLLOW) == 0)
      files.push_back({.name = file,
                       .bytes = static_cast<uint64_t>(info.st_size),
                       .written = info.st_mtim,
                       .used = std::max(info.st_mtim, info.st_atim, earlier)});
  });
  std::ranges::sort(files, {}, &FileInfo::name);
  return files;
}

/// True for a temporary file that nobody will finish: its process is gone, or it is from another hour. Should its
/// process live after all, in another pid namespace, its rename fails and its kernel is stored the next time.
static bool isLeftOver(const Descriptor &folder, const char *file) {
  const std::string_view name = file;
  struct stat info{};
  if (!name.ends_with(kTemporarySuffix) || ::fstatat(folder.get(), file, &info, AT_SYMLINK_NOFOLLOW) != 0)
    return false;
  const size_t dash = name.rfind('-'), dot = name.rfind('.', dash);
  pid_t pid = 0;
  if (dash != std::string_view::npos && dot != std::string_view::npos)
    std::from_chars(name.data() + dot + 1, name.data() + dash, pid);
  constexpr time_t kHour = 3600;
  const time_t age = ::time(nullptr) - info.st_mtim.tv_sec;
  return (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) || age > kHour || age < -kHour;
}

int CacheFolder::shrink(uint64_t limit, const std::string &keep) const {
  const Result<Descriptor> folder = open(false);
  if (!folder)
    return 0;
  forEachName(*folder, [&](const char *name) {
    if (isLeftOver(*folder, name))
      ::unlinkat(folder->get(), name, 0);
  });
  std::vector<FileInfo> files = list();
  uint64_t bytes = 0;
  for (const FileInfo &file : files)
    bytes += file.bytes;
  std::ranges::sort(files, earlier, &FileInfo::used);
  int removed = 0;
  for (const FileInfo &file : files) {
    if (bytes <= limit)
      break;
    if (file.name == keep)
      continue;
    bytes -= file.bytes;
    removed += ::unlinkat(folder->get(), file.name.c_str(), 0) == 0; // of two that shrink, one counts it
  }
  return removed;
}

int CacheFolder::clear() const {
  const Result<Descriptor> folder = open(false);
  int removed = 0;
  if (folder)
    forEachName(*folder, [&](const char *file) {
      const std::string_view name = file;
      const bool isEntry = name.ends_with(kEntrySuffix);
      if (isEntry || name.ends_with(kTemporarySuffix))
        removed += ::unlinkat(folder->get(), file, 0) == 0 && isEntry;
    });
  return removed;
}

} // namespace muntin::runtime
