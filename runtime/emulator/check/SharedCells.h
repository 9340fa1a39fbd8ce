//===- SharedCells.h - the last accesses to shared memory -------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cell is as large as the smallest access of the kernel, 1 to 16 bytes. It
// keeps its last writer and, of each agent that has read it since, the last
// read:
//
//   writer  strong:1 | agent:31 | action:27 | lane:5
//   reader  strong:1 | action:26 | lane:5        one plane per agent that reads
//
// A write that is ordered after the reads before it stands for them: whoever
// is ordered after the write is ordered after them. So reads are forgotten
// then, and a write need not look at every agent.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_CHECK_SHAREDCELLS_H
#define MUNTIN_EMULATOR_CHECK_SHAREDCELLS_H

#include "runtime/emulator/isa/Kernel.h"

#include <algorithm>
#include <bit>

namespace muntin::emulator {

/// For each agent the last of its actions that is known (Race.h).
using Clock = std::vector<uint32_t>;
void join(Clock &into, const Clock &from);

/// The base-2 logarithm of the smallest access to a space, at most `most`.
unsigned finestAccess(const Kernel &kernel, bool shared, unsigned most);

class SharedCells {
public:
  static constexpr uint32_t LaneBits = 5, MostActions = 1u << 26;
  static constexpr uint16_t NoPlane = 0xffff;

  SharedCells(unsigned shift, uint64_t bytes) : shift_(shift), writer_((bytes >> shift) + 4), readBy_(writer_.size()) {}

  /// Who accesses, and what it knows of earlier writes and reads.
  struct Judge {
    uint32_t agent, action;
    const Clock &writers, &readers;
    bool strong;
    uint64_t fine = 0;        ///< a writer, without its lane, that was found to be no race
    unsigned plane = NoPlane; ///< of the agent's reads, once it is looked up
  };
  /// An earlier access that is not ordered before; none if there is no action.
  struct Conflict {
    uint32_t agent = 0, action = 0, lane = 0;
    bool writes = false;
    uint64_t offset = 0;
  };
  Conflict read(Judge &judge, unsigned lane, uint64_t offset, uint64_t bytes);
  Conflict write(Judge &judge, unsigned lane, uint64_t offset, uint64_t bytes);
  /// The last write to the cell of `offset`, as an action of its agent.
  Conflict writerOf(uint64_t offset) const { return conflictOf(writer_[offset >> shift_], offset >> shift_); }

private:
  static constexpr uint64_t StrongBit = uint64_t(1) << 63;
  static constexpr uint32_t StrongRead = 1u << 31;
  static constexpr unsigned LastBit = 63; ///< of readBy_: this plane and all later ones

  struct Plane {
    uint32_t agent;
    std::vector<uint32_t> reads; ///< by cell
  };
  unsigned planeOf(uint32_t agent);
  Conflict conflictOf(uint64_t writer, uint64_t cell) const {
    return {static_cast<uint32_t>((writer & ~StrongBit) >> 32), static_cast<uint32_t>(writer) >> LaneBits,
            static_cast<uint32_t>(writer) & 31, true, cell << shift_};
  }
  /// Whether the write is no race for the judge, who then remembers it.
  bool isFine(Judge &judge, uint64_t writer) const {
    if (writer >> LaneBits == judge.fine || writer == 0)
      return true;
    const auto agent = static_cast<uint32_t>((writer & ~StrongBit) >> 32);
    const bool fine = agent == judge.agent || (judge.strong && writer & StrongBit) ||
                      static_cast<uint32_t>(writer) >> LaneBits <= judge.writers[agent];
    judge.fine = fine ? writer >> LaneBits : judge.fine;
    return fine;
  }
  Conflict checkReads(const Judge &judge, uint64_t cell);

  unsigned shift_;
  std::vector<uint64_t> writer_;
  std::vector<uint64_t> readBy_;  ///< planes with a read since the last write, a bit each
  std::vector<uint16_t> planeOf_; ///< by agent
  std::vector<Plane> planes_;
};

inline SharedCells::Conflict SharedCells::read(Judge &judge, unsigned lane, uint64_t offset, uint64_t bytes) {
  if (judge.plane == NoPlane)
    judge.plane = planeOf(judge.agent);
  uint32_t *const reads = planes_[judge.plane].reads.data();
  const uint64_t bit = uint64_t(1) << std::min(judge.plane, LastBit), end = ((offset + bytes - 1) >> shift_) + 1;
  const uint32_t stamp = (judge.strong ? StrongRead : 0) | judge.action << LaneBits | lane;
  for (uint64_t cell = offset >> shift_; cell < end; ++cell) {
    if (!isFine(judge, writer_[cell]))
      return conflictOf(writer_[cell], cell);
    reads[cell] = stamp;
    readBy_[cell] |= bit;
  }
  return {};
}

inline SharedCells::Conflict SharedCells::write(Judge &judge, unsigned lane, uint64_t offset, uint64_t bytes) {
  const uint64_t stamp =
                     (judge.strong ? StrongBit : 0) | uint64_t(judge.agent) << 32 | (judge.action << LaneBits | lane),
                 end = ((offset + bytes - 1) >> shift_) + 1;
  for (uint64_t cell = offset >> shift_; cell < end; ++cell) {
    if (!isFine(judge, writer_[cell]))
      return conflictOf(writer_[cell], cell);
    if (readBy_[cell])
      if (const Conflict conflict = checkReads(judge, cell); conflict.action)
        return conflict;
    writer_[cell] = stamp;
  }
  return {};
}

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_CHECK_SHAREDCELLS_H
