//===- FoldingBuilder.cpp - integer arithmetic that folds ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/attn/FoldingBuilder.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace muntin::attn {

/// The scalar that fills the vector `v`, or null. A splat constant is emitted as
/// a scalar one; it costs nothing.
static Value scalarOf(OpBuilder &builder, Location loc, Value v) {
  if (auto broadcast = v.getDefiningOp<vector::BroadcastOp>())
    return isa<VectorType>(broadcast.getSource().getType()) ? Value() : broadcast.getSource();
  SplatElementsAttr splat;
  if (matchPattern(v, m_Constant(&splat)))
    return arith::ConstantOp::create(builder, loc, cast<TypedAttr>(splat.getSplatValue<Attribute>()));
  return Value();
}

/// Applies `make` to scalars where both vectors are filled with one, at least
/// one of them known only at run time; null where that does not hold.
template <typename Make> static Value onScalars(OpBuilder &builder, Location loc, Value a, Value b, Make make) {
  auto type = dyn_cast<VectorType>(a.getType());
  if (!type || (!a.getDefiningOp<vector::BroadcastOp>() && !b.getDefiningOp<vector::BroadcastOp>()))
    return Value();
  Value x = scalarOf(builder, loc, a), y = scalarOf(builder, loc, b);
  if (!x || !y)
    return Value();
  Value result = make(x, y);
  return builder.createOrFold<vector::BroadcastOp>(loc, type.clone(result.getType()), result);
}

template <typename OpTy> Value FoldingBuilder::binary(Value a, Value b) {
  if (Value v = onScalars(builder, loc, a, b, [&](Value x, Value y) { return builder.createOrFold<OpTy>(loc, x, y); }))
    return v;
  return builder.createOrFold<OpTy>(loc, a, b);
}

Value FoldingBuilder::constant(Type type, int64_t value) {
  TypedAttr attr = builder.getIntegerAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(builder, loc, attr);
}

Value FoldingBuilder::as(Value scalar, Type type) {
  Type element = getElementTypeOrSelf(type);
  if (element != scalar.getType())
    scalar = builder.createOrFold<arith::TruncIOp>(loc, element, scalar);
  return isa<VectorType>(type) ? builder.createOrFold<vector::BroadcastOp>(loc, type, scalar) : scalar;
}

Value FoldingBuilder::widen(Value coordinate) {
  if (getElementTypeOrSelf(coordinate.getType()).isInteger(64))
    return coordinate;
  Type i64 = builder.getI64Type();
  auto vector = dyn_cast<VectorType>(coordinate.getType());
  if (!vector)
    return builder.createOrFold<arith::ExtSIOp>(loc, i64, coordinate);
  if (coordinate.getDefiningOp<vector::BroadcastOp>())
    if (Value scalar = scalarOf(builder, loc, coordinate))
      return as(builder.createOrFold<arith::ExtSIOp>(loc, i64, scalar), vector.clone(i64));
  return builder.createOrFold<arith::ExtSIOp>(loc, vector.clone(i64), coordinate);
}

Value FoldingBuilder::add(Value a, Value b) { return binary<arith::AddIOp>(a, b); }
Value FoldingBuilder::sub(Value a, Value b) { return binary<arith::SubIOp>(a, b); }
Value FoldingBuilder::mul(Value a, Value b) { return binary<arith::MulIOp>(a, b); }
Value FoldingBuilder::min(Value a, Value b) { return binary<arith::MinSIOp>(a, b); }
Value FoldingBuilder::max(Value a, Value b) { return binary<arith::MaxSIOp>(a, b); }
Value FoldingBuilder::minUnsigned(Value a, Value b) { return binary<arith::MinUIOp>(a, b); }
Value FoldingBuilder::div(Value a, Value b) { return binary<arith::DivUIOp>(a, b); }

Value FoldingBuilder::addClamped(Value a, int64_t b) {
  if (getElementTypeOrSelf(a.getType()).isInteger(64))
    return add(a, b);
  b = std::min(b, kBeyondAnyExtent);
  return add(min(a, kBeyondAnyExtent - b), b);
}

Value FoldingBuilder::div(Value a, int64_t b) {
  if (llvm::isPowerOf2_64(b))
    return binary<arith::ShRUIOp>(a, constant(a.getType(), llvm::Log2_64(b)));
  return binary<arith::DivUIOp>(a, constant(a.getType(), b));
}

Value FoldingBuilder::rem(Value a, int64_t b) {
  if (llvm::isPowerOf2_64(b))
    return binary<arith::AndIOp>(a, constant(a.getType(), b - 1));
  return binary<arith::RemUIOp>(a, constant(a.getType(), b));
}

Value FoldingBuilder::roundDown(Value a, int64_t b) {
  if (llvm::isPowerOf2_64(b))
    return binary<arith::AndIOp>(a, constant(a.getType(), -b));
  return mul(div(a, b), b);
}

Value FoldingBuilder::compare(Predicate predicate, Value a, Value b) {
  auto make = [&](Value x, Value y) { return builder.createOrFold<arith::CmpIOp>(loc, predicate, x, y); };
  if (Value v = onScalars(builder, loc, a, b, make))
    return v;
  return make(a, b);
}

Value FoldingBuilder::both(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return binary<arith::AndIOp>(a, b);
}

Value FoldingBuilder::either(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return binary<arith::OrIOp>(a, b);
}

Value FoldingBuilder::negate(Value a) { return binary<arith::XOrIOp>(a, constant(a.getType(), 1)); }

Value FoldingBuilder::select(Value condition, Value a, Value b) {
  return builder.createOrFold<arith::SelectOp>(loc, condition, a, b);
}

Value FoldingBuilder::condition(Type type, bool value) {
  Type i1 = builder.getI1Type();
  if (auto vector = dyn_cast<VectorType>(type))
    return constant(vector.clone(i1), value);
  return constant(i1, value);
}

Value FoldingBuilder::maskClass(Value empty, Value full) {
  Type i32 = builder.getI32Type();
  return select(empty, constant(i32, MaskClass::Empty),
                select(full, constant(i32, MaskClass::Full), constant(i32, MaskClass::Partial)));
}

Value FoldingBuilder::alignUp(Value low, Value like, int64_t step) {
  Value ahead = sub(add(rem(like, step), step), rem(low, step));
  return add(low, rem(ahead, step));
}

Value FoldingBuilder::countOf(Value first, Value last, int64_t step) {
  if (step == 1)
    return add(sub(last, first), 1);
  return div(max(add(sub(last, first), step), 0), step);
}

} // namespace muntin::attn
