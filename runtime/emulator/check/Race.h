//===- Race.h - happens-before within a CTA ---------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Who does something is an agent: a warp, its cp.async copies, its bulk
// copies, its mbarrier.init, a warpgroup's wgmma, the copies that complete on
// one mbarrier, or a warp of another CTA of the cluster.
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

#include "runtime/emulator/check/GlobalRaces.h"
#include "runtime/emulator/check/SharedCells.h"
#include "runtime/emulator/exec/Cta.h"
#include "runtime/emulator/exec/Memory.h"

#include <unordered_map>

namespace muntin::emulator {

/// An access of an agent to global memory.
struct GlobalAccess {
  uint32_t agent, action;
  bool write = false;
  Strength strength = Strength::Weak;
  bool proxy = false; ///< by the async proxy
};

class RaceChecker {
public:
  explicit RaceChecker(Cta &cta);

  /// An access of the lanes of a warp, generic proxy.
  void access(Warp &w, const Instr &in, uint32_t mask, MemSpace space, unsigned bytes, Access access, const Touched &t);
  /// After a strong read: what it read may be a flag.
  void acquireFlags(const Warp &w, const Instr &in, uint32_t mask, const Touched &t);

  // Agents.
  uint32_t cpAsyncAgent(const Warp &w) const { return warps_ + w.index(); }
  uint32_t bulkAgent(const Warp &w) const { return 2 * warps_ + w.index(); }
  uint32_t wgmmaAgent(const Warp &w) const { return 3 * warps_ + w.index() / 4; }
  uint32_t mbarrierAgent(uint64_t address);
  /// The warp's mbarrier.init, which fence.mbarrier_init publishes alone.
  uint32_t initAgent(const Warp &w) const { return initsFirst_ + w.index(); }

  /// Numbers the next action of an agent, done at this place.
  uint32_t act(uint32_t agent, const Warp &w);
  /// Shared memory [offset, offset + bytes) is read or written by an agent's action, on behalf of the warp.
  /// `proxy`: seen by the async proxy, so writes of the generic proxy need a proxy fence.
  void touch(uint32_t agent, uint32_t action, const Warp &w, unsigned lane, uint64_t offset, uint64_t bytes, bool write,
             bool proxy);
  /// An mbarrier of this CTA is initialised by the warp.
  void initialise(const Warp &w, unsigned lane, uint64_t offset);
  /// Whether the async proxy knows, by way of the warp, the initialisation of an mbarrier of this CTA.
  bool proxyKnowsInit(const Warp &w, uint64_t offset) const;
  /// The warp relies on what was last written there (the initialisation of an mbarrier).
  void observeWrite(const Warp &w, unsigned lane, uint64_t offset);
  /// From now on the warp knows the agent's actions up to `action`.
  void learn(const Warp &w, uint32_t agent, uint32_t action);
  uint32_t lastAction(uint32_t agent) const { return actions_[agent]; }

  /// The same for `bytes` at each lane's place on the host, in the generic proxy; places elsewhere are left out.
  void touchHosts(uint32_t agent, uint32_t action, const Warp &w, uint32_t mask, uint8_t *const *host, unsigned bytes,
                  bool write, bool strong);
  /// Pieces of shared memory that the async proxy reads at once.
  void touchPieces(uint32_t agent, uint32_t action, const Warp &w, const std::vector<uint32_t> &offsets,
                   unsigned bytes);
  /// As touch() on behalf of a warp that may be another CTA's of the cluster.
  void touchFor(const Warp &w, uint32_t agent, uint32_t action, unsigned lane, uint64_t offset, uint64_t bytes,
                bool write, bool proxy);
  /// Global memory is read or written; the span begins with this lane's bytes.
  void touchGlobal(const GlobalAccess &access, const Warp &w, unsigned lane, const GlobalSpan &span);
  /// The same for `bytes` at the address of each lane of the mask.
  void touchLanes(const GlobalAccess &access, const Warp &w, uint32_t mask, const uint64_t *address, unsigned bytes);

