//===- Parser.h - PTX text to a Module --------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_PTX_PARSER_H
#define MUNTIN_EMULATOR_PTX_PARSER_H

#include "runtime/emulator/ptx/Module.h"

#include <unordered_map>

namespace muntin::emulator {

/// Names of one `{ ... }`; inner scopes shadow outer ones.
struct Scope {
  struct Family { ///< `%r<100>`
    std::string_view prefix;
    uint32_t first, count;
  };
  struct PendingLabel {
    uint32_t operand; ///< in the pool
  };
  std::vector<Family> families;
  std::unordered_map<std::string_view, uint32_t> registers, labels, branchLists;
  std::unordered_map<std::string_view, const Variable *> variables;
  std::vector<PendingLabel> pending;
};

class Parser {
public:
  explicit Parser(Module &module) : module_(module), lexer_(module.text) {}
  void run();

private:
  // tokens
  void advance() { token_ = lexer_.next(); }
  bool accept(std::string_view text);
  void expect(std::string_view text);
  std::string_view expectWord(const char *what);
  int64_t expectInteger(const char *what);
  [[noreturn]] void fail(std::string message) const { throw PtxError{token_.pos(), std::move(message)}; }

  // module level
  void topLevel();
  void header();
  void target();
  void file();
  void loc();
  void skipSection();
  void function(bool isEntry);
  void functionDirectives(Function &f);
  void signature(Function &f, std::deque<Variable> &variables, std::vector<int32_t> &registers);
  std::array<uint32_t, 3> triple();

  // variables
  Variable variable(Space space, bool isExtern);
  void dimensions(Variable &v, uint64_t &count, bool &open);
  void initialiser(Variable &v);
  void initialElement(Variable &v, std::vector<uint8_t> &bytes);
  void declareVariables(Space space, bool isExtern);

  // bodies (ParserBody.cpp)
  void body(Function &f);
  void scope();
  void closeScope();
  void statement();
  void registers();
  void branchTargets(std::string_view name);
  void instruction();
  Operand operand();
  Operand wordOperand();
  Operand numberOperand(bool negative);
  Operand address();
  Operand list(const char *close);
  bool findRegister(std::string_view name, uint32_t &reg) const;
  const Variable *findVariable(std::string_view name) const;
  uint32_t placeOperands(const std::vector<Operand> &operands);

  Module &module_;
  Lexer lexer_;
  Token token_;
  Function *function_ = nullptr;
  std::vector<Scope> scopes_;
  std::unordered_map<std::string_view, const Variable *> moduleVariables_;
  std::unordered_map<std::string_view, const Function *> functionNames_;
  unsigned nesting_ = 0; ///< of brackets within an operand
  uint32_t line_ = 1;
  const char *lineAt_ = nullptr;
  uint32_t sourceFile_ = 0, sourceLine_ = 0;
};

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_PTX_PARSER_H
