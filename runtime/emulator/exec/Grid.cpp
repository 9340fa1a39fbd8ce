//===- Grid.cpp - all CTAs of a launch, over the cores --------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Grid.h"

#include "runtime/emulator/check/GlobalRaces.h"
#include "runtime/emulator/exec/Cluster.h"
#include "runtime/emulator/exec/Threads.h"

#include <deque>

namespace muntin::emulator {

constexpr uint64_t Slice = 1 << 18;               ///< instructions before the step limit is looked at
constexpr uint64_t PatienceSteps = 1 << 24;       ///< before another CTA gets a turn: this one may wait for it
constexpr size_t MostResident = 16;               ///< CTAs that one core interleaves
constexpr uint64_t CooperativePatience = 1 << 14; ///< where CTAs are known to wait for each other
constexpr unsigned MostIdleTimeouts = 64;

Cluster::Cluster(Grid &grid, const uint32_t first[3]) {
  const uint32_t *c = grid.shape.cluster;
  for (uint32_t z = 0; z < c[2]; ++z)
    for (uint32_t y = 0; y < c[1]; ++y)
      for (uint32_t x = 0; x < c[0]; ++x) {
        const uint32_t id[3] = {first[0] + x, first[1] + y, first[2] + z};
        members_.push_back(std::make_unique<Cta>(grid, id));
        members_.back()->cluster = this;
        members_.back()->rank = static_cast<uint32_t>(members_.size() - 1);
      }
}

Outcome Cluster::run(uint64_t budget) {
  bool blocked = true, ended = true;
  for (auto &cta : members_) {
    const Outcome outcome = cta->run(budget / members_.size() + 1);
    blocked &= outcome != Outcome::Running;
    ended &= outcome == Outcome::Ended;
  }
  if (ended)
    return Outcome::Ended;
  if (!blocked)
    return Outcome::Running;
  for (auto &cta : members_) // one that ran later may have woken one that ran before
    if (cta->pollWaits())
      return Outcome::Running;
  for (auto &cta : members_)
    for (auto &w : cta->warps())
      if (w->runnable())
        return Outcome::Running;
  return Outcome::Blocked;
}

void Cluster::unblock() {
  for (auto &cta : members_)
    if (std::exchange(cta->progress, false))
      idleTimeouts_ = 0;
  for (auto &cta : members_)
    if (cta->performOldest())
      return;
  bool any = false;
  if (++idleTimeouts_ <= MostIdleTimeouts)
    for (auto &cta : members_)
      any |= cta->timeOutWaits();
  if (!any)
    deadlock();
}

void Cluster::deadlock() {
  std::string waits;
  for (auto &cta : members_)
    waits += (waits.empty() ? "" : "; ") + cta->describeWaits();
  for (auto &cta : members_)
    for (auto &w : cta->warps())
      for (const Split &s : w->splits()) {
        const bool misuse = s.state == SplitState::Sync;
        throw Fault{cta->reportAt(*w, s.pc, *s.frame, misuse ? ReportKind::BarrierMisuse : ReportKind::Deadlock,
                                  std::countr_zero(s.mask), s.waitsFor, "no thread can go on: " + waits)};
      }
  std::abort(); // unreachable: a blocked cluster has a split
}

static void checkSteps(Grid &grid, Cluster &cluster) {
  if (grid.steps.load(std::memory_order_relaxed) <= grid.options.stepLimit)
    return;
  for (auto &cta : cluster.members())
    for (auto &w : cta->warps())
      for (const Split &s : w->splits())
        throw Fault{cta->reportAt(*w, s.pc, *s.frame, ReportKind::StepLimit, std::countr_zero(s.mask), 0,
                                  "the limit of " + std::to_string(grid.options.stepLimit) +
                                      " instructions is reached; this is where it runs")};
}

/// Runs one cluster to its end, or until patience is spent. True at the end.
static bool advance(Grid &grid, Cluster &cluster) {
  const uint64_t patience = grid.shape.cooperative ? CooperativePatience : PatienceSteps,
                 slice = std::min(Slice, patience);
  for (uint64_t spent = 0; spent < patience; spent += slice) {
    if (grid.stop)
      return true;
    const Outcome outcome = cluster.run(slice);
    if (outcome == Outcome::Ended)
      return true;
    if (outcome == Outcome::Blocked)
      cluster.unblock();
    checkSteps(grid, cluster);
  }
  return false;
}

static void work(Grid &grid, std::atomic<uint64_t> &next, uint64_t clusters) {
  std::deque<std::unique_ptr<Cluster>> resident;
  const LaunchShape &s = grid.shape;
  const uint64_t nx = s.grid[0] / s.cluster[0], ny = s.grid[1] / s.cluster[1];
  while (!grid.stop) {
    std::unique_ptr<Cluster> cluster;
    if (resident.size() < (s.cooperative ? clusters : MostResident)) {
      const uint64_t i = next.fetch_add(1);
      if (i < clusters) {
        const uint32_t first[3] = {static_cast<uint32_t>(i % nx) * s.cluster[0],
                                   static_cast<uint32_t>(i / nx % ny) * s.cluster[1],
                                   static_cast<uint32_t>(i / nx / ny) * s.cluster[2]};
        cluster = std::make_unique<Cluster>(grid, first);
      }
    }
    if (!cluster) {
      if (resident.empty())
        return;
      cluster = std::move(resident.front());
      resident.pop_front();
    }
    if (!advance(grid, *cluster))
      resident.push_back(std::move(cluster));
  }
}

/// Findings of the static analysis: fatal under the race check, else remarks.
static bool reportHazards(Grid &grid) {
  const bool fatal = grid.options.check == CheckLevel::Race;
  for (const auto &routine : grid.kernel.routines)
    for (const StaticHazard &h : routine->hazards) {
      Report r;
      r.kind = fatal ? ReportKind::RegisterHazard : ReportKind::Remark;
      r.kernel = grid.kernel.name;
      r.line = grid.kernel.lineOf(*routine, h.pc);
      r.source = grid.kernel.sourceOf(*routine, h.pc);
      r.text = std::string(grid.kernel.mnemonicOf(*routine, h.pc));
      r.message = h.message;
      grid.reports.add(std::move(r));
      if (fatal)
        return false;
    }
  return true;
}

namespace {

/// What the workers of a launch share.
struct Shared {
  Grid &grid;
  uint64_t clusters;
  std::atomic<uint64_t> next{0};
  /// Raised when work is handed out and when it is done: oneTBB orders the two as well, but no sanitizer can see that.
  std::atomic<uint64_t> handovers{0};
};

void worker(void *context) {
  auto &shared = *static_cast<Shared *>(context);
  shared.handovers.load(std::memory_order_acquire);
  try {
    work(shared.grid, shared.next, shared.clusters);
  } catch (Fault &fault) {
    shared.grid.stop = true;
    shared.grid.reports.add(std::move(fault.report));
  }
  shared.handovers.fetch_add(1, std::memory_order_release);
}

} // namespace

bool runGrid(Grid &grid) {
  if (grid.options.check != CheckLevel::Off && !reportHazards(grid))
    return false;
  if (grid.options.check == CheckLevel::Race)
    grid.races = std::make_shared<GlobalRaces>(grid.kernel);
  const LaunchShape &s = grid.shape;
  const uint64_t clusters =
      uint64_t(s.grid[0] / s.cluster[0]) * (s.grid[1] / s.cluster[1]) * (s.grid[2] / s.cluster[2]);
  const auto most = static_cast<uint64_t>(threadsFor(grid.options.threads));
  const int workers = static_cast<int>(std::min(clusters, most));
  Shared shared{grid, clusters};
  if (workers == 1) {
    worker(&shared);
    return !grid.stop;
  }
  shared.handovers.fetch_add(1, std::memory_order_release);
  onThreads(grid.options.threads, workers, worker, &shared);
  shared.handovers.load(std::memory_order_acquire);
  return !grid.stop;
}

} // namespace muntin::emulator
