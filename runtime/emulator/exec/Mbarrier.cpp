//===- Mbarrier.cpp - mbarrier objects ------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Mbarrier.h"

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/exec/AsyncState.h"
#include "runtime/emulator/exec/Cluster.h"
#include "runtime/emulator/isa/Decoders.h"

#include <cstring>

namespace muntin::emulator {

namespace {

constexpr uint64_t CountMask = (1 << 20) - 1, Tag = uint64_t(2) << 62;
constexpr int64_t MostTx = (1 << 20) - 1;

struct Fields {
  uint32_t pending, expected;
  int64_t tx;
  unsigned parity;

  explicit Fields(uint64_t word)
      : pending(word & CountMask), expected((word >> 20) & CountMask), tx(static_cast<int64_t>(word << 3) >> 43),
        parity((word >> 61) & 1) {}
  uint64_t word() const {
    return Tag | uint64_t(parity) << 61 | (static_cast<uint64_t>(tx) & ((1 << 21) - 1)) << 40 |
           uint64_t(expected) << 20 | pending;
  }
};

void write(const MbarrierPlace &m, uint64_t word) {
  std::memcpy(m.cta->shared() + m.offset, &word, sizeof word);
  m.cta->mbarriers[m.offset] = word;
  m.cta->progress = true;
  if (!m.cta->sharedWritten.empty())
    std::fill_n(m.cta->sharedWritten.begin() + m.offset, 8, 1);
}

void flipIfComplete(Fields &f) {
  if (f.pending != 0 || f.tx != 0)
    return;
  f.parity ^= 1;
  f.pending = f.expected;
}

} // namespace

uint64_t mbarrierWord(const MbarrierPlace &m) {
  uint64_t word;
  std::memcpy(&word, m.cta->shared() + m.offset, sizeof word);
  return word;
}

uint64_t mbarrierObject(const MbarrierPlace &m, unsigned parity) {
  return (reinterpret_cast<uint64_t>(m.cta->shared() + m.offset) << 1) | parity;
}

MbarrierPlace findMbarrier(Warp &w, unsigned lane, uint64_t address, bool mustExist) {
  uint8_t *host = sharedHost(w, lane, address, 8, 8);
  Cta *cta = &w.cta();
  if (const uint64_t rank = (address >> 24) & 0xff; rank != 0)
    cta = cta->cluster->member(static_cast<uint32_t>(rank - 1));
  const MbarrierPlace m{cta, static_cast<uint32_t>(host - cta->shared())};
  if (!mustExist)
    return m;
  const auto known = cta->mbarriers.find(m.offset);
  if (known == cta->mbarriers.end())
    w.cta().fault(w, ReportKind::BarrierMisuse, static_cast<int>(lane), address,
                  "no mbarrier was initialised at this address");
  if (known->second != mbarrierWord(m))
    w.cta().fault(w, ReportKind::BarrierMisuse, static_cast<int>(lane), address,
                  "the mbarrier at this address was overwritten");
  return m;
}

void mbarrierArrive(Warp &w, const MbarrierPlace &m, uint32_t count, bool drop) {
  Fields f(mbarrierWord(m));
  if (count > f.pending || (drop && count > f.expected))
    w.cta().fault(w, ReportKind::BarrierMisuse, -1, m.offset,
                  "an arrival of " + std::to_string(count) + " where " + std::to_string(f.pending) + " are pending");
  if (RaceChecker *race = w.cta().race; race && m.cta == &w.cta())
    race->release(w, mbarrierObject(m, f.parity));
  f.pending -= count;
  f.expected -= drop ? count : 0;
  flipIfComplete(f);
  write(m, f.word());
}

void mbarrierExpect(Warp &w, const MbarrierPlace &m, int64_t bytes) {
  Fields f(mbarrierWord(m));
  f.tx += bytes;
  if (f.tx > MostTx || bytes < 0)
    w.cta().fault(w, ReportKind::BarrierMisuse, -1, m.offset,
                  "a tx-count of " + std::to_string(f.tx) + ", at most " + std::to_string(MostTx));
  flipIfComplete(f);
  write(m, f.word());
}

void mbarrierComplete(const MbarrierPlace &m, int64_t bytes, const Report &issuer) {
  Fields f(mbarrierWord(m));
  f.tx -= bytes;
  const auto known = m.cta->mbarriers.find(m.offset);
  Report r = issuer;
  r.kind = ReportKind::BarrierMisuse;
  if (known == m.cta->mbarriers.end() || known->second != mbarrierWord(m)) {
    r.message = "the copy completes on an mbarrier that is not initialised, or was overwritten";
    throw Fault{r};
  }
  if (f.tx < -MostTx) {
    r.message = "the mbarrier's tx-count falls below its range";
    throw Fault{r};
  }
  flipIfComplete(f);
  write(m, f.word());
}

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
    if (count == 0 || count > CountMask)
      w.cta().fault(w, ReportKind::BarrierMisuse, static_cast<int>(i), at[i],
                    "a count of " + std::to_string(count) + ", expected 1 to 1048575");
    Fields f(0);
    f.pending = f.expected = count;
    write(m, f.word());
    if (RaceChecker *race = w.cta().race; race && m.cta == &w.cta())
      race->touch(w.index(), race->act(w.index(), w), w, i, m.offset, 8, true, false);
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

constexpr uint32_t DropBit = 1 << 16, ExpectBit = 1 << 17;

void arrive(Warp &w, const Instr &in, uint32_t mask) {
  uint64_t at[WarpSize];
  addresses(w, in, mask, at);
  eachLane(mask, [&](unsigned i) {
    const MbarrierPlace m = findMbarrier(w, i, at[i]);
    look(w, i, m);
    const uint64_t before = mbarrierWord(m);
    const uint32_t value = laneValue(w, in.op[2], i, 1);
    if (in.aux & ExpectBit)
      mbarrierExpect(w, m, value);
    mbarrierArrive(w, m, in.aux & ExpectBit ? 1 : value, in.aux & DropBit);
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
    mbarrierExpect(w, m, laneValue(w, in.op[2], i, 0));
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

constexpr uint32_t ByState = 1 << 18;

void wait(Warp &w, const Instr &in, uint32_t mask) {
  uint64_t at[WarpSize];
  addresses(w, in, mask, at);
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
      if (RaceChecker *race = w.cta().race; race && m.cta == &w.cta())
        race->acquire(w, mbarrierObject(m, want));
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

void takeScope(Decoder &d) {
  for (const std::string_view known : {"release", "acquire", "relaxed", "cta", "cluster"})
    d.take(known);
}

void place(Decoder &d, unsigned operand) {
  takeScope(d);
  const MemSpace space = takeSpace(d);
  if (space != MemSpace::Shared && space != MemSpace::Generic)
    d.unsupported();
  if (d.needType() != Type::B64)
    d.unsupported();
  memoryOperand(d, d.operand(operand), 1, space);
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
    d.unsupported();
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
    mapLanes<uint32_t, uint64_t>(w, in, mask, [](uint64_t state) { return static_cast<uint32_t>(state & CountMask); });
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
      Fields f(mbarrierWord(m));
      f.pending += lanes;
      write(m, f.word());
    }
    arriveAfterCopies(w, m, lanes);
  };
}

} // namespace muntin::emulator
