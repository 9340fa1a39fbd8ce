//===- GpuProblem.h - a problem, and what its plans may use ----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What those who make plans for a GPU, read them and refuse them have in common.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_PLAN_GPUPROBLEM_H
#define MUNTIN_COMPILER_PLAN_GPUPROBLEM_H

#include "compiler/Plan/GpuPlan.h"
#include "compiler/Plan/Hull.h"

namespace muntin {

inline constexpr int64_t kMostWarps = 8, kMostStages = 4;

struct GpuProblem {
  GpuProblem(const Problem &problem, const Target &target);

  const Problem &problem;
  const GpuLimits limits; ///< the target's, but for what the problem lifts
  const HullEstimator hull;
  const std::vector<int64_t> steps, grid;
};

/// What a block takes.
struct GpuNeeds {
  int64_t sharedBytes = 0;
  int64_t registers = 0; ///< of a thread, estimated
};

GpuNeeds needsOf(const Problem &problem, const HullEstimator &hull, const Plan &plan);
/// Why a plan that needs so much does not fit; empty if it does.
std::string refusalOf(const GpuNeeds &needs, const Plan &plan, const GpuLimits &limits);
inline std::string refusalOf(const GpuProblem &task, const Plan &plan) {
  return refusalOf(needsOf(task.problem, task.hull, plan), plan, task.limits);
}

/// A plan of the template without key box, stages of one.
Plan blankGpuPlan(const GpuProblem &task, const std::string &name, const std::vector<int64_t> &queryBox);
/// Whether copies run ahead of the boxes in use.
bool hasStages(const std::string &name);
/// Whether full boxes are walked over first, and without the mask.
inline bool splits(const std::string &name) { return name == "border" || hasStages(name); }
int64_t volumeOf(const std::vector<int64_t> &box);

/// The text of Plan::print(), read back and checked.
Result<Plan> parseGpuPlan(const GpuProblem &task, const std::string &text);

/// None of these candidates fits: what is missing, and the nearest that works.
Status refuseAll(const GpuProblem &task, const Target &target, const std::vector<Candidate> &candidates);
/// What fits and is nearest to a plan that does not: "; nearest that work: ...", or nothing.
std::string nearestTo(const GpuProblem &task, const Plan &plan);

} // namespace muntin

#endif // MUNTIN_COMPILER_PLAN_GPUPROBLEM_H
