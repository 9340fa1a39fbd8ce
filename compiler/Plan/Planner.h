//===- Planner.h - the search for a plan on a CPU ---------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_PLAN_PLANNER_H
#define MUNTIN_COMPILER_PLAN_PLANNER_H

#include "compiler/Plan/CostModel.h"
#include "compiler/Plan/Hull.h"
#include "compiler/Plan/Plan.h"

namespace muntin {

/// Extents of one axis that are shorter than the general plan's box; the other axes are long.
struct ShortAxis {
  int axis;
  int64_t least;              ///< that the mask takes
  std::vector<double> cycles; ///< of what there is, from `least` on
  size_t served = 0;          ///< so many of them have a variant
};

class Planner {
public:
  Planner(const Problem &problem, const Target &target);

  Result<Decision> run();
  Result<Plan> parse(const std::string &text);

private:
  // Candidates.cpp
  bool pairsAreNative() const { return problem.element == ElementType::BF16 && target.bf16Dot != Bf16Dot::None; }
  Plan blank(const std::string &name, const RegisterBlock &block, const std::vector<int64_t> &queryBox) const;
  void addShapes(const std::string &name, const RegisterBlock &block, int64_t queries);
  void addWindow(Plan plan);
  void add(Plan plan, const std::optional<std::vector<int64_t>> &live = std::nullopt);
  bool mayTrim(const Plan &plan) const;
  std::vector<int64_t> stripOf(const Plan &plan) const;
  std::vector<int64_t> keyBoxOf(const Plan &plan, int64_t keys) const;

  // Variants.cpp
  std::vector<Candidate> variantsBeside(const Candidate &general);
  std::vector<ShortAxis> shortAxes(const Candidate &general) const;
  std::vector<int64_t> shortGrid(int axis, int64_t extent) const;
  Candidate onShort(Candidate candidate, int axis, int64_t extent) const;
  std::vector<double> cyclesOn(const Candidate &candidate, const ShortAxis &extents) const;

  const Problem &problem;
  const Target &target;
  HullEstimator hull;
  CostModel cost;
  std::vector<int64_t> steps, grid;
  std::vector<Candidate> candidates;
};

} // namespace muntin

#endif // MUNTIN_COMPILER_PLAN_PLANNER_H
