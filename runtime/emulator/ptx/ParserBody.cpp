//===- ParserBody.cpp - PTX text to a Module: function bodies -------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Parser.h"

#include <algorithm>

namespace muntin::emulator {

constexpr uint32_t MostRegisters = 1 << 20;
constexpr uint32_t MostOperands = 1 << 10;
constexpr size_t DeepestScope = 64;
constexpr unsigned DeepestOperand = 4;

void Parser::body(Function &f) {
  f.hasBody = true;
  lineAt_ = module_.text.data();
  line_ = 1;
  scopes_.emplace_back(); // the parameters' scope stays below
  while (!accept("}"))
    statement();
  closeScope();
}

/// Labels of the scope are known now; references to others go to the enclosing scope.
void Parser::closeScope() {
  Scope closed = std::move(scopes_.back());
  scopes_.pop_back();
  const bool outermost = scopes_.size() == 1;
  for (const Scope::PendingLabel &pending : closed.pending) {
    Operand &operand = module_.operandPool[pending.operand];
    if (const auto label = closed.labels.find(operand.name); label != closed.labels.end()) {
      operand.reg = label->second;
      operand.value = 0;
    } else if (const auto list = closed.branchLists.find(operand.name); list != closed.branchLists.end()) {
      operand.reg = list->second;
      operand.value = 1;
    } else if (outermost) {
      throw PtxError{operand.pos, "unknown name '" + std::string(operand.name) + "'"};
    } else {
      scopes_.back().pending.push_back(pending);
    }
  }
}

void Parser::scope() {
  if (scopes_.size() > DeepestScope)
    fail("scopes are nested deeper than " + std::to_string(DeepestScope));
  scopes_.emplace_back();
  while (!accept("}"))
    statement();
  closeScope();
}

void Parser::statement() {
  if (token_.kind == TokenKind::End)
    fail("unexpected end of the text: a '{' is not closed");
  if (accept("{"))
    return scope();
  if (accept(";"))
    return;
  if (accept(".reg"))
    return registers();
  if (accept(".loc"))
    return loc();
  if (accept(".pragma")) {
    while (!token_.is(";") && token_.kind != TokenKind::End)
      advance();
    return expect(";");
  }
  for (const auto &[word, space] :
       {std::pair(".shared", Space::Shared), std::pair(".local", Space::Local), std::pair(".param", Space::Param),
        std::pair(".global", Space::Global), std::pair(".const", Space::Const)}) {
    if (!accept(word))
      continue;
    auto &home = space == Space::Local || space == Space::Param ? function_->locals : module_.variables;
    do {
      home.push_back(variable(space, false));
      scopes_.back().variables[home.back().name] = &home.back();
    } while (accept(","));
    return expect(";");
  }
  instruction();
}

void Parser::registers() {
  if (accept(".v2") || accept(".v4"))
    fail("unsupported: vector registers");
  const SourcePos pos = token_.pos();
  const Type type = typeNamed(expectWord("a type").substr(1));
  if (type == Type::None || type == Type::B128)
    throw PtxError{pos, "unsupported register type"};
  do {
    const std::string_view name = expectWord("a register name");
    uint32_t count = 1;
    if (accept("<")) {
      const int64_t given = expectInteger("a register count");
      if (given < 0 || given > MostRegisters)
        fail("register count out of range");
      count = static_cast<uint32_t>(given);
      expect(">");
      scopes_.back().families.push_back({name, static_cast<uint32_t>(function_->registers.size()), count});
    } else {
      scopes_.back().registers[name] = static_cast<uint32_t>(function_->registers.size());
    }
    if (function_->registers.size() + count > MostRegisters)
      fail("more than " + std::to_string(MostRegisters) + " registers");
    function_->registers.resize(function_->registers.size() + count, {type});
  } while (accept(","));
  expect(";");
}

bool Parser::findRegister(std::string_view name, uint32_t &reg) const {
  size_t split = name.size();
  while (split > 0 && name[split - 1] >= '0' && name[split - 1] <= '9')
    --split;
  uint64_t number = 0;
  for (size_t i = split; i < name.size() && i < split + 9; ++i)
    number = number * 10 + (name[i] - '0');
  const std::string_view prefix = name.substr(0, split);
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (!scope->registers.empty())
      if (const auto found = scope->registers.find(name); found != scope->registers.end()) {
        reg = found->second;
        return true;
      }
    if (split < name.size())
      for (const Scope::Family &family : scope->families)
        if (family.prefix == prefix && number < family.count) {
          reg = family.first + static_cast<uint32_t>(number);
          return true;
        }
  }
  return false;
}

const Variable *Parser::findVariable(std::string_view name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
    if (!scope->variables.empty())
      if (const auto found = scope->variables.find(name); found != scope->variables.end())
        return found->second;
  const auto found = moduleVariables_.find(name);
  return found == moduleVariables_.end() ? nullptr : found->second;
}

uint32_t Parser::placeOperands(const std::vector<Operand> &operands) {
  const auto first = static_cast<uint32_t>(module_.operandPool.size());
  for (const Operand &operand : operands) {
    if (operand.kind == OperandKind::Label)
      scopes_.back().pending.push_back({static_cast<uint32_t>(module_.operandPool.size())});
    module_.operandPool.push_back(operand);
  }
  return first;
}

Operand Parser::list(const char *close) {
  Operand result;
  result.kind = OperandKind::Vector;
  result.pos = token_.pos();
  std::vector<Operand> elements;
  while (!accept(close)) {
    elements.push_back(operand());
    if (elements.size() > MostOperands)
      fail("too many operands");
    if (!token_.is(close))
      expect(",");
  }
  result.count = static_cast<uint32_t>(elements.size());
  result.reg = placeOperands(elements);
  return result;
}

