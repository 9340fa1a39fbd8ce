//===- Race.cpp - happens-before within a CTA -----------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Race.h"

#include "runtime/emulator/exec/Lanes.h"
#include "runtime/emulator/isa/Decoder.h"

#include <algorithm>

namespace muntin::emulator {

constexpr uint32_t MbarrierAgents = 64;
constexpr size_t HistoryLength = 1 << 14;
constexpr uint32_t LaneBits = 5;
constexpr uint32_t MostActions = 1u << 27;

void join(Clock &into, const Clock &from) {
  if (from.empty())
    return;
  if (into.empty())
    into.assign(from.size(), 0);
  for (size_t i = 0; i < into.size(); ++i)
    into[i] = std::max(into[i], from[i]);
}

/// The smallest access to shared memory in the kernel: cells may not be larger, or neighbours would seem to race.
static unsigned granule(const Kernel &kernel) {
  unsigned smallest = 2;
  for (const auto &routine : kernel.routines)
    for (const Instr &in : routine->code) {
      const std::string_view prefix = instructionTable()[in.row].prefix;
      const bool memory = prefix == "ld" || prefix == "st" || prefix == "atom" || prefix == "red";
      const MemSpace space = spaceOf(in);
      if (memory && (space == MemSpace::Shared || space == MemSpace::Generic) && bytesOf(in.type) * in.vec < 4)
        smallest = std::min(smallest, bytesOf(in.type) * in.vec == 1 ? 0u : 1u);
    }
  return smallest;
}

RaceChecker::RaceChecker(Cta &cta) : cta_(cta), races_(*cta.grid().races) {
  const LaunchShape &shape = cta.grid().shape;
  number_ = cta.id()[0] + shape.grid[0] * (cta.id()[1] + shape.grid[1] * cta.id()[2]);
  warps_ = static_cast<uint32_t>(cta.warps().size());
  mbarriersFirst_ = 3 * warps_ + (warps_ + 3) / 4;
  initsFirst_ = mbarriersFirst_ + MbarrierAgents;
  neighboursFirst_ = agents_ = initsFirst_ + warps_;
  const uint32_t clusterSize = shape.cluster[0] * shape.cluster[1] * shape.cluster[2];
  inCluster_ = clusterSize > 1;
  if (inCluster_)
    agents_ += clusterSize * warps_;
  granuleShift_ = granule(cta.kernel());
  actions_.assign(agents_, 0);
  views_.resize(warps_);
  for (View &v : views_)
    v.generic = v.async = Clock(agents_, 0); // the others begin with the first fence or flag
  barriers_.resize(16);
  writer_.assign(cellOf(cta.sharedBytes()) + 4, 0);
  readers_.resize(agents_);
  history_.resize(agents_);
}

uint32_t RaceChecker::mbarrierAgent(uint64_t address) {
  const uint32_t next = mbarriersFirst_ + static_cast<uint32_t>(mbarrierAgents_.size()) % MbarrierAgents;
  return mbarrierAgents_.try_emplace(address, next).first->second;
}

uint32_t RaceChecker::act(uint32_t agent, const Warp &w) {
  const uint32_t action = ++actions_[agent];
  if (action >= MostActions)
    throw Fault{
        cta_.reportAt(w, w.pc(), w.frame(), ReportKind::Remark, -1, 0, "too many actions for the race checker")};
  if (history_[agent].empty())
    history_[agent].resize(HistoryLength);
  history_[agent][action % HistoryLength] = {w.frame().routine, w.pc(), static_cast<uint16_t>(w.index())};
  return action;
}

std::vector<uint32_t> &RaceChecker::plane(uint32_t agent) {
  if (readers_[agent].empty()) {
    readers_[agent].assign(writer_.size(), 0);
    reading_.push_back(agent);
  }
  return readers_[agent];
}

std::string RaceChecker::nameOf(uint32_t agent) const {
  if (agent < warps_)
    return "warp " + std::to_string(agent);
  if (agent < 2 * warps_)
    return "a cp.async of warp " + std::to_string(agent - warps_);
  if (agent < 3 * warps_)
    return "a bulk copy of warp " + std::to_string(agent - 2 * warps_);
  if (agent >= neighboursFirst_)
    return "warp " + std::to_string((agent - neighboursFirst_) % warps_) + " of the cluster's CTA " +
           std::to_string((agent - neighboursFirst_) / warps_);
  if (agent >= initsFirst_)
    return "mbarrier.init of warp " + std::to_string(agent - initsFirst_);
  if (agent < mbarriersFirst_)
    return "a wgmma of warpgroup " + std::to_string(agent - 3 * warps_);
  return "an asynchronous copy that completes on an mbarrier";
}

const char *RaceChecker::orderFor(uint32_t agent) const {
  if (agent >= neighboursFirst_)
    return "barrier.cluster or an mbarrier";
  if (agent >= initsFirst_)
    return "a barrier";
  if (agent >= 3 * warps_)
    return "a wait for the operation";
  if (agent >= 2 * warps_)
    return "cp.async.bulk.wait_group, then a barrier";
  return agent >= warps_ ? "cp.async.wait_group, then a barrier" : "a barrier";
}

void RaceChecker::report(uint32_t agent, uint32_t other, uint32_t otherAction, bool otherWrites, bool writes,
                         uint64_t cell, const Warp &w, unsigned lane) {
  const uint64_t address = cell << granuleShift_;
  const uint32_t action = otherAction >> LaneBits;
  const bool isOurs = &w.cta() == &cta_;
  Report r = w.cta().reportAt(w, w.pc(), w.frame(), ReportKind::Race, static_cast<int>(lane), address, "");
  const bool onlyProxy = isOurs && other < warps_ && views_[w.index()].generic[other] >= action;
  r.message = nameOf(agent) + (writes ? " writes" : " reads") + " shared memory that " + nameOf(other) +
              (otherWrites ? " writes" : " reads") + "; nothing orders the two: expected " +
              (onlyProxy ? "fence.proxy.async between them"
               : isOurs  ? orderFor(other)
                         : "barrier.cluster or an mbarrier");
  const Where where = history_[other][action % HistoryLength];
  if (where.routine && actions_[other] - action < HistoryLength) {
    r.otherLine = cta_.kernel().lineOf(*where.routine, where.pc);
    r.other = nameOf(other) + " lane " + std::to_string(otherAction & 31) + ", line " + std::to_string(r.otherLine) +
              ": " + std::string(cta_.kernel().mnemonicOf(*where.routine, where.pc));
  } else {
    r.other = nameOf(other) + ", long ago";
  }
  throw Fault{std::move(r)};
}

void RaceChecker::checkRead(const Clock &known, uint32_t agent, uint64_t cell, const Warp &w, unsigned lane,
                            bool atomic) {
  const uint64_t last = writer_[cell];
  if (last == 0 || (atomic && (last & AtomicBit)))
    return;
  const auto other = static_cast<uint32_t>((last & ~AtomicBit) >> 32);
  const auto action = static_cast<uint32_t>(last);
  if (other != agent && (action >> LaneBits) > known[other])
    report(agent, other, action, true, false, cell, w, lane);
}

void RaceChecker::checkWrite(const Clock &known, const Clock &readersKnown, uint32_t agent, uint64_t cell,
                             const Warp &w, unsigned lane, bool atomic) {
  const uint64_t last = writer_[cell];
  const auto other = static_cast<uint32_t>((last & ~AtomicBit) >> 32);
  const auto action = static_cast<uint32_t>(last);
  if (last != 0 && other != agent && !(atomic && (last & AtomicBit)) && (action >> LaneBits) > known[other])
    report(agent, other, action, true, true, cell, w, lane);
  for (const uint32_t reader : reading_)
    if (reader != agent && (readers_[reader][cell] >> LaneBits) > readersKnown[reader])
      report(agent, reader, readers_[reader][cell], false, true, cell, w, lane);
}

void RaceChecker::touchCells(const Judge &judge, uint32_t agent, uint32_t action, const Warp &w, unsigned lane,
                             uint64_t offset, uint64_t bytes, bool write) {
  if (bytes == 0)
    return;
  const uint32_t stamp = action << LaneBits | lane;
  const uint64_t end = std::min<uint64_t>(cellOf(offset + bytes - 1) + 1, writer_.size());
  for (uint64_t cell = cellOf(offset); cell < end; ++cell)
    if (write) {
      checkWrite(judge.known, judge.readersKnown, agent, cell, w, lane, judge.strong);
      writer_[cell] = uint64_t(agent) << 32 | stamp | (judge.strong ? AtomicBit : 0);
    } else {
      checkRead(judge.known, agent, cell, w, lane, judge.strong);
    }
  if (!write) {
    std::vector<uint32_t> &mine = plane(agent);
    std::fill(mine.begin() + static_cast<ptrdiff_t>(cellOf(offset)), mine.begin() + static_cast<ptrdiff_t>(end), stamp);
  }
}

void RaceChecker::touch(uint32_t agent, uint32_t action, const Warp &w, unsigned lane, uint64_t offset, uint64_t bytes,
                        bool write, bool proxy) {
  stamp(w);
  const View &view = views_[w.index()];
  // The async proxy must be told of generic writes by a fence; after generic reads an ordinary edge suffices.
  touchCells({proxy ? view.async : view.generic, view.generic, false}, agent, action, w, lane, offset, bytes, write);
}

void RaceChecker::access(Warp &w, const Instr &in, uint32_t mask, MemSpace space, unsigned bytes, Access access,
                         const Touched &t) {
  const bool write = access != Access::Read;
  if (write && in.aux & StrongBit)
    releaseFlags(w, in, mask, t);
  const uint32_t action = act(w.index(), w);
  if (space != MemSpace::Global)
    accessShared(w, in, mask, bytes, action, write, t);
  if (space != MemSpace::Global && inCluster_)
    accessNeighbours(w, in, mask, bytes, write, t);
  if (space != MemSpace::Shared)
    accessGlobal(w, in, mask, bytes, action, write, t);
}

void RaceChecker::accessShared(Warp &w, const Instr &in, uint32_t mask, unsigned bytes, uint32_t action, bool write,
                               const Touched &t) {
  const uint32_t agent = w.index();
  const Clock &known = views_[agent].generic;
  const bool strong = in.aux & StrongBit;
  std::vector<uint32_t> *mine = write ? nullptr : &plane(agent);
  uint64_t fine = 0; // a writer (without its lane) that was found to be ordered
  eachLane(mask, [&](unsigned lane) {
    const ptrdiff_t offset = t.host[lane] - cta_.shared();
    if (offset < 0 || static_cast<uint64_t>(offset) + bytes > cta_.sharedBytes())
      return; // global, or another CTA's
    const uint32_t stamp = action << LaneBits | lane;
    const uint64_t first = cellOf(static_cast<uint64_t>(offset)),
                   last = cellOf(static_cast<uint64_t>(offset) + bytes - 1);
    for (uint64_t cell = first; cell <= last; ++cell)
      if (write) {
        checkWrite(known, known, agent, cell, w, lane, strong);
        writer_[cell] = uint64_t(agent) << 32 | stamp | (strong ? AtomicBit : 0);
      } else {
        if (const uint64_t by = writer_[cell]; by >> LaneBits != fine) {
          checkRead(known, agent, cell, w, lane, strong);
          fine = by >> LaneBits;
        }
        (*mine)[cell] = stamp;
      }
  });
}

void RaceChecker::learn(const Warp &w, uint32_t agent, uint32_t action) {
  View &v = views_[w.index()];
  v.generic[agent] = std::max(v.generic[agent], action);
  v.async[agent] = std::max(v.async[agent], action);
}

void RaceChecker::arriveBarrier(const Warp &w, unsigned n) {
  View &v = views_[w.index()];
  stamp(w);
  join(barriers_[n].generic, v.generic);
  join(barriers_[n].async, v.async);
  join(barriers_[n].others, v.others);
}

void RaceChecker::leaveBarrier(const Warp &w, unsigned n) {
  join(views_[w.index()].generic, barriers_[n].generic);
  join(views_[w.index()].async, barriers_[n].async);
  join(views_[w.index()].others, barriers_[n].others);
}

void RaceChecker::resetBarrier(unsigned n) { barriers_[n] = {}; }

void RaceChecker::fence(const Warp &w, bool within) {
  View &v = views_[w.index()];
  stamp(w);
  join(v.generic, v.pending);
  v.fenced = v.generic;
  if (within)
    return;
  absorb(v, v.othersPending);
  v.fencedForOthers = std::make_shared<Known>(knownOf(w));
}

void RaceChecker::proxyFence(const Warp &w) {
  View &v = views_[w.index()];
  stamp(w);
  join(v.async, v.generic);
}

void RaceChecker::initFence(const Warp &w) {
  View &v = views_[w.index()];
  std::copy_n(v.generic.begin() + initsFirst_, warps_, v.async.begin() + initsFirst_);
}

void RaceChecker::initialise(const Warp &w, unsigned lane, uint64_t offset) {
  const uint32_t action = act(initAgent(w), w);
  touch(initAgent(w), action, w, lane, offset, 8, true, false);
  views_[w.index()].generic[initAgent(w)] = action;
}

bool RaceChecker::proxyKnowsInit(const Warp &w, uint64_t offset) const {
  const uint64_t last = writer_[cellOf(offset)] & ~AtomicBit;
  return static_cast<uint32_t>(last) >> LaneBits <= views_[w.index()].async[last >> 32];
}

void RaceChecker::release(const Warp &w, uint64_t object) {
  View &v = views_[w.index()];
  stamp(w);
  join(objects_[object].generic, v.generic);
  join(objects_[object].async, v.async);
  join(objects_[object].others, v.others);
}

void RaceChecker::acquire(const Warp &w, uint64_t object) {
  const auto found = objects_.find(object);
  if (found == objects_.end())
    return;
  join(views_[w.index()].generic, found->second.generic);
  join(views_[w.index()].async, found->second.async);
  join(views_[w.index()].others, found->second.others);
}

void RaceChecker::releaseAction(uint64_t object, uint32_t agent, uint32_t action) {
  for (Clock *clock : {&objects_[object].generic, &objects_[object].async}) {
    if (clock->empty())
      clock->assign(agents_, 0);
    (*clock)[agent] = std::max((*clock)[agent], action);
  }
}

void RaceChecker::rendezvous(const std::vector<const Warp *> &warps) {
  Object all;
  for (const Warp *w : warps) {
    stamp(*w);
    join(all.generic, views_[w->index()].generic);
    join(all.others, views_[w->index()].others);
  }
  for (const Warp *w : warps) {
    join(views_[w->index()].generic, all.generic);
    join(views_[w->index()].others, all.others);
  }
}

} // namespace muntin::emulator
