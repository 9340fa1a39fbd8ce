//===- Machine.h - PTX instructions as functions ---------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The only place that names NVVM. Shared memory is addressed by 32-bit offsets
// from the block's; a constant part is kept apart, as the instructions add it
// for nothing.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERGPU_MACHINE_H
#define MUNTIN_COMPILER_LOWERGPU_MACHINE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace muntin::gpu {

using mlir::Type;
using mlir::Value;
using mlir::ValueRange;
using Values = llvm::SmallVector<Value>;

/// The symbol of the block's shared memory.
inline constexpr llvm::StringLiteral kSharedSymbol = "shared";

class Machine {
public:
  Machine(mlir::OpBuilder &builder, mlir::Location loc) : b(builder), loc(loc) {}

  Value threadNumber(); ///< in the block, i32
  Value blockNumber();  ///< in the grid, i32
  Value numBlocks();    ///< of the grid, i32
  /// The same, which no pass knows: what follows from them is computed again.
  Value threadNumberAgain();
  Value blockNumberAgain();
  Value again(Value wide); ///< i64

  Type sharedPointerType();
  Type globalPointerType();
  /// Address of the block's shared memory as an i32.
  Value sharedBase();
  Value sharedPointer(Value address, int64_t offset);
  Value globalOffset(Value pointer, Value bytes); ///< i64
  /// `count` is unsigned, i32, `stride` i64.
  Value globalOffset(Value pointer, Value count, Value stride);
  Value load(Type type, Value pointer, int64_t align);
  void store(Value value, Value pointer, int64_t align);
  Value isNotNull(Value pointer);
  void atomicAdd(Value pointer, Value number);

  /// 16, 8 or 4 bytes on their way; zeros where `valid` does not hold.
  void copyAsync(Value shared, Value global, int64_t bytes, Value valid);
  void closeCopies();              ///< what was copied since the last time is a group
  void awaitCopies(int64_t ahead); ///< all groups of this thread but the last `ahead` have arrived
  void barrier();                  ///< of the block
  void warpBarrier();

  /// Four 8x8 matrices of 16-bit numbers, one register each; lanes 8i to 8i + 7 address the rows of matrix i.
  Values loadMatrices(Value shared, bool transposed);
  /// c + a b of m16n8k16, for f32 of m16n8k8 with as much of a and b as tf32 holds: 4, 2 and 4 registers.
  Values multiply(Type element, ValueRange a, ValueRange b, ValueRange c);
  /// a b + c, not moved by LLVM. It would sink what a step adds to the output behind the search for the next box, and
  /// have sums and output, both in all columns, in registers at once.
  Value multiplyAddHere(Value a, Value b, Value c);
  Value shuffleXor(Value number, int32_t lanes);

  /// 0 where `bits`, unsigned, are 32 and more.
  Value shiftLeft(Value number, Value bits);
  Value exp2(Value number);
  Value log2(Value number);
  /// Two f32 as two of `element`, `low` first: 16-bit numbers in one register.
  Value packPair(Type element, Value low, Value high);

private:
  Value constant32(int64_t value);
  /// Instructions that depend on their operands alone, and may be moved and merged unless they are to stay as written.
  Value assemble(Type type, ValueRange operands, llvm::StringRef text, llvm::StringRef constraints,
                 bool asWritten = false);

  mlir::OpBuilder &b;
  mlir::Location loc;
};

} // namespace muntin::gpu

#endif // MUNTIN_COMPILER_LOWERGPU_MACHINE_H
