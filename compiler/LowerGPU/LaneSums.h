//===- LaneSums.h - sums that stay apart in the lanes ----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row is spread over four lanes (Cta.h). The sum of its numbers takes two
// shuffles and two additions for each of a lane's two rows, in every step of a
// walk. What is only added and scaled by what the four lanes agree on may stay
// apart, each lane with the sum of its own columns, until the walk is done:
//
//      l = alpha l + sum P      in each lane, of its columns
//      ... after the walk       l of the row: the four lanes' l together
//
// The set is the largest in which every definition and every use allows it.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERGPU_LANESUMS_H
#define MUNTIN_COMPILER_LOWERGPU_LANESUMS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace muntin::gpu {

/// The rows of a kernel whose registers hold a lane's own part of a sum. A walk's result that is used otherwise is not
/// in the set, though what it carried may be: it is completed behind the walk.
llvm::DenseSet<mlir::Value> findLaneSums(mlir::func::FuncOp kernel);

} // namespace muntin::gpu

#endif // MUNTIN_COMPILER_LOWERGPU_LANESUMS_H
