//===- FoldingBuilder.h - integer arithmetic that folds --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rules of masks read like the formulas of README.md; this builder turns
// them into `arith` operations, folded while they are built. With constant
// inputs nothing but constants comes out: that is compile-time evaluation.
//
// Operands are i64 scalars or vectors of i32 or i64. An operation on vectors
// that are broadcast scalars is done on the scalars.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ATTN_FOLDINGBUILDER_H
#define MUNTIN_ATTN_FOLDINGBUILDER_H

#include "dialect/attn/MaskSupport.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace muntin::attn {

class FoldingBuilder {
public:
  using Predicate = mlir::arith::CmpIPredicate;

  FoldingBuilder(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  /// `value` as a scalar or splat of `type`.
  Value constant(mlir::Type type, int64_t value);
  /// i64 scalar.
  Value constant(int64_t value) { return constant(builder.getI64Type(), value); }
  /// An i64 scalar in the type of a coordinate: truncated and broadcast.
  Value as(Value scalar, mlir::Type type);
  /// i32 coordinates as i64; i64 ones as they are.
  Value widen(Value coordinate);

  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value add(Value a, int64_t b) { return add(a, constant(a.getType(), b)); }
  Value sub(Value a, int64_t b) { return sub(a, constant(a.getType(), b)); }
  Value mul(Value a, int64_t b) { return mul(a, constant(a.getType(), b)); }
  /// a + b for a coordinate a and 0 <= b, kept below 2^31 where the type is i32.
  Value addClamped(Value a, int64_t b);

  /// Of a non-negative (or unsigned) number by a positive constant.
  Value div(Value a, int64_t b);
  Value rem(Value a, int64_t b);
  /// a div b · b
  Value roundDown(Value a, int64_t b);
  /// Of non-negative i64 scalars, b at least 1 at run time.
  Value div(Value a, Value b);

  Value min(Value a, Value b);
  Value max(Value a, Value b);
  Value min(Value a, int64_t b) { return min(a, constant(a.getType(), b)); }
  Value max(Value a, int64_t b) { return max(a, constant(a.getType(), b)); }
  Value minUnsigned(Value a, Value b);

  Value equal(Value a, Value b) { return compare(Predicate::eq, a, b); }
  Value less(Value a, Value b) { return compare(Predicate::slt, a, b); }
  Value notLess(Value a, Value b) { return compare(Predicate::sge, a, b); }
  Value notGreater(Value a, Value b) { return compare(Predicate::sle, a, b); }
  Value compare(Predicate predicate, Value a, Value b);

  /// Of conditions; a null condition in both() and either() is left out.
  Value both(Value a, Value b);
  Value either(Value a, Value b);
  Value negate(Value a);
  Value select(Value condition, Value a, Value b);

  /// true (or false) in the shape of a comparison of coordinates of `type`.
  Value condition(mlir::Type type, bool value);

  /// empty ? Empty : full ? Full : Partial
  Value maskClass(Value empty, Value full);

  /// The first token >= low that has the residue of `like` by the step.
  Value alignUp(Value low, Value like, int64_t step);
  /// The last token of a box's axis.
  Value last(const BoxAxis &axis) { return add(axis.origin, mul(sub(axis.count, 1), axis.step)); }
  /// How many tokens, step apart, lie in [first, last]; 0 or less if none does.
  Value countOf(Value first, Value last, int64_t step);

private:
  template <typename OpTy> Value binary(Value a, Value b);

  OpBuilder &builder;
  Location loc;
};

} // namespace muntin::attn

#endif // MUNTIN_ATTN_FOLDINGBUILDER_H
