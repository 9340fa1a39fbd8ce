//===- Files.cpp - descriptors that close, and whole files -*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/Files.h"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace muntin::runtime {

Descriptor::~Descriptor() {
  if (fd_ >= 0)
    ::close(fd_);
}

Status ioError(std::string_view what, std::string_view path) {
  const std::string reason = std::generic_category().message(errno); // strerror() is not thread safe
  return {StatusCode::IoError, fmt::format("cannot {} {}: {}", what, path, reason)};
}

Status writeAll(const Descriptor &file, std::string_view bytes, std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written > 0)
      bytes.remove_prefix(static_cast<size_t>(written));
    else if (written < 0 && errno != EINTR)
      return ioError("write", path);
  }
  return {};
}

Status createFile(const std::string &path, std::string_view bytes) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file)
    return ioError("create", path);
  Status status = writeAll(file, bytes, path);
  if (!status)
    ::unlink(path.c_str());
  return status;
}

Status replaceFile(const std::string &path, std::string_view bytes) {
  static std::atomic<uint64_t> counter{0};
  const std::string temporary = fmt::format("{}.{}-{}.tmp", path, ::getpid(), counter++);
  if (Status status = createFile(temporary, bytes); !status)
    return status;
  if (::rename(temporary.c_str(), path.c_str()) == 0)
    return {};
  Status status = ioError("replace", path);
  ::unlink(temporary.c_str());
  return status;
}

Result<std::string> readAll(const Descriptor &file, std::string_view path) {
  std::string bytes;
  char buffer[1 << 16];
  while (true) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got == 0)
      return bytes;
    if (got > 0)
      bytes.append(buffer, static_cast<size_t>(got));
    else if (errno != EINTR)
      return ioError("read", path);
  }
}

bool readAt(const Descriptor &file, void *target, size_t size, uint64_t offset) {
  for (size_t done = 0; done < size;) {
    const ssize_t got =
        ::pread(file.get(), static_cast<char *>(target) + done, size - done, static_cast<off_t>(offset + done));
    if (got == 0)
      errno = 0;
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

Result<std::string> readFile(const std::string &path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file)
    return ioError("open", path);
  return readAll(file, path);
}

} // namespace muntin::runtime
