//===- Mutation.cpp - kernels with one thing wrong ------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/compiler/Pipeline/Mutation.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace muntin;

namespace {

std::vector<mlir::Operation *> operationsOf(ModuleOp module) {
  std::vector<mlir::Operation *> found;
  module.walk<WalkOrder::PreOrder>([&](mlir::Operation *op) {
    if (op->getParentOfType<func::FuncOp>() && !op->hasTrait<OpTrait::IsTerminator>())
      found.push_back(op);
  });
  return found;
}

/// Values that operand `number` of `op` may be instead: of its type, of the kernel's arguments or made before it.
std::vector<Value> others(mlir::Operation *op, unsigned number) {
  const Value now = op->getOperand(number);
  std::vector<Value> found;
  auto add = [&](ValueRange values) {
    for (Value value : values)
      if (value != now && value.getType() == now.getType())
        found.push_back(value);
  };
  for (mlir::Operation *at = op; !isa<ModuleOp>(at); at = at->getParentOp()) {
    add(at->getBlock()->getArguments());
    for (mlir::Operation *before = at->getPrevNode(); before; before = before->getPrevNode())
      if (!isa<func::FuncOp>(before))
        add(before->getResults());
  }
  return found;
}

} // namespace

std::vector<Mutation> muntin::mutationsOf(ModuleOp module) {
  std::vector<Mutation> found;
  for (auto [index, op] : llvm::enumerate(operationsOf(module))) {
    const unsigned number = unsigned(index);
    found.push_back({Mutation::Kind::Remove, number});
    found.push_back({Mutation::Kind::Duplicate, number});
    if (mlir::Operation *next = op->getNextNode(); next && !next->hasTrait<OpTrait::IsTerminator>())
      found.push_back({Mutation::Kind::Delay, number});
    for (unsigned operand = 0; operand < op->getNumOperands(); ++operand)
      for (unsigned with = 0; with < others(op, operand).size(); ++with)
        found.push_back({Mutation::Kind::OtherValue, number, operand, with});
  }
  return found;
}

std::string muntin::mutate(ModuleOp module, const Mutation &mutation) {
  mlir::Operation *op = operationsOf(module)[mutation.operation];
  std::string text;
  llvm::raw_string_ostream out(text);
  switch (mutation.kind) {
  case Mutation::Kind::Remove: {
    out << "removed: " << *op;
    auto kernel = op->getParentOfType<func::FuncOp>();
    for (Value result : op->getResults())
      if (!result.use_empty()) {
        (void)kernel.insertArgument(kernel.getNumArguments(), result.getType(), {}, op->getLoc());
        result.replaceAllUsesWith(kernel.getArguments().back());
      }
    op->erase();
    break;
  }
  case Mutation::Kind::Duplicate:
    out << "twice: " << *op;
    op->getBlock()->getOperations().insertAfter(op->getIterator(), op->clone());
    break;
  case Mutation::Kind::Delay:
    out << "delayed: " << *op;
    op->moveAfter(op->getNextNode());
    break;
  case Mutation::Kind::OtherValue:
    out << "operand " << mutation.operand << " of: " << *op;
    op->setOperand(mutation.operand, others(op, mutation.operand)[mutation.with]);
    out << "\nbecame: " << *op;
    break;
  }
  return text;
}
