//===- CostModel.cpp - predicted cycles of a plan -------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/CostModel.h"

#include <algorithm>
#include <cmath>

using namespace muntin;

//===----------------------------------------------------------------------===//
// The numbers. Those without a source are fits to tools/bench-cpu, for 8 lanes on a Zen 3, for 16 lanes on a Zen 5.
//===----------------------------------------------------------------------===//

namespace {
constexpr double kMultiplyAddsPerCycle = 2; ///< vector instructions; the usual machine has two such pipes
/// Cycles per vector of scores: exponential, sum and maximum. 12 and 3 instructions; AVX-512 has shorter ways, the
/// shortest where the result becomes bf16.
constexpr double kSoftmaxCycles = 8.0, kSoftmaxCycles512 = 6.0, kSoftmaxCyclesPairs = 5.0;
/// Cycles per vector of scores for the accumulators' initial values from tables.
constexpr double kMaskCycles = 2.0;
/// Cycles per key for its two list entries.
constexpr double kListCycles = 1.5;
/// Cycles per vector of a column for transposing queries and storing outputs; most of it waits for memory.
constexpr double kRowCycles = 14.0, kRowCycles512 = 8.0;
/// The same for outputs that are not transposed, as a share; and for lists and boxes that the heads of a box share.
constexpr double kColumns = 0.3, kShared = 0.4;
/// Cycles per query box and per key box for addresses, bounds and calls.
constexpr double kBoxCycles = 900, kKeyBoxCycles = 150;
/// Cycles per vector of a column for rescaling the output at each key box.
constexpr double kRescaleCycles = 1.0;
/// Keys of a box for online softmax: on a Zen 3 96 to 224 run alike at 24 queries, 56 are slower at D = 128.
constexpr int64_t kOnlineKeys = 112;
/// Keys and values come from the second-level cache at so many bytes a cycle (Zen 5; 32 on a Zen 3, where vectors of 8
/// lanes leave time for it: 24 queries run as fast as 48).
constexpr double kStreamBytesPerCycle = 64;
/// Cycles per number that is packed: once per head for every key, and by the tasks for what a strip lacks. Pairs once
/// per head are twice as many as numbers, since they begin at every key. Fits to a Zen 5, 7x7 and 13x13.
constexpr double kPackCycles = 0.5, kPackPairCycles = 0.8, kStripCycles = 0.22;
/// Slow-down of both products where the keys and values of a box are so many bytes that rows far apart overflow sets of
/// the second-level cache (here one of 1 MiB): 3-D 5x9x9 in f32 takes 63 ms in place and 60 with a copy, 108 and 99 on
/// 8 lanes; 13x13 at D = 128, 290 to 330 kB, is faster in place.
constexpr double kFarRows = 1.1, kFarRowsBytes = 340e3;
/// Slow-down of the scores of keys that one of two vectors sees alone (7x7, Zen 5: a quarter more for a vector).
constexpr double kOwnKeys = 1.25;
/// Slow-down of both products by a second group of vectors: 0.81 and 0.85 of the peak at 24 queries, 0.80 and 0.83 at
/// 48 (dense, f32, D = 64 and 128, Zen 3).
constexpr double kTwoGroups = 1.02;
/// Slow-down of both products where scores leave the first-level cache: at twice its size, and at four times.
constexpr double kOutOfL1 = 1.08, kOutOfL1Far = 1.30;
} // namespace

std::vector<RegisterBlock> muntin::registerBlocks(const Target &target) {
  // Accumulators, the vectors of queries and one broadcast must fit: 12 + 3 + 1 of 16, 16 + 2 + 1 or 24 + 3 + 1 of 32.
  if (target.vectorRegisters >= 32)
    return {{8, 2, 0.93}, {8, 3, 0.93}};
  return {{4, 3, 0.92}, {6, 2, 0.91}};
}

/// Eight accumulators just hide the latency of two pipes, and each product has a broadcast of its own, which without
/// AVX-512 is an instruction more.
RegisterBlock muntin::narrowBlock(const Target &target) { return {8, 1, target.avx512() ? 0.80 : 0.50}; }

