//===- Race.h - happens-before within a CTA ---------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Who does something is an agent: a warp, its cp.async copies, its bulk
// copies, a warpgroup's wgmma, or the copies that complete on one mbarrier.
// An agent's actions are numbered. A clock says, for each agent, the last of
// its actions that is known to lie in the past:
//
//   warp 0:  st [x] (action 7)  bar.sync     | the barrier takes 7 along
//   warp 1:                     bar.sync  ld | clock[warp 0] = 7, so the load
//                                              of [x] is ordered after it
//
// For every cell of shared memory the last write and each agent's last read
// are kept. An access that does not know them is a race, whatever the order
// in which this run executed them. A second clock per warp says what the
// async proxy knows: it catches up at fence.proxy.async.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_CHECK_RACE_H
#define MUNTIN_EMULATOR_CHECK_RACE_H

#include "runtime/emulator/exec/Cta.h"
#include "runtime/emulator/exec/Memory.h"

#include <unordered_map>

namespace muntin::emulator {

using Clock = std::vector<uint32_t>;
void join(Clock &into, const Clock &from);

/// A place in the program, for reports.
struct Where {
  const Routine *routine = nullptr;
  uint32_t pc = 0;
  uint16_t warp = 0;
};

class GlobalRaceChecker;

class RaceChecker {
public:
  explicit RaceChecker(Cta &cta);

  /// An access of the lanes of a warp, generic proxy.
  void access(Warp &w, const Instr &in, uint32_t mask, MemSpace space, unsigned bytes, Access access, const Touched &t);

  // Agents.
  uint32_t cpAsyncAgent(const Warp &w) const { return warps_ + w.index(); }
  uint32_t bulkAgent(const Warp &w) const { return 2 * warps_ + w.index(); }
  uint32_t wgmmaAgent(const Warp &w) const { return 3 * warps_ + w.index() / 4; }
  uint32_t mbarrierAgent(uint64_t address);

  /// Numbers the next action of an agent, done at this place.
  uint32_t act(uint32_t agent, const Warp &w);
  /// Shared memory [offset, offset + bytes) is read or written by an agent's action, on behalf of the warp.
  /// `proxy`: seen by the async proxy, so writes of the generic proxy need a proxy fence.
  void touch(uint32_t agent, uint32_t action, const Warp &w, unsigned lane, uint64_t offset, uint64_t bytes, bool write,
             bool proxy);
  /// From now on the warp knows the agent's actions up to `action`.
  /// The warp relies on what was last written there (the initialisation of an mbarrier).
  void observeWrite(const Warp &w, unsigned lane, uint64_t offset) {
    stamp(w);
    checkRead(views_[w.index()].generic, w.index(), cellOf(offset), w, lane, false);
  }
  void learn(const Warp &w, uint32_t agent, uint32_t action);
  uint32_t lastAction(uint32_t agent) const { return actions_[agent]; }

  // Edges.
  void arriveBarrier(const Warp &w, unsigned n);
  void leaveBarrier(const Warp &w, unsigned n);
  void resetBarrier(unsigned n);
  void fence(const Warp &w);
  void proxyFence(const Warp &w);
  /// An mbarrier or flag at a shared or global address; phases of an mbarrier are its parity.
  void release(const Warp &w, uint64_t object);
  void acquire(const Warp &w, uint64_t object);
  /// What completes on the object belongs to its past, too.
  void releaseAction(uint64_t object, uint32_t agent, uint32_t action);
  void forget(uint64_t object) { objects_.erase(object); }
  /// Two warps of one CTA know all of each other (wgmma rendezvous).
  void rendezvous(const std::vector<const Warp *> &warps);
  /// A barrier of the whole cluster was passed: everything before it, in any of its CTAs, is known.
  void clusterBarrier();

  struct View {
    Clock generic, async, fenced, pending;
  };

private:
  struct Object {
    Clock generic, async;
  };
  /// A warp knows its own actions.
  void stamp(const Warp &w) { views_[w.index()].generic[w.index()] = actions_[w.index()]; }
  uint64_t cellOf(uint64_t offset) const { return offset >> granuleShift_; }
  void checkWrite(const Clock &known, const Clock &readers, uint32_t agent, uint64_t cell, const Warp &w, unsigned lane,
                  bool atomic);
  void checkRead(const Clock &known, uint32_t agent, uint64_t cell, const Warp &w, unsigned lane, bool atomic);
  [[noreturn]] void report(uint32_t agent, uint32_t other, uint32_t otherAction, bool otherWrites, bool writes,
                           uint64_t cell, const Warp &w, unsigned lane);
  void synchronise(Warp &w, const Instr &in, uint32_t mask, Access access, const Touched &t);
  std::vector<uint32_t> &plane(uint32_t agent);
  std::string nameOf(uint32_t agent) const;

  Cta &cta_;
  uint32_t warps_, agents_;
  unsigned granuleShift_;
  std::vector<uint32_t> actions_;
  std::vector<View> views_; ///< by warp
  std::vector<Object> barriers_;
  std::unordered_map<uint64_t, Object> objects_;
  std::unordered_map<uint64_t, uint32_t> mbarrierAgents_;
  static constexpr uint64_t AtomicBit = uint64_t(1) << 63;
  std::vector<uint64_t> writer_;               ///< agent << 32 | action << 5 | lane; 0 for none
  std::vector<std::vector<uint32_t>> readers_; ///< by agent, action << 5 | lane
  std::vector<uint32_t> reading_;              ///< agents with a plane
  std::vector<std::vector<Where>> history_;
};

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_CHECK_RACE_H