  // Edges.
  void arriveBarrier(const Warp &w, unsigned n);
  void leaveBarrier(const Warp &w, unsigned n);
  void resetBarrier(unsigned n);
  /// `within`: of CTA scope, so that it orders nothing for other CTAs.
  void fence(const Warp &w, bool within);
  void proxyFence(const Warp &w);
  void initFence(const Warp &w);
  /// An mbarrier or flag at a shared or global address; phases of an mbarrier are its parity.
  void release(const Warp &w, uint64_t object);
  void acquire(const Warp &w, uint64_t object);
  /// What completes on the object belongs to its past, too.
  void releaseAction(uint64_t object, uint32_t agent, uint32_t action);
  /// The same where the object is of a CTA of the cluster, perhaps this one.
  void releaseActionTo(const Cta &owner, uint64_t object, uint32_t agent, uint32_t action);
  void forget(uint64_t object) { objects_.erase(object); }
  /// Two warps of one CTA know all of each other (wgmma rendezvous).
  void rendezvous(const std::vector<const Warp *> &warps);
  /// The same between the CTAs of a cluster.
  void releaseToCluster(const Warp &w, uint64_t object);
  void acquireFromCluster(const Warp &w, uint64_t object);

  struct View {
    Clock generic, async, fenced, pending;
    Known others, othersPending; ///< of other CTAs
    SharedKnown fencedForOthers; ///< all that lay before the last fence of more than CTA scope
    // What was last passed on and taken, so that a loop that spins costs little.
    std::pair<uint64_t, SharedKnown> released;
    SharedKnown acquired, seen;
  };

private:
  struct Object {
    Clock generic, async;
    Known others;
  };
  /// A warp knows its own actions.
  void stamp(const Warp &w) { views_[w.index()].generic[w.index()] = actions_[w.index()]; }
  [[noreturn]] void report(const SharedCells::Conflict &conflict, uint32_t agent, bool writes, const Warp &w,
                           unsigned lane);
  void releaseFlags(const Warp &w, const Instr &in, uint32_t mask, const Touched &t);
  bool seenByOthers(const Instr &in, const uint8_t *host) const;
  void accessGlobal(Warp &w, const Instr &in, uint32_t mask, unsigned bytes, uint32_t action, bool write,
                    const Touched &t);
  void accessNeighbours(Warp &w, const Instr &in, uint32_t mask, unsigned bytes, bool write, const Touched &t);
  void touchCells(SharedCells::Judge judge, const Warp &w, unsigned lane, uint64_t offset, uint64_t bytes, bool write);
  [[noreturn]] void reportGlobal(const GlobalRaces::Conflict &conflict, const GlobalAccess &access, const Warp &w,
                                 unsigned lane);
  bool isOwn(const uint8_t *host) const;
  /// All that the warp may pass on to other CTAs.
  Known knownOf(const Warp &w) const;
  /// What other CTAs said of this one's own agents belongs to the warp's own clock.
  void absorb(View &v, const Known &known);
  /// The running instruction: routine << 24 | pc.
  uint32_t whereOf(const Warp &w) const;
  void nameOther(Report &r, const std::string &who, uint32_t lane, uint32_t where) const;
  std::string nameOf(uint32_t agent) const;
  /// What would order an access after one of this agent.
  const char *orderFor(uint32_t agent) const;

  Cta &cta_;
  GlobalRaces &races_;
  uint32_t number_; ///< of the CTA in its grid
  uint32_t warps_, mbarriersFirst_, initsFirst_, neighboursFirst_, agents_;
  bool inCluster_;
  std::vector<uint32_t> actions_;
  std::vector<View> views_; ///< by warp
  std::vector<Object> barriers_;
  std::unordered_map<uint64_t, Object> objects_;
  std::unordered_map<uint64_t, uint32_t> mbarrierAgents_;
  SharedCells cells_;
  std::vector<std::vector<uint32_t>> history_; ///< by agent: where its actions are, as whereOf()
};

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_CHECK_RACE_H