std::vector<int64_t> muntin::nominalGrid(const Problem &problem, const std::vector<int64_t> &steps) {
  static const std::vector<int64_t> byRank[] = {{4096}, {64, 64}, {16, 32, 32}};
  std::vector<int64_t> grid = byRank[problem.rank - 1];
  auto grow = [&](auto &self, const Mask &mask) -> void {
    for (int axis = 0; axis < problem.rank; ++axis)
      if (mask.kind == MaskKind::Neighborhood)
        grid[axis] = std::max(grid[axis], 2 * mask.window[axis] * mask.dilation[axis]);
    for (const Mask &child : mask.children)
      self(self, child);
  };
  grow(grow, problem.mask);
  for (int axis = 0; axis < problem.rank; ++axis)
    grid[axis] = (grid[axis] + steps[axis] - 1) / steps[axis] * steps[axis];
  return grid;
}

int64_t CostModel::onlineKeys(const Plan &plan) const { return kOnlineKeys / plan.rows * plan.rows; }

double CostModel::blockEfficiency(const Plan &plan) const {
  for (const RegisterBlock &block : registerBlocks(target))
    if (block.rows == plan.rows && block.vectors == plan.blockVectors)
      return block.efficiency;
  const RegisterBlock narrow = narrowBlock(target);
  return plan.rows == narrow.rows && plan.blockVectors == narrow.vectors ? narrow.efficiency : 0.5;
}

/// Tokens of boxes over tokens of the grid: on average half a box sticks out, on a short axis what does.
double CostModel::waste(const Plan &plan, int axis, int64_t extent, int64_t nominal) const {
  const int64_t box = plan.queryBox[axis], step = plan.queryStep[axis];
  if (extent >= nominal)
    return 1 + 0.5 * double(box - 1) * double(step) / double(extent);
  const int64_t ofClass = (extent + step - 1) / step, boxes = (ofClass + box - 1) / box;
  return double(step * boxes * box) / double(extent);
}

/// The share of a box's values that a few queries multiply.
double CostModel::valuesSeen(const Candidate &candidate, const std::vector<int64_t> &live) const {
  const Plan &plan = candidate.plan;
  if (!inColumns(plan) || !separable)
    return 1;
  const int64_t vectors = problem.valueDim / plan.lanes, wide = vectors == 1 ? 16 : vectors == 2 ? 8 : 4;
  const int64_t queries = std::min(wide, plan.lanes), axis = std::max(problem.rank - 2, 0);
  const int64_t inner = problem.rank < 2 ? 1 : plan.queryBox.back();
  if (inner * plan.queryBox[axis] % queries != 0)
    return 1;
  // A short axis has no keys that some queries see and others do not.
  const int64_t unseen = plan.hullBox()[axis] - std::max<int64_t>(queries / inner, 1);
  const int64_t seen = candidate.live[axis] - std::max<int64_t>(unseen, 0);
  return double(std::clamp<int64_t>(seen, 1, live[axis])) / double(live[axis]);
}

std::vector<int64_t> CostModel::liveOn(const Candidate &candidate, const std::vector<int64_t> &grid) const {
  const std::vector<int64_t> nominal = nominalGrid(problem, candidate.plan.queryStep);
  std::vector<int64_t> live = candidate.live;
  for (size_t axis = 0; axis < live.size(); ++axis)
    if (grid[axis] < nominal[axis])
      live[axis] = std::min(live[axis], grid[axis]);
    else if (2 * live[axis] >= nominal[axis]) // such a hull grows with the grid
      live[axis] = live[axis] * grid[axis] / nominal[axis];
  return live;
}

