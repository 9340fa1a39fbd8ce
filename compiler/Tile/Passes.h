//===- Passes.h - passes on the tile dialect -------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_TILE_PASSES_H
#define MUNTIN_COMPILER_TILE_PASSES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace muntin::tile {
#define GEN_PASS_DECL
#include "compiler/Tile/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/Tile/Passes.h.inc"
} // namespace muntin::tile

#endif // MUNTIN_COMPILER_TILE_PASSES_H
