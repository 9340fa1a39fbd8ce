//===- Candidates.cpp - the plans that are compared -----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/Planner.h"

#include <algorithm>
#include <functional>

using namespace muntin;

Plan Planner::blank(const std::string &name, const RegisterBlock &block, const std::vector<int64_t> &queryBox) const {
  Plan plan;
  plan.templateName = name;
  plan.queryBox = queryBox;
  plan.queryStep = steps;
  plan.rows = block.rows;
  plan.blockVectors = block.vectors;
  plan.lanes = target.lanes;
  bool half = problem.element != ElementType::F32;
  plan.pairs = pairsAreNative();
  // A window's output may lie as the caller has it, and then pairs are made of values in place, see LowerCPU's Columns.
  const bool inPlace = name == "window" && problem.valueDim % target.lanes == 0;
  plan.pack = plan.pairs ? (inPlace ? "none" : "pairs") : half ? "widen" : "none";
  return plan;
}

/// About `keys` keys, the last axis longest: a box of the live hull.
std::vector<int64_t> Planner::keyBoxOf(const Plan &plan, int64_t keys) const {
  std::vector<int64_t> live = hull.inTheMiddle(plan.queryBox, plan.queryStep, grid), box(problem.rank, 1);
  for (int axis = problem.rank - 1; axis >= 0; --axis) {
    int64_t wish = axis == 0                  ? keys
                   : axis == problem.rank - 1 ? std::min<int64_t>(keys, 16)
                                              : std::min<int64_t>(keys, 4);
    box[axis] = std::max<int64_t>(1, std::min(wish, std::max<int64_t>(live[axis], 1)));
    keys = std::max<int64_t>(1, keys / box[axis]);
  }
  return box;
}

/// The live keys of a query box on the leading axes; on the last one as many as a share of the cache holds, so that the
/// boxes of many tasks find room before the memory is filled anew.
std::vector<int64_t> Planner::stripOf(const Plan &plan) const {
  const std::optional<std::vector<int64_t>> live = hull.bound(plan.queryBox, plan.queryStep);
  if (plan.pack == "none" || !live)
    return {};
  std::vector<int64_t> strip = *live;
  for (int axis = 0; axis < problem.rank; ++axis) // which is larger than need be where a plan's text says so
    strip[axis] = std::max(strip[axis], plan.keyBox[axis]);
  int64_t pairBytes = plan.pairs ? 4 * problem.valueDim : 8 * (problem.headDim + problem.valueDim);
  for (int axis = 0; axis + 1 < problem.rank; ++axis)
    pairBytes *= strip[axis];
  const int64_t hullPairs = (strip.back() + 1) / 2, pairs = target.l2Bytes / 4 / pairBytes;
  strip.back() = 2 * std::max(hullPairs, pairs);
  return strip;
}

bool Planner::mayTrim(const Plan &plan) const {
  return plan.templateName == "window" && problem.rank > 1 && hull.separable() && plan.blockVectors == 2 &&
         plan.queries() == 2 * plan.lanes && plan.queryBox[0] % 2 == 0;
}

/// One hull or two, packed once per head or by the tasks. Pairs, if at all, are packed by the tasks: a head's are twice
/// as many, as they begin at every key.
void Planner::addWindow(Plan plan) {
  for (bool trimmed : {false, true}) {
    plan.trimmed = trimmed;
    if (trimmed && !mayTrim(plan))
      continue;
    std::optional<std::vector<int64_t>> live = hull.bound(plan.hullBox(), plan.queryStep);
    Plan packed = plan;
    packed.keyBox = live.value_or(std::vector<int64_t>());
    if (live && plan.pack != "none")
      packed.strip = stripOf(packed);
    add(packed, live);
    packed.strip.clear();
    packed.pack = "widen";
    if (live && !plan.pairs)
      add(packed, live);
  }
}

void Planner::add(Plan plan, const std::optional<std::vector<int64_t>> &live) {
  Candidate candidate;
  if (plan.templateName == "window") {
    if (!live)
      candidate.refused = "the live keys of a query box grow with the grid";
  } else if (!plan.holdsAllKeys() && plan.keyBox.empty()) {
    plan.keyBox = keyBoxOf(plan, cost.onlineKeys(plan));
    // Keys that every query box reads are worth a copy: heads-last rows lie far apart and fall on few cache sets.
    if (plan.pack == "none" && !hull.bound(plan.queryBox, plan.queryStep))
      plan.pack = "widen";
  }
  candidate.plan = plan;
  if (candidate.refused.empty()) {
    bool everyKey = plan.holdsAllKeys() || plan.templateName == "online";
    candidate.live = live ? *live : everyKey ? grid : hull.inTheMiddle(plan.queryBox, plan.queryStep, grid);
    cost.estimate(candidate, grid);
  }
  candidates.push_back(candidate);
}

/// Every box of `queries` tokens.
void Planner::addShapes(const std::string &name, const RegisterBlock &block, int64_t queries) {
  std::vector<int64_t> box(problem.rank, 1);
  std::function<void(int, int64_t)> nest = [&](int axis, int64_t rest) {
    box[axis] = rest;
    if (axis + 1 == problem.rank)
      return name == "window" ? addWindow(blank(name, block, box)) : add(blank(name, block, box));
    for (box[axis] = 1; box[axis] <= rest; ++box[axis])
      if (rest % box[axis] == 0)
        nest(axis + 1, rest / box[axis]);
  };
  nest(0, queries);
}
