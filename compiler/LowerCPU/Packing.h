//===- Packing.h - copies of keys and values, once per head ----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERCPU_PACKING_H
#define MUNTIN_COMPILER_LOWERCPU_PACKING_H

#include "compiler/LowerCPU/Frame.h"
#include "compiler/LowerCPU/Workspace.h"

namespace muntin::cpu {

/// Tokens that one packing task copies.
inline constexpr int64_t kPackTokens = 64;

/// What one packing launch copies.
struct PackRequest {
  Tensor tensor;
  Packing packing;
  Formula at;
  int64_t columns;
  Type element;
  int64_t lanes;
  int64_t keyStep; ///< of key boxes on the last axis: the distance of the tokens of a pair
};

/// The tasks of a packing launch.
Formula packTasks(int rank);
/// A number, or a vector of numbers, as f32.
Value widened(Ir &ir, Value numbers);
/// Numbers, or vectors of numbers, of 16 bits as words: the lower halves from `own`.
Value pairWords(Ir &ir, Value own, Value partner);
/// Lowers task number `index`.
void emitPackTask(Frame &frame, const PackRequest &request, Value index);

} // namespace muntin::cpu

#endif // MUNTIN_COMPILER_LOWERCPU_PACKING_H
