//===- TbbLoop.h - a parallel loop on oneTBB ---------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_DEVICE_CPU_TBBLOOP_H
#define MUNTIN_RUNTIME_DEVICE_CPU_TBBLOOP_H

#include "runtime/base/Fork.h"

#include <memory>
#include <mutex>

namespace muntin::runtime {

/// The threads of one session. All that we use of oneTBB is behind this class:
/// ThreadSanitizer does not see the library's synchronisation, so that the file
/// of its templates is not instrumented, and the caller synchronises with what
/// it runs (Workers.cpp).
class TbbLoop {
public:
  /// More threads than processors are allowed. Nothing of oneTBB is touched before run().
  explicit TbbLoop(int threads);
  ~TbbLoop();

  /// False in a forked child of a process that ran a loop: oneTBB's threads are not there, and what locks they or
  /// others held in it at that moment (its allocator's, too) nobody opens.
  static bool usable();

  /// Only where usable(). Calls work(owner, loop) `times` times, on as many threads as come; returns when all are done.
  void run(int times, void (*work)(void *owner, void *loop), void *owner, void *loop);

private:
  struct State;
  const Birthplace birthplace_;
  const int threads_;
  std::once_flag started_;
  std::unique_ptr<State> state_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_DEVICE_CPU_TBBLOOP_H
