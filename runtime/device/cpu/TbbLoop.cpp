//===- TbbLoop.cpp - a parallel loop on oneTBB -------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/TbbLoop.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <new>
#include <optional>

namespace muntin::runtime {

struct TbbLoop::State {
  explicit State(int threads) : arena(threads) {
    constexpr auto kLimit = tbb::global_control::max_allowed_parallelism;
    if (static_cast<size_t>(threads) > tbb::global_control::active_value(kLimit))
      allowance.emplace(kLimit, static_cast<size_t>(threads));
  }
  /// The last session waits for oneTBB's threads to end, unless the host program uses them too: a thread that is still
  /// on its way when libmuntin.so and libtbb.so are unloaded runs into nothing.
  ~State() {
    arena.terminate();
    allowance.reset();
    (void)tbb::finalize(scheduler, std::nothrow);
  }

  tbb::task_arena arena;
  std::optional<tbb::global_control> allowance; ///< for more threads than processors
  tbb::task_scheduler_handle scheduler{tbb::attach{}};
};

constexpr uint64_t kNowhere = ~uint64_t(0);
static constinit std::atomic<uint64_t> home{kNowhere}; ///< the process, by its forks, that oneTBB was started in

bool TbbLoop::usable() {
  uint64_t started = kNowhere;
  return home.compare_exchange_strong(started, forkCount()) || started == forkCount();
}

TbbLoop::TbbLoop(int threads) : threads_(threads) {}

TbbLoop::~TbbLoop() {
  const Unforkable region;
  if (birthplace_.inherited()) // its threads are not in this process; to wait for them would be for ever
    (void)state_.release();
  state_.reset();
}

void TbbLoop::run(int times, void (*work)(void *owner, void *loop), void *owner, void *loop) {
  std::call_once(started_, [this] {
    const Unforkable region; // oneTBB opens libraries when it starts
    state_ = std::make_unique<State>(threads_);
  });
  state_->arena.execute(
      [=] { tbb::parallel_for(0, times, [=](int) { work(owner, loop); }, tbb::simple_partitioner()); });
}

} // namespace muntin::runtime
