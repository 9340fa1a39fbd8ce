//===- RaceOthers.cpp - a CTA's race checker and other CTAs ----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Global memory is judged by the launch's GlobalRaces. Shared memory of
// another CTA of the cluster is judged by that CTA's checker, to which each
// warp of the cluster is an agent; what the warp did there it knows as part of
// its clock for that CTA, and passes on with everything else.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/exec/Cluster.h"
#include "runtime/emulator/exec/Lanes.h"

namespace muntin::emulator {

bool RaceChecker::isOwn(const uint8_t *host) const {
  return host >= cta_.shared() && host < cta_.shared() + cta_.sharedBytes();
}

uint32_t RaceChecker::whereOf(const Warp &w) const {
  const auto &routines = cta_.kernel().routines;
  uint32_t index = 0;
  while (index + 1 < routines.size() && routines[index].get() != w.frame().routine)
    ++index;
  return index << 24 | (w.pc() & 0xffffff);
}

Known RaceChecker::knownOf(const Warp &w) const {
  Known known = views_[w.index()].others;
  known[number_] = views_[w.index()].generic;
  return known;
}

void RaceChecker::absorb(View &v, const Known &known) {
  join(v.others, known);
  if (const auto own = v.others.find(number_); own != v.others.end()) {
    join(v.generic, own->second);
    v.others.erase(own);
  }
}

void RaceChecker::touchGlobal(const GlobalAccess &access, const Warp &w, unsigned lane, const GlobalSpan &span) {
  if (number_ >= CellAccess::MostCtas || span.bytes == 0)
    return;
  stamp(w);
  const View &v = views_[w.index()];
  const CellAccess cell = CellAccess::of(number_, access.agent, access.action, lane, access.strength, whereOf(w));
  const auto conflict =
      races_.touch(cell, {number_, access.proxy ? v.async : v.generic, v.generic, v.others}, span, access.write);
  if (conflict.other.bits)
    reportGlobal(conflict, access, w, lane + static_cast<unsigned>((conflict.address - span.address) / span.pitch));
}

/// Lanes side by side are one span, and lanes at one place one access.
void RaceChecker::touchLanes(const GlobalAccess &access, const Warp &w, uint32_t mask, const uint64_t *address,
                             unsigned bytes) {
  for (unsigned lane = 0, end; lane < WarpSize; lane = end) {
    end = lane + 1;
    if (!((mask >> lane) & 1))
      continue;
    while (end < WarpSize && (mask >> end) & 1 && address[end] == address[lane] + uint64_t(end - lane) * bytes)
      ++end;
    touchGlobal(access, w, lane, {address[lane], uint64_t(end - lane) * bytes, bytes});
    while (end < WarpSize && (mask >> end) & 1 && address[end] == address[end - 1])
      ++end;
  }
}

void RaceChecker::accessGlobal(Warp &w, const Instr &in, uint32_t mask, unsigned bytes, uint32_t action, bool write,
                               const Touched &t) {
  if (spaceOf(in) == MemSpace::Generic)
    eachLane(mask, [&](unsigned lane) {
      const uint64_t window = windowOf(t.address[lane]);
      if (window == SharedWindow || window == LocalWindow || window == ParamWindow)
        mask &= ~(uint32_t(1) << lane);
    });
  const Strength strength = !(in.aux & StrongBit)  ? Strength::Weak
                            : in.aux & CtaScopeBit ? Strength::Cta
                                                   : Strength::Gpu;
  touchLanes({w.index(), action, write, strength}, w, mask, t.address, bytes);
}

void RaceChecker::reportGlobal(const GlobalRaces::Conflict &conflict, const GlobalAccess &access, const Warp &w,
                               unsigned lane) {
  const CellAccess &other = conflict.other;
  const bool sameCta = other.cta() == number_;
  const bool onlyProxy = sameCta && views_[w.index()].generic[other.agent()] >= other.action();
  const uint32_t *grid = cta_.grid().shape.grid;
  const std::string id = std::to_string(other.cta() % grid[0]) + ", " +
                         std::to_string(other.cta() / grid[0] % grid[1]) + ", " +
                         std::to_string(other.cta() / grid[0] / grid[1]);
  const std::string who = nameOf(other.agent()) + (sameCta ? "" : " of CTA (" + id + ")");
  Report r = cta_.reportAt(w, w.pc(), w.frame(), ReportKind::Race, static_cast<int>(lane), conflict.address, "");
  r.message = nameOf(access.agent) + (access.write ? " writes" : " reads") + " global memory that " + who +
              (conflict.otherWrites ? " writes" : " reads") + "; nothing orders the two: expected " +
              (onlyProxy ? "fence.proxy.async between them"
               : sameCta ? orderFor(other.agent())
                         : "a release and an acquire of gpu scope, or the end of the launch");
  nameOther(r, who, other.lane(), other.where);
  throw Fault{std::move(r)};
}

void RaceChecker::accessNeighbours(Warp &w, const Instr &in, uint32_t mask, unsigned bytes, bool write,
                                   const Touched &t) {
  stamp(w);
  for (auto &member : cta_.cluster->members()) {
    RaceChecker &theirs = *member->race;
    uint32_t there = 0;
    eachLane(mask, [&](unsigned lane) { there |= uint32_t(theirs.isOwn(t.host[lane])) << lane; });
    if (&theirs == this || !there)
      continue;
    const uint32_t agent = neighboursFirst_ + cta_.rank * warps_ + w.index(), action = theirs.act(agent, w);
    Clock &known = views_[w.index()].others[theirs.number_];
    known.resize(agents_);
    eachLane(there, [&](unsigned lane) {
      theirs.touchCells({agent, action, known, known, (in.aux & StrongBit) != 0}, w, lane,
                        static_cast<uint64_t>(t.host[lane] - member->shared()), bytes, write);
    });
    known[agent] = action;
  }
}

void RaceChecker::touchFor(const Warp &w, uint32_t agent, uint32_t action, unsigned lane, uint64_t offset,
                           uint64_t bytes, bool write, bool proxy) {
  if (&w.cta() == &cta_)
    return touch(agent, action, w, lane, offset, bytes, write, proxy);
  // No clock of the async proxy is kept for other CTAs: the order of generic accesses is all that is asked for.
  Clock &known = w.cta().race->views_[w.index()].others[number_];
  known.resize(agents_);
  touchCells({agent, action, known, known, false}, w, lane, offset, bytes, write);
}

void RaceChecker::releaseToCluster(const Warp &w, uint64_t object) {
  stamp(w);
  if (inCluster_)
    races_.release(object, std::make_shared<Known>(knownOf(w)));
}

void RaceChecker::releaseActionTo(const Cta &owner, uint64_t object, uint32_t agent, uint32_t action) {
  if (&owner == &cta_)
    return releaseAction(object, agent, action);
  Clock only(agents_, 0);
  only[agent] = action;
  races_.release(object, std::make_shared<Known>(Known{{number_, std::move(only)}}));
}

void RaceChecker::acquireFromCluster(const Warp &w, uint64_t object) {
  if (const SharedKnown known = inCluster_ ? races_.acquire(object) : nullptr)
    absorb(views_[w.index()], *known);
}

// Flags and locks. A strong write releases what lies before the last fence (all, with .release), before it happens; a
// strong read acquires it at the next fence (at once, with .acquire), after it has happened: other CTAs run meanwhile.

bool RaceChecker::seenByOthers(const Instr &in, const uint8_t *host) const {
  return !(in.aux & CtaScopeBit) && (inCluster_ || !isOwn(host));
}

void RaceChecker::releaseFlags(const Warp &w, const Instr &in, uint32_t mask, const Touched &t) {
  View &v = views_[w.index()];
  const bool all = in.aux & ReleaseBit;
  // Float atomics are sums, not flags: to remember a clock for each would take memory without bound.
  if (isFloat(in.type) || (!all && v.fenced.empty()))
    return;
  stamp(w);
  const SharedKnown known = all ? std::make_shared<Known>(knownOf(w)) : v.fencedForOthers;
  const uint8_t *before = nullptr; // lanes at one place are one access
  eachLane(mask, [&](unsigned lane) {
    if (std::exchange(before, t.host[lane]) == t.host[lane])
      return;
    const auto object = reinterpret_cast<uint64_t>(t.host[lane]);
    join(objects_[object].generic, all ? v.generic : v.fenced);
    if (std::pair next(object, known); known && seenByOthers(in, t.host[lane]) && next != v.released) {
      races_.release(object, known);
      v.released = std::move(next);
    }
  });
}

void RaceChecker::acquireFlags(const Warp &w, const Instr &in, uint32_t mask, const Touched &t) {
  View &v = views_[w.index()];
  const bool now = in.aux & AcquireBit;
  const uint8_t *before = nullptr;
  eachLane(mask, [&](unsigned lane) {
    if (std::exchange(before, t.host[lane]) == t.host[lane])
      return;
    const auto object = reinterpret_cast<uint64_t>(t.host[lane]);
    if (const auto found = objects_.find(object); found != objects_.end())
      join(now ? v.generic : v.pending, found->second.generic);
    SharedKnown &last = now ? v.acquired : v.seen;
    const SharedKnown known = seenByOthers(in, t.host[lane]) ? races_.acquire(object) : nullptr;
    if (!known || known == last)
      return;
    last = known;
    now ? absorb(v, *known) : join(v.othersPending, *known);
  });
}

} // namespace muntin::emulator
