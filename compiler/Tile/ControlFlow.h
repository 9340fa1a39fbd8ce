//===- ControlFlow.h - loops and conditions from closures ------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What every lowering of tiles builds. The closures build at `b`.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_TILE_CONTROLFLOW_H
#define MUNTIN_COMPILER_TILE_CONTROLFLOW_H

#include "mlir/IR/Builders.h"

namespace muntin {

/// for (i = begin; i < end; i += step) carried = body(i, carried)
llvm::SmallVector<mlir::Value>
buildLoop(mlir::OpBuilder &b, mlir::Location loc, mlir::Value begin, mlir::Value end, mlir::Value step,
          mlir::ValueRange carried,
          llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body);

/// while (condition(carried)) carried = body(carried)
llvm::SmallVector<mlir::Value> buildWhile(mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange carried,
                                          llvm::function_ref<mlir::Value(mlir::ValueRange)> condition,
                                          llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)> body);

/// do (again, carried) = body(carried) while (again)
llvm::SmallVector<mlir::Value>
buildDoWhile(mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange carried,
             llvm::function_ref<std::pair<mlir::Value, llvm::SmallVector<mlir::Value>>(mlir::ValueRange)> body);

/// condition ? then() : otherwise
llvm::SmallVector<mlir::Value> buildWhen(mlir::OpBuilder &b, mlir::Location loc, mlir::Value condition,
                                         mlir::ValueRange otherwise,
                                         llvm::function_ref<llvm::SmallVector<mlir::Value>()> then);

} // namespace muntin

#endif // MUNTIN_COMPILER_TILE_CONTROLFLOW_H
