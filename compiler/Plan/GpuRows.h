//===- GpuRows.h - plans for GPUs that hold the scores of all keys -*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `row` keeps the scores of a block in shared memory, so it has room for so many
// keys and no more: the plan's capacity, which the launch recipe guards. `unfused`
// keeps them in the workspace.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_PLAN_GPUROWS_H
#define MUNTIN_COMPILER_PLAN_GPUROWS_H

#include "compiler/Plan/Plan.h"

namespace muntin {

/// One warp: with 16 queries there is room for the most keys.
inline constexpr int64_t kRowWarps[] = {1};
/// Bytes of the workspace that are written and read for a pair: scores, scores twice, probabilities, probabilities.
inline constexpr double kUnfusedBytes = 5 * 4;

/// Shared memory of a block in bytes; the largest of the kernels'.
int64_t sharedBytesOfRows(const Problem &problem, const Plan &plan);
/// Keys whose scores fit beside the tiles of `plan`, in whole key boxes.
int64_t rowCapacity(const Problem &problem, const GpuLimits &limits, const Plan &plan);
/// `plan` with the key boxes that are worth a thought.
std::vector<Plan> rowPlans(const Problem &problem, const GpuLimits &limits, const Plan &plan);

} // namespace muntin

#endif // MUNTIN_COMPILER_PLAN_GPUROWS_H