void CostModel::estimate(Candidate &candidate, const std::vector<int64_t> &grid) const {
  const Plan &plan = candidate.plan;
  const std::vector<int64_t> nominal = nominalGrid(problem, plan.queryStep);
  const std::vector<int64_t> live = liveOn(candidate, grid);
  double waste = 1, shortBoxes = 1;
  bool isShort = false;
  for (size_t axis = 0; axis < live.size(); ++axis) {
    waste *= this->waste(plan, axis, grid[axis], nominal[axis]);
    isShort |= grid[axis] < nominal[axis];
    if (!plan.keyBox.empty())
      shortBoxes *= std::ceil(double(live[axis]) / double(plan.keyBox[axis]));
  }
  bool pairs = plan.pairs;
  double keys = pairs ? (live.back() + 1) / 2 * 2 : live.back();
  for (size_t axis = 0; axis + 1 < live.size(); ++axis)
    keys *= live[axis];
  keys = std::ceil(keys / plan.rows) * plan.rows;

  double queries = plan.queries(), vectors = queries / plan.lanes;
  bool whole = plan.keyBox.empty() || plan.templateName == "window";
  double keyBoxes = whole ? 1 : isShort ? shortBoxes : std::ceil(keys / double(plan.keyCapacity()));
  double held = whole ? keys : double(plan.keyCapacity());
  double scoreBytes = held * queries * 4;
  if (plan.templateName == "window" && scoreBytes > double(target.l2Bytes) / 2) {
    candidate.refused = "its scores need " + std::to_string(int64_t(scoreBytes)) + " bytes, the bound is " +
                        std::to_string(target.l2Bytes / 2);
    return;
  }
  const double l1Share = scoreBytes / double(target.l1Bytes);
  double slow = l1Share > 4 ? kOutOfL1Far : 1 + (kOutOfL1 - 1) * std::clamp(l1Share - 1, 0.0, 1.0);
  const bool differ = plan.trimmed && live[0] >= candidate.live[0];
  const double own = differ ? std::min(1.0, double(plan.hullBox()[0]) / double(live[0])) : 0;
  const double values = double(problem.valueDim) * valuesSeen(candidate, live),
               columns = double(problem.headDim) + values;
  const double words = (double(problem.headDim) * (1 + own * (kOwnKeys - 1)) + values) / (pairs ? 2 : 1);

  double perQuery = waste / queries;
  double softmax = !target.avx512() ? kSoftmaxCycles : pairs ? kSoftmaxCyclesPairs : kSoftmaxCycles512;
  candidate.processedPairs = keys * waste * columns / double(problem.headDim + problem.valueDim);
  candidate.productCycles = keys * vectors * words / kMultiplyAddsPerCycle / blockEfficiency(plan) * slow * perQuery;
  const bool everyBox = plan.templateName == "window" || plan.templateName == "live" || (isShort && shortBoxes == 1);
  double masked = everyBox ? kMaskCycles : 0.5 * kMaskCycles;
  if (target.lanes <= 8 && vectors > double(plan.blockVectors))
    candidate.productCycles *= kTwoGroups;
  if (target.lanes > 8)
    candidate.productCycles += keys * words * 4 / kStreamBytesPerCycle * perQuery;
  candidate.softmaxCycles = keys * vectors * (softmax + masked) * perQuery;
  const double packed = plan.pack == "none" ? 0 : double(problem.valueDim + (pairs ? 0 : problem.headDim));
  if (plan.strip.empty()) {
    candidate.boxCycles = packed * (pairs ? kPackPairCycles : kPackCycles);
  } else {
    double keysOfTask = double(plan.queryBox.back());
    for (size_t axis = 0; axis + 1 < plan.strip.size(); ++axis)
      keysOfTask *= double(std::min(plan.strip[axis], grid[axis]));
    candidate.boxCycles = packed * kStripCycles * keysOfTask / queries;
  }
  if (packed == 0 && whole) {
    double rowBytes = 4.0 * double(problem.headDim + problem.valueDim);
    if (keys * (plan.trimmed ? 1.25 : 1) * rowBytes > kFarRowsBytes)
      candidate.productCycles *= kFarRows;
  }
  const double outputs = double(problem.valueDim) * (inColumns(plan) ? kColumns : 1);
  const double moved = (pairs ? 0.5 : 1.0) * double(problem.headDim) + outputs;
  const double shared = plan.templateName == "window" && plan.pack == "none" ? kShared : 1;
  candidate.boxCycles += (shared * (kBoxCycles + keyBoxes * kKeyBoxCycles + keys * kListCycles) +
                          moved * vectors * (target.avx512() ? kRowCycles512 : kRowCycles) +
                          (keyBoxes - 1) * double(problem.valueDim) * vectors * kRescaleCycles) *
                         perQuery;
}
