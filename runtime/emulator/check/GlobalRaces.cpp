//===- GlobalRaces.cpp - happens-before between CTAs ----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/GlobalRaces.h"

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/isa/Decoder.h"

#include <algorithm>

namespace muntin::emulator {

void join(Known &into, const Known &from) {
  for (const auto &[cta, clock] : from)
    join(into[cta], clock);
}

/// The smallest access to global memory in the kernel: cells may not be larger, or neighbours would seem to race.
static unsigned granule(const Kernel &kernel) {
  unsigned smallest = 2;
  for (const auto &routine : kernel.routines)
    for (const Instr &in : routine->code) {
      const std::string_view prefix = instructionTable()[in.row].prefix;
      const MemSpace space = spaceOf(in);
      if ((prefix == "ld" || prefix == "st" || prefix == "atom" || prefix == "red") &&
          (space == MemSpace::Global || space == MemSpace::Generic) && bytesOf(in.type) * in.vec < 4)
        smallest = std::min(smallest, bytesOf(in.type) * in.vec == 1 ? 0u : 1u);
    }
  return smallest;
}

GlobalRaces::GlobalRaces(const Kernel &kernel) : granuleShift_(granule(kernel)) {}

bool GlobalRaces::Judge::knows(const CellAccess &a, bool isWriter) const {
  if (a.cta() == cta)
    return a.action() <= (isWriter ? writers : readers)[a.agent()];
  const auto found = others.find(a.cta());
  return found != others.end() && a.agent() < found->second.size() && a.action() <= found->second[a.agent()];
}

GlobalRaces::Conflict GlobalRaces::touch(const CellAccess &access, const Judge &judge, const GlobalSpan &span,
                                         bool write) {
  Conflict conflict;
  const uint64_t end = ((span.address + span.bytes - 1) >> granuleShift_) + 1;
  for (uint64_t first = span.address >> granuleShift_; first < end && !conflict.other.bits;) {
    const uint64_t last = std::min(end, (first / perPage() + 1) * perPage());
    conflict = touchPage(access, judge, span, first, last, write);
    first = last;
  }
  return conflict;
}

GlobalRaces::Conflict GlobalRaces::touchPage(CellAccess access, const Judge &judge, const GlobalSpan &span,
                                             uint64_t first, uint64_t last, bool write) {
  const uint64_t firstLane = access.bits, number = first / perPage();
  Shard &shard = shards_[number % shards_.size()];
  const std::lock_guard lock(shard.mutex);
  Page &page = shard.pages[number];
  uint64_t fine = 0; // a writer, without its lane, that was found to be no race
  for (uint64_t i = first; i < last; ++i) {
    const uint64_t cell = i % perPage(), at = std::max(i << granuleShift_, span.address);
    access.bits = firstLane + (at - span.address) / span.pitch;
    for (unsigned role = Writer; role < (write ? Roles : Reader); ++role) {
      const CellAccess other = page[role].get(cell);
      if (!other.bits || (role == Writer && other.bits >> CellAccess::LaneBits == fine))
        continue;
      if (!other.sameAgent(access) && !other.bothStrong(access) && !judge.knows(other, role == Writer))
        return {other, at, role == Writer};
      fine = role == Writer ? other.bits >> CellAccess::LaneBits : fine;
    }
    if (write)
      page[Writer].set(cell, access, perPage());
    else
      noteReader(page, cell, access);
  }
  return {};
}

void GlobalRaces::noteReader(Page &page, uint64_t cell, const CellAccess &access) const {
  const CellAccess before = page[Reader].get(cell);
  const bool keep =
      before.bits && !before.sameAgent(access) && (before.cta() != access.cta() || !page[OtherReader].get(cell).bits);
  if (keep)
    page[OtherReader].set(cell, before, perPage());
  page[Reader].set(cell, access, perPage());
}

void GlobalRaces::release(uint64_t object, SharedKnown known) {
  const std::lock_guard lock(objectsMutex_);
  SharedKnown &slot = objects_[object];
  if (!slot || slot == known) {
    slot = std::move(known);
    return;
  }
  auto both = std::make_shared<Known>(*slot);
  join(*both, *known);
  slot = std::move(both);
}

SharedKnown GlobalRaces::acquire(uint64_t object) {
  const std::lock_guard lock(objectsMutex_);
  const auto found = objects_.find(object);
  return found == objects_.end() ? nullptr : found->second;
}

} // namespace muntin::emulator
