//===- Measure.cpp - how long a problem takes, beside the machine's peak --===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Measure.h"

#include "tools/muntin/Command.h"

#include <algorithm>
#include <chrono>

using namespace muntin;

static constexpr int64_t kLeastRuns = 5, kMostRuns = 1'000'000;
static constexpr double kProbeEvery = 0.02, kShortestProbe = 0.002, kLongestProbe = 0.05;

double muntin::median(std::vector<double> values) {
  if (values.empty())
    return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1)
    return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

double muntin::forwardFlops(const Problem &problem, double pairs) {
  return 2.0 * static_cast<double>(problem.headDim + problem.valueDim) * pairs;
}

mtn_pointers muntin::pointersOf(const Arguments &arguments, void *workspace) {
  mtn_pointers pointers;
  mtn_pointers_init(&pointers);
  pointers.q = arguments.q.data;
  pointers.k = arguments.k.data;
  pointers.v = arguments.v.data;
  pointers.out = arguments.out.data;
  pointers.lse = static_cast<float *>(arguments.lse->data);
  pointers.segments = arguments.segments ? static_cast<const int32_t *>(arguments.segments->data) : nullptr;
  pointers.kv_segments = arguments.kvSegments ? static_cast<const int32_t *>(arguments.kvSegments->data) : nullptr;
  pointers.workspace = workspace;
  return pointers;
}

Result<Measurement> muntin::measure(const Call &call, const Request &request, Tensors &tensors, const PeakLoop *loop,
                                    int threads, double seconds) {
  Expected<size_t> bytes = call.workspace();
  if (!bytes)
    return toStatus(bytes.error());
  Buffer workspace(*bytes);
  const mtn_pointers pointers = pointersOf(runtimeArguments(request, tensors), workspace.data());
  std::vector<double> runs, cpuRuns, peaks, cpuPeaks;
  double elapsed = 0, cpuElapsed = 0;
  const auto time = [&] {
    const double cpuStart = processSeconds();
    const auto start = std::chrono::steady_clock::now();
    const Outcome done = call.run(pointers);
    elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    cpuElapsed = processSeconds() - cpuStart;
    return done;
  };
  for (int warm = 0; warm < 2; ++warm) // the first touches all pages and starts the threads
    if (const Outcome done = time(); !done)
      return toStatus(done);
  const double probe = std::clamp(elapsed, kShortestProbe, kLongestProbe);
  double total = 0, sinceProbe = kProbeEvery;
  while (runs.size() < kLeastRuns || (total < seconds && runs.size() < kMostRuns)) {
    if (loop && sinceProbe >= kProbeEvery) {
      const PeakRate rate = measurePeak(*loop, threads, probe);
      peaks.push_back(rate.wall);
      cpuPeaks.push_back(rate.cpu);
      sinceProbe = 0;
    }
    if (const Outcome done = time(); !done)
      return toStatus(done);
    runs.push_back(elapsed);
    cpuRuns.push_back(cpuElapsed);
    total += elapsed;
    sinceProbe += elapsed;
  }
  return Measurement{.median = median(runs),
                     .least = *std::min_element(runs.begin(), runs.end()),
                     .peak = median(peaks),
                     .bestPeak = peaks.empty() ? 0 : *std::max_element(peaks.begin(), peaks.end()),
                     .cpuMedian = median(cpuRuns),
                     .cpuPeak = median(cpuPeaks),
                     .runs = static_cast<int64_t>(runs.size()),
                     .probes = static_cast<int64_t>(peaks.size())};
}