Operand Parser::address() {
  Operand result;
  result.kind = OperandKind::Address;
  result.pos = token_.pos();
  std::vector<Operand> inside = {operand()};
  if (token_.is("+") || token_.is("-")) {
    const bool minus = token_.is("-");
    advance();
    const int64_t offset = expectInteger("an offset");
    result.value = minus ? -offset : offset;
  }
  while (accept(","))
    inside.push_back(operand());
  expect("]");
  result.count = static_cast<uint32_t>(inside.size());
  result.reg = placeOperands(inside);
  return result;
}

Operand Parser::numberOperand(bool negative) {
  Operand result;
  result.pos = token_.pos();
  result.value = static_cast<int64_t>(token_.bits);
  if (token_.kind == TokenKind::Integer) {
    result.kind = OperandKind::Integer;
    if (negative)
      result.value = static_cast<int64_t>(-static_cast<uint64_t>(result.value));
  } else {
    result.kind = token_.kind == TokenKind::Float32 ? OperandKind::Float32 : OperandKind::Float64;
    if (negative)
      result.value ^= static_cast<int64_t>(token_.kind == TokenKind::Float32 ? uint64_t(1) << 31 : uint64_t(1) << 63);
  }
  advance();
  return result;
}

Operand Parser::wordOperand() {
  Operand result;
  result.pos = token_.pos();
  result.name = token_.text;
  if (token_.text == "_") {
    result.kind = OperandKind::Sink;
  } else if (findRegister(token_.text, result.reg)) {
    result.kind = OperandKind::Register;
  } else if (const Variable *variable = findVariable(token_.text)) {
    result.kind = OperandKind::Variable;
    result.variable = variable;
  } else if (functionNames_.count(token_.text)) {
    result.kind = OperandKind::Function;
  } else if (token_.text[0] == '%' || token_.text.starts_with("WARP_SZ")) {
    result.kind = OperandKind::Special;
  } else {
    result.kind = OperandKind::Label;
  }
  advance();
  return result;
}

Operand Parser::operand() {
  if (token_.is("{") || token_.is("(") || token_.is("[")) {
    if (++nesting_ > DeepestOperand)
      fail("operands are nested deeper than " + std::to_string(DeepestOperand));
    Operand result = accept("{") ? list("}") : accept("(") ? list(")") : (advance(), address());
    --nesting_;
    return result;
  }
  const bool negated = accept("!");
  const bool minus = !negated && accept("-");
  Operand result;
  if (token_.kind == TokenKind::Word && !minus)
    result = wordOperand();
  else if (token_.kind == TokenKind::Integer || token_.kind == TokenKind::Float32 || token_.kind == TokenKind::Float64)
    result = numberOperand(minus);
  else
    fail("expected an operand, got '" + std::string(token_.text) + "'");
  result.negated = negated;
  // A variable's address may be used as a value with an offset: mov.u64 %rd, name+16.
  if (result.kind == OperandKind::Variable && token_.is("+")) {
    advance();
    result.value = expectInteger("an offset");
  }
  return result;
}

void Parser::branchTargets(std::string_view name) {
  std::vector<uint32_t> refs;
  std::vector<Operand> labels;
  do
    labels.push_back(operand());
  while (accept(","));
  expect(";");
  const uint32_t first = placeOperands(labels);
  for (uint32_t i = 0; i < labels.size(); ++i)
    refs.push_back(first + i);
  scopes_.back().branchLists[name] = static_cast<uint32_t>(function_->branchTargets.size());
  function_->branchTargets.push_back(std::move(refs));
}

void Parser::instruction() {
  Instruction i;
  // Lines are counted on the way, never from the start.
  const char *here = token_.text.data();
  line_ += static_cast<uint32_t>(std::count(lineAt_, here, '\n'));
  lineAt_ = here;
  i.line = line_;
  i.sourceFile = sourceFile_;
  i.sourceLine = sourceLine_;
  if (accept("@")) {
    i.guardNegated = accept("!");
    uint32_t reg = 0;
    if (token_.kind != TokenKind::Word || !findRegister(token_.text, reg) ||
        function_->registers[reg].type != Type::Pred)
      fail("expected a predicate, got '" + std::string(token_.text) + "'");
    i.guard = static_cast<int32_t>(reg);
    advance();
  }
  i.pos = token_.pos();
  i.mnemonic = expectWord("an instruction");
  if (i.guard < 0 && accept(":")) { // it was a label
    if (accept(".branchtargets"))
      return branchTargets(i.mnemonic);
    if (token_.is(".callprototype") || token_.is(".calltargets"))
      fail("unsupported: indirect calls");
    if (!scopes_.back().labels.emplace(i.mnemonic, static_cast<uint32_t>(function_->labels.size())).second)
      throw PtxError{i.pos, "label '" + std::string(i.mnemonic) + "' is defined twice"};
    function_->labels.push_back(static_cast<uint32_t>(function_->body.size()));
    return;
  }
  std::vector<Operand> operands;
  while (!token_.is(";")) {
    operands.push_back(operand());
    while (accept("|")) {
      operands.push_back(operand());
      operands.back().barred = true;
    }
    if (!token_.is(";")) {
      expect(",");
      if (token_.is(";"))
        fail("expected an operand, got ';'");
    }
  }
  advance();
  i.operandCount = static_cast<uint32_t>(operands.size());
  i.operands = placeOperands(operands);
  function_->body.push_back(i);
}

} // namespace muntin::emulator
