//===- KeyLock.cpp - one compilation of a problem per machine *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cache/KeyLock.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cerrno>

#include <fcntl.h>

namespace muntin::runtime {

KeyLock::KeyLock(const std::string &path, std::string_view key)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600)),
      // Of 62 bits, because offsets are signed and one more must fit behind it. Two keys that meet wait for each other.
      offset_(static_cast<int64_t>(XXH3_64bits(key.data(), key.size()) >> 2)) {}

/// Locks of the open file, not of the process: threads exclude each other, and closing another descriptor frees
/// nothing.
static int setLock(const Descriptor &file, short type, int64_t offset) {
  struct flock region{};
  region.l_type = type;
  region.l_whence = SEEK_SET;
  region.l_start = offset;
  region.l_len = 1;
  return ::fcntl(file.get(), F_OFD_SETLK, &region);
}

KeyLock::State KeyLock::tryLock() {
  if (!file_)
    return State::Impossible;
  int failed;
  do
    failed = setLock(file_, F_WRLCK, offset_);
  while (failed && errno == EINTR);
  held_ = !failed;
  if (held_)
    return State::Held;
  return errno == EAGAIN || errno == EACCES ? State::Busy : State::Impossible;
}

KeyLock::~KeyLock() {
  // Closing is not enough: a child of fork() may share the open file.
  if (held_)
    setLock(file_, F_UNLCK, offset_);
}

} // namespace muntin::runtime
