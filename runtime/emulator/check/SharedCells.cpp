//===- SharedCells.cpp - the last accesses to shared memory ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/SharedCells.h"

#include "runtime/emulator/exec/Memory.h"
#include "runtime/emulator/isa/Decoder.h"

namespace muntin::emulator {

/// Bytes that a lane accesses at least; 0 if it does not access the space, or by 16 bytes and more.
static unsigned bytesOfAccess(const Instr &in, bool shared) {
  const std::string_view prefix = instructionTable()[in.row].prefix;
  if (prefix == "ld" || prefix == "ldu" || prefix == "st" || prefix == "atom" || prefix == "red") {
    const MemSpace space = spaceOf(in);
    const bool touches = space == MemSpace::Generic || space == (shared ? MemSpace::Shared : MemSpace::Global);
    return touches ? bytesOf(in.type) * in.vec : 0;
  }
  if (prefix.starts_with("wmma.load") || prefix.starts_with("wmma.store"))
    return 1;
  if (prefix == "st.async")
    return bytesOf(in.type);
  if (prefix.starts_with("mbarrier.") || prefix == "cp.async.mbarrier.arrive")
    return 8;
  return prefix == "cp.async" ? in.vec : 0;
}

unsigned finestAccess(const Kernel &kernel, bool shared, unsigned most) {
  for (const auto &routine : kernel.routines)
    for (const Instr &in : routine->code)
      if (const unsigned bytes = bytesOfAccess(in, shared))
        most = std::min(most, static_cast<unsigned>(std::countr_zero(bytes)));
  return most;
}

unsigned SharedCells::planeOf(uint32_t agent) {
  if (planeOf_.size() <= agent)
    planeOf_.resize(agent + 1, NoPlane);
  if (planeOf_[agent] == NoPlane) {
    planeOf_[agent] = static_cast<uint16_t>(planes_.size());
    planes_.push_back({agent, std::vector<uint32_t>(writer_.size())});
  }
  return planeOf_[agent];
}

/// Reads since the last write; those that the judge knows are forgotten.
SharedCells::Conflict SharedCells::checkReads(const Judge &judge, uint64_t cell) {
  uint64_t unknown = 0; // strong ones, which race with no strong write, but perhaps with a later one
  for (uint64_t left = readBy_[cell]; left; left &= left - 1) {
    const auto bit = static_cast<unsigned>(std::countr_zero(left));
    const size_t last = bit == LastBit ? planes_.size() : bit + 1;
    for (size_t p = bit; p < last; ++p) {
      const uint32_t read = planes_[p].reads[cell], action = (read & ~StrongRead) >> LaneBits;
      if (planes_[p].agent == judge.agent || action <= judge.readers[planes_[p].agent])
        continue;
      if (!(judge.strong && read & StrongRead))
        return {planes_[p].agent, action, read & 31, false, cell << shift_};
      unknown |= uint64_t(1) << bit;
    }
  }
  readBy_[cell] = unknown;
  return {};
}

} // namespace muntin::emulator
