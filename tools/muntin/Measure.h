//===- Measure.h - how long a problem takes, beside the machine's peak *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_MEASURE_H
#define MUNTIN_TOOLS_MUNTIN_MEASURE_H

#include "tools/muntin/Peak.h"
#include "tools/muntin/Tensors.h"

namespace muntin {

struct Measurement {
  double median = 0, least = 0;      ///< seconds of a run
  double peak = 0;                   ///< flops per second, median over the probes; 0 without a loop
  double bestPeak = 0;               ///< the greatest of them
  double cpuMedian = 0, cpuPeak = 0; ///< the same medians in CPU time of all threads: what preemption does not touch
  int64_t runs = 0, probes = 0;
};

/// Runs `call` for about `seconds` (at least five times) after a warm-up. Every 20 ms of kernel time the peak is
/// probed, for as long as a run takes (2 to 50 ms), so that both see the same clocks, neighbours and time slices.
Result<Measurement> measure(const Call &call, const Request &request, Tensors &tensors, const PeakLoop *loop,
                            int threads, double seconds);

/// The same on a device with memory of its own: batches of runs on a stream, and no peak.
Result<Measurement> measureOnDevice(const Session &session, const Kernel &kernel, const Request &request,
                                    Tensors &tensors, double seconds);

/// What a run of `arguments` works on.
mtn_pointers pointersOf(const Arguments &arguments, void *workspace);

double median(std::vector<double> values); ///< 0 without values

/// Multiply-adds of the pairs, as flops: 2 (D + Dv) per pair.
double forwardFlops(const Problem &problem, double pairs);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_MEASURE_H
