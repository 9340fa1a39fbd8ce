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

GlobalRaces::GlobalRaces(const Kernel &kernel) : granuleShift_(finestAccess(kernel, false, 2)) {}

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

inline void GlobalRaces::noteReader(Page &page, uint64_t cell, const CellAccess &access) const {
  const CellAccess before = page[Reader].get(cell);
  if (before.bits && !before.sameAgent(access) && (before.cta() != access.cta() || !page[OtherReader].get(cell).bits)) {
    page[OtherReader].ensure(perPage());
    page[OtherReader].set(cell, before);
  }
  page[Reader].set(cell, access);
}

GlobalRaces::Conflict GlobalRaces::touchPage(CellAccess access, const Judge &judge, const GlobalSpan &span,
                                             uint64_t first, uint64_t last, bool write) {
  const uint64_t number = first / perPage();
  Shard &shard = shards_[number % shards_.size()];
  const std::lock_guard lock(shard.mutex);
  Page &page = shard.pages[number];
  page[write ? Writer : Reader].ensure(perPage());
  const uint64_t start = std::max(first << granuleShift_, span.address), lane = (start - span.address) / span.pitch;
  access.bits += lane;
  uint64_t nextLane = span.address + (lane + 1) * span.pitch;
  uint64_t fine = 0; // a writer, without its lane, that was found to be no race
  const auto races = [&](const CellAccess &other, bool isWriter) {
    return other.bits && !other.sameAgent(access) && !other.bothStrong(access) && !judge.knows(other, isWriter);
  };
  for (uint64_t i = first; i < last; ++i) {
    const uint64_t cell = i % perPage(), at = std::max(i << granuleShift_, span.address);
    for (; at >= nextLane; nextLane += span.pitch)
      ++access.bits;
    if (const CellAccess other = page[Writer].get(cell); other.bits >> CellAccess::LaneBits != fine) {
      if (races(other, true))
        return {other, at, true};
      fine = other.bits >> CellAccess::LaneBits;
    }
    if (!write) {
      noteReader(page, cell, access);
      continue;
    }
    for (const Role role : {Reader, OtherReader})
      if (const CellAccess other = page[role].get(cell); races(other, false))
        return {other, at, false};
    page[Writer].set(cell, access);
  }
  return {};
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
