//===- Target.h - the machines that kernels are made for -------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One row per target: what it is called, what it needs of the machine, and the
// numbers that plans follow from. Limits stand here and nowhere else.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ABI_TARGET_H
#define MUNTIN_ABI_TARGET_H

#include "runtime/abi/Result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muntin {

enum class Bf16Dot : uint8_t { None, Native, Expanded };

/// What a GPU architecture allows and does per clock; sources stand in Target.cpp.
struct GpuLimits {
  int64_t sharedBytes; ///< of a block, that a plan may use
  int64_t registersPerThread;
  int64_t multiprocessors;     ///< of the machine that predictions are for
  double gigahertz;            ///< of that machine
  double productsPerClock;     ///< 16-bit multiply-adds of the tensor cores, per multiprocessor
  double exponentialsPerClock; ///< per multiprocessor
  double lanesPerClock;        ///< of other instructions, per multiprocessor
  double bytesPerClock;        ///< from the second-level cache, per multiprocessor
  const char *ptxVersion;      ///< lowest that the instructions need, as LLVM's feature
};

struct Target {
  const char *name;
  const char *llvmCpu;      ///< -mcpu of the code generator
  const char *llvmFeatures; ///< -mattr of the code generator
  int lanes;                ///< f32 lanes of a vector register; 0 for GPUs
  int vectorRegisters;
  Bf16Dot bf16Dot;                ///< products of bf16 pairs accumulated in f32 (vdpbf16ps)
  int64_t l1Bytes;                ///< data cache, per core
  int64_t l2Bytes;                ///< per core, the smallest of the machines that the row stands for
  bool implemented;               ///< false: named by the contract, not built yet
  bool forTests;                  ///< not chosen by detection
  const GpuLimits *gpu = nullptr; ///< null for CPUs
  bool avx512() const;            ///< whether code for it may hold instructions of AVX-512
};

/// All rows, best last among those that detection may choose.
const std::vector<Target> &targetTable();
/// The row called `name`, "host" being the best that this machine supports.
Result<const Target *> findTarget(std::string_view name);
/// True if this machine's CPU can execute code for `target`; false for GPUs,
/// which devices find.
bool machineSupports(const Target &target);
/// The best implemented row that this machine supports; null if there is none.
const Target *hostTarget();

} // namespace muntin

#endif // MUNTIN_ABI_TARGET_H
