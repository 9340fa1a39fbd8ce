//===- Workers.cpp - tasks over threads --------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/Workers.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace muntin::runtime {

namespace {
/// Hands out [0, count) in ranges that shrink as the end comes near: long ones
/// first, so that neighbours in a head share its keys in the cache; short ones
/// last, so that no thread waits for another.
class Ranges {
public:
  Ranges(int64_t count, int64_t workers) : count_(count), workers_(workers) {}

  bool take(int64_t &begin, int64_t &end) {
    int64_t next = next_.load(std::memory_order_relaxed);
    do {
      if (next >= count_)
        return false;
      begin = next;
      end = next + std::max<int64_t>(1, (count_ - next) / (kShare * workers_));
    } while (!next_.compare_exchange_weak(next, end, std::memory_order_relaxed));
    return true;
  }

private:
  /// A thread takes this part of its fair share of what is left.
  static constexpr int64_t kShare = 2;
  const int64_t count_, workers_;
  std::atomic<int64_t> next_{0};
};
} // namespace

namespace {
/// One loop, as its workers see it.
struct Loop {
  Ranges ranges;
  HostParallelFor::Body body;
  void *context;
};
} // namespace

void Workers::work(void *self, void *loop) {
  std::atomic<uint64_t> &handovers = static_cast<Workers *>(self)->handovers_;
  handovers.load(std::memory_order_acquire); // before anything of the loop is read
  auto &[ranges, body, context] = *static_cast<Loop *>(loop);
  int64_t begin, end;
  while (ranges.take(begin, end))
    body(context, begin, end);
  handovers.fetch_add(1, std::memory_order_release);
}

/// As TbbLoop::run(), on threads for this once; fewer of them where no more can be started.
static void runOnThreads(int times, void (*work)(void *owner, void *loop), void *owner, void *loop) {
  std::vector<std::jthread> threads;
  try {
    for (int i = 1; i < times; ++i)
      threads.emplace_back(work, owner, loop);
  } catch (const std::exception &) { // no thread, or no memory for one: who is there does it all
  }
  work(owner, loop);
}

void Workers::run(int64_t count, int limit, HostParallelFor::Body body, void *context) {
  const int allowed = limit > 0 ? std::min(limit, threads_) : threads_;
  if (limit == 1 || count == 1)
    return body(context, 0, count);
  if (host_.run)
    return host_.run(host_.user, count, body, context);
  const int workers = static_cast<int>(std::min<int64_t>(allowed, count));
  if (workers == 1 || birthplace_.inherited()) // the pool's threads are not in a forked child
    return body(context, 0, count);

  Loop loop{{count, workers}, body, context};
  handovers_.fetch_add(1, std::memory_order_release);
  TbbLoop::usable() ? loop_.run(workers, work, this, &loop) : runOnThreads(workers, work, this, &loop);
  handovers_.load(std::memory_order_acquire);
}

} // namespace muntin::runtime
