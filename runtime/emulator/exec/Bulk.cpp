//===- Bulk.cpp - bulk copies: groups, plain copies, reductions -----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Bulk.h"

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/exec/Cluster.h"
#include "runtime/emulator/exec/Numbers.h"

#include <algorithm>
#include <cstring>

namespace muntin::emulator {

void BulkTask::perform() {
  if (std::exchange(done, true))
    return;
  move();
  for (size_t i = 0; i < barriers.size(); ++i) {
    const MbarrierPlace &m = barriers[i];
    if (RaceChecker *race = m.cta->race; race && i < targetActions.size()) {
      const uint64_t object = mbarrierObject(m, mbarrierParity(mbarrierWord(m)));
      race->releaseAction(object, race->mbarrierAgent(m.offset), targetActions[i]);
      if (action && from->race)
        from->race->releaseActionTo(*m.cta, object, agent, action);
    }
    mbarrierComplete(m, bytes, issuer);
  }
}

void addTarget(Warp &w, unsigned lane, BulkTask &task, const MbarrierPlace &m, const uint8_t *host, uint64_t bytes,
               bool proxy) {
  const ptrdiff_t offset = host - m.cta->shared();
  if (offset < 0 || offset + static_cast<ptrdiff_t>(bytes) > m.cta->sharedBytes())
    w.cta().fault(w, ReportKind::AsyncMisuse, static_cast<int>(lane), m.offset,
                  "an mbarrier of another CTA than the one that is written to");
  task.barriers.push_back(m);
  RaceChecker *race = m.cta->race;
  if (!race || !w.cta().race)
    return;
  if (m.cta == &w.cta() && proxy && !race->proxyKnowsInit(w, m.offset))
    w.cta().note(w, ReportKind::Remark, static_cast<int>(lane), m.offset,
                 "the copy completes on an mbarrier whose initialisation the async proxy may not see; expected "
                 "fence.mbarrier_init or fence.proxy.async after it");
  const uint32_t agent = race->mbarrierAgent(m.offset), action = race->act(agent, w);
  race->touchFor(w, agent, action, lane, static_cast<uint64_t>(offset), bytes, true, proxy);
  task.targetActions.push_back(action);
}

void beginSource(Warp &w, BulkTask &task, uint32_t agent) {
  task.from = &w.cta();
  task.agent = agent;
  task.action = w.cta().race->act(agent, w);
}

void issueBulk(Warp &w, std::shared_ptr<BulkTask> task, bool group) {
  Cta &cta = w.cta();
  if (group) {
    auto &state = cta.bulk->of(w);
    if (!state.open)
      state.open = std::make_shared<BulkState::Group>();
    state.open->tasks.push_back(task);
    state.open->lastAction = task->action;
  }
  if (cta.performNow())
    task->perform();
  else
    cta.pending.push_back(
        {[task] { task->perform(); }, w.index(), cta.nextSequence++, task->issuer, [task] { return task->done; }});
}

void BulkState::finish(Warp &w) {
  PerWarp &state = of(w);
  const bool left =
      state.open || std::any_of(state.groups.begin(), state.groups.end(), [](auto &g) { return !g->read; });
  if (left)
    w.cta().fault(
        w, ReportKind::AsyncMisuse, -1, 0,
        "the warp ends while a bulk copy may still read its shared memory; expected cp.async.bulk.wait_group");
}

static void addOffset(Warp &w, const Instr &in, uint32_t mask) {
  uint64_t *d = w.words<uint64_t>(in.op[0]);
  eachLane(mask, [&](unsigned i) {
    d[i] = (in.flags & WideBase ? w.words<uint64_t>(in.op[1])[i] : w.words<uint32_t>(in.op[1])[i]) +
           static_cast<uint64_t>(in.imm);
  });
}

Ref effectiveAddress(Decoder &d, const Operand &o, bool isShared) {
  if (o.kind != OperandKind::Address)
    d.fail(o, "expected an address in brackets");
  const Operand &base = d.element(o, 0);
  Instr i;
  i.run = addOffset;
  i.imm = o.value;
  const bool word = d.isRegister(base) && d.widthOf(base) == Width::Word;
  if (word && !isShared)
    d.fail(base, "expected a 64-bit address");
  i.flags = word ? 0 : WideBase;
  i.op[1] = d.src(base, word ? Type::U32 : Type::U64);
  i.op[0] = d.temporary(Width::Double);
  d.before_(i, {i.op[0]}, {i.op[1]});
  d.use(i.op[0]);
  return i.op[0];
}

// Reductions.

namespace {

template <typename T> void reduceIntegers(T *to, const T *from, size_t n, BulkReduction op) {
  for (size_t i = 0; i < n; ++i)
    atomicUpdate<std::make_unsigned_t<T>>(reinterpret_cast<uint8_t *>(to + i), [&](std::make_unsigned_t<T> old) {
      const T a = static_cast<T>(old), b = from[i];
      switch (op) {
      case BulkReduction::Add: return static_cast<T>(old + static_cast<std::make_unsigned_t<T>>(b));
      case BulkReduction::Min: return std::min(a, b);
      case BulkReduction::Max: return std::max(a, b);
      case BulkReduction::And: return static_cast<T>(a & b);
      case BulkReduction::Or: return static_cast<T>(a | b);
      case BulkReduction::Xor: return static_cast<T>(a ^ b);
      case BulkReduction::Inc: return a >= b ? T(0) : static_cast<T>(a + 1);
      default: return a == 0 || a > b ? b : static_cast<T>(a - 1);
      }
    });
}

template <typename H> void reduceHalves(uint16_t *to, const uint16_t *from, size_t n, BulkReduction op) {
  for (size_t i = 0; i < n; ++i)
    atomicUpdate<uint16_t>(reinterpret_cast<uint8_t *>(to + i), [&](uint16_t old) {
      const float a = H{old}.value(), b = H{from[i]}.value();
      return op == BulkReduction::Add ? H::of(a + b).bits : (a < b) == (op == BulkReduction::Min) ? old : from[i];
    });
}

} // namespace

void reduceElements(uint8_t *to, const uint8_t *from, size_t bytes, BulkReduction op, Type type) {
  const auto each = [&]<typename T>(T) {
    reduceIntegers(reinterpret_cast<T *>(to), reinterpret_cast<const T *>(from), bytes / sizeof(T), op);
  };
  switch (type) {
  case Type::S32: return each(int32_t());
  case Type::U64:
  case Type::B64: return each(uint64_t());
  case Type::S64: return each(int64_t());
  case Type::F16:
    return reduceHalves<Half>(reinterpret_cast<uint16_t *>(to), reinterpret_cast<const uint16_t *>(from), bytes / 2,
                              op);
  case Type::BF16:
    return reduceHalves<BHalf>(reinterpret_cast<uint16_t *>(to), reinterpret_cast<const uint16_t *>(from), bytes / 2,
                               op);
  case Type::F32:
    for (size_t i = 0; i < bytes; i += 4)
      atomicUpdate<uint32_t>(to + i, [&](uint32_t old) {
        uint32_t b;
        std::memcpy(&b, from + i, 4);
        return asBits(asFloat(old) + asFloat(b));
      });
    return;
  case Type::F64:
    for (size_t i = 0; i < bytes; i += 8)
      atomicUpdate<uint64_t>(to + i, [&](uint64_t old) {
        double b;
        std::memcpy(&b, from + i, 8);
        return std::bit_cast<uint64_t>(std::bit_cast<double>(old) + b);
      });
    return;
  default: return each(uint32_t());
  }
}

// Plain bulk copies.

namespace {

/// Instr::aux: where from and to, and the rest.
constexpr uint32_t ToGlobal = 1, FromShared = 2, Multicast = 4;
constexpr unsigned ReductionShift = 8;

/// Where the bytes go in shared memory, of one CTA or of several.
void aimAtShared(Warp &w, const Instr &in, unsigned lane, uint32_t bytes, BulkTask &task,
                 std::vector<uint8_t *> &targets) {
  const bool multicast = in.aux & Multicast;
  const uint64_t to = w.words<uint64_t>(in.op[1])[lane], barrier = w.words<uint64_t>(in.op[4])[lane];
  for (uint32_t ctas = multicast ? w.words<uint32_t>(in.op[5])[lane] & 0xffff : 1; ctas; ctas &= ctas - 1) {
    const uint64_t rank = uint64_t(std::countr_zero(ctas) + 1) << 24;
    const auto there = [&](uint64_t address) { return multicast ? (address & 0xffffff) | rank : address; };
    targets.push_back(sharedHost(w, lane, there(to), bytes, 16));
    addTarget(w, lane, task, findMbarrier(w, lane, there(barrier)), targets.back(), bytes, true);
  }
}

void bulk(Warp &w, const Instr &in, unsigned lane) {
  Cta &cta = w.cta();
  const uint64_t to = w.words<uint64_t>(in.op[1])[lane], from = w.words<uint64_t>(in.op[2])[lane];
  const uint32_t bytes = w.words<uint32_t>(in.op[3])[lane];
  if (bytes % 16)
    cta.fault(w, ReportKind::AsyncMisuse, static_cast<int>(lane), from,
              "a bulk copy of " + std::to_string(bytes) + " bytes, expected a multiple of 16");
  auto task = std::make_shared<BulkTask>();
  task->bytes = bytes;
  task->issuer = cta.reportAt(w, w.pc(), w.frame(), ReportKind::AsyncMisuse, static_cast<int>(lane), to, "");
  const bool fromShared = in.aux & FromShared, toGlobal = in.aux & ToGlobal;
  const uint8_t *source =
      fromShared ? sharedHost(w, lane, from, bytes, 16) : globalHost(w, lane, from, bytes, 16, Access::Read);
  const auto op = static_cast<BulkReduction>((in.aux >> ReductionShift) & 15);
  if (RaceChecker *race = cta.race) {
    beginSource(w, *task,
                toGlobal ? race->bulkAgent(w) : race->mbarrierAgent(w.words<uint64_t>(in.op[4])[lane] & 0xffffff));
    if (fromShared)
      race->touch(task->agent, task->action, w, lane, from & 0xffffff, bytes, false, true);
    else
      race->touchGlobal({task->agent, task->action, false, Strength::Weak, true}, w, lane, {from, bytes, bytes});
    if (toGlobal)
      race->touchGlobal(
          {task->agent, task->action, true, op == BulkReduction::None ? Strength::Weak : Strength::Gpu, true}, w, lane,
          {to, bytes, bytes});
  }
  std::vector<uint8_t *> targets;
  if (toGlobal)
    targets.push_back(globalHost(w, lane, to, bytes, 16, Access::Write));
  else
    aimAtShared(w, in, lane, bytes, *task, targets);
  task->move = [source, targets, bytes, op, type = in.type] {
    for (uint8_t *target : targets)
      if (op == BulkReduction::None)
        std::memcpy(target, source, bytes);
      else
        reduceElements(target, source, bytes, op, type);
  };
  issueBulk(w, std::move(task), toGlobal);
}

void decodeForm(Decoder &d, bool reduces) {
  std::string_view hint;
  const bool policy = d.has("L2::cache_hint");
  while (d.takePrefixed("L2::", hint))
    ;
  // The spaces are told apart by the completion: a bulk group ends in global memory, an mbarrier in shared.
  const int to = d.has("bulk_group") ? 2 + !d.take("global") : d.takeOne({"shared::cluster", "shared::cta"});
  const int from = d.takeOne({"global", "shared::cta"});
  const bool barrier = d.take("mbarrier::complete_tx::bytes"), group = d.take("bulk_group"),
             multicast = d.take("multicast::cluster");
  if (to < 0 || to > 2 || from < 0 || barrier == group || (to == 2) != group || (to == 2 && from != 1))
    d.unsupported();
  BulkReduction op = BulkReduction::None;
  if (reduces) {
    const int which = d.takeOne({"add", "min", "max", "inc", "dec", "and", "or", "xor"});
    d.take("noftz");
    if (which < 0)
      d.unsupported();
    op = static_cast<BulkReduction>(which + 1);
    d.now.type = d.needType();
  }
  const unsigned expected = 3 + barrier + multicast + policy;
  d.expectCount(expected, expected);
  d.now.aux = (to == 2 ? ToGlobal : 0) | (from == 1 ? FromShared : 0) | (multicast ? Multicast : 0) |
              static_cast<uint32_t>(op) << ReductionShift;
  d.now.op[1] = effectiveAddress(d, d.operand(0), to != 2);
  d.now.op[2] = effectiveAddress(d, d.operand(1), from == 1);
  d.now.op[3] = d.src(2, Type::U32);
  if (barrier)
    d.now.op[4] = effectiveAddress(d, d.operand(3), true);
  if (multicast)
    d.now.op[5] = d.src(4, Type::U16);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    eachLane(mask, [&](unsigned lane) { bulk(w, in, lane); });
  };
}

} // namespace

