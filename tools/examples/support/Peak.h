//===- Peak.h - what this machine's multipliers can do ---------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EXAMPLES_SUPPORT_PEAK_H
#define MUNTIN_EXAMPLES_SUPPORT_PEAK_H

namespace demo {

/// f32 operations per second of a loop of fused multiply-adds that touches no memory, on `threads` threads at once,
/// at the widest vectors of this machine; 0 where it has no fused multiply-add. Takes about 0.2 seconds.
double measurePeakF32(int threads);

} // namespace demo

#endif // MUNTIN_EXAMPLES_SUPPORT_PEAK_H
