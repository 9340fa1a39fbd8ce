//===- AsyncState.h - asynchronous operations that a CTA has under way --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_ASYNCSTATE_H
#define MUNTIN_EMULATOR_EXEC_ASYNCSTATE_H

#include "runtime/emulator/exec/Cta.h"

namespace muntin::emulator {

/// Groups of cp.async, per warp. A copy remembers its addresses; its data moves when it is performed.
struct CpAsyncCopy {
  uint32_t mask = 0;    ///< 0 once it has been performed
  bool awaited = false; ///< by whoever waits at an mbarrier
  uint32_t bytes = 0;
  uint8_t *from[WarpSize] = {}; ///< nullptr: zeros only
  uint8_t *to[WarpSize] = {};
  uint32_t sourceBytes[WarpSize] = {};
  uint32_t action = 0;
};

class CpAsyncState {
public:
  struct PerWarp {
    // Shared: a wait for the group and an arrival at an mbarrier may both bring a copy about.
    using Group = std::vector<std::shared_ptr<CpAsyncCopy>>;
    Group open;               ///< not committed
    std::deque<Group> groups; ///< committed, oldest first
    uint32_t line = 0;
  };
  PerWarp &of(const Warp &w) {
    if (warps_.size() <= w.index())
      warps_.resize(w.index() + 1);
    return warps_[w.index()];
  }
  /// The warp has ended; what is still under way happens now, with a remark.
  void finish(Warp &w);

private:
  std::deque<PerWarp> warps_;
};

struct BulkTask;
struct MbarrierPlace;
/// The lanes arrive when the cp.async copies that the warp has issued so far are done.
void arriveAfterCopies(Warp &w, const MbarrierPlace &m, uint32_t lanes);

/// Groups of bulk copies that were committed with commit_group, per warp.
class BulkState {
public:
  struct Group {
    std::vector<std::shared_ptr<BulkTask>> tasks;
    bool read = false; ///< a wait has covered it
    uint32_t lastAction = 0;
  };
  struct PerWarp {
    std::deque<std::shared_ptr<Group>> groups;
    std::shared_ptr<Group> open;
  };
  PerWarp &of(const Warp &w) {
    if (warps_.size() <= w.index())
      warps_.resize(w.index() + 1);
    return warps_[w.index()];
  }
  void finish(Warp &w);

private:
  std::deque<PerWarp> warps_;
};

/// Products that were issued, per warp; they happen in order.
class WgmmaState {
public:
  static constexpr uint32_t Remembered = 16;
  struct PerWarp {
    std::vector<std::function<void()>> open;
    std::deque<std::vector<std::function<void()>>> groups;
    uint32_t committed = 0; ///< groups, ever
    uint32_t performed = 0;
    uint32_t action = 0;
    uint32_t committedAction[Remembered] = {}; ///< the last action of a group, by its number
  };
  PerWarp &of(const Warp &w) {
    if (warps_.size() <= w.index())
      warps_.resize(w.index() + 1);
    return warps_[w.index()];
  }

private:
  std::deque<PerWarp> warps_;
};

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_ASYNCSTATE_H
