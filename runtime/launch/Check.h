//===- Check.h - are these tensors a run of this problem? --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_LAUNCH_CHECK_H
#define MUNTIN_RUNTIME_LAUNCH_CHECK_H

#include "runtime/abi/Problem.h"
#include "runtime/launch/TensorView.h"

namespace muntin::runtime {

/// The extents that the tensors agree on, with every rule of the contract that
/// concerns ranks, extents, element types and strides checked; pointers are not
/// looked at. Fills in kv_segments where segments stand for both.
Result<Shape> checkLayouts(const Problem &problem, TensorSet &tensors);

/// Checks the pointers of tensors that passed checkLayouts: null, misaligned,
/// spans beyond the address space, outputs that overlap anything.
Status checkMemory(const TensorSet &tensors);

/// Checks that no output overlaps itself; pointers are not looked at.
Status checkOutputs(const TensorSet &tensors);

/// Checks the segments of a counting run: those that `problem` needs, for `shape`.
Status checkSegments(const Problem &problem, const Shape &shape, TensorSet &tensors);

Status checkScale(double scale);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_LAUNCH_CHECK_H
