//===- Frame.h - what a CPU kernel is called with --------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   void entry(const uint64_t *arguments, int64_t begin, int64_t end, void *scratch)
//
// The frame hands out arguments (each loaded once, at the entry, and listed for
// the launch recipe), scratch memory, and the operands of the current head.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERCPU_FRAME_H
#define MUNTIN_COMPILER_LOWERCPU_FRAME_H

#include "compiler/LowerCPU/Ir.h"
#include "dialect/tile/Tile.h"
#include "runtime/abi/Image.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace muntin::cpu {

/// Names of the attributes that the lowered function carries for the recipe.
inline constexpr llvm::StringLiteral kArgumentsAttr = "cpu.arguments";           // argument texts, see encodeArgument()
inline constexpr llvm::StringLiteral kScratchAttr = "cpu.scratch";               // bytes
inline constexpr llvm::StringLiteral kScratchPerKeyAttr = "cpu.scratch_per_key"; // bytes per key of the grid

/// On the module: the machine has no conversions between f32 and bf16.
inline constexpr llvm::StringLiteral kExpandBf16Attr = "cpu.expand_bf16";
/// On the module: the machine has AVX-512.
inline constexpr llvm::StringLiteral kAvx512Attr = "cpu.avx512";

/// Rows of a register block, at most.
inline constexpr int64_t kMaxRows = 16;
/// Words of a mask that are made at once, and that lie behind the last key's and forbid: a block may read so many.
inline constexpr int64_t kWords = 16;
/// What a buffer has beyond the keys of its box: rows of the last axis may be padded to an even length and blocks of
/// keys to a whole register block, a list has the keys of one block more, and masks are made kWords at a time.
inline constexpr int64_t kKeySlack = 32;
static_assert(kMaxRows <= kWords && kWords <= kKeySlack && 2 * kMaxRows <= kKeySlack);

/// An operand in memory, for the batch entry and head of the task.
struct Operand {
  Value base;                          ///< of the head
  llvm::SmallVector<Value, 3> strides; ///< bytes between neighbours on each grid axis
  Type element;
  int64_t columns;
  bool packed = false; ///< by an earlier launch
};

/// Which sizes a task sees.
struct Extents {
  llvm::SmallVector<Value, 3> query, key;
  Value batch, heads, kvHeads;
};

class Frame {
public:
  Frame(Ir &ir, mlir::func::FuncOp function, unsigned rank) : ir(ir), function(function), rank(rank) {}

  Value begin() { return function.getArgument(1); }
  Value end() { return function.getArgument(2); }

  /// The value of an argument slot; loads go to the entry block.
  Value argument(const Argument &argument, Type type);
  Value symbol(Symbol symbol);
  Value stride(Tensor tensor, unsigned axis);
  Value tensor(Tensor tensor);
  Value workspace(const Formula &at);
  Value counter();
  Value scale();

  Extents extents();
  Value keys();    ///< tokens of the key grid
  Value keysCap(); ///< rows of a buffer for all keys

  /// Scratch of a fixed size, 64-byte aligned, valid for the whole function.
  Value scratch(int64_t bytes);
  /// Scratch of `bytesPerKey` for every key of the grid.
  Value scratchPerKey(int64_t bytesPerKey);

  /// Writes the recipe's attributes.
  void finish();

  Ir &ir;

private:
  /// Calls `make` with the insertion point behind what the entry block has so far.
  Value atEntry(llvm::function_ref<Value()> make);

  mlir::func::FuncOp function;
  unsigned rank;
  mlir::Operation *lastAtEntry = nullptr;
  llvm::SmallVector<std::pair<Argument, Value>> arguments;
  Value keysCapValue, perKeyBase;
  mlir::arith::ConstantOp fixedSize; ///< patched at the end, when the fixed scratch is known
  int64_t scratchBytes = 0, scratchPerKeyBytes = 0;
};

} // namespace muntin::cpu

#endif // MUNTIN_COMPILER_LOWERCPU_FRAME_H
