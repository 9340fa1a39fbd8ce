//===- Module.h - what a PTX text declares ----------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The front end's result: names are resolved, scopes are gone, nothing is
// interpreted yet. Operands and modifiers of all instructions lie in two
// pools of the module, so that an instruction is a few words.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_PTX_MODULE_H
#define MUNTIN_EMULATOR_PTX_MODULE_H

#include "runtime/abi/Result.h"
#include "runtime/emulator/ptx/Lexer.h"
#include "runtime/emulator/ptx/Types.h"

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace muntin::emulator {

enum class Space : uint8_t { Generic, Global, Shared, Local, Const, Param };

/// Part of a variable's initial value that is the address of another one.
struct Relocation {
  uint64_t offset;
  std::string_view symbol;
  int64_t addend;
  bool generic;
  SourcePos pos;
};

struct Variable {
  std::string_view name;
  Space space = Space::Global;
  Type type = Type::B8;
  uint32_t align = 1;
  uint64_t bytes = 0; ///< 0 for `x[]`, the dynamic shared memory
  bool isExtern = false;
  bool isArray = false;
  std::vector<uint8_t> initial;
  std::vector<Relocation> relocations;
  SourcePos pos;
  uint64_t offset = 0; ///< within its space, set when the module is laid out
};

struct Function;

enum class OperandKind : uint8_t {
  Register,
  Integer,
  Float32,
  Float64,
  Variable,
  Label,
  Vector,
  Address,
  Sink,
  Special,
  Function
};

struct Operand {
  OperandKind kind = OperandKind::Sink;
  bool negated = false; ///< `!%p`
  bool barred = false;  ///< joined to the previous operand by `|`, as in `%p|%q`
  uint32_t reg = 0;     ///< register, label, or first element in the pool (Vector, Address)
  uint32_t count = 0;   ///< elements of a Vector; operands inside the brackets of an Address
  int64_t value = 0;    ///< integer, float bits, or the offset of an address
  const Variable *variable = nullptr;
  std::string_view name; ///< special register or function
  SourcePos pos;
};

struct Instruction {
  std::string_view mnemonic;               ///< with all modifiers
  uint32_t operands = 0, operandCount = 0; ///< in Module::operandPool
  int32_t guard = -1;                      ///< predicate register
  bool guardNegated = false;
  uint32_t line = 0, sourceFile = 0, sourceLine = 0;
  SourcePos pos;
};

struct RegisterInfo {
  Type type;
};

/// A label is the index of the instruction after it.
struct Function {
  std::string_view name;
  bool isEntry = false, hasBody = false;
  std::deque<Variable> results, params;                 ///< `.param` variables
  std::vector<int32_t> resultRegisters, paramRegisters; ///< -1, or the register form `(.reg .b32 x)`
  std::deque<Variable> locals;                          ///< `.local` and `.param` variables of the body
  std::vector<RegisterInfo> registers;
  std::vector<uint32_t> labels;
  std::vector<std::vector<uint32_t>> branchTargets; ///< `.branchtargets` lists, as labels
  std::vector<Instruction> body;
  std::array<uint32_t, 3> maxThreads = {0, 0, 0}, requiredThreads = {0, 0, 0}, requiredCluster = {0, 0, 0};
  bool explicitCluster = false;
  SourcePos pos;
};

struct Module {
  /// The text is copied and kept. On failure the message has line, text and caret.
  static Result<std::shared_ptr<Module>> parse(std::string_view text);

  std::string text;
  unsigned version = 0; ///< 10 * major + minor
  std::string_view target;
  unsigned architecture = 0;         ///< 80 for sm_80
  bool architectureSpecific = false; ///< the `a` of sm_90a
  std::deque<Variable> variables;
  std::deque<Function> functions;
  std::vector<Operand> operandPool;
  std::vector<std::string_view> files; ///< by `.file` number

  const Function *find(std::string_view name) const {
    for (const Function &f : functions)
      if (f.name == name && f.hasBody)
        return &f;
    return nullptr;
  }
};

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_PTX_MODULE_H
