//===- GpuProblem.cpp - what a plan for a GPU takes of it -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/GpuProblem.h"

#include "compiler/Plan/CostModel.h"
#include "compiler/Plan/GpuRows.h"
#include "dialect/tile/Layout.h"

#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <numeric>

using namespace muntin;

namespace {
/// Registers of a thread beside accumulators and scores: the sample of 64 keys at D = 128 takes 192, of which 96 are
/// those.
constexpr int64_t kOtherRegisters = 96;
/// As many more for a mask that does not separate into axes.
constexpr int64_t kJointMaskRegisters = 40;
/// As many more for f32, beside the rest of the probabilities, one for each: sums of a box on their way to the output.
constexpr int64_t kSplitRegisters = 32;
} // namespace

int64_t muntin::volumeOf(const std::vector<int64_t> &box) {
  return std::accumulate(box.begin(), box.end(), int64_t(1), std::multiplies<>());
}

int64_t muntin::sharedPitch(const Problem &problem, int64_t columns) {
  return tile::sharedPitch(columns, elementTypeBytes(problem.element), problem.element == ElementType::F32);
}

int64_t muntin::sharedBytes(const Problem &problem, const Plan &plan) {
  if (plan.holdsAllKeys() || !plan.engine.empty())
    return sharedBytesOfRows(problem, plan);
  // The output leaves through the memory of the queries.
  const int64_t byHeadDim = sharedPitch(problem, problem.headDim), byValueDim = sharedPitch(problem, problem.valueDim);
  return plan.queries() * std::max(byHeadDim, byValueDim) + plan.stages * plan.keyCapacity() * (byHeadDim + byValueDim);
}

static GpuLimits limitsFor(const Problem &problem, GpuLimits limits) {
  if (problem.sharedBytes > 0)
    limits.sharedBytes = problem.sharedBytes;
  return limits;
}

GpuProblem::GpuProblem(const Problem &problem, const Target &target)
    : problem(problem), limits(limitsFor(problem, *target.gpu)), hull(problem.mask, problem.rank), steps(hull.steps()),
      grid(nominalGrid(problem, steps)) {}

Plan muntin::blankGpuPlan(const GpuProblem &task, const std::string &name, const std::vector<int64_t> &queryBox) {
  Plan plan;
  plan.templateName = name == "naive" ? "unfused" : name;
  plan.engine = name == "naive" ? "fma" : "";
  plan.queryBox = queryBox;
  plan.queryStep = task.steps;
  plan.warps = volumeOf(queryBox) / kWarpRows;
  plan.stages = 1;
  return plan;
}

bool muntin::hasStages(const std::string &name) { return name == "stages" || name == "roles"; }

static int64_t registersOf(const Problem &problem, const HullEstimator &hull, const Plan &plan) {
  const int64_t split = problem.element == ElementType::F32 ? plan.keyCapacity() / 2 + kSplitRegisters : 0;
  const int64_t columns = (problem.valueDim + kKeyGranule - 1) / kKeyGranule * kKeyGranule;
  const int64_t output = columns / 2 + split;
  const int64_t mask = hull.separable() ? 0 : kJointMaskRegisters;
  // Whole rows are masked in one walk, and multiplied with the values in another.
  return kOtherRegisters + plan.keyCapacity() / 2 + (plan.holdsAllKeys() ? std::max(output, mask) : output + mask);
}

GpuNeeds muntin::needsOf(const Problem &problem, const HullEstimator &hull, const Plan &plan) {
  return {sharedBytes(problem, plan), registersOf(problem, hull, plan)};
}

std::string muntin::refusalOf(const GpuNeeds &needs, const Plan &plan, const GpuLimits &limits) {
  if (needs.sharedBytes > limits.sharedBytes)
    return llvm::formatv("it needs {0} bytes of shared memory, the bound is {1}", needs.sharedBytes, limits.sharedBytes)
        .str();
  // There is nothing smaller than one granule of keys: the assembler finds room, or spills a few registers.
  if (needs.registers > limits.registersPerThread && plan.keyCapacity() > kKeyGranule)
    return llvm::formatv("it needs about {0} registers, the bound is {1}", needs.registers, limits.registersPerThread)
        .str();
  return "";
}
