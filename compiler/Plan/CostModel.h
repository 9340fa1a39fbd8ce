//===- CostModel.h - predicted cycles of a plan ----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_PLAN_COSTMODEL_H
#define MUNTIN_COMPILER_PLAN_COSTMODEL_H

#include "compiler/Plan/Plan.h"

namespace muntin {

inline constexpr int64_t kMaxBlockRows = 16;

/// A shape of the accumulators in registers.
struct RegisterBlock {
  int64_t rows, vectors;
  double efficiency; ///< share of the multiply-add peak that the inner loops reach
};

/// The shapes that fit the target's registers.
std::vector<RegisterBlock> registerBlocks(const Target &target);

/// For query boxes of one vector, which only short grids want.
RegisterBlock narrowBlock(const Target &target);

/// A grid to rate plans on. Plans are right for every grid; they are fast on
/// grids like this one.
std::vector<int64_t> nominalGrid(const Problem &problem, const std::vector<int64_t> &steps);

class CostModel {
public:
  /// \p separable: the mask is an AND of a rule for each axis.
  CostModel(const Problem &problem, const Target &target, bool separable)
      : problem(problem), target(target), separable(separable) {}

  /// Fills in the predicted cycles on a grid that is nominal but for axes that are shorter or longer, from the live
  /// keys of a typical query box on the nominal grid.
  void estimate(Candidate &candidate, const std::vector<int64_t> &grid) const;
  /// Keys per axis that a typical query box meets there.
  std::vector<int64_t> liveOn(const Candidate &candidate, const std::vector<int64_t> &grid) const;
  /// Keys of a box for online softmax.
  int64_t onlineKeys(const Plan &plan) const;

private:
  double blockEfficiency(const Plan &plan) const;
  double waste(const Plan &plan, int axis, int64_t extent, int64_t nominal) const;
  /// Whether the lanes of the second product are columns, see LowerCPU's Columns.cpp.
  bool inColumns(const Plan &plan) const { return plan.templateName == "window" && problem.valueDim % plan.lanes == 0; }
  double valuesSeen(const Candidate &candidate, const std::vector<int64_t> &live) const;

  const Problem &problem;
  const Target &target;
  bool separable;
};

} // namespace muntin

#endif // MUNTIN_COMPILER_PLAN_COSTMODEL_H
