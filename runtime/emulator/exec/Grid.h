//===- Grid.h - one launch --------------------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_GRID_H
#define MUNTIN_EMULATOR_EXEC_GRID_H

#include "runtime/emulator/check/Report.h"
#include "runtime/emulator/isa/Kernel.h"
#include "runtime/emulator/memory/DeviceMemory.h"

#include <atomic>

namespace muntin::emulator {

enum class AsyncMode : uint8_t { Late, Eager, Random };
enum class CheckLevel : uint8_t { Off, Memory, Race };

struct Options {
  AsyncMode async = AsyncMode::Late;
  uint64_t seed = 0;
  CheckLevel check = CheckLevel::Memory;
  uint64_t stepLimit = uint64_t(1) << 40; ///< warp instructions of one launch
  bool checkSharedInit = false;           ///< report reads of shared memory that was never written
  unsigned threads = 0;                   ///< 0: all cores
  uint64_t stackBytes = 1 << 16;          ///< local memory per lane
};

struct LaunchShape {
  uint32_t grid[3] = {1, 1, 1}, block[3] = {1, 1, 1}, cluster[3] = {1, 1, 1};
  uint32_t dynamicShared = 0;
  bool cooperative = false; ///< every CTA is resident: they may wait for each other
};

struct Profile;
struct Trace;
class GlobalRaces;

/// What all CTAs of a launch share.
struct Grid {
  const Kernel &kernel;
  LaunchShape shape;
  std::vector<uint8_t> params;
  DeviceMemory &memory;
  const Options &options;
  ReportSink &reports;
  unsigned architecture = 80;
  uint64_t id = 0;
  Profile *profile = nullptr;
  Trace *trace = nullptr;
  std::shared_ptr<GlobalRaces> races = nullptr; ///< where races are checked
  std::atomic<uint64_t> steps{0};
  std::atomic<bool> stop{false};
};

/// Runs all CTAs. False after a fatal report.
bool runGrid(Grid &grid);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_GRID_H
