//===- Decision.cpp - a winner that does not do ----------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/Plan.h"

#include <algorithm>

using namespace muntin;

/// Makes the candidate at `chosen` the first, the others keeping their order.
static void moveToFront(std::vector<Candidate> &candidates, std::vector<Candidate>::iterator chosen) {
  std::rotate(candidates.begin(), chosen, chosen + 1);
}

bool Decision::replaceWinner(const std::string &why) {
  candidates.front().refused = why;
  candidates.front().assembled = true;
  // Where one plan spills, another of the same template and as many registers would most likely spill as well.
  const auto promises = [&](const Candidate &candidate) {
    return std::none_of(candidates.begin(), candidates.end(), [&](const Candidate &other) {
      return other.assembled && other.plan.templateName == candidate.plan.templateName &&
             other.registers <= candidate.registers;
    });
  };
  auto next = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate &candidate) {
    return candidate.refused.empty() && promises(candidate);
  });
  if (next == candidates.end())
    next = std::find_if(candidates.begin(), candidates.end(),
                        [](const Candidate &candidate) { return candidate.refused.empty(); });
  if (next == candidates.end())
    return false;
  moveToFront(candidates, next);
  return true;
}

bool Decision::unbindWinner() {
  Candidate &winner = candidates.front();
  if (!winner.mayUnbind)
    return false;
  winner.mayUnbind = false;
  winner.plan.registers = 0;
  return true;
}

void Decision::restore(const Plan &plan, const std::string &note) {
  const auto chosen = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate &candidate) {
    Plan same = candidate.plan;
    same.registers = plan.registers; // it may have been tried with a bound and without
    return same == plan;
  });
  if (chosen == candidates.end())
    return;
  chosen->plan = plan;
  chosen->refused.clear();
  chosen->assembled = false;
  chosen->note = note;
  moveToFront(candidates, chosen);
}
