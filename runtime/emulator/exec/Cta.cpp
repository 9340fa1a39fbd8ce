//===- Cta.cpp - a thread block while it runs -----------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Cta.h"

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/exec/AsyncState.h"
#include "runtime/emulator/exec/Cluster.h"

#include <cstring>

namespace muntin::emulator {

constexpr uint64_t Quantum = 4096; ///< instructions of a warp before the next one has its turn

Cta::Cta(Grid &grid, const uint32_t id[3]) : grid_(grid) {
  std::copy_n(id, 3, id_);
  const LaunchShape &shape = grid.shape;
  threads_ = shape.block[0] * shape.block[1] * shape.block[2];
  sharedBytes_ = grid.kernel.dynamicOffset + shape.dynamicShared;
  if (shape.dynamicShared == 0)
    sharedBytes_ = grid.kernel.staticShared;
  const size_t room = (size_t(sharedBytes_) + 1023) / 1024 * 1024 + 1024;
  shared_ = static_cast<uint8_t *>(std::aligned_alloc(1024, room));
  std::memset(shared_, 0xff, room); // a NaN in every format
  if (grid.options.checkSharedInit)
    sharedWritten.assign(room, 0);
  random_.seed(grid.options.seed * 0x9e3779b97f4a7c15u + id[0] + 131 * (id[1] + 131 * uint64_t(id[2])));
  cpAsync = std::make_unique<CpAsyncState>();
  bulk = std::make_unique<BulkState>();
  wgmma = std::make_unique<WgmmaState>();
  const uint32_t warps = (threads_ + WarpSize - 1) / WarpSize;
  for (uint32_t w = 0; w < warps; ++w)
    warps_.push_back(std::make_unique<Warp>(*this, w));
  if (grid.options.check == CheckLevel::Race) {
    ownedRace_ = std::make_unique<RaceChecker>(*this);
    race = ownedRace_.get();
  }
}

Cta::~Cta() { std::free(shared_); }

bool Cta::ended() const {
  return std::all_of(warps_.begin(), warps_.end(), [](const auto &w) { return w->ended(); });
}

bool Cta::pollWaits() {
  bool woken = false;
  for (auto &w : warps_)
    for (Split &s : w->splits())
      if (s.state == SplitState::Poll && s.poll(*w, s)) {
        w->wake(s);
        woken = true;
      }
  return woken;
}

Outcome Cta::run(uint64_t budget) {
  uint64_t done = 0;
  const Outcome outcome = runSome(budget, done);
  grid_.steps.fetch_add(done, std::memory_order_relaxed);
  return outcome;
}

Outcome Cta::runSome(uint64_t budget, uint64_t &done) {
  const bool isRandom = options().async == AsyncMode::Random;
  while (done < budget && !grid_.stop.load(std::memory_order_relaxed)) {
    pollWaits();
    bool any = false;
    for (size_t i = 0; i < warps_.size() && done < budget; ++i) {
      Warp &w = *warps_[isRandom ? random_() % warps_.size() : i];
      if (!w.runnable())
        continue;
      any = true;
      done += w.run(isRandom ? 1 + random_() % 512 : Quantum);
      if (isRandom && !pending.empty() && random_() % 4 == 0)
        performOldest();
    }
    if (any)
      continue;
    if (isRandom && std::any_of(warps_.begin(), warps_.end(), [](const auto &w) { return w->runnable(); }))
      continue;
    if (pollWaits())
      continue;
    if (!ended())
      return Outcome::Blocked;
    checkEnd();
    return Outcome::Ended;
  }
  return ended() ? Outcome::Ended : Outcome::Running;
}

/// A bulk copy that nobody waited for may touch shared memory that is another CTA's by then.
void Cta::checkEnd() {
  for (const AsyncOp &op : pending)
    if (op.isDone && !op.isDone()) {
      Report r = op.issuer;
      r.kind = ReportKind::AsyncMisuse;
      r.message = "the copy is still under way when the CTA ends; expected a wait for it";
      throw Fault{r};
    }
  pending.clear();
}

bool Cta::performNow() {
  return options().async == AsyncMode::Eager || (options().async == AsyncMode::Random && random_() % 2 == 0);
}

bool Cta::performOldest() {
  if (pending.empty())
    return false;
  AsyncOp op = std::move(pending.front());
  pending.pop_front();
  op.perform();
  return true;
}

bool Cta::timeOutWaits() {
  bool any = false;
  for (auto &w : warps_)
    for (Split &s : w->splits())
      if (s.state == SplitState::Poll && s.mayTimeOut) {
        w->wake(s);
        s.timedOut = true;
        any = true;
      }
  return any;
}

std::string Cta::describeWaits() {
  std::string out;
  for (auto &w : warps_)
    for (const Split &s : w->splits()) {
      char text[200];
      const Kernel &k = kernel();
      std::snprintf(text, sizeof text, "%swarp %u lanes 0x%08x at line %u: %.*s", out.empty() ? "" : "; ", w->index(),
                    s.mask, k.lineOf(*s.frame->routine, s.pc),
                    static_cast<int>(std::min<size_t>(60, k.mnemonicOf(*s.frame->routine, s.pc).size())),
                    k.mnemonicOf(*s.frame->routine, s.pc).data());
      out += text;
      if (s.state == SplitState::Barrier)
        out += " waits at barrier " + std::to_string(s.waitsFor);
      else if (s.state == SplitState::Sync)
        out += " waits for lanes of its warp";
      else if (s.state == SplitState::Poll) {
        std::snprintf(text, sizeof text, " waits at 0x%llx parity %u", static_cast<unsigned long long>(s.waitsFor),
                      s.waitsParity);
        out += text;
      }
    }
  return out;
}

Report Cta::reportAt(const Warp &w, uint32_t pc, const Frame &frame, ReportKind kind, int lane, uint64_t address,
                     std::string message) const {
  Report r;
  r.kind = kind;
  r.kernel = grid_.kernel.name;
  r.line = grid_.kernel.lineOf(*frame.routine, pc);
  r.source = grid_.kernel.sourceOf(*frame.routine, pc);
  r.text = std::string(grid_.kernel.mnemonicOf(*frame.routine, pc));
  r.cta = {id_[0], id_[1], id_[2]};
  r.warp = static_cast<int>(w.index());
  r.lane = lane;
  r.address = address;
  r.message = std::move(message);
  return r;
}

void Cta::fault(const Warp &w, ReportKind kind, int lane, uint64_t address, std::string message) {
  throw Fault{reportAt(w, w.pc(), w.frame(), kind, lane, address, std::move(message))};
}

void Cta::note(const Warp &w, ReportKind kind, int lane, uint64_t address, std::string message) {
  grid_.reports.add(reportAt(w, w.pc(), w.frame(), kind, lane, address, std::move(message)));
}

} // namespace muntin::emulator
