//===- Mbarrier.cpp - mbarrier objects ------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Mbarrier.h"

#include "runtime/emulator/exec/Cluster.h"
#include "runtime/emulator/exec/Memory.h"

#include <cstring>

namespace muntin::emulator {

namespace {

constexpr uint64_t CountMask = MbarrierMostCount, Tag = uint64_t(2) << 62;
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

std::string mbarrierArrive(const MbarrierPlace &m, uint32_t count, bool drop) {
  Fields f(mbarrierWord(m));
  if (count > f.pending || (drop && count > f.expected))
    return "an arrival of " + std::to_string(count) + " where " + std::to_string(f.pending) + " are pending";
  f.pending -= count;
  f.expected -= drop ? count : 0;
  flipIfComplete(f);
  write(m, f.word());
  return {};
}

std::string mbarrierExpect(const MbarrierPlace &m, int64_t bytes) {
  Fields f(mbarrierWord(m));
  f.tx += bytes;
  if (f.tx > MostTx || bytes < 0)
    return "a tx-count of " + std::to_string(f.tx) + ", at most " + std::to_string(MostTx);
  flipIfComplete(f);
  write(m, f.word());
  return {};
}

void mbarrierInitialise(const MbarrierPlace &m, uint32_t count) {
  Fields f(0);
  f.pending = f.expected = count;
  write(m, f.word());
}

void mbarrierRaisePending(const MbarrierPlace &m, uint32_t count) {
  Fields f(mbarrierWord(m));
  f.pending += count;
  write(m, f.word());
}

uint32_t mbarrierPending(uint64_t word) { return Fields(word).pending; }

/// The issuer may have ended long ago: all that is known of it is its report.
static void blame(const Report &issuer, std::string message) {
  Report r = issuer;
  r.kind = ReportKind::BarrierMisuse;
  r.message = std::move(message);
  throw Fault{r};
}

static void requireIntact(const MbarrierPlace &m, const Report &issuer) {
  const auto known = m.cta->mbarriers.find(m.offset);
  if (known == m.cta->mbarriers.end() || known->second != mbarrierWord(m))
    blame(issuer, "the copy completes on an mbarrier that is not initialised, or was overwritten");
}

void mbarrierComplete(const MbarrierPlace &m, int64_t bytes, const Report &issuer) {
  requireIntact(m, issuer);
  Fields f(mbarrierWord(m));
  f.tx -= bytes;
  if (f.tx < -MostTx)
    blame(issuer, "the mbarrier's tx-count falls below its range");
  flipIfComplete(f);
  write(m, f.word());
}

void mbarrierArriveLate(const MbarrierPlace &m, uint32_t count, const Report &issuer) {
  requireIntact(m, issuer);
  if (std::string wrong = mbarrierArrive(m, count, false); !wrong.empty())
    blame(issuer, std::move(wrong));
}

} // namespace muntin::emulator
