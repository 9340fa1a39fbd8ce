//===- Allocate.cpp - registers to slots of the frame ---------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX is nearly in SSA form: thousands of registers, few alive at once.
// Liveness, then linear scan over live intervals, per register class. A
// warp's frame shrinks by a factor of thirty and stays in the cache.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Decoder.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <tuple>

namespace muntin::emulator {

namespace {

struct Block {
  uint32_t first, last; ///< inclusive
  std::vector<uint32_t> successors;
};

class BitSet {
public:
  explicit BitSet(size_t bits) : words_((bits + 63) / 64) {}
  bool test(uint32_t i) const { return (words_[i / 64] >> (i % 64)) & 1; }
  void set(uint32_t i) { words_[i / 64] |= uint64_t(1) << (i % 64); }
  /// this |= use | (out & ~def); true if it grew.
  bool flow(const BitSet &use, const BitSet &out, const BitSet &def) {
    bool grew = false;
    for (size_t i = 0; i < words_.size(); ++i) {
      const uint64_t value = words_[i] | use.words_[i] | (out.words_[i] & ~def.words_[i]);
      grew |= value != words_[i];
      words_[i] = value;
    }
    return grew;
  }
  void unite(const BitSet &other) {
    for (size_t i = 0; i < words_.size(); ++i)
      words_[i] |= other.words_[i];
  }
  template <typename F> void each(F f) const {
    for (size_t i = 0; i < words_.size(); ++i)
      for (uint64_t w = words_[i]; w; w &= w - 1)
        f(static_cast<uint32_t>(64 * i + std::countr_zero(w)));
  }

private:
  std::vector<uint64_t> words_;
};

std::vector<Block> findBlocks(const DraftRoutine &draft) {
  const auto n = static_cast<uint32_t>(draft.code.size());
  std::vector<bool> leader(n + 1);
  leader[0] = true;
  for (uint32_t pc = 0; pc < n; ++pc)
    if (draft.endsBlock[pc]) {
      leader[pc + 1] = true;
      for (const uint32_t target : draft.successors[pc])
        leader[target] = true;
    }
  std::vector<uint32_t> blockAt(n + 1);
  std::vector<Block> blocks;
  for (uint32_t pc = 0; pc < n; ++pc) {
    if (leader[pc])
      blocks.push_back({pc, pc, {}});
    blocks.back().last = pc;
    blockAt[pc] = static_cast<uint32_t>(blocks.size() - 1);
  }
  for (Block &b : blocks) {
    for (const uint32_t target : draft.successors[b.last])
      b.successors.push_back(blockAt[target]);
    if (draft.fallsThrough[b.last] && b.last + 1 < n)
      b.successors.push_back(blockAt[b.last + 1]);
  }
  return blocks;
}

struct Interval {
  uint32_t reg, first, last;
};

std::vector<Interval> liveIntervals(const DraftRoutine &draft) {
  const size_t registers = draft.widths.size();
  const std::vector<Block> blocks = findBlocks(draft);
  std::vector<BitSet> use(blocks.size(), BitSet(registers)), def = use, in = use, out = use;
  for (size_t b = 0; b < blocks.size(); ++b)
    for (uint32_t pc = blocks[b].first; pc <= blocks[b].last; ++pc) {
      for (const uint32_t r : draft.registers[pc].uses)
        if (!def[b].test(r))
          use[b].set(r);
      for (const uint32_t r : draft.registers[pc].defs)
        def[b].set(r);
    }
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t b = blocks.size(); b-- > 0;) {
      for (const uint32_t s : blocks[b].successors)
        out[b].unite(in[s]);
      changed |= in[b].flow(use[b], out[b], def[b]);
    }
  }
  std::vector<Interval> intervals(registers, {0, ~0u, 0});
  const auto touch = [&](uint32_t r, uint32_t pc) {
    intervals[r].first = std::min(intervals[r].first, pc);
    intervals[r].last = std::max(intervals[r].last, pc);
  };
  for (size_t b = 0; b < blocks.size(); ++b) {
    in[b].each([&](uint32_t r) { touch(r, blocks[b].first); });
    // Live out: past the last instruction, so that nothing written there shares the slot.
    out[b].each([&](uint32_t r) { touch(r, blocks[b].last + 1); });
    for (uint32_t pc = blocks[b].first; pc <= blocks[b].last; ++pc) {
      for (const uint32_t r : draft.registers[pc].uses)
        touch(r, pc);
      for (const uint32_t r : draft.registers[pc].defs)
        touch(r, pc);
    }
  }
  std::vector<Interval> used;
  for (uint32_t r = 0; r < registers; ++r)
    if (intervals[r].first != ~0u)
      used.push_back({r, intervals[r].first, intervals[r].last});
  return used;
}

