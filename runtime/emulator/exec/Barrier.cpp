//===- Barrier.cpp - CTA barriers -----------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/exec/AsyncState.h"
#include "runtime/emulator/exec/Cta.h"
#include "runtime/emulator/exec/Lanes.h"
#include "runtime/emulator/isa/Decoders.h"

namespace muntin::emulator {

/// Threads that have arrived: a warp of which all living lanes are there counts in full.
static uint32_t arrivedThreads(Cta &cta, const NamedBarrier &b) {
  uint32_t total = b.again;
  for (auto &w : cta.warps())
    if (const uint32_t lanes = b.lanes[w->index()])
      total += (w->live() & ~lanes) == 0 ? WarpSize : std::popcount(lanes);
  return total;
}

bool Cta::completeBarrier(unsigned n) {
  NamedBarrier &b = barriers_[n];
  if (b.expected == 0)
    return false;
  if (b.expected != NamedBarrier::AllThreads)
    return arrivedThreads(*this, b) >= b.expected;
  for (auto &w : warps_)
    if (w->live() & ~b.lanes[w->index()])
      return false;
  return true;
}

void Cta::releaseBarrier(unsigned n) {
  NamedBarrier &b = barriers_[n];
  const uint32_t popc = b.popc;
  const bool all = b.popc == b.votes, any = b.popc != 0;
  b = NamedBarrier();
  b.lastPopc = popc;
  b.lastAll = all;
  b.lastAny = any;
  progress = true;
  for (auto &w : warps_)
    for (Split &s : w->splits())
      if (s.state == SplitState::Barrier && s.waitsFor == n) {
        w->wake(s);
        if (race)
          race->leaveBarrier(*w, n);
      }
  if (race)
    race->resetBarrier(n);
}

bool Cta::arrive(Warp &w, unsigned n, uint32_t expected, uint32_t mask, uint32_t votes) {
  NamedBarrier &b = barriers_[n];
  if (b.expected != 0 && b.expected != expected)
    fault(w, ReportKind::BarrierMisuse, -1, n,
          "barrier " + std::to_string(n) + " with a count that differs from that of the warps that arrived before");
  b.expected = expected;
  if (b.lanes[w.index()] & mask)
    b.again += std::popcount(mask);
  b.lanes[w.index()] |= mask;
  b.popc += std::popcount(votes & mask);
  b.votes += std::popcount(mask);
  if (race)
    race->arriveBarrier(w, n);
  if (expected != NamedBarrier::AllThreads && arrivedThreads(*this, b) > expected)
    fault(w, ReportKind::BarrierMisuse, -1, n,
          "more threads arrive at barrier " + std::to_string(n) + " than the " + std::to_string(expected) +
              " expected");
  if (!completeBarrier(n))
    return false;
  if (race)
    race->leaveBarrier(w, n);
  releaseBarrier(n);
  return true;
}

void Cta::warpExited(Warp &w) {
  for (unsigned n = 0; n < 16; ++n)
    if (completeBarrier(n))
      releaseBarrier(n);
  cpAsync->finish(w);
  bulk->finish(w);
}

namespace {

enum BarrierKind : uint32_t { Sync, Arrive, RedPopc, RedAnd, RedOr };
constexpr uint32_t AlignedBit = 16;

uint32_t uniform(Warp &w, Ref r, uint32_t mask, const char *what) {
  const uint32_t *value = w.words<uint32_t>(r);
  const unsigned first = static_cast<unsigned>(std::countr_zero(mask));
  eachLane(mask, [&](unsigned i) {
    if (value[i] != value[first])
      w.cta().fault(w, ReportKind::BarrierMisuse, static_cast<int>(i), value[i],
                    std::string(what) + " differs among lanes");
  });
  return value[first];
}

void finishReduction(Warp &w, const Instr &in, const NamedBarrier &b, uint32_t mask) {
  const uint32_t kind = in.aux & 15;
  if (kind == RedPopc)
    eachLane(mask, [&](unsigned i) { w.words<uint32_t>(in.op[0])[i] = b.lastPopc; });
  else if (kind >= RedAnd)
    w.setPredicate(in.op[0], (kind == RedAnd ? b.lastAll : b.lastAny) ? FullMask : 0, mask);
}

void barrier(Warp &w, const Instr &in, uint32_t mask) {
  Cta &cta = w.cta();
  const uint32_t n = uniform(w, in.op[1], mask, "the barrier");
  if (n > 15)
    cta.fault(w, ReportKind::BarrierMisuse, -1, n, "barrier " + std::to_string(n) + " of 16");
  if (w.resumed())
    return finishReduction(w, in, cta.barrier(n), mask);
  if ((in.aux & AlignedBit) && !w.converged(mask))
    return;
  uint32_t expected = NamedBarrier::AllThreads;
  if (in.op[2] != NoRef) {
    expected = uniform(w, in.op[2], mask, "the thread count");
    const uint32_t most = static_cast<uint32_t>(cta.warps().size()) * WarpSize;
    if (expected == 0 || expected % WarpSize || expected > most)
      cta.fault(w, ReportKind::BarrierMisuse, -1, n,
                "a thread count of " + std::to_string(expected) + ", expected a multiple of 32 up to " +
                    std::to_string(most));
  }
  const uint32_t votes = in.op[3] == NoRef ? 0 : w.predicate(in.op[3]);
  if (cta.arrive(w, n, expected, mask, votes))
    finishReduction(w, in, cta.barrier(n), mask);
  else if ((in.aux & 15) != Arrive)
    w.block(SplitState::Barrier, n);
}

void decodeForm(Decoder &d, bool aligned) {
  d.take("cta");
  aligned |= d.take("aligned");
  const int form = d.takeOne({"sync", "arrive", "red"});
  if (form < 0)
    d.fail("expected .sync, .arrive or .red");
  uint32_t kind = static_cast<uint32_t>(form);
  unsigned first = 0, least = form == 1 ? 2 : 1, most = 2;
  if (form == 2) {
    kind = RedPopc + static_cast<uint32_t>(d.takeOne({"popc", "and", "or"}));
    const Type type = d.needType();
    if (kind < RedPopc || (kind == RedPopc) != (type == Type::U32))
      d.unsupported();
    first = 1;
    least = 3;
    most = 4;
  }
  d.expectCount(least, most);
  d.now.aux = kind | (aligned ? AlignedBit : 0);
  d.now.op[1] = d.src(first, Type::U32);
  if (d.count() > first + 1 + (form == 2))
    d.now.op[2] = d.src(first + 1, Type::U32);
  if (form == 2) {
    d.now.op[3] = d.srcPredicate(d.operand(d.count() - 1));
    d.now.op[0] = kind == RedPopc ? d.dst(0u, Type::U32) : d.dstPredicate(d.operand(0));
  }
  d.now.run = barrier;
}

} // namespace

void decodeBar(Decoder &d) { decodeForm(d, true); }
void decodeBarrier(Decoder &d) { decodeForm(d, false); }

void decodeBarWarp(Decoder &d) {
  if (!d.take("sync"))
    d.unsupported();
  d.expectCount(1, 1);
  d.now.op[0] = d.src(0u, Type::U32);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    if (!w.resumed())
      w.gather(w.words<uint32_t>(in.op[0])[std::countr_zero(mask)], mask);
  };
}

} // namespace muntin::emulator
