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
  // A plan that needs as many registers as one that spills would most likely spill as well.
  const int64_t registers = winner().registers;
  const auto find = [&](bool fewer) {
    return std::find_if(candidates.begin() + 1, candidates.end(), [&](const Candidate &candidate) {
      return candidate.refused.empty() && (!fewer || candidate.registers < registers);
    });
  };
  auto next = find(/*fewer=*/true);
  if (next == candidates.end())
    next = find(/*fewer=*/false);
  if (next == candidates.end())
    return false;
  candidates.front().refused = why;
  candidates.front().assembled = true;
  moveToFront(candidates, next);
  return true;
}

void Decision::restore(const Plan &plan, const std::string &note) {
  const auto chosen = std::find_if(candidates.begin(), candidates.end(),
                                   [&](const Candidate &candidate) { return candidate.plan == plan; });
  if (chosen == candidates.end())
    return;
  chosen->refused.clear();
  chosen->assembled = false;
  chosen->note = note;
  moveToFront(candidates, chosen);
}
