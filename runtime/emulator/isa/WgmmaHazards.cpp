//===- WgmmaHazards.cpp - registers of products under way -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A forward analysis over instructions. The state of a point in the program:
// for each register of some wgmma, the age of the newest product that may
// still use it (in commits since; none if waited for), and whether it may
// have been written since the last fence.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/WgmmaHazards.h"

#include <algorithm>
#include <deque>

namespace muntin::emulator {

namespace {

constexpr uint8_t Idle = 255;

struct State {
  bool reached = false;
  std::vector<uint8_t> pendingSum, pendingA; ///< age in commits; 0: not committed yet
  std::vector<bool> unfenced;

  bool merge(const State &s) {
    if (!reached) {
      *this = s;
      return reached = true;
    }
    bool changed = false;
    for (size_t i = 0; i < unfenced.size(); ++i) {
      const uint8_t sum = std::min(pendingSum[i], s.pendingSum[i]), a = std::min(pendingA[i], s.pendingA[i]);
      changed |= sum != pendingSum[i] || a != pendingA[i] || (s.unfenced[i] && !unfenced[i]);
      pendingSum[i] = sum;
      pendingA[i] = a;
      unfenced[i] = unfenced[i] || s.unfenced[i];
    }
    return changed;
  }
};

class Analysis {
public:
  Analysis(DraftRoutine &draft, const WgmmaMarks &marks)
      : draft_(draft), marks_(marks), number_(draft.widths.size(), -1) {
    for (const auto &[pc, p] : marks.products)
      for (const auto *list : {&p.accumulators, &p.fragment})
        for (const uint32_t r : *list)
          if (number_[r] < 0) {
            number_[r] = static_cast<int>(registers_.size());
            registers_.push_back(r);
          }
  }

  std::vector<WgmmaHazard> run() {
    const size_t n = draft_.code.size();
    std::vector<State> at(n);
    State start;
    start.reached = true;
    start.pendingSum.assign(registers_.size(), Idle);
    start.pendingA = start.pendingSum;
    start.unfenced.assign(registers_.size(), true);
    at[0].merge(start);
    std::deque<uint32_t> work = {0};
    while (!work.empty()) {
      const uint32_t pc = work.front();
      work.pop_front();
      State s = at[pc];
      step(pc, s, nullptr);
      const auto flow = [&](uint32_t to) {
        if (to < n && at[to].merge(s))
          work.push_back(to);
      };
      for (const uint32_t to : draft_.successors[pc])
        flow(to);
      if (draft_.fallsThrough[pc])
        flow(pc + 1);
    }
    std::vector<WgmmaHazard> hazards;
    for (uint32_t pc = 0; pc < n; ++pc)
      if (at[pc].reached) {
        State s = at[pc];
        step(pc, s, &hazards);
      }
    return hazards;
  }

private:
  void step(uint32_t pc, State &s, std::vector<WgmmaHazard> *hazards) {
    if (const auto product = marks_.products.find(pc); product != marks_.products.end())
      return issue(pc, product->second, s, hazards);
    if (const auto wait = marks_.waits.find(pc); wait != marks_.waits.end())
      return finish(pc, wait->second, s, hazards);
    if (std::binary_search(marks_.fences.begin(), marks_.fences.end(), pc))
      return s.unfenced.assign(registers_.size(), false);
    if (std::binary_search(marks_.commits.begin(), marks_.commits.end(), pc)) {
      for (auto *ages : {&s.pendingSum, &s.pendingA})
        for (uint8_t &age : *ages)
          age = age < 200 ? age + 1 : age;
      return;
    }
    ordinary(pc, s, hazards);
  }

  void ordinary(uint32_t pc, State &s, std::vector<WgmmaHazard> *hazards) {
    for (const uint32_t r : draft_.registers[pc].defs)
      if (const int i = number_[r]; i >= 0) {
        if (hazards && (s.pendingSum[i] != Idle || s.pendingA[i] != Idle))
          hazards->push_back(
              {pc, r, "writes a register of a wgmma that may be under way; expected wgmma.wait_group before"});
        s.unfenced[i] = true;
      }
    for (const uint32_t r : draft_.registers[pc].uses)
      if (const int i = number_[r]; i >= 0) {
        if (hazards && s.pendingSum[i] != Idle)
          hazards->push_back(
              {pc, r, "reads an accumulator of a wgmma that may be under way; expected wgmma.wait_group before"});
        s.unfenced[i] = true; // a fence orders every access, reads too
      }
  }

  void issue(uint32_t pc, const WgmmaMarks::Product &p, State &s, std::vector<WgmmaHazard> *hazards) {
    for (const auto *list : {&p.accumulators, &p.fragment})
      for (const uint32_t r : *list) {
        const int i = number_[r];
        if (hazards && s.unfenced[i] && s.pendingSum[i] == Idle) {
          hazards->push_back({pc, r, "its registers may have been accessed since the last wgmma.fence"});
          hazards = nullptr; // once per instruction
        }
        (list == &p.accumulators ? s.pendingSum : s.pendingA)[i] = 0;
      }
  }

  /// wait_group n: groups committed more than n commits ago are done. A product of age 0 was not committed.
  void finish(uint32_t pc, uint32_t most, State &s, std::vector<WgmmaHazard> *hazards) {
    for (size_t i = 0; i < registers_.size(); ++i) {
      if (hazards && s.pendingSum[i] != Idle)
        draft_.registers[pc].uses.push_back(registers_[i]);
      for (auto *ages : {&s.pendingSum, &s.pendingA})
        if ((*ages)[i] != Idle && (*ages)[i] > most)
          (*ages)[i] = Idle;
    }
  }

  DraftRoutine &draft_;
  const WgmmaMarks &marks_;
  std::vector<int> number_;
  std::vector<uint32_t> registers_;
};

} // namespace

std::vector<WgmmaHazard> analyseWgmma(DraftRoutine &draft, const WgmmaMarks &marks) {
  return Analysis(draft, marks).run();
}

} // namespace muntin::emulator
