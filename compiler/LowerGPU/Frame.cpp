//===- Frame.cpp - what a GPU kernel is called with -----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Frame.h"

#include "compiler/Tile/Recipe.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

Frame::Frame(OpBuilder &builder, Location loc, StringRef name, int64_t threads, int64_t registers) : b(builder) {
  auto none = LLVM::LLVMVoidType::get(b.getContext());
  function = LLVM::LLVMFuncOp::create(b, loc, name, LLVM::LLVMFunctionType::get(none, {}));
  function->setAttr("nvvm.kernel", b.getUnitAttr());
  function->setAttr("nvvm.maxntid", b.getDenseI32ArrayAttr({int32_t(threads), 1, 1}));
  if (registers)
    function->setAttr("nvvm.maxnreg", b.getI32IntegerAttr(int32_t(registers)));
  else // ptxas gives 128 threads 128 registers otherwise, hoping for four blocks, and spills some bytes
    function->setAttr("nvvm.minctasm", b.getI32IntegerAttr(1));
  function->setAttr(kThreadsAttr, b.getI64IntegerAttr(threads));
  b.setInsertionPointToStart(function.addEntryBlock(b));
}

Value Frame::argument(const Argument &wanted, Type type) {
  Block &entry = function.getBody().front();
  for (auto [known, value] : llvm::zip(arguments, entry.getArguments()))
    if (known == wanted)
      return value;
  arguments.push_back(wanted);
  return entry.addArgument(type, function.getLoc());
}

Value Frame::argument(Argument::Kind kind, unsigned index, unsigned axis, Type type) {
  Argument wanted;
  wanted.kind = kind;
  wanted.index = uint8_t(index);
  wanted.axis = uint8_t(axis);
  return argument(wanted, type);
}

Value Frame::value(const Formula &formula) {
  Argument wanted;
  wanted.kind = Argument::Kind::Value;
  wanted.formula = formula;
  return argument(wanted, b.getI64Type());
}

Value Frame::symbol(Symbol symbol) { return value(Formula::symbol(symbol)); }

Value Frame::stride(Tensor tensor, unsigned axis) {
  return argument(Argument::Kind::Stride, unsigned(tensor), axis, b.getI64Type());
}

Value Frame::tensor(Tensor tensor) {
  return argument(Argument::Kind::TensorPointer, unsigned(tensor), 0, LLVM::LLVMPointerType::get(b.getContext(), 1));
}

Value Frame::counter() {
  return argument(Argument::Kind::Counter, 0, 0, LLVM::LLVMPointerType::get(b.getContext(), 1));
}

Value Frame::workspace() {
  Argument wanted;
  wanted.kind = Argument::Kind::Workspace;
  wanted.formula = Formula::constant(0);
  return argument(wanted, LLVM::LLVMPointerType::get(b.getContext(), 1));
}

Value Frame::scale() { return argument(Argument::Kind::Scale, 0, 0, b.getF64Type()); }

void Frame::finish(int64_t sharedBytes) {
  Block &entry = function.getBody().front();
  b.setInsertionPointToEnd(&entry);
  LLVM::ReturnOp::create(b, function.getLoc(), ValueRange());
  SmallVector<Attribute> texts;
  for (const Argument &argument : arguments)
    texts.push_back(b.getStringAttr(encodeArgument(argument)));
  function->setAttr(kArgumentsAttr, b.getArrayAttr(texts));
  function->setAttr(kSharedAttr, b.getI64IntegerAttr(sharedBytes));
  auto none = LLVM::LLVMVoidType::get(b.getContext());
  SmallVector<Type> types(entry.getArgumentTypes());
  function.setFunctionType(LLVM::LLVMFunctionType::get(none, types));
}
