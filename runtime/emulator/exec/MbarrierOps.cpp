//===- MbarrierOps.cpp - the instructions on mbarriers ---------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/exec/AsyncState.h"
#include "runtime/emulator/exec/Cluster.h"
#include "runtime/emulator/exec/Mbarrier.h"
#include "runtime/emulator/isa/Decoders.h"

#include <utility>

namespace muntin::emulator {

namespace {

/// The shared addresses of the lanes for op[1] + imm; generic ones are translated.
void addresses(Warp &w, const Instr &in, uint32_t mask, uint64_t *out) {
  computeAddresses(w, in, 1, out);
  if (spaceOf(in) != MemSpace::Generic)
    return;
  eachLane(mask, [&](unsigned i) {
    bool isShared;
    out[i] = sharedFromGeneric(out[i], isShared);
    if (!isShared)
      w.cta().fault(w, ReportKind::OutOfBounds, static_cast<int>(i), out[i], "an mbarrier outside shared memory");
  });
}

uint32_t laneValue(Warp &w, Ref r, unsigned lane, uint32_t otherwise) {
  return r == NoRef ? otherwise : w.words<uint32_t>(r)[lane];
}

void init(Warp &w, const Instr &in, uint32_t mask) {
  uint64_t at[WarpSize];
  addresses(w, in, mask, at);
  eachLane(mask, [&](unsigned i) {
    const MbarrierPlace m = findMbarrier(w, i, at[i], false);
    const uint32_t count = laneValue(w, in.op[2], i, 1);
    if (m.cta->mbarriers.count(m.offset))
      w.cta().fault(w, ReportKind::BarrierMisuse, static_cast<int>(i), at[i],
                    "the mbarrier is initialised a second time");
    if (count == 0 || count > MbarrierMostCount)
      w.cta().fault(w, ReportKind::BarrierMisuse, static_cast<int>(i), at[i],
                    "a count of " + std::to_string(count) + ", expected 1 to 1048575");
    mbarrierInitialise(m, count);
    if (RaceChecker *race = w.cta().race; race && m.cta == &w.cta())
      race->initialise(w, i, m.offset);
  });
}

void invalidate(Warp &w, const Instr &in, uint32_t mask) {
  uint64_t at[WarpSize];
  addresses(w, in, mask, at);
  eachLane(mask, [&](unsigned i) {
    const MbarrierPlace m = findMbarrier(w, i, at[i]);
    m.cta->mbarriers.erase(m.offset);
    if (RaceChecker *race = w.cta().race)
      for (const unsigned parity : {0u, 1u})
        race->forget(mbarrierObject(m, parity));
  });
}

/// Every operation looks at the object: the checker wants its initialisation ordered before.
void look(Warp &w, unsigned lane, const MbarrierPlace &m) {
  if (RaceChecker *race = w.cta().race; race && m.cta == &w.cta())
    race->observeWrite(w, lane, m.offset);
}

void require(Warp &w, unsigned lane, const MbarrierPlace &m, std::string wrong) {
  if (!wrong.empty())
    w.cta().fault(w, ReportKind::BarrierMisuse, static_cast<int>(lane), m.offset, std::move(wrong));
}

constexpr uint32_t DropBit = 1 << 16, ExpectBit = 1 << 17, ByState = 1 << 18, RelaxedBit = 1 << 19,
                   NoCompleteBit = 1 << 20;

void arrive(Warp &w, const Instr &in, uint32_t mask) {
  uint64_t at[WarpSize];
  addresses(w, in, mask, at);
  uint64_t released = 0;
  eachLane(mask, [&](unsigned i) {
    const MbarrierPlace m = findMbarrier(w, i, at[i]);
    look(w, i, m);
    const uint64_t before = mbarrierWord(m);
    const uint32_t value = laneValue(w, in.op[2], i, 1);
    if (in.aux & NoCompleteBit && mbarrierPending(before) <= value)
      require(w, i, m,
              "an arrival of " + std::to_string(value) + " with .noComplete where " +
                  std::to_string(mbarrierPending(before)) + " are pending");
    if (in.aux & ExpectBit)
      require(w, i, m, mbarrierExpect(m, value));
    if (RaceChecker *race = w.cta().race; race && !(in.aux & RelaxedBit)) {
      const uint64_t object = mbarrierObject(m, mbarrierParity(mbarrierWord(m)));
      if (std::exchange(released, object) != object) { // once for all lanes that arrive there
        if (m.cta == &w.cta())
          race->release(w, object);
        race->releaseToCluster(w, object);
      }
    }
    require(w, i, m, mbarrierArrive(m, in.aux & ExpectBit ? 1 : value, in.aux & DropBit));
    if (in.op[0] != NoRef)
      w.words<uint64_t>(in.op[0])[i] = before;
  });
}

void expect(Warp &w, const Instr &in, uint32_t mask) {
  uint64_t at[WarpSize];
  addresses(w, in, mask, at);
  eachLane(mask, [&](unsigned i) {
    const MbarrierPlace m = findMbarrier(w, i, at[i]);
    look(w, i, m);
    require(w, i, m, mbarrierExpect(m, laneValue(w, in.op[2], i, 0)));
  });
}

void complete(Warp &w, const Instr &in, uint32_t mask) {
  uint64_t at[WarpSize];
  addresses(w, in, mask, at);
  eachLane(mask, [&](unsigned i) {
    const MbarrierPlace m = findMbarrier(w, i, at[i]);
    look(w, i, m);
    mbarrierComplete(m, laneValue(w, in.op[2], i, 0),
                     w.cta().reportAt(w, w.pc(), w.frame(), ReportKind::BarrierMisuse, static_cast<int>(i), at[i], ""));
  });
}

/// True once the phase of this parity has completed: the current one is the other.
bool phaseDone(Warp &w, const Split &s) {
  const uint64_t rank = (s.waitsFor >> 24) & 0xff;
  Cta *cta = rank ? w.cta().cluster->member(static_cast<uint32_t>(rank - 1)) : &w.cta();
  return mbarrierParity(mbarrierWord({cta, static_cast<uint32_t>(s.waitsFor & 0xffffff)})) != s.waitsParity;
}

void wait(Warp &w, const Instr &in, uint32_t mask) {
  uint64_t at[WarpSize];
  addresses(w, in, mask, at);
  uint64_t acquired = 0;
  uint32_t done = 0;
  unsigned firstBlocked = WarpSize;
  unsigned parity = 0;
  eachLane(mask, [&](unsigned i) {
    const MbarrierPlace m = findMbarrier(w, i, at[i]);
    look(w, i, m);
    const unsigned want =
        in.aux & ByState ? mbarrierParity(w.words<uint64_t>(in.op[2])[i]) : w.words<uint32_t>(in.op[2])[i] & 1;
    if (mbarrierParity(mbarrierWord(m)) != want) {
      done |= uint32_t(1) << i;
      const uint64_t object = mbarrierObject(m, want);
      if (RaceChecker *race = w.cta().race;
          race && !(in.aux & RelaxedBit) && std::exchange(acquired, object) != object) {
        if (m.cta == &w.cta())
          race->acquire(w, object);
        race->acquireFromCluster(w, object);
      }
    } else if (firstBlocked == WarpSize) {
      firstBlocked = i;
      parity = want;
    }
  });
  if (firstBlocked < WarpSize && !w.timedOut())
    return w.blockUntil(phaseDone, at[firstBlocked], parity, true);
  w.setPredicate(in.op[0], done, mask);
}

// Decoding.

/// RelaxedBit, or 0.
uint32_t takeOrder(Decoder &d) {
  for (const std::string_view known : {"release", "acquire", "cta", "cluster"})
    d.take(known);
  return d.take("relaxed") ? RelaxedBit : 0;
}

void place(Decoder &d, unsigned operand) {
  const uint32_t order = takeOrder(d);
  const MemSpace space = takeSpace(d);
  if (space != MemSpace::Shared && space != MemSpace::Generic)
    d.unsupported();
  if (d.needType() != Type::B64)
    d.unsupported();
  memoryOperand(d, d.operand(operand), 1, space);
  d.now.aux |= order;
}

void simple(Decoder &d, Handler handler, bool value) {
  place(d, 0);
  d.expectCount(value ? 2 : 1, value ? 2 : 1);
  if (value)
    d.now.op[2] = d.src(1, Type::U32);
  d.now.run = handler;
}

void arriving(Decoder &d, uint32_t bits) {
  if (d.take("noComplete"))
    bits |= NoCompleteBit;
  if (d.take("expect_tx"))
    bits |= ExpectBit;
  const bool hasState = d.operand(0).kind != OperandKind::Address; // some forms leave the state out
  const unsigned at = hasState ? 1 : 0;
  place(d, at);
  d.now.aux |= bits;
  d.expectCount(at + 1 + ((bits & ExpectBit) != 0), at + 2);
  if (d.count() > at + 1)
    d.now.op[2] = d.src(at + 1, Type::U32);
  if (hasState && !d.isSink(0))
    d.now.op[0] = d.dst(0u, Type::B64);
  d.now.run = arrive;
}

void waiting(Decoder &d) {
  const bool parity = d.take("parity");
  place(d, 1);
  d.expectCount(3, 4);
  d.now.aux |= parity ? 0 : ByState;
  d.now.op[2] = d.src(2, parity ? Type::U32 : Type::B64);
  if (d.count() == 4)
    d.src(3, Type::U32); // how long it may take: no notion of time here
  d.now.op[0] = d.dstPredicate(d.operand(0));
  d.now.run = wait;
}

} // namespace

void decodeMbarrierInit(Decoder &d) { simple(d, init, true); }
void decodeMbarrierInval(Decoder &d) { simple(d, invalidate, false); }
void decodeMbarrierArrive(Decoder &d) { arriving(d, 0); }
void decodeMbarrierDrop(Decoder &d) { arriving(d, DropBit); }
void decodeMbarrierExpect(Decoder &d) { simple(d, expect, true); }
void decodeMbarrierComplete(Decoder &d) { simple(d, complete, true); }
void decodeMbarrierTest(Decoder &d) { waiting(d); }
void decodeMbarrierTry(Decoder &d) { waiting(d); }

void decodeMbarrierPending(Decoder &d) {
  if (d.needType() != Type::B64)
    d.unsupported();
  d.expectCount(2, 2);
  d.now.op[1] = d.src(1, Type::B64);
  d.now.op[0] = d.dst(0u, Type::U32);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    mapLanes<uint32_t, uint64_t>(w, in, mask, [](uint64_t state) { return mbarrierPending(state); });
  };
}

void decodeCpAsyncArrive(Decoder &d) {
  const bool noIncrement = d.take("noinc");
  place(d, 0);
  d.expectCount(1, 1);
  d.now.aux |= noIncrement ? DropBit : 0; // the bit is free in this instruction
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    uint64_t at[WarpSize];
    addresses(w, in, mask, at);
    const MbarrierPlace m = findMbarrier(w, static_cast<unsigned>(std::countr_zero(mask)), at[std::countr_zero(mask)]);
    look(w, static_cast<unsigned>(std::countr_zero(mask)), m);
    const auto lanes = static_cast<uint32_t>(std::popcount(mask));
    if (!(in.aux & DropBit)) { // the arrival is counted on top: pending goes up now and down at completion
      mbarrierRaisePending(m, lanes);
    }
    arriveAfterCopies(w, m, lanes);
  };
}

} // namespace muntin::emulator
