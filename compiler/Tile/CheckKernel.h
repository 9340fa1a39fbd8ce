//===- CheckKernel.h - what lowerings rely on -----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Verifiers look at one operation, lowerings at a whole kernel: a product wants
// its right operand where keys are loaded to, which follows from who made it.
// What a lowering holds for a value follows from where the value comes from:
//
//   f32 arguments, arith on numbers               a number
//   arguments named by tile.operand               a tensor
//   tile.query_box                                the box of queries
//   tile.all_keys, tile.live_keys, a walk's box   a box of keys
//   tile.load at one or the other, tile.await     rows of queries, rows of keys
//   all other tiles                               a computed tile
//
// Each operation demands some of these of its operands. A kernel that passes has
// every value bound in the form in which it is read.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_TILE_CHECKKERNEL_H
#define MUNTIN_COMPILER_TILE_CHECKKERNEL_H

#include "dialect/tile/Tile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace muntin::tile {

/// The functions that have a plan.
llvm::SmallVector<mlir::func::FuncOp> kernelsOf(mlir::ModuleOp module);

/// What the kernel calls an argument, "query" or "out"; empty if it is no operand.
llvm::StringRef operandName(mlir::BlockArgument argument);
/// The kernel's argument for an operand, or null.
mlir::BlockArgument operandNamed(mlir::func::FuncOp kernel, llvm::StringRef name);

/// Refuses a kernel that is legal, and that no lowering can do anything with: names the operation, what it expects and
/// what it got.
mlir::LogicalResult checkKernel(mlir::func::FuncOp kernel, PlanAttr plan);

} // namespace muntin::tile

#endif // MUNTIN_COMPILER_TILE_CHECKKERNEL_H
