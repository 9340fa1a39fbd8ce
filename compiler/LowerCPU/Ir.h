//===- Ir.h - a builder for addresses, loops and vectors -------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The lowering writes a lot of address arithmetic; this keeps it readable.
// Everything folds while it is built. Sizes and offsets are i64; memory is
// reached through plain pointers, so nothing needs a descriptor.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERCPU_IR_H
#define MUNTIN_COMPILER_LOWERCPU_IR_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace muntin::cpu {

using mlir::Location;
using mlir::OpBuilder;
using mlir::Type;
using mlir::Value;
using mlir::ValueRange;
using mlir::VectorType;
using Values = llvm::SmallVector<Value>;

class Ir {
public:
  Ir(OpBuilder &builder, Location loc) : b(builder), loc(loc) {}

  OpBuilder &b;
  Location loc;

  Type i16() { return b.getI16Type(); }
  Type i32() { return b.getI32Type(); }
  Type i64() { return b.getI64Type(); }
  Type f32() { return b.getF32Type(); }
  Type ptr() { return mlir::LLVM::LLVMPointerType::get(b.getContext()); }
  VectorType vec(int64_t lanes, Type element) { return VectorType::get({lanes}, element); }

  // i64 arithmetic
  Value constant(int64_t value);
  Value add(Value x, Value y);
  Value sub(Value x, Value y);
  Value mul(Value x, Value y);
  Value min(Value x, Value y);
  Value max(Value x, Value y);
  Value div(Value x, Value y); ///< of non-negative numbers
  Value rem(Value x, Value y); ///< of non-negative numbers
  Value ceilDiv(Value x, Value y);
  Value add(Value x, int64_t y) { return add(x, constant(y)); }
  Value sub(Value x, int64_t y) { return sub(x, constant(y)); }
  Value mul(Value x, int64_t y) { return mul(x, constant(y)); }
  Value roundUp(Value x, int64_t multiple);
  Value less(Value x, Value y);  ///< i1, signed
  Value equal(Value x, Value y); ///< i1
  Value select(Value condition, Value x, Value y);

  // numbers and vectors
  Value number(float value); ///< f32
  Value splat(Value scalar, int64_t lanes);
  Value splat(float value, int64_t lanes) { return splat(number(value), lanes); }
  /// An i64 as lanes of i32.
  Value splat32(Value scalar, int64_t lanes);
  /// dense<[0, 1, ...]> of i32
  Value laneNumbers32(int64_t lanes);
  /// dense<[f(0), f(1), ...]> of i64
  Value laneConstants(int64_t lanes, llvm::function_ref<int64_t(int64_t)> f);
  Value fma(Value x, Value y, Value z);

  // memory
  Value offset(Value pointer, Value bytes);
  Value offset(Value pointer, int64_t bytes) { return offset(pointer, constant(bytes)); }
  Value load(Type type, Value pointer, unsigned align = 0); ///< align 0: that of the element
  void store(Value value, Value pointer, unsigned align = 0);
  enum class Cache : int32_t { Second = 2, First = 3 }; ///< levels, in LLVM's count of localities
  /// Asks for a line at pointer, pointer + 64, ..., before pointer + bytes. Any address will do.
  void prefetch(Value pointer, int64_t bytes, Cache cache);

  /// for (i = begin; i < end; i += step) carried = body(i, carried); returns the last carried.
  Values loop(Value begin, Value end, int64_t step, ValueRange carried,
              llvm::function_ref<Values(Value, ValueRange)> body);
  void loop(Value begin, Value end, int64_t step, llvm::function_ref<void(Value)> body);
  /// condition ? then() : otherwise
  Values when(Value condition, ValueRange otherwise, llvm::function_ref<Values()> then);
  void when(Value condition, llvm::function_ref<void()> then);
  void branch(Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise);
};

/// Bytes of a number of this type.
int64_t bytesOf(Type type);

} // namespace muntin::cpu

#endif // MUNTIN_COMPILER_LOWERCPU_IR_H
