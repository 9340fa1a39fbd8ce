//===- GpuRows.cpp - plans for GPUs that hold the scores of all keys ------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/GpuRows.h"

#include "compiler/Plan/GpuPlan.h"

#include <algorithm>

using namespace muntin;

constexpr int64_t kScoreBytes = 4;

int64_t muntin::sharedBytesOfRows(const Problem &problem, const Plan &plan) {
  const int64_t byHeadDim = sharedPitch(problem, problem.headDim), byValueDim = sharedPitch(problem, problem.valueDim);
  const int64_t queries = plan.queries(), keys = plan.keyCapacity();
  const int64_t probabilities = plan.engine.empty() ? 0 : queries * sharedPitch(problem, keys);
  if (plan.templateName == "unfused") // the first and the last of three kernels
    return std::max({(queries + keys) * byHeadDim, keys * byValueDim + probabilities, queries * byValueDim});
  const int64_t fixed = queries * std::max(byHeadDim, byValueDim); // the output leaves through the queries' memory
  if (plan.templateName == "row" && plan.capacity > keys)          // one walk over keys, another over values
    return fixed + plan.capacity * queries * kScoreBytes +
           std::max(keys * byHeadDim, keys * byValueDim + probabilities);
  return fixed + keys * (byHeadDim + byValueDim) + probabilities;
}

int64_t muntin::rowCapacity(const Problem &problem, const GpuLimits &limits, const Plan &plan) {
  // The least that lies in shared memory is two boxes; scores of one stay in registers.
  Plan two = plan;
  two.capacity = 2 * plan.keyCapacity();
  const int64_t left = limits.sharedBytes - sharedBytesOfRows(problem, two);
  const int64_t bytesOfBox = kScoreBytes * plan.queries() * plan.keyCapacity();
  return left < 0 ? plan.keyCapacity() : two.capacity + left / bytesOfBox * plan.keyCapacity();
}

/// A box of `volume` keys, its extents as equal as powers of two can be: nobody knows which extents it will have to
/// cover.
static std::vector<int64_t> cube(int rank, int64_t volume) {
  std::vector<int64_t> box(rank, 1);
  for (int axis = rank - 1; volume > 1; axis = (axis + rank - 1) % rank, volume /= 2)
    box[axis] *= 2;
  return box;
}

std::vector<Plan> muntin::rowPlans(const Problem &problem, const GpuLimits &limits, const Plan &plan) {
  // What a key box of `row` takes is missing for scores, so that it is small.
  const bool row = plan.templateName == "row";
  std::vector<Plan> plans;
  for (const int64_t keys : row ? std::vector<int64_t>{32, 16} : std::vector<int64_t>{64, 32, 16}) {
    plans.push_back(plan);
    plans.back().keyBox = cube(problem.rank, keys);
    if (row)
      plans.back().capacity = rowCapacity(problem, limits, plans.back());
  }
  return plans;
}
