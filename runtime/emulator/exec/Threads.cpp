//===- Threads.cpp - the same work on several threads ---------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Threads.h"

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

namespace muntin::emulator {

static int arenaSize(unsigned wanted) { return wanted ? static_cast<int>(wanted) : tbb::task_arena::automatic; }

int threadsFor(unsigned wanted) { return tbb::task_arena(arenaSize(wanted)).max_concurrency(); }

void onThreads(unsigned wanted, int times, void (*work)(void *context), void *context) {
  tbb::task_arena arena(arenaSize(wanted));
  arena.execute([=] { tbb::parallel_for(0, times, [=](int) { work(context); }, tbb::simple_partitioner()); });
}

} // namespace muntin::emulator
