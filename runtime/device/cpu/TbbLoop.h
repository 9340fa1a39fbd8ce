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

namespace muntin::runtime {

/// The threads of one session. All that we use of oneTBB is behind this class:
/// ThreadSanitizer does not see the library's synchronisation, so that the file
/// of its templates is not instrumented, and the caller synchronises with what
/// it runs (Workers.cpp).
class TbbLoop {
public:
  /// More threads than processors are allowed. None is started before run().
  explicit TbbLoop(int threads);
  ~TbbLoop();

  /// Calls work(owner, loop) `times` times, on as many threads as come; returns when all are done.
  void run(int times, void (*work)(void *owner, void *loop), void *owner, void *loop);

private:
  struct State;
  const Birthplace birthplace_;
  std::unique_ptr<State> state_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_DEVICE_CPU_TBBLOOP_H
