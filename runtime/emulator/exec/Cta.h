//===- Cta.h - a thread block while it runs ---------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_CTA_H
#define MUNTIN_EMULATOR_EXEC_CTA_H

#include "runtime/emulator/exec/Grid.h"
#include "runtime/emulator/exec/Warp.h"

#include <deque>
#include <functional>
#include <random>
#include <unordered_map>

namespace muntin::emulator {

class RaceChecker;
class Cluster;

struct NamedBarrier {
  uint32_t expected = 0;   ///< threads; AllThreads, or 0 while nobody has arrived
  uint32_t lanes[32] = {}; ///< that have arrived, by warp
  uint32_t again = 0;      ///< threads of warps that arrived more than once
  uint32_t popc = 0, trueLanes = 0, votes = 0;
  uint32_t lastPopc = 0;
  bool lastAll = false, lastAny = false;
  static constexpr uint32_t AllThreads = ~0u;
};

/// The last allocation that an access fell into.
struct AccessCache {
  uint64_t low = 1, high = 0;
  Allocation *allocation = nullptr;
};

/// An asynchronous operation that has been issued and not yet performed.
struct AsyncOp {
  std::function<void()> perform;
  uint32_t warp = 0;
  uint64_t sequence = 0;
  Report issuer;                ///< where it was issued
  std::function<bool()> isDone; ///< of operations that must be waited for
};

class CpAsyncState;
class BulkState;
class WgmmaState;

enum class Outcome { Ended, Running, Blocked };

class Cta {
public:
  Cta(Grid &grid, const uint32_t id[3]);
  ~Cta();

  /// Runs all warps round robin for about `budget` instructions in all.
  Outcome run(uint64_t budget);
  bool ended() const;
  /// Something that was asynchronous happens now. False if there is nothing.
  bool performOldest();
  /// Every try_wait that is blocked returns false. False if there is none.
  bool timeOutWaits();
  /// What each split waits for, for the report of a deadlock.
  std::string describeWaits();

  Grid &grid() { return grid_; }
  const Kernel &kernel() const { return grid_.kernel; }
  const Options &options() const { return grid_.options; }
  const uint32_t *id() const { return id_; }
  uint8_t *shared() { return shared_; }
  uint32_t sharedBytes() const { return sharedBytes_; }
  uint32_t threads() const { return threads_; }
  std::vector<std::unique_ptr<Warp>> &warps() { return warps_; }
  AccessCache &cache(unsigned way) { return caches_[way]; }
  std::mt19937_64 &random() { return random_; }
  /// Whether an operation issued now is to happen now.
  bool performNow();

  // CTA barriers (Barrier.cpp).
  NamedBarrier &barrier(unsigned n) { return barriers_[n]; }
  /// Lanes arrive; true if that completes the barrier, which then has woken the others.
  bool arrive(Warp &w, unsigned n, uint32_t expected, uint32_t mask, uint32_t votes);
  void warpExited(Warp &w);
  /// Offers polled splits their condition. True if any was woken.
  bool pollWaits();

  [[noreturn]] void fault(const Warp &w, ReportKind kind, int lane, uint64_t address, std::string message);
  Report reportAt(const Warp &w, uint32_t pc, const Frame &frame, ReportKind kind, int lane, uint64_t address,
                  std::string message) const;
  void note(const Warp &w, ReportKind kind, int lane, uint64_t address, std::string message);

  RaceChecker *race = nullptr;
  Cluster *cluster = nullptr;
  uint32_t rank = 0;           ///< in the cluster
  std::deque<AsyncOp> pending; ///< oldest first
  uint64_t nextSequence = 0;
  bool progress = false; ///< something other threads can see has happened since the last look
  std::unordered_map<uint32_t, uint64_t> mbarriers; ///< by offset, the word as it was written last
  std::vector<uint8_t> sharedWritten;               ///< a byte per byte, where reads are checked
  std::unique_ptr<CpAsyncState> cpAsync;
  std::unique_ptr<BulkState> bulk;
  std::unique_ptr<WgmmaState> wgmma;

private:
  Outcome runSome(uint64_t budget, uint64_t &done);
  void checkEnd();
  bool completeBarrier(unsigned n);
  void releaseBarrier(unsigned n);

  Grid &grid_;
  uint32_t id_[3];
  uint32_t threads_ = 0;
  uint8_t *shared_ = nullptr;
  uint32_t sharedBytes_ = 0;
  std::vector<std::unique_ptr<Warp>> warps_;
  NamedBarrier barriers_[16];
  AccessCache caches_[8];
  std::mt19937_64 random_;
  size_t nextWarp_ = 0;
  std::unique_ptr<RaceChecker> ownedRace_;
};

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_CTA_H
