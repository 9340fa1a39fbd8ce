//===- Profile.h - what a launch did ----------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_CHECK_PROFILE_H
#define MUNTIN_EMULATOR_CHECK_PROFILE_H

#include "runtime/emulator/exec/Memory.h"

#include <mutex>
#include <string>
#include <vector>

namespace muntin::emulator {

/// Counters of one PTX instruction, summed over warps.
struct LineProfile {
  uint64_t executed = 0, lanes = 0;             ///< warp instructions; active lanes
  uint64_t wavefronts = 0, leastWavefronts = 0; ///< of shared memory
  uint64_t sectors = 0, leastSectors = 0;       ///< 32-byte sectors of global memory
};

struct Profile {
  std::mutex mutex;
  std::map<std::pair<const Routine *, uint32_t>, LineProfile> lines; ///< by routine and PTX instruction
};

/// The whole launch as the members of a JSON object: sums, and warp instructions by the first word of their names.
std::string summaryOf(const Profile &profile);
/// What was counted, instruction by instruction; the module that the lines point into must be there. As a table.
std::vector<std::string> describe(const Profile &profile);
/// As an object for each instruction.
std::vector<std::string> describeAsJson(const Profile &profile);

/// The instructions of one warp, as text.
struct Trace {
  uint32_t cta[3] = {0, 0, 0};
  uint32_t warp = 0;
  size_t mostLines = 100000;
  std::vector<std::string> lines;
};

/// Before an instruction runs: counts it.
void observe(Warp &w, const Instr &in, uint32_t mask);
/// After: the trace shows its result.
void observeResult(Warp &w, const Instr &in, uint32_t mask);

/// Wavefronts of a shared access of `bytes` per lane at these offsets, and the least there could be. Accesses up to 4
/// bytes are judged over 32 lanes, 8 bytes over 16, 16 bytes over 8; one word is a broadcast.
struct Wavefronts {
  unsigned actual = 0, least = 0;
};
Wavefronts countWavefronts(const uint64_t *offset, uint32_t mask, unsigned bytes);
unsigned countSectors(const uint64_t *address, uint32_t mask, unsigned bytes);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_CHECK_PROFILE_H
