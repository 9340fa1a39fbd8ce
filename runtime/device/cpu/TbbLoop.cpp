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

#include <mutex>
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
    if (scheduler)
      (void)tbb::finalize(scheduler, std::nothrow);
  }

  tbb::task_arena arena;
  std::optional<tbb::global_control> allowance; ///< for more threads than processors
  std::once_flag attached;
  tbb::task_scheduler_handle scheduler;
};

TbbLoop::TbbLoop(int threads) : state_(std::make_unique<State>(threads)) {}
TbbLoop::~TbbLoop() {
  if (birthplace_.inherited()) // its threads are not in this process; to wait for them would be for ever
    (void)state_.release();
}

void TbbLoop::run(int times, void (*work)(void *owner, void *loop), void *owner, void *loop) {
  std::call_once(state_->attached, [this] { state_->scheduler = tbb::task_scheduler_handle{tbb::attach{}}; });
  state_->arena.execute(
      [=] { tbb::parallel_for(0, times, [=](int) { work(owner, loop); }, tbb::simple_partitioner()); });
}

} // namespace muntin::runtime
