//===- Parallel.h - a loop over threads ---------------------- -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_REFERENCE_PARALLEL_H
#define MUNTIN_COMPILER_REFERENCE_PARALLEL_H

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

namespace muntin::reference {

/// Calls body(0) ... body(count - 1), each once, in any order; 0 threads: as many as the machine has.
template <typename Body> void parallelFor(int64_t count, int threads, Body body) {
  if (threads <= 0)
    threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  threads = static_cast<int>(std::min<int64_t>(threads, count));
  std::atomic<int64_t> next = 0;
  const auto work = [&] {
    for (int64_t i = next++; i < count; i = next++)
      body(i);
  };
  std::vector<std::thread> others;
  try {
    for (int i = 1; i < threads; ++i)
      others.emplace_back(work);
  } catch (const std::system_error &) {
    // The machine gives no more threads: those that there are do the work.
  }
  work();
  for (std::thread &other : others)
    other.join();
}

} // namespace muntin::reference

#endif // MUNTIN_COMPILER_REFERENCE_PARALLEL_H
