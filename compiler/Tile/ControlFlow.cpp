//===- ControlFlow.cpp - loops and conditions from closures ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Tile/ControlFlow.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

using Values = SmallVector<Value>;

Values muntin::buildLoop(OpBuilder &b, Location loc, Value begin, Value end, Value step, ValueRange carried,
                         function_ref<Values(Value, ValueRange)> body) {
  auto op =
      scf::ForOp::create(b, loc, begin, end, step, carried, [&](OpBuilder &inner, Location, Value i, ValueRange args) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToEnd(inner.getInsertionBlock());
        Values next = body(i, args);
        scf::YieldOp::create(b, loc, next);
      });
  return Values(op.getResults());
}

Values muntin::buildWhile(OpBuilder &b, Location loc, ValueRange carried, function_ref<Value(ValueRange)> condition,
                          function_ref<Values(ValueRange)> body) {
  auto test = [&](OpBuilder &inner, Location, ValueRange args) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(inner.getInsertionBlock());
    Value holds = condition(args);
    scf::ConditionOp::create(b, loc, holds, args);
  };
  auto step = [&](OpBuilder &inner, Location, ValueRange args) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(inner.getInsertionBlock());
    Values next = body(args);
    scf::YieldOp::create(b, loc, next);
  };
  return Values(scf::WhileOp::create(b, loc, carried.getTypes(), carried, test, step).getResults());
}

Values muntin::buildDoWhile(OpBuilder &b, Location loc, ValueRange carried,
                            function_ref<std::pair<Value, Values>(ValueRange)> body) {
  auto step = [&](OpBuilder &inner, Location, ValueRange args) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(inner.getInsertionBlock());
    auto [again, next] = body(args);
    scf::ConditionOp::create(b, loc, again, next);
  };
  auto repeat = [&](OpBuilder &inner, Location, ValueRange args) { scf::YieldOp::create(inner, loc, args); };
  return Values(scf::WhileOp::create(b, loc, carried.getTypes(), carried, step, repeat).getResults());
}

Values muntin::buildWhen(OpBuilder &b, Location loc, Value condition, ValueRange otherwise,
                         function_ref<Values()> then) {
  auto build = [&](function_ref<Values()> values) {
    return [&, values](OpBuilder &inner, Location) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToEnd(inner.getInsertionBlock());
      scf::YieldOp::create(b, loc, values());
    };
  };
  auto fallback = [&] { return Values(otherwise); };
  if (otherwise.empty()) {
    scf::IfOp::create(b, loc, condition, build(then));
    return {};
  }
  return Values(scf::IfOp::create(b, loc, condition, build(then), build(fallback)).getResults());
}
