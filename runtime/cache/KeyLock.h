//===- KeyLock.h - one compilation of a problem per machine *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One file for all keys, which nobody has to clean up: who compiles a key holds
// the byte at the offset that is the key's hash. The system releases it when its
// process dies.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_CACHE_KEYLOCK_H
#define MUNTIN_RUNTIME_CACHE_KEYLOCK_H

#include "runtime/base/Files.h"

#include <cstdint>
#include <string>

namespace muntin::runtime {

class KeyLock {
public:
  enum class State {
    Held,       ///< ours until the object goes
    Busy,       ///< another process or thread has it
    Impossible, ///< this file system has no locks, or the file cannot be opened
  };

  /// `path` is made if need be. Nothing is locked yet.
  KeyLock(const std::string &path, std::string_view key);
  KeyLock(const KeyLock &) = delete;
  ~KeyLock();

  /// Never waits.
  State tryLock();

private:
  const Descriptor file_;
  const int64_t offset_;
  bool held_ = false;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_CACHE_KEYLOCK_H
