//===- GpuPlan.h - plans for GPUs ------------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block of threads takes one query box; each of its warps takes 16 of the
// queries, the rows of one mma. So a box has 16 tokens per warp. Boxes have powers
// of two as extents: a token's place in the box is then bits of the thread's
// number. Key boxes likewise, except where one holds all live keys.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_PLAN_GPUPLAN_H
#define MUNTIN_COMPILER_PLAN_GPUPLAN_H

#include "compiler/Plan/Plan.h"

namespace muntin {

/// Queries of a warp: the rows of mma.m16n8k16.
inline constexpr int64_t kWarpRows = 16;
/// Key boxes are padded to a multiple of this: the inner extent of mma.m16n8k16 in the product with the values.
inline constexpr int64_t kKeyGranule = 16;

/// Rows in shared memory are padded to a multiple of this many bytes: the inner extent of mma.m16n8k16 in 16-bit
/// numbers, of m16n8k8 in f32.
inline constexpr int64_t kRowGranule = 32;

/// Bytes between the rows of a tile in shared memory. Rows of 16-bit numbers are swizzled; those of f32, of whose
/// values single words of four rows are read at once, are an odd number of pieces of 16 bytes apart.
int64_t sharedPitch(const Problem &problem, int64_t columns);

/// Shared memory of a block in bytes.
int64_t sharedBytes(const Problem &problem, const Plan &plan);

/// Multiply-adds of the problem's numbers that the tensor cores of a multiprocessor do per clock.
double productsPerClock(const Problem &problem, const GpuLimits &limits);

Result<Decision> makeGpuPlan(const Problem &problem, const Target &target);

} // namespace muntin

#endif // MUNTIN_COMPILER_PLAN_GPUPLAN_H
