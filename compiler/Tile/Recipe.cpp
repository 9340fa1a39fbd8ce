//===- Recipe.cpp - what a lowered kernel says about its launch -----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Tile/Recipe.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace muntin;
using llvm::SmallVector, llvm::StringRef;

std::string muntin::encodeArgument(const Argument &argument) {
  std::string text =
      std::to_string(int(argument.kind)) + " " + std::to_string(argument.index) + " " + std::to_string(argument.axis);
  for (const Formula::Step &step : argument.formula.steps)
    text += " " + std::to_string(int(step.op)) + " " + std::to_string(step.value);
  return text;
}

Argument muntin::decodeArgument(StringRef text) {
  SmallVector<StringRef> words;
  text.split(words, ' ');
  SmallVector<int64_t> numbers;
  for (StringRef word : words) {
    int64_t number = 0;
    word.getAsInteger(10, number);
    numbers.push_back(number);
  }
  Argument argument;
  argument.kind = Argument::Kind(numbers[0]);
  argument.index = numbers[1];
  argument.axis = numbers[2];
  for (size_t i = 3; i + 1 < numbers.size(); i += 2)
    argument.formula.steps.push_back({Formula::Op(numbers[i]), numbers[i + 1]});
  return argument;
}

Formula muntin::tasksFormula(tile::PlanAttr plan) {
  using Op = Formula::Op;
  auto times = [](Formula x, const Formula &y) { return Formula::apply(Op::Mul, std::move(x), y); };
  Formula product = times(Formula::symbol(Symbol::Batch), Formula::symbol(Symbol::Heads));
  for (auto [axis, box] : llvm::enumerate(plan.getQueryBox().getDims())) {
    Formula extent = Formula::symbol(Symbol(int(Symbol::Query0) + int(axis)));
    Formula step = Formula::constant(plan.getQueryStep().getDims()[axis]);
    Formula ofClass = Formula::apply(Op::CeilDiv, extent, step);
    product = times(product, times(step, Formula::apply(Op::CeilDiv, ofClass, Formula::constant(box))));
  }
  return product;
}

Formula muntin::keyBoxesFormula(tile::PlanAttr plan) {
  Formula product = Formula::constant(1);
  for (auto [axis, box] : llvm::enumerate(plan.getKeyBox().getDims())) {
    Formula extent = Formula::symbol(Symbol(int(Symbol::Key0) + int(axis)));
    Formula boxes = Formula::apply(Formula::Op::CeilDiv, extent, Formula::constant(box));
    product = axis == 0 ? boxes : Formula::apply(Formula::Op::Mul, std::move(product), boxes);
  }
  return product;
}
