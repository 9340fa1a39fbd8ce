//===- Workers.h - tasks over threads ----------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_DEVICE_CPU_WORKERS_H
#define MUNTIN_RUNTIME_DEVICE_CPU_WORKERS_H

#include "runtime/base/Fork.h"
#include "runtime/device/cpu/TbbLoop.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace muntin::runtime {

/// The parallel loop of a host program: calls body(context, begin, end) for
/// disjoint ranges that together are [0, count), and returns when all are done.
struct HostParallelFor {
  using Body = void (*)(void *context, int64_t begin, int64_t end);
  void (*run)(void *user, int64_t count, Body body, void *context) = nullptr;
  void *user = nullptr;
};

/// Runs loops over tasks on oneTBB's threads or on the host's.
class Workers {
public:
  Workers(int threads, HostParallelFor host) : threads_(threads), host_(host) {}

  int threads() const { return threads_; }
  /// Calls body for disjoint ranges that together are [0, count), on at most
  /// `limit` threads at once (0: no limit), and returns when all are done. The
  /// host's loop decides by itself how many threads it uses, unless limit is 1.
  void run(int64_t count, int limit, HostParallelFor::Body body, void *context);

private:
  static void work(void *self, void *loop);

  const Birthplace birthplace_;
  const int threads_;
  const HostParallelFor host_;
  TbbLoop loop_{threads_};
  /// Raised when work is handed out and when it is done. It makes visible to
  /// each side what the other wrote; oneTBB does too, but no sanitizer can see that.
  std::atomic<uint64_t> handovers_{0};
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_DEVICE_CPU_WORKERS_H
