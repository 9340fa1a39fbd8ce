//===- GpuMachine.h - the GPUs that predictions are for --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A target is an instruction set; these are machines that execute it. No plan
// depends on them: they tell what a plan would take on each.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ABI_GPUMACHINE_H
#define MUNTIN_ABI_GPUMACHINE_H

#include <cstdint>
#include <span>

namespace muntin {

struct GpuMachine {
  const char *name;
  int architecture; ///< 80 for compute capability 8.0
  int64_t multiprocessors;
  double gigahertz;            ///< boost
  double productsPerClock;     ///< 16-bit multiply-adds of mma.sync with f32 sums, per multiprocessor
  double exponentialsPerClock; ///< per multiprocessor
  double bytesPerSecond;       ///< of the memory
  int64_t sharedBytes;         ///< of a multiprocessor; a block may have 1 KiB less
  int64_t warps, blocks;       ///< on a multiprocessor at most
};

/// Sources stand in GpuMachine.cpp.
std::span<const GpuMachine> gpuMachines();

/// Blocks that a multiprocessor holds at once; 0 if a block does not fit.
int64_t residentBlocks(const GpuMachine &machine, int64_t warps, int64_t registersPerThread, int64_t sharedBytes);

} // namespace muntin

#endif // MUNTIN_ABI_GPUMACHINE_H
