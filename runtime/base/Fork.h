//===- Fork.h - what a forked child must know --------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// fork() copies one thread. In the child the other threads of the pool, of
// streams and of compilations are gone, and a lock that one of them held at that
// moment is never released. So:
//
//   what was made before the fork     runs what it has, on the calling thread;
//                                     makes nothing new
//   what is made in the child         works in full, unless the fork came while
//                                     another thread was in the loader, the
//                                     compiler or the cache: then no kernel is
//                                     made, and no library opened or closed
//
// The alternative, a handler that makes fork() wait until all are out, was
// rejected: a fork would last as long as a compilation, and for ever where what
// is opened registers handlers of its own (glibc before 2.36 holds a lock then).
//
// Reading these is a load: hits ask for them too.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_BASE_FORK_H
#define MUNTIN_RUNTIME_BASE_FORK_H

#include "runtime/abi/Result.h"

#include <cstdint>

namespace muntin::runtime {

/// How many forks lie between the start of the program and this process.
uint64_t forkCount();

/// Remembers the process it was made in.
class Birthplace {
public:
  bool inherited() const { return forkCount() != forks_; }

private:
  uint64_t forks_ = forkCount();
};

/// Held while locks that are not ours may be held: those of the loader, of the compiler, of the cache's files.
class Unforkable {
public:
  Unforkable();
  ~Unforkable();
  Unforkable(const Unforkable &) = delete;

  /// True in a child whose fork came while some thread was in here; entering would wait for ever.
  static bool broken();
  /// What to tell who wants to enter, if so.
  static Status check();
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_BASE_FORK_H