/// Slot numbers for the registers of one class; returns how many slots there are.
uint32_t colour(const std::vector<Interval> &intervals, const std::vector<Width> &widths, Width width,
                std::vector<uint32_t> &slotOf) {
  std::vector<Interval> mine;
  for (const Interval &i : intervals)
    if (widths[i.reg] == width)
      mine.push_back(i);
  std::sort(mine.begin(), mine.end(), [](const Interval &a, const Interval &b) {
    return std::tuple(a.first, a.last, a.reg) < std::tuple(b.first, b.last, b.reg);
  });
  std::vector<std::pair<uint32_t, uint32_t>> busy; // heap: last use, slot
  std::vector<uint32_t> free;
  uint32_t slots = 0;
  const auto later = std::greater<std::pair<uint32_t, uint32_t>>();
  for (const Interval &i : mine) {
    // A slot is free once its last use lies before: an instruction may not write over its own sources, because
    // handlers write results while other lanes' sources are still to be read (shuffles, fragments).
    while (!busy.empty() && busy.front().first < i.first) {
      free.push_back(busy.front().second);
      std::pop_heap(busy.begin(), busy.end(), later);
      busy.pop_back();
    }
    uint32_t slot;
    if (free.empty()) {
      slot = slots++;
    } else {
      slot = free.back();
      free.pop_back();
    }
    slotOf[i.reg] = slot;
    busy.push_back({i.last, slot});
    std::push_heap(busy.begin(), busy.end(), later);
  }
  return slots;
}

} // namespace

void allocateRegisters(DraftRoutine &draft, Routine &routine) {
  const std::vector<Interval> intervals = liveIntervals(draft);
  std::vector<uint32_t> place(draft.widths.size(), 0);
  const uint32_t predicates = colour(intervals, draft.widths, Width::Predicate, place);
  const uint32_t words = colour(intervals, draft.widths, Width::Word, place);
  const uint32_t doubles = colour(intervals, draft.widths, Width::Double, place);
  const uint32_t wordBase = (predicates + WarpSize - 1) / WarpSize * WarpSize;
  const uint32_t doubleBase = wordBase + words * WarpSize;
  routine.frameWords = doubleBase + doubles * 2 * WarpSize + 2 * WarpSize;
  for (size_t r = 0; r < place.size(); ++r)
    if (draft.widths[r] == Width::Word)
      place[r] = wordBase + place[r] * WarpSize;
    else if (draft.widths[r] == Width::Double)
      place[r] = doubleBase + place[r] * 2 * WarpSize;
  const auto settle = [&](Ref &r) {
    if (r != NoRef && !(r & ConstBit))
      r = place[r & IndexMask] | (r & NegateBit);
  };
  for (Instr &i : draft.code) {
    settle(i.guard);
    for (Ref &r : i.op)
      settle(r);
  }
  for (Ref &r : draft.extras)
    settle(r);
  routine.code = std::move(draft.code);
  routine.extras = std::move(draft.extras);
  routine.constants = std::move(draft.constants);
}

} // namespace muntin::emulator
