//===- Warp.h - 32 lanes in lockstep ----------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes that took different branches are different splits. Of the splits
// that can run, the one deepest in calls, then with the lowest pc, goes
// first; splits merge when pc and activation agree. A blocked split keeps
// its pc on the blocking instruction and runs it again, with `resumed` set,
// when it is woken.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_WARP_H
#define MUNTIN_EMULATOR_EXEC_WARP_H

#include "runtime/emulator/isa/Kernel.h"

#include <cstdlib>
#include <memory>

namespace muntin::emulator {

class Cta;

/// One activation of a function by some lanes of a warp. Reference counted by splits and by callees.
struct Frame {
  const Routine *routine;
  Frame *parent;
  uint32_t returnPc;
  uint32_t callPc; ///< of the call in the parent
  uint32_t depth;
  uint32_t references;
  uint32_t localBase;          ///< per lane, into the local memory
  uint32_t *words;             ///< 128-byte aligned
  std::vector<uint8_t> params; ///< lane-major, routine->paramBytes per lane
};

enum class SplitState : uint8_t {
  Ready,
  Sync,    ///< waits for lanes of its own warp
  Barrier, ///< waits for a CTA barrier, which wakes it
  Poll     ///< waits until its condition holds; the scheduler asks
};

struct Split;
/// Whether what a polled split waits for has happened.
using PollFn = bool (*)(Warp &, const Split &);

struct Split {
  uint32_t pc;
  uint32_t mask;
  Frame *frame;
  SplitState state = SplitState::Ready;
  bool resumed = false;
  bool timedOut = false; ///< a try_wait that gives up
  bool mayTimeOut = false;
  uint64_t waitsFor = 0; ///< barrier number, address, or member mask
  uint32_t waitsParity = 0;
  PollFn poll = nullptr;
  uint32_t backBranches = 0;
  uint64_t restsUntil = 0; ///< after many branches back, others go first
};

class Warp {
public:
  Warp(Cta &cta, uint32_t index);
  ~Warp();
  Warp(const Warp &) = delete;

  /// Runs until every split is blocked, the budget is spent, or the warp has ended. Returns instructions executed.
  uint64_t run(uint64_t budget);
  bool ended() const { return splits_.empty(); }
  bool runnable() const;

  // For handlers.
  template <typename S> S *words(Ref r) const {
    return reinterpret_cast<S *>(const_cast<uint32_t *>((r & ConstBit ? constants_ : registers_) + (r & IndexMask)));
  }
  uint32_t predicate(Ref r) const { return *words<uint32_t>(r) ^ (r & NegateBit ? FullMask : 0); }
  void setPredicate(Ref r, uint32_t bits, uint32_t mask) {
    if (r != NoRef)
      *words<uint32_t>(r) = (*words<uint32_t>(r) & ~mask) | (bits & mask);
  }
  Ref extra(const Instr &in, unsigned i) const { return frame_->routine->extras[in.extra + i]; }
  Cta &cta() const { return cta_; }
  Frame &frame() const { return *frame_; }
  uint32_t index() const { return index_; }
  uint32_t active() const { return active_; }
  uint32_t live() const { return live_; } ///< lanes that have not exited
  uint32_t pc() const { return pc_; }     ///< of the running instruction
  uint32_t lanesInBlock() const { return initial_; }

  void jump(uint32_t target, uint32_t taken);
  void callRoutine(const Instr &in, uint32_t mask);
  void returnFrom(uint32_t mask);
  void exit(uint32_t mask);
  /// The running split waits; its instruction runs again when something wakes it.
  void block(SplitState state, uint64_t waitsFor);
  void blockUntil(PollFn poll, uint64_t waitsFor, uint32_t parity, bool mayTimeOut);
  /// True while a woken split runs its blocking instruction again.
  bool resumed() const { return resumed_; }
  bool timedOut() const { return timedOut_; }
  /// Whether every lane of `members` that lives executes this instruction now; if not, the split waits for them.
  bool gather(uint32_t members, uint32_t mask);
  /// The same for all lanes that live, as .aligned instructions demand.
  bool converged(uint32_t mask) { return gather(live_, mask); }
  /// Ends the warp's turn.
  void yield() { yield_ = true; }
  /// Lets splits whose lanes wait for each other go on, where they are complete.
  void resolveSync();

  std::vector<Split> &splits() { return splits_; }
  void wake(Split &s) {
    s.state = SplitState::Ready;
    s.resumed = true;
  }

  uint32_t threadId[3][WarpSize]; ///< %tid
  std::vector<uint8_t> local;     ///< lane-major, localBytesPerLane each
  uint32_t localStride = 0;
  uint64_t steps = 0;
  uint32_t clusterWaits = 0; ///< lanes between arrive and wait of barrier.cluster
  uint32_t clusterPhase = 0;

private:
  bool select();
  void save();
  void mergeReady();
  void removeSplit(uint32_t index);
  Frame *makeFrame(const Routine &routine, Frame *parent, uint32_t returnPc);
  void release(Frame *frame);

  Cta &cta_;
  uint32_t index_;
  uint32_t live_ = 0, initial_ = 0;
  std::vector<Split> splits_;
  uint32_t current_ = 0;
  // The running split, unpacked.
  uint32_t pc_ = 0, nextPc_ = 0, active_ = 0, switchPc_ = FullMask;
  uint32_t *registers_ = nullptr;
  const uint32_t *constants_ = nullptr;
  Frame *frame_ = nullptr;
  bool event_ = true, resumed_ = false, timedOut_ = false, yield_ = false, running_ = false;
};

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_WARP_H
