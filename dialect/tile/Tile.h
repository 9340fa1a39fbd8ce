//===- Tile.h - the tile dialect -------------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TILE_TILE_H
#define MUNTIN_TILE_TILE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>

namespace muntin::tile {
/// By so many rows and columns.
struct Move {
  int64_t row = 0, column = 0;
  bool operator==(const Move &) const = default;
};
} // namespace muntin::tile

#include "dialect/tile/TileDialect.h.inc"
#include "dialect/tile/TileEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/tile/TileAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialect/tile/TileTypes.h.inc"

namespace muntin::tile {
class YieldOp;
} // namespace muntin::tile

#define GET_OP_CLASSES
#include "dialect/tile/TileOps.h.inc"

namespace muntin::tile {
/// The attribute that marks a function as a kernel and holds its plan.
inline constexpr llvm::StringLiteral kPlanAttrName = "tile.plan";
/// On a kernel's argument: which operand of the problem it is: "query", "key", "value", "out" or "lse".
inline constexpr llvm::StringLiteral kOperandAttrName = "tile.operand";

/// What fills the buffer in the step that awaits it; null where that is not in the same block.
CopyOp copyFor(AwaitOp await);
} // namespace muntin::tile

#endif // MUNTIN_TILE_TILE_H
