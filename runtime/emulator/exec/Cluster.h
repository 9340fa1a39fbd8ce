//===- Cluster.h - the CTAs that run together -------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_CLUSTER_H
#define MUNTIN_EMULATOR_EXEC_CLUSTER_H

#include "runtime/emulator/exec/Cta.h"

namespace muntin::emulator {

/// One or more CTAs, run by one thread of the host.
class Cluster {
public:
  Cluster(Grid &grid, const uint32_t first[3]);
  Outcome run(uint64_t budget);
  /// When nothing can run: something asynchronous happens, or waits time out. Faults on a deadlock.
  void unblock();
  Cta *member(uint32_t rank) { return rank < members_.size() ? members_[rank].get() : nullptr; }
  uint32_t size() const { return static_cast<uint32_t>(members_.size()); }
  std::vector<std::unique_ptr<Cta>> &members() { return members_; }

  // barrier.cluster
  uint32_t clusterArrived = 0; ///< threads
  uint32_t clusterPhase = 0;

private:
  [[noreturn]] void deadlock();
  std::vector<std::unique_ptr<Cta>> members_;
  unsigned idleTimeouts_ = 0;
};

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_CLUSTER_H
