//===- Pipeline.h - the list of passes -------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_PIPELINE_PIPELINE_H
#define MUNTIN_COMPILER_PIPELINE_PIPELINE_H

#include "runtime/abi/Target.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"

namespace muntin {

/// All dialects that a module meets on its way, and their translation to LLVM IR.
void registerAllDialects(mlir::DialectRegistry &registry);

/// The lists of a kind of machine.
struct Lowering {
  /// On a scheduled template: what is decided and done on tiles.
  void (*buildTilePasses)(mlir::PassManager &passes);
  const char *stage; ///< the name of what comes next
  /// From tiles to loops over vectors, or to what one lane does.
  void (*buildMachinePasses)(mlir::PassManager &passes);
};
const Lowering &loweringFor(const Target &target);

/// From there to the llvm dialect.
void buildLlvmPasses(mlir::PassManager &passes);

} // namespace muntin

#endif // MUNTIN_COMPILER_PIPELINE_PIPELINE_H