void decodeBulk(Decoder &d) { decodeForm(d, false); }
void decodeBulkReduce(Decoder &d) { decodeForm(d, true); }

void decodeBulkCommit(Decoder &d) {
  d.expectCount(0, 0);
  d.now.run = [](Warp &w, const Instr &, uint32_t) {
    auto &state = w.cta().bulk->of(w);
    if (!state.open)
      state.open = std::make_shared<BulkState::Group>();
    state.groups.push_back(std::exchange(state.open, nullptr));
  };
}

void decodeBulkWait(Decoder &d) {
  d.now.aux = d.take("read");
  d.expectCount(1, 1);
  d.now.imm = d.integer(d.operand(0));
  d.now.run = [](Warp &w, const Instr &in, uint32_t) {
    auto &state = w.cta().bulk->of(w);
    const size_t most = static_cast<size_t>(in.imm);
    for (size_t g = 0; g + most < state.groups.size(); ++g) {
      for (auto &task : state.groups[g]->tasks)
        task->perform();
      state.groups[g]->read = true;
      if (RaceChecker *race = w.cta().race)
        race->learn(w, race->bulkAgent(w), state.groups[g]->lastAction);
    }
    while (!in.aux && state.groups.size() > most)
      state.groups.pop_front();
  };
}

void decodePrefetchBulk(Decoder &d) {
  for (const std::string_view known :
       {"tensor", "1d", "2d", "3d", "4d", "5d", "L2", "global", "tile", "L2::cache_hint"})
    d.take(known);
  d.now.run = [](Warp &, const Instr &, uint32_t) {};
}

} // namespace muntin::emulator
