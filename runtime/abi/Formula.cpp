//===- Formula.cpp - integer formulas of launch recipes -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace muntin {
namespace {

constexpr size_t kMaxFormulaStack = 32; // the deepest formula that the compiler writes needs fewer than 8
constexpr const char *kSymbolNames[] = {"batch",  "heads", "kv_heads", "query0", "query1",
                                        "query2", "key0",  "key1",     "key2"}; // in the order of Symbol

int64_t extentOr1(const Grid &grid, size_t axis) { return axis < grid.size() ? grid[axis] : 1; }

std::optional<int64_t> symbolValue(int64_t symbol, const Shape &shape) {
  switch (symbol) {
  case static_cast<int64_t>(Symbol::Batch): return shape.batch;
  case static_cast<int64_t>(Symbol::Heads): return shape.heads;
  case static_cast<int64_t>(Symbol::KvHeads): return shape.kvHeads;
  case static_cast<int64_t>(Symbol::Query0):
  case static_cast<int64_t>(Symbol::Query1):
  case static_cast<int64_t>(Symbol::Query2):
    return extentOr1(shape.grid, symbol - static_cast<int64_t>(Symbol::Query0));
  case static_cast<int64_t>(Symbol::Key0):
  case static_cast<int64_t>(Symbol::Key1):
  case static_cast<int64_t>(Symbol::Key2): return extentOr1(shape.kvGrid, symbol - static_cast<int64_t>(Symbol::Key0));
  default: return std::nullopt;
  }
}

/// No value where the result does not fit or is not defined.
std::optional<int64_t> compute(Formula::Op op, int64_t left, int64_t right) {
  int64_t result = 0;
  switch (op) {
  case Formula::Op::Add: return __builtin_add_overflow(left, right, &result) ? std::nullopt : std::optional(result);
  case Formula::Op::Sub: return __builtin_sub_overflow(left, right, &result) ? std::nullopt : std::optional(result);
  case Formula::Op::Mul: return __builtin_mul_overflow(left, right, &result) ? std::nullopt : std::optional(result);
  case Formula::Op::Min: return std::min(left, right);
  case Formula::Op::Max: return std::max(left, right);
  case Formula::Op::CeilDiv:
  case Formula::Op::FloorDiv: {
    if (right == 0 || (right == -1 && __builtin_sub_overflow(0, left, &result)))
      return std::nullopt;
    const int64_t quotient = left / right; // towards zero
    if (left % right == 0)
      return quotient;
    const bool negative = (left < 0) != (right < 0);
    return op == Formula::Op::CeilDiv ? quotient + !negative : quotient - negative;
  }
  default: return std::nullopt;
  }
}

Status malformed() { return {StatusCode::CheckFailed, "formula is malformed"}; }

/// How an operation is printed: between its operands with a precedence, or as a function.
struct OpRow {
  const char *name;
  int precedence; ///< 0: a function
};
constexpr int kAtom = 3;
constexpr OpRow kOps[] = {{"", 0},        {"", 0},         {"+", 1},   {"-", 1},  {"*", 2},
                          {"ceildiv", 0}, {"floordiv", 0}, {"min", 0}, {"max", 0}}; // in the order of Formula::Op

struct Printed {
  std::string text;
  int precedence = kAtom;
  std::string within(int least) && { return precedence < least ? "(" + std::move(text) + ")" : std::move(text); }
};

Printed printOp(Formula::Op op, Printed left, Printed right) {
  const OpRow &row = kOps[static_cast<size_t>(op)];
  if (row.precedence == 0)
    return {fmt::format("{}({}, {})", row.name, left.text, right.text)};
  return {fmt::format("{} {} {}", std::move(left).within(row.precedence), row.name,
                      std::move(right).within(row.precedence + 1)),
          row.precedence};
}

} // namespace

Formula Formula::apply(Op op, Formula left, const Formula &right) {
  left.steps.insert(left.steps.end(), right.steps.begin(), right.steps.end());
  left.steps.push_back({op});
  return left;
}

// Runs at each launch: no allocation unless it fails.
Result<int64_t> Formula::evaluate(const Shape &shape) const {
  std::array<int64_t, kMaxFormulaStack> stack;
  size_t depth = 0;
  for (const Step &step : steps) {
    std::optional<int64_t> value;
    if (step.op == Op::Constant) {
      value = step.value;
    } else if (step.op == Op::Symbol) {
      value = symbolValue(step.value, shape);
    } else {
      if (depth < 2 || step.op > Op::Max)
        return malformed();
      depth -= 2;
      value = compute(step.op, stack[depth], stack[depth + 1]);
      if (!value)
        return Status::invalid(fmt::format("formula {} has no value in 64 bits: {} of {} and {}", print(),
                                           kOps[static_cast<size_t>(step.op)].name, stack[depth], stack[depth + 1]));
    }
    if (!value || depth == stack.size())
      return malformed();
    stack[depth++] = *value;
  }
  return depth == 1 ? Result<int64_t>(stack[0]) : malformed();
}

std::string Formula::print() const {
  std::vector<Printed> stack;
  for (const Step &step : steps) {
    if (step.op == Op::Constant) {
      stack.push_back({std::to_string(step.value)});
    } else if (step.op == Op::Symbol) {
      const bool known = step.value >= 0 && step.value < static_cast<int64_t>(std::size(kSymbolNames));
      stack.push_back({known ? kSymbolNames[step.value] : "<unknown symbol>"});
    } else {
      if (stack.size() < 2 || step.op > Op::Max)
        return "<malformed>";
      Printed right = std::move(stack.back());
      stack.pop_back();
      stack.back() = printOp(step.op, std::move(stack.back()), std::move(right));
    }
  }
  return stack.size() == 1 ? stack[0].text : "<malformed>";
}

} // namespace muntin
