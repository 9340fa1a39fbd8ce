//===- Ir.cpp - a builder for addresses, loops and vectors ----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Ir.h"

#include "compiler/Tile/ControlFlow.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace muntin::cpu;

Value Ir::constant(int64_t value) { return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value)); }
Value Ir::add(Value x, Value y) { return b.createOrFold<arith::AddIOp>(loc, x, y); }
Value Ir::sub(Value x, Value y) { return b.createOrFold<arith::SubIOp>(loc, x, y); }
Value Ir::mul(Value x, Value y) { return b.createOrFold<arith::MulIOp>(loc, x, y); }
Value Ir::min(Value x, Value y) { return b.createOrFold<arith::MinSIOp>(loc, x, y); }
Value Ir::max(Value x, Value y) { return b.createOrFold<arith::MaxSIOp>(loc, x, y); }
Value Ir::div(Value x, Value y) { return b.createOrFold<arith::DivUIOp>(loc, x, y); }
Value Ir::rem(Value x, Value y) { return b.createOrFold<arith::RemUIOp>(loc, x, y); }
Value Ir::ceilDiv(Value x, Value y) { return div(sub(add(x, y), 1), y); }

Value Ir::roundUp(Value x, int64_t multiple) {
  return multiple == 1 ? x : mul(div(add(x, multiple - 1), constant(multiple)), multiple);
}

Value Ir::less(Value x, Value y) { return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::slt, x, y); }
Value Ir::equal(Value x, Value y) { return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, x, y); }
Value Ir::select(Value condition, Value x, Value y) { return b.createOrFold<arith::SelectOp>(loc, condition, x, y); }

Value Ir::number(float value) { return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value)); }

Value Ir::splat(Value scalar, int64_t lanes) {
  VectorType type = vec(lanes, scalar.getType());
  if (auto constant = scalar.getDefiningOp<arith::ConstantOp>())
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, constant.getValue()));
  return vector::BroadcastOp::create(b, loc, type, scalar);
}

Value Ir::splat32(Value scalar, int64_t lanes) {
  return splat(b.createOrFold<arith::TruncIOp>(loc, i32(), scalar), lanes);
}

Value Ir::laneNumbers32(int64_t lanes) {
  SmallVector<int32_t> values;
  for (int32_t lane = 0; lane < lanes; ++lane)
    values.push_back(lane);
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vec(lanes, i32()), ArrayRef(values)));
}

Value Ir::laneConstants(int64_t lanes, function_ref<int64_t(int64_t)> f) {
  SmallVector<int64_t> values;
  for (int64_t lane = 0; lane < lanes; ++lane)
    values.push_back(f(lane));
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vec(lanes, i64()), ArrayRef(values)));
}

Value Ir::fma(Value x, Value y, Value z) { return math::FmaOp::create(b, loc, x, y, z); }

Value Ir::offset(Value pointer, Value bytes) {
  if (auto known = getConstantIntValue(bytes)) {
    if (*known == 0)
      return pointer;
    return LLVM::GEPOp::create(b, loc, ptr(), b.getI8Type(), pointer,
                               ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(*known)});
  }
  return LLVM::GEPOp::create(b, loc, ptr(), b.getI8Type(), pointer, ArrayRef<LLVM::GEPArg>{bytes});
}

int64_t muntin::cpu::bytesOf(Type type) { return (getElementTypeOrSelf(type).getIntOrFloatBitWidth() + 7) / 8; }

Value Ir::load(Type type, Value pointer, unsigned align) {
  return LLVM::LoadOp::create(b, loc, type, pointer, align ? align : bytesOf(type));
}

void Ir::store(Value value, Value pointer, unsigned align) {
  LLVM::StoreOp::create(b, loc, value, pointer, align ? align : bytesOf(value.getType()));
}

void Ir::prefetch(Value pointer, int64_t bytes, Cache cache) {
  constexpr int64_t line = 64;
  constexpr int32_t read = 0, data = 1;
  for (int64_t at = 0; at < bytes; at += line)
    LLVM::Prefetch::create(b, loc, offset(pointer, at), read, int32_t(cache), data);
}

Values Ir::loop(Value begin, Value end, int64_t step, ValueRange carried,
                function_ref<Values(Value, ValueRange)> body) {
  return buildLoop(b, loc, begin, end, constant(step), carried, body);
}

void Ir::loop(Value begin, Value end, int64_t step, function_ref<void(Value)> body) {
  loop(begin, end, step, {}, [&](Value i, ValueRange) {
    body(i);
    return Values();
  });
}

Values Ir::when(Value condition, ValueRange otherwise, function_ref<Values()> then) {
  return buildWhen(b, loc, condition, otherwise, then);
}

void Ir::when(Value condition, function_ref<void()> then) {
  when(condition, {}, [&] {
    then();
    return Values();
  });
}

void Ir::branch(Value condition, function_ref<void()> then, function_ref<void()> otherwise) {
  auto build = [&](function_ref<void()> make) {
    return [&, make](OpBuilder &inner, Location) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToEnd(inner.getInsertionBlock());
      make();
      scf::YieldOp::create(b, loc);
    };
  };
  scf::IfOp::create(b, loc, condition, build(then), build(otherwise));
}
