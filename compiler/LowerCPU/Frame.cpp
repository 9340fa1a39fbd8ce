//===- Frame.cpp - what a CPU kernel is called with -----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Frame.h"

#include "compiler/Tile/Recipe.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

//===----------------------------------------------------------------------===//
// Frame
//===----------------------------------------------------------------------===//

Value Frame::atEntry(function_ref<Value()> make) {
  OpBuilder::InsertionGuard guard(ir.b);
  Block &entry = function.getBody().front();
  if (lastAtEntry)
    ir.b.setInsertionPointAfter(lastAtEntry);
  else
    ir.b.setInsertionPointToStart(&entry);
  Value value = make();
  mlir::Operation *last = value.getDefiningOp();
  if (last && last->getBlock() == &entry && (!lastAtEntry || lastAtEntry->isBeforeInBlock(last)))
    lastAtEntry = last;
  return value;
}

Value Frame::argument(const Argument &wanted, Type type) {
  for (auto &[known, value] : arguments)
    if (known == wanted && value.getType() == type)
      return value;
  int64_t slot = arguments.size();
  Value value = atEntry([&] { return ir.load(type, ir.offset(function.getArgument(0), 8 * slot), 8); });
  arguments.push_back({wanted, value});
  return value;
}

Value Frame::symbol(Symbol symbol) {
  Argument wanted;
  wanted.kind = Argument::Kind::Value;
  wanted.formula = Formula::symbol(symbol);
  return argument(wanted, ir.i64());
}

Value Frame::stride(Tensor tensor, unsigned axis) {
  Argument wanted;
  wanted.kind = Argument::Kind::Stride;
  wanted.index = uint8_t(tensor);
  wanted.axis = axis;
  return argument(wanted, ir.i64());
}

Value Frame::tensor(Tensor tensor) {
  Argument wanted;
  wanted.kind = Argument::Kind::TensorPointer;
  wanted.index = uint8_t(tensor);
  return argument(wanted, ir.ptr());
}

Value Frame::workspace(const Formula &at) {
  Argument wanted;
  wanted.kind = Argument::Kind::Workspace;
  wanted.formula = at;
  return argument(wanted, ir.ptr());
}

Value Frame::counter() {
  Argument wanted;
  wanted.kind = Argument::Kind::Counter;
  return argument(wanted, ir.ptr());
}

Value Frame::scale() {
  Argument wanted;
  wanted.kind = Argument::Kind::Scale;
  Value wide = argument(wanted, ir.b.getF64Type());
  return atEntry([&] { return arith::TruncFOp::create(ir.b, ir.loc, ir.f32(), wide); });
}

Extents Frame::extents() {
  Extents extents;
  for (unsigned axis = 0; axis < rank; ++axis) {
    extents.query.push_back(symbol(Symbol(unsigned(Symbol::Query0) + axis)));
    extents.key.push_back(symbol(Symbol(unsigned(Symbol::Key0) + axis)));
  }
  extents.batch = symbol(Symbol::Batch);
  extents.heads = symbol(Symbol::Heads);
  extents.kvHeads = symbol(Symbol::KvHeads);
  return extents;
}

Value Frame::keys() {
  Extents all = extents();
  Value product = all.key[0];
  for (Value extent : ArrayRef(all.key).drop_front())
    product = ir.mul(product, extent);
  return product;
}

Value Frame::keysCap() {
  if (keysCapValue)
    return keysCapValue;
  Extents all = extents();
  auto step = [&](function_ref<Value()> make) { keysCapValue = atEntry(make); };
  step([&] { return ir.add(all.key[rank - 1], 1); }); // room for one padding key per row
  for (unsigned axis = 0; axis + 1 < rank; ++axis)
    step([&] { return ir.mul(keysCapValue, all.key[axis]); });
  step([&] { return ir.roundUp(ir.add(keysCapValue, kKeySlack), 16); });
  return keysCapValue;
}

Value Frame::scratch(int64_t bytes) {
  int64_t at = scratchBytes;
  scratchBytes += (bytes + 63) / 64 * 64;
  if (at == 0)
    return function.getArgument(3);
  return atEntry([&] { return ir.offset(function.getArgument(3), at); });
}

Value Frame::scratchPerKey(int64_t bytesPerKey) {
  Value cap = keysCap();
  if (!perKeyBase) {
    atEntry([&] {
      fixedSize = arith::ConstantOp::create(ir.b, ir.loc, ir.b.getI64IntegerAttr(0));
      return fixedSize.getResult();
    });
    perKeyBase = atEntry([&] {
      return LLVM::GEPOp::create(ir.b, ir.loc, ir.ptr(), ir.b.getI8Type(), function.getArgument(3),
                                 ArrayRef<LLVM::GEPArg>{Value(fixedSize)});
    });
  }
  int64_t at = scratchPerKeyBytes;
  scratchPerKeyBytes += bytesPerKey;
  if (at == 0)
    return perKeyBase;
  Value bytes = atEntry([&] { return ir.mul(cap, at); });
  return atEntry([&] { return ir.offset(perKeyBase, bytes); });
}

void Frame::finish() {
  SmallVector<Attribute> texts;
  for (auto &[argument, value] : arguments)
    texts.push_back(ir.b.getStringAttr(encodeArgument(argument)));
  function->setAttr(kArgumentsAttr, ir.b.getArrayAttr(texts));
  function->setAttr(kScratchAttr, ir.b.getI64IntegerAttr(scratchBytes));
  function->setAttr(kScratchPerKeyAttr, ir.b.getI64IntegerAttr(scratchPerKeyBytes));
  if (fixedSize)
    fixedSize->setAttr("value", ir.b.getI64IntegerAttr(scratchBytes));
}
