//===- Evaluator.cpp - runs the IR that masks emit -------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace muntin::testing {

using Compute = int64_t (*)(int64_t, int64_t, int64_t);

static Compute comparison(arith::CmpIPredicate predicate) {
  switch (predicate) {
  case arith::CmpIPredicate::eq: return [](int64_t a, int64_t b, int64_t) -> int64_t { return a == b; };
  case arith::CmpIPredicate::slt: return [](int64_t a, int64_t b, int64_t) -> int64_t { return a < b; };
  case arith::CmpIPredicate::sle: return [](int64_t a, int64_t b, int64_t) -> int64_t { return a <= b; };
  case arith::CmpIPredicate::sge: return [](int64_t a, int64_t b, int64_t) -> int64_t { return a >= b; };
  default: llvm::report_fatal_error("a predicate that masks do not use");
  }
}

/// All in 64 bits: i32 numbers of masks never wrap, i1 is 0 or 1. A division by
/// zero, which would trap, gives a number that no test expects.
static Compute computeOf(Operation &op) {
  using I = int64_t;
  using U = uint64_t;
  return TypeSwitch<Operation *, Compute>(&op)
      .Case([](arith::AddIOp) { return [](I a, I b, I) -> I { return I(U(a) + U(b)); }; })
      .Case([](arith::SubIOp) { return [](I a, I b, I) -> I { return I(U(a) - U(b)); }; })
      .Case([](arith::MulIOp) { return [](I a, I b, I) -> I { return I(U(a) * U(b)); }; })
      .Case([](arith::DivUIOp) { return [](I a, I b, I) -> I { return b ? I(U(a) / U(b)) : -(I(1) << 60); }; })
      .Case([](arith::RemUIOp) { return [](I a, I b, I) -> I { return b ? I(U(a) % U(b)) : -(I(1) << 60); }; })
      .Case([](arith::ShRUIOp) { return [](I a, I b, I) -> I { return I(U(a) >> b); }; })
      .Case([](arith::AndIOp) { return [](I a, I b, I) -> I { return a & b; }; })
      .Case([](arith::OrIOp) { return [](I a, I b, I) -> I { return a | b; }; })
      .Case([](arith::XOrIOp) { return [](I a, I b, I) -> I { return a ^ b; }; })
      .Case([](arith::MinSIOp) { return [](I a, I b, I) -> I { return std::min(a, b); }; })
      .Case([](arith::MaxSIOp) { return [](I a, I b, I) -> I { return std::max(a, b); }; })
      .Case([](arith::MinUIOp) { return [](I a, I b, I) -> I { return I(std::min(U(a), U(b))); }; })
      .Case([](arith::SelectOp) { return [](I c, I a, I b) -> I { return c ? a : b; }; })
      .Case([](arith::CmpIOp cmp) { return comparison(cmp.getPredicate()); })
      .Default([](Operation *other) -> Compute {
        llvm::report_fatal_error("an operation that masks do not use: " + other->getName().getStringRef());
      });
}

unsigned Evaluator::slotOf(Value value) {
  auto [it, isNew] = slots.try_emplace(value, unsigned(memory.size()));
  if (isNew)
    memory.push_back(0);
  return it->second;
}

void Evaluator::append(Operation &op) {
  if (IntegerAttr constant; matchPattern(&op, m_Constant(&constant))) {
    const APInt value = constant.getValue();
    memory[slotOf(op.getResult(0))] = value.getBitWidth() == 1 ? value.getZExtValue() : value.getSExtValue();
    return;
  }
  Step step{nullptr, 0, {0, 0, 0}, -1, {}, {}};
  if (auto host = op.getAttrOfType<IntegerAttr>("host")) {
    hosted = true;
    step.host = int(host.getInt());
    for (Value v : op.getOperands())
      step.arguments.push_back(slotOf(v));
    for (Value v : op.getResults())
      step.results.push_back(slotOf(v));
  } else {
    step.compute = computeOf(op);
    for (auto [i, operand] : llvm::enumerate(op.getOperands()))
      step.operands[i] = slotOf(operand);
    step.target = slotOf(op.getResult(0));
  }
  program.push_back(std::move(step));
}

Evaluator::Evaluator(Block &block, ArrayRef<Value> results) {
  for (Value argument : block.getArguments())
    slotOf(argument);
  llvm::DenseSet<Operation *> needed;
  SmallVector<Value> pending(results);
  while (!pending.empty())
    if (Operation *op = pending.pop_back_val().getDefiningOp(); op && needed.insert(op).second)
      llvm::append_range(pending, op->getOperands());
  for (Operation &op : block)
    if (needed.contains(&op))
      append(op);
  for (Value result : results)
    resultSlots.push_back(slotOf(result));
  output.resize(results.size());
}

const int64_t *Evaluator::run(const std::vector<int64_t> &arguments, const std::vector<HostFunction> &host) {
  std::copy(arguments.begin(), arguments.end(), memory.begin());
  for (const Step &step : program) {
    if (step.compute) {
      memory[step.target] = step.compute(memory[step.operands[0]], memory[step.operands[1]], memory[step.operands[2]]);
      continue;
    }
    hostArguments.clear();
    for (unsigned slot : step.arguments)
      hostArguments.push_back(memory[slot]);
    hostResults.resize(step.results.size());
    host[step.host](hostArguments.data(), hostResults.data());
    for (size_t i = 0; i < step.results.size(); ++i)
      memory[step.results[i]] = hostResults[i];
  }
  for (size_t i = 0; i < output.size(); ++i)
    output[i] = memory[resultSlots[i]];
  return output.data();
}

} // namespace muntin::testing
