//===- Frontend.h - from a problem to the attn dialect ---------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_FRONTEND_FRONTEND_H
#define MUNTIN_COMPILER_FRONTEND_FRONTEND_H

#include "runtime/abi/Problem.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace muntin::compiler {

/// A module with one function, `@forward(query, key, value, scale[, segments of
/// queries and of keys]) -> (output, lse)`, that holds one attn.forward. Batch,
/// grids and head counts are dynamic; the head dimensions are those of the
/// problem. `problem` has passed checkProblem(). Null, with an error emitted on
/// the context, if the mask is not legal.
mlir::OwningOpRef<mlir::ModuleOp> buildAttnModule(mlir::MLIRContext &context, const Problem &problem);

} // namespace muntin::compiler

#endif // MUNTIN_COMPILER_FRONTEND_FRONTEND_H
