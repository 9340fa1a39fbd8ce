//===- Files.h - descriptors that close, and whole files ---*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_BASE_FILES_H
#define MUNTIN_RUNTIME_BASE_FILES_H

#include "runtime/abi/Result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace muntin::runtime {

/// Owns a file descriptor.
class Descriptor {
public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor &operator=(Descriptor &&other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

/// "cannot WHAT PATH: reason", from errno.
Status ioError(std::string_view what, std::string_view path);

/// Writes all of `bytes`, however often the system takes only a part.
Status writeAll(const Descriptor &file, std::string_view bytes, std::string_view path);

/// Creates `path` with mode 0600; it must not exist. Nothing is left behind on failure.
Status createFile(const std::string &path, std::string_view bytes);

/// Readers of `path` see the old contents or all of `bytes`, never a part: a
/// temporary file beside it, then rename.
Status replaceFile(const std::string &path, std::string_view bytes);

/// True if `size` bytes from `offset` on were there, however often the system gives only a part. errno is 0 where the
/// file ends before.
bool readAt(const Descriptor &file, void *target, size_t size, uint64_t offset);

Result<std::string> readFile(const std::string &path);
/// From where `file` stands to its end.
Result<std::string> readAll(const Descriptor &file, std::string_view path);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_BASE_FILES_H
