//===- Workspace.h - what launches hand to each other ----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Offsets in the workspace, as formulas that both the recipe and the kernels
// use. Packed keys and values lie heads first, [B, Hkv, keys, columns], 4 bytes
// a number; scores of the unfused kernels lie per task.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERCPU_WORKSPACE_H
#define MUNTIN_COMPILER_LOWERCPU_WORKSPACE_H

#include "dialect/tile/Tile.h"
#include "runtime/abi/Image.h"

namespace muntin::cpu {

/// How an operand gets from the caller's tensor to the kernel.
enum class Packing { None, Widen, Pairs };

/// By a launch before the kernel's.
Packing packingOfKeys(tile::PlanAttr plan);
Packing packingOfValues(tile::PlanAttr plan);
/// By the kernel's tasks, see Strip.cpp.
Packing strippedKeys(tile::PlanAttr plan);
Packing strippedValues(tile::PlanAttr plan);

/// Tokens of the key grid.
Formula keysFormula(int rank);
/// Rows of a buffer for all keys, see Frame::keysCap().
Formula keysCapFormula(int rank);

struct WorkspaceLayout {
  Formula keysAt, valuesAt, matrixAt, bytes;
};
WorkspaceLayout workspaceLayout(tile::PlanAttr plan, int64_t keyColumns, int64_t valueColumns, bool matrix);

} // namespace muntin::cpu

#endif // MUNTIN_COMPILER_LOWERCPU_WORKSPACE_H
