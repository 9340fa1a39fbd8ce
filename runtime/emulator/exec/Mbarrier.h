//===- Mbarrier.h - mbarrier objects ----------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The 64-bit word in shared memory holds everything, and the CTA remembers
// what it wrote there, so that overwriting is noticed.
//
//   bits 0-19 pending   20-39 expected   40-60 tx-count (signed)   61 parity   62-63 binary 10
//
// The phase flips when pending and tx-count are both zero; complete_tx may
// come before expect_tx.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_MBARRIER_H
#define MUNTIN_EMULATOR_EXEC_MBARRIER_H

#include "runtime/emulator/exec/Cta.h"

#include <string>

namespace muntin::emulator {

constexpr uint32_t MbarrierMostCount = (1 << 20) - 1;

/// An mbarrier of this CTA or another one of the cluster.
struct MbarrierPlace {
  Cta *cta;
  uint32_t offset;
};
/// Finds the mbarrier at a shared address; faults unless it is initialised and intact.
MbarrierPlace findMbarrier(Warp &w, unsigned lane, uint64_t address, bool mustExist = true);

uint64_t mbarrierWord(const MbarrierPlace &m);
inline unsigned mbarrierParity(uint64_t word) { return (word >> 61) & 1; }
/// Why an operation on the object is wrong; empty if it was done. The caller knows whom to blame.
[[nodiscard]] std::string mbarrierArrive(const MbarrierPlace &m, uint32_t count, bool drop);
[[nodiscard]] std::string mbarrierExpect(const MbarrierPlace &m, int64_t bytes);
void mbarrierInitialise(const MbarrierPlace &m, uint32_t count);
/// cp.async.mbarrier.arrive without .noinc: its arrivals are counted on top.
void mbarrierRaisePending(const MbarrierPlace &m, uint32_t count);
uint32_t mbarrierPending(uint64_t word);
/// What asynchronous operations do in the end: the issuer, whose report is prepared, is to blame.
void mbarrierComplete(const MbarrierPlace &m, int64_t bytes, const Report &issuer);
void mbarrierArriveLate(const MbarrierPlace &m, uint32_t count, const Report &issuer);
/// A key for the race checker: one object per mbarrier and parity.
uint64_t mbarrierObject(const MbarrierPlace &m, unsigned parity);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_MBARRIER_H
