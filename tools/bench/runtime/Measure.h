//===- Measure.h - nanoseconds and cycles of a short call --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_BENCH_RUNTIME_MEASURE_H
#define MUNTIN_TOOLS_BENCH_RUNTIME_MEASURE_H

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <thread>
#include <vector>

#include <x86intrin.h>

namespace muntin::bench {

struct Cost {
  double nanoseconds = 0, cycles = 0; ///< per call; cycles of the time stamp counter
};

/// The median over batches, each too short to be interrupted often.
template <typename Call> Cost measure(const Call &call, int batches = 400, int perBatch = 500) {
  std::vector<double> nanoseconds, cycles;
  for (int batch = 0; batch < batches; ++batch) {
    const auto start = std::chrono::steady_clock::now();
    const uint64_t first = __rdtsc();
    for (int i = 0; i < perBatch; ++i)
      call();
    const uint64_t last = __rdtsc();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    nanoseconds.push_back(took.count() / perBatch);
    cycles.push_back(static_cast<double>(last - first) / perBatch);
  }
  const auto median = [](std::vector<double> &values) {
    std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
    return values[values.size() / 2];
  };
  return {median(nanoseconds), median(cycles)};
}

/// Calls per second of processor time, over `threads` threads at once. makeCall() gives each its own. Processor time,
/// as other work on the machine must not count; threads that hinder each other (a shared line, a shared core) still
/// show.
template <typename MakeCall> double throughput(int threads, const MakeCall &makeCall, int calls = 400000) {
  std::vector<double> rates(static_cast<size_t>(threads));
  std::vector<std::thread> running;
  std::atomic<int> ready{0};
  for (double &rate : rates)
    running.emplace_back([&] {
      const auto call = makeCall();
      call();
      for (++ready; ready.load() < threads;)
        ;
      timespec start{}, end{};
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
      for (int i = 0; i < calls; ++i)
        call();
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
      rate = calls /
             (static_cast<double>(end.tv_sec - start.tv_sec) + 1e-9 * static_cast<double>(end.tv_nsec - start.tv_nsec));
    });
  double sum = 0;
  for (size_t i = 0; i < running.size(); ++i) {
    running[i].join();
    sum += rates[i];
  }
  return sum;
}

} // namespace muntin::bench

#endif // MUNTIN_TOOLS_BENCH_RUNTIME_MEASURE_H
