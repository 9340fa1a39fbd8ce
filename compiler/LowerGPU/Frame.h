//===- Frame.h - what a GPU kernel is called with --------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each argument of the launch recipe is a parameter of eight bytes. The frame
// hands them out, adding those that are asked for, and lists them.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERGPU_FRAME_H
#define MUNTIN_COMPILER_LOWERGPU_FRAME_H

#include "dialect/tile/Tile.h"
#include "runtime/abi/Image.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace muntin::gpu {

/// Names of the attributes that the lowered function carries for the recipe.
inline constexpr llvm::StringLiteral kArgumentsAttr = "gpu.arguments"; // argument texts, see encodeArgument()
inline constexpr llvm::StringLiteral kSharedAttr = "gpu.shared_bytes"; // of a block
inline constexpr llvm::StringLiteral kThreadsAttr = "gpu.threads";     // of a block

/// Bytes of the matrices of all blocks, see Matrices.cpp.
Formula matricesFormula(tile::PlanAttr plan);

class Frame {
public:
  /// A kernel without parameters; the builder then stands at its beginning. `registers`: at most, of a thread, or 0.
  Frame(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef name, int64_t threads, int64_t registers);

  mlir::Value value(const Formula &formula);        ///< i64
  mlir::Value symbol(Symbol symbol);                ///< i64
  mlir::Value stride(Tensor tensor, unsigned axis); ///< in elements, i64
  mlir::Value tensor(Tensor tensor);                ///< pointer to global memory
  mlir::Value counter();                            ///< pointer to global memory
  mlir::Value workspace();                          ///< pointer to global memory
  mlir::Value scale();                              ///< f64
  /// Ends the function and writes the recipe's attributes.
  void finish(int64_t sharedBytes);

private:
  mlir::Value argument(Argument::Kind kind, unsigned index, unsigned axis, mlir::Type type);
  mlir::Value argument(const Argument &wanted, mlir::Type type);

  mlir::OpBuilder &b;
  mlir::LLVM::LLVMFuncOp function;
  llvm::SmallVector<Argument> arguments; ///< in the order of the parameters
};

} // namespace muntin::gpu

#endif // MUNTIN_COMPILER_LOWERGPU_FRAME_H
