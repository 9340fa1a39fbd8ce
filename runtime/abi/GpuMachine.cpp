//===- GpuMachine.cpp - the GPUs that predictions are for -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/GpuMachine.h"

#include <algorithm>

namespace muntin {

// Multiprocessors, clocks, rates and bandwidths from NVIDIA's data sheets of the A100 (SXM, 80 GB), A40, L40, H100
// (SXM) and H200; what a multiprocessor holds, and 16 exponentials per clock, from the CUDA C++ Programming Guide.
// Multiply-adds per clock are dense bf16 rates over 2, multiprocessors and clock: 312, 149.7, 181 TFLOP/s. Of Hopper's
// 989 TFLOP/s, which are 2048 a clock by wgmma, mma.sync reached 62 percent (Luo et al., "Benchmarking and Dissecting
// the Nvidia Hopper GPU Architecture via Microbenchmarking", 2024).
static constexpr double kHopperProducts = 0.62 * 2048;
static constexpr int64_t kKiB = 1024;
static constexpr GpuMachine kMachines[] = {
    // name, architecture, multiprocessors, GHz, products, exponentials, bytes/s, shared memory, warps, blocks
    {"A100", 80, 108, 1.41, 1024, 16, 2.039e12, 164 * kKiB, 64, 32},
    {"A40", 86, 84, 1.74, 512, 16, 0.696e12, 100 * kKiB, 48, 16},
    {"L40", 89, 142, 2.49, 256, 16, 0.864e12, 100 * kKiB, 48, 24},
    {"H100", 90, 132, 1.83, kHopperProducts, 16, 3.35e12, 228 * kKiB, 64, 32},
    {"H200", 90, 132, 1.83, kHopperProducts, 16, 4.8e12, 228 * kKiB, 64, 32},
};

std::span<const GpuMachine> gpuMachines() { return kMachines; }

int64_t residentBlocks(const GpuMachine &machine, int64_t warps, int64_t registersPerThread, int64_t sharedBytes) {
  // Registers are given out to warps in units of 256, shared memory with 1 KiB for the system; 64 Ki registers each.
  constexpr int64_t registers = 65536, lanes = 32, unit = 256, reserved = kKiB;
  const int64_t ofWarp = (registersPerThread * lanes + unit - 1) / unit * unit;
  return std::min({machine.blocks, machine.warps / std::max<int64_t>(warps, 1),
                   registers / std::max<int64_t>(ofWarp * warps, 1), machine.sharedBytes / (sharedBytes + reserved)});
}

} // namespace muntin
