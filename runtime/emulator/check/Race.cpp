//===- Race.cpp - happens-before within a CTA -----------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Race.h"

#include "runtime/emulator/exec/Lanes.h"

#include <algorithm>

namespace muntin::emulator {

constexpr uint32_t MbarrierAgents = 64;
constexpr size_t HistoryLength = 1 << 14;

void join(Clock &into, const Clock &from) {
  if (from.empty())
    return;
  if (into.empty())
    into.assign(from.size(), 0);
  for (size_t i = 0; i < into.size(); ++i)
    into[i] = std::max(into[i], from[i]);
}

RaceChecker::RaceChecker(Cta &cta)
    : cta_(cta), races_(*cta.grid().races), cells_(finestAccess(cta.kernel(), true, 4), cta.sharedBytes()) {
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
  actions_.assign(agents_, 0);
  views_.resize(warps_);
  for (View &v : views_)
    v.generic = v.async = Clock(agents_, 0); // the others begin with the first fence or flag
  barriers_.resize(16);
  history_.resize(agents_);
}

uint32_t RaceChecker::mbarrierAgent(uint64_t address) {
  const uint32_t next = mbarriersFirst_ + static_cast<uint32_t>(mbarrierAgents_.size()) % MbarrierAgents;
  return mbarrierAgents_.try_emplace(address, next).first->second;
}

uint32_t RaceChecker::act(uint32_t agent, const Warp &w) {
  const uint32_t action = ++actions_[agent];
  if (action >= SharedCells::MostActions && cta_.race) {
    w.cta().note(w, ReportKind::Remark, -1, 0,
                 "races of the CTA are not checked from here on: more actions than numbers");
    cta_.race = nullptr;
  }
  std::vector<uint32_t> &history = history_[agent]; // grows to its length, then goes round
  if (history.size() <= action % HistoryLength)
    history.resize(action % HistoryLength + 1);
  history[action % HistoryLength] = whereOf(w);
  return action;
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

void RaceChecker::nameOther(Report &r, const std::string &who, uint32_t lane, uint32_t where) const {
  const Routine &routine = *cta_.kernel().routines[where >> 24];
  r.otherLine = cta_.kernel().lineOf(routine, where & 0xffffff);
  r.other = who + " lane " + std::to_string(lane) + ", line " + std::to_string(r.otherLine) + ": " +
            std::string(cta_.kernel().mnemonicOf(routine, where & 0xffffff));
}

void RaceChecker::report(const SharedCells::Conflict &c, uint32_t agent, bool writes, const Warp &w, unsigned lane) {
  const bool isOurs = &w.cta() == &cta_;
  Report r = w.cta().reportAt(w, w.pc(), w.frame(), ReportKind::Race, static_cast<int>(lane), c.offset, "");
  const bool onlyProxy = isOurs && c.agent < warps_ && views_[w.index()].generic[c.agent] >= c.action;
  r.message = nameOf(agent) + (writes ? " writes" : " reads") + " shared memory that " + nameOf(c.agent) +
              (c.writes ? " writes" : " reads") + "; nothing orders the two: expected " +
              (onlyProxy ? "fence.proxy.async between them"
               : isOurs  ? orderFor(c.agent)
                         : "barrier.cluster or an mbarrier");
  if (actions_[c.agent] - c.action < HistoryLength)
    nameOther(r, nameOf(c.agent), c.lane, history_[c.agent][c.action % HistoryLength]);
  else
    r.other = nameOf(c.agent) + ", long ago";
  throw Fault{std::move(r)};
}

void RaceChecker::touchCells(SharedCells::Judge judge, const Warp &w, unsigned lane, uint64_t offset, uint64_t bytes,
                             bool write) {
  if (bytes == 0)
    return;
  const SharedCells::Conflict conflict =
      write ? cells_.write(judge, lane, offset, bytes) : cells_.read(judge, lane, offset, bytes);
  if (conflict.action)
    report(conflict, judge.agent, write, w, lane);
}

void RaceChecker::touch(uint32_t agent, uint32_t action, const Warp &w, unsigned lane, uint64_t offset, uint64_t bytes,
                        bool write, bool proxy) {
  stamp(w);
  const View &view = views_[w.index()];
  // The async proxy must be told of generic writes by a fence; after generic reads an ordinary edge suffices.
  touchCells({agent, action, proxy ? view.async : view.generic, view.generic, false}, w, lane, offset, bytes, write);
}

void RaceChecker::access(Warp &w, const Instr &in, uint32_t mask, MemSpace space, unsigned bytes, Access access,
                         const Touched &t) {
  const bool write = access != Access::Read;
  if (write && in.aux & StrongBit)
    releaseFlags(w, in, mask, t);
  const uint32_t action = act(w.index(), w);
  if (space != MemSpace::Global)
    touchHosts(w.index(), action, w, mask, t.host, bytes, write, in.aux & StrongBit);
  if (space != MemSpace::Global && inCluster_)
    accessNeighbours(w, in, mask, bytes, write, t);
  if (space != MemSpace::Shared)
    accessGlobal(w, in, mask, bytes, action, write, t);
}

void RaceChecker::touchHosts(uint32_t agent, uint32_t action, const Warp &w, uint32_t mask, uint8_t *const *host,
                             unsigned bytes, bool write, bool strong) {
  stamp(w);
  const Clock &known = views_[w.index()].generic;
  SharedCells::Judge judge{agent, action, known, known, strong};
  eachLane(mask, [&](unsigned lane) {
    const auto offset = static_cast<uint64_t>(host[lane] - cta_.shared());
    if (offset + bytes > cta_.sharedBytes() || offset + bytes < offset)
      return; // global, or another CTA's
    const SharedCells::Conflict conflict =
        write ? cells_.write(judge, lane, offset, bytes) : cells_.read(judge, lane, offset, bytes);
    if (conflict.action)
      report(conflict, agent, write, w, lane);
  });
}

void RaceChecker::touchPieces(uint32_t agent, uint32_t action, const Warp &w, const std::vector<uint32_t> &offsets,
                              unsigned bytes) {
  stamp(w);
  const View &view = views_[w.index()];
  SharedCells::Judge judge{agent, action, view.async, view.generic, false};
  for (const uint32_t offset : offsets)
    if (const SharedCells::Conflict conflict = cells_.read(judge, 0, offset, bytes); conflict.action)
      report(conflict, agent, false, w, 0);
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
  const SharedCells::Conflict init = cells_.writerOf(offset);
  return init.action <= views_[w.index()].async[init.agent];
}

void RaceChecker::observeWrite(const Warp &w, unsigned lane, uint64_t offset) {
  stamp(w);
  const SharedCells::Conflict last = cells_.writerOf(offset);
  if (last.agent != w.index() && last.action > views_[w.index()].generic[last.agent])
    report(last, w.index(), false, w, lane);
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
