//===- CpAsync.cpp - cp.async ---------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/exec/AsyncState.h"
#include "runtime/emulator/exec/LoadStore.h"
#include "runtime/emulator/exec/Mbarrier.h"
#include "runtime/emulator/isa/Decoders.h"

#include <cstring>

namespace muntin::emulator {

namespace {

constexpr uint8_t WideSource = 2; ///< flag: the source's base has 64 bits

void perform(CpAsyncCopy &copy) {
  eachLane(std::exchange(copy.mask, 0), [&](unsigned i) {
    uint8_t piece[16] = {}; // beyond the source size: zeros
    if (copy.sourceBytes[i])
      std::memcpy(piece, copy.from[i], copy.sourceBytes[i]);
    std::memcpy(copy.to[i], piece, copy.bytes);
  });
}

void copy(Warp &w, const Instr &in, uint32_t mask) {
  Cta &cta = w.cta();
  CpAsyncCopy c;
  c.mask = mask;
  c.bytes = in.vec;
  Touched to, from;
  Instr part = in;
  part.imm = static_cast<int32_t>(in.imm);
  computeAddresses(w, part, 1, to.address);
  part.imm = in.imm >> 32;
  part.flags = in.flags & WideSource ? WideBase : 0;
  computeAddresses(w, part, 2, from.address);
  RaceChecker *race = std::exchange(cta.race, nullptr); // this is no access of the warp itself
  resolve(w, in, mask, MemSpace::Shared, c.bytes, Access::Write, to);
  cta.race = race;
  const uint32_t *size = in.op[3] == NoRef ? nullptr : w.words<uint32_t>(in.op[3]);
  const uint32_t ignored = in.op[4] == NoRef ? 0 : w.predicate(in.op[4]);
  eachLane(mask, [&](unsigned i) {
    c.sourceBytes[i] = (ignored >> i) & 1 ? 0 : size ? size[i] : c.bytes;
    if (c.sourceBytes[i] > c.bytes)
      cta.fault(w, ReportKind::AsyncMisuse, static_cast<int>(i), from.address[i],
                "source size " + std::to_string(c.sourceBytes[i]) + " of a copy of " + std::to_string(c.bytes) +
                    " bytes");
    c.to[i] = to.host[i];
    if (c.sourceBytes[i]) // size 0 touches nothing
      c.from[i] = globalHost(w, i, from.address[i], c.sourceBytes[i], 1, Access::Read);
    if (from.address[i] % c.bytes && c.sourceBytes[i])
      cta.fault(w, ReportKind::Misaligned, static_cast<int>(i), from.address[i],
                "the source of a copy of " + std::to_string(c.bytes) + " bytes");
  });
  if (cta.grid().profile) {
    uint32_t reading = 0;
    eachLane(mask, [&](unsigned i) { reading |= uint32_t(c.sourceBytes[i] != 0) << i; });
    profileAccess(w, in, mask, MemSpace::Shared, c.bytes, to);
    profileAccess(w, in, reading, MemSpace::Global, c.bytes, from);
  }
  if (race) {
    c.action = race->act(race->cpAsyncAgent(w), w);
    race->touchHosts(race->cpAsyncAgent(w), c.action, w, mask, c.to, c.bytes, true, false);
    uint32_t whole = 0; // lanes that read as much as they write
    eachLane(mask, [&](unsigned i) { whole |= uint32_t(c.sourceBytes[i] == c.bytes) << i; });
    const GlobalAccess access{race->cpAsyncAgent(w), c.action};
    race->touchLanes(access, w, whole, from.address, c.bytes);
    eachLane(mask & ~whole,
             [&](unsigned i) { race->touchGlobal(access, w, i, {from.address[i], c.sourceBytes[i], c.bytes}); });
  }
  CpAsyncState::PerWarp &state = cta.cpAsync->of(w);
  if (cta.performNow())
    perform(c);
  state.open.push_back(std::make_shared<CpAsyncCopy>(c));
}

void commit(Warp &w, const Instr &, uint32_t) {
  CpAsyncState::PerWarp &state = w.cta().cpAsync->of(w);
  state.groups.push_back(std::exchange(state.open, {}));
}

void waitFor(Warp &w, size_t mostPending) {
  CpAsyncState::PerWarp &state = w.cta().cpAsync->of(w);
  while (state.groups.size() > mostPending) {
    for (const auto &c : state.groups.front()) {
      perform(*c);
      if (RaceChecker *race = w.cta().race)
        race->learn(w, race->cpAsyncAgent(w), c->action);
    }
    state.groups.pop_front();
  }
}

} // namespace

void arriveAfterCopies(Warp &w, const MbarrierPlace &m, uint32_t lanes) {
  Cta &cta = w.cta();
  CpAsyncState::PerWarp &state = cta.cpAsync->of(w);
  CpAsyncState::PerWarp::Group copies = state.open;
  for (const auto &group : state.groups)
    copies.insert(copies.end(), group.begin(), group.end());
  for (const auto &c : copies)
    c->awaited = true;
  const uint32_t agent = cta.race ? cta.race->cpAsyncAgent(w) : 0, action = cta.race ? cta.race->lastAction(agent) : 0;
  const Report issuer = cta.reportAt(w, w.pc(), w.frame(), ReportKind::AsyncMisuse, -1, m.offset, "");
  // The warp may have ended by then: only its CTA is named.
  auto finish = [&cta, m, lanes, agent, action, issuer, copies = std::move(copies)]() mutable {
    for (const auto &c : copies)
      perform(*c);
    if (RaceChecker *race = cta.race; race && m.cta == &cta)
      race->releaseAction(mbarrierObject(m, mbarrierParity(mbarrierWord(m))), agent, action);
    mbarrierArriveLate(m, lanes, issuer);
  };
  if (cta.performNow())
    return finish();
  cta.pending.push_back({finish, w.index(), cta.nextSequence++, issuer, {}});
}

void CpAsyncState::finish(Warp &w) {
  PerWarp &state = of(w);
  state.groups.push_back(std::exchange(state.open, {}));
  bool left = false;
  for (const auto &group : state.groups)
    for (const auto &c : group)
      if (!c->awaited) {
        perform(*c);
        left = true;
      }
  state = {};
  if (left)
    w.cta().note(w, ReportKind::Remark, -1, 0, "the warp ends with a cp.async that it did not wait for");
}

void decodeCpAsync(Decoder &d) {
  const int form = d.takeOne({"ca", "cg"});
  std::string_view hint;
  const bool policy = d.has("L2::cache_hint");
  while (d.takePrefixed("L2::", hint))
    ;
  const bool toShared = d.takeOne({"shared", "shared::cta", "shared::cluster"}) >= 0;
  if (form < 0 || !toShared || !d.take("global"))
    d.unsupported();
  d.expectCount(3 + policy, 4 + policy);
  const int64_t bytes = d.integer(d.operand(2));
  if (form == 1 ? bytes != 16 : bytes != 4 && bytes != 8 && bytes != 16)
    d.fail(d.operand(2), "expected a size of " + std::string(form == 1 ? "16" : "4, 8 or 16") + " bytes, got " +
                             std::to_string(bytes));
  memoryOperand(d, d.operand(0), 1, MemSpace::Shared);
  const int64_t offset = d.now.imm;
  const uint8_t wide = d.now.flags & WideBase;
  d.now.flags = 0;
  memoryOperand(d, d.operand(1), 2, MemSpace::Global);
  if (offset != static_cast<int32_t>(offset) || d.now.imm != static_cast<int32_t>(d.now.imm))
    d.unsupported();
  d.now.flags = static_cast<uint8_t>(wide | (d.now.flags & WideBase ? WideSource : 0));
  d.now.imm = static_cast<int64_t>(static_cast<uint64_t>(d.now.imm) << 32 | static_cast<uint32_t>(offset));
  d.now.aux = static_cast<uint32_t>(MemSpace::Shared);
  d.now.vec = static_cast<uint8_t>(bytes);
  if (d.count() > 3u + policy) {
    const Operand &last = d.operand(3);
    if (d.isRegister(last) && d.widthOf(last) == Width::Predicate)
      d.now.op[4] = d.srcPredicate(last); // the source is ignored where it holds
    else
      d.now.op[3] = d.src(3, Type::U32);
  }
  d.now.run = copy;
}

void decodeCpAsyncCommit(Decoder &d) {
  d.expectCount(0, 0);
  d.now.run = commit;
}

void decodeCpAsyncWait(Decoder &d) {
  d.expectCount(1, 1);
  d.now.imm = d.integer(d.operand(0));
  if (d.now.imm < 0)
    d.fail(d.operand(0), "expected a number of groups");
  d.now.run = [](Warp &w, const Instr &in, uint32_t) { waitFor(w, static_cast<size_t>(in.imm)); };
}

void decodeCpAsyncWaitAll(Decoder &d) {
  d.expectCount(0, 0);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    commit(w, in, mask);
    waitFor(w, 0);
  };
}

} // namespace muntin::emulator
