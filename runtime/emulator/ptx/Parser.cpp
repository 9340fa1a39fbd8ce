//===- Parser.cpp - PTX text to a Module: module level --------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Parser.h"

#include <algorithm>

namespace muntin::emulator {

constexpr uint64_t LargestVariable = uint64_t(1) << 28; ///< bytes; ours, not the ISA's

Result<std::shared_ptr<Module>> Module::parse(std::string_view text) {
  auto module = std::make_shared<Module>();
  // A NUL ends the text, as for cuModuleLoadData.
  module->text = std::string(text.substr(0, text.find('\0')));
  try {
    Parser(*module).run();
  } catch (const PtxError &error) {
    return Status::invalid(describeError(module->text, error));
  }
  return module;
}

bool Parser::accept(std::string_view text) {
  if (!token_.is(text))
    return false;
  advance();
  return true;
}

void Parser::expect(std::string_view text) {
  if (!accept(text))
    fail("expected '" + std::string(text) + "', got '" + std::string(token_.text) + "'");
}

std::string_view Parser::expectWord(const char *what) {
  if (token_.kind != TokenKind::Word)
    fail(std::string("expected ") + what + ", got '" + std::string(token_.text) + "'");
  const std::string_view text = token_.text;
  advance();
  return text;
}

int64_t Parser::expectInteger(const char *what) {
  const bool negative = accept("-");
  if (token_.kind != TokenKind::Integer)
    fail(std::string("expected ") + what + ", got '" + std::string(token_.text) + "'");
  const uint64_t bits = token_.bits;
  advance();
  return static_cast<int64_t>(negative ? 0 - bits : bits);
}

void Parser::run() {
  advance();
  header();
  while (token_.kind != TokenKind::End)
    topLevel();
}

/// The number that the text begins with, 0 if with none; what is beyond 9999 is none that anyone meant.
static unsigned smallNumber(std::string_view text) {
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || value > 9999)
      break;
    value = 10 * value + static_cast<unsigned>(c - '0');
  }
  return value;
}

void Parser::header() {
  if (!accept(".version"))
    fail("expected '.version' at the start of a PTX text");
  if (token_.kind != TokenKind::Float64)
    fail("expected a version such as 8.0");
  const size_t dot = token_.text.find('.');
  const unsigned minor = smallNumber(token_.text.substr(dot + 1));
  module_.version = 10 * smallNumber(token_.text.substr(0, dot)) + minor;
  if (module_.version > 90 || minor > 9)
    fail("unsupported PTX version " + std::string(token_.text) + ", the highest is 9.0");
  advance();
  if (!accept(".target"))
    fail("expected '.target'");
  target();
}

void Parser::target() {
  const SourcePos pos = token_.pos();
  module_.target = expectWord("a target such as sm_80");
  if (!module_.target.starts_with("sm_"))
    throw PtxError{pos, "unsupported target '" + std::string(module_.target) + "'"};
  std::string digits(module_.target.substr(3));
  module_.architectureSpecific = digits.ends_with('a') || digits.ends_with('f');
  module_.architecture = smallNumber(digits);
  while (accept(",")) {
    const SourcePos option = token_.pos();
    const std::string_view word = expectWord("a target option");
    if (word != "debug")
      throw PtxError{option, "unsupported target option '" + std::string(word) + "'"};
  }
  if (accept(".address_size") && expectInteger("64") != 64)
    throw PtxError{pos, "unsupported address size, expected 64"};
}

void Parser::topLevel() {
  bool isExtern = false;
  while (token_.is(".visible") || token_.is(".extern") || token_.is(".weak") || token_.is(".common")) {
    isExtern |= token_.is(".extern");
    advance();
  }
  if (accept(".entry"))
    return function(true);
  if (accept(".func"))
    return function(false);
  if (accept(".global"))
    return declareVariables(Space::Global, isExtern);
  if (accept(".const"))
    return declareVariables(Space::Const, isExtern);
  if (accept(".shared"))
    return declareVariables(Space::Shared, isExtern);
  if (accept(".file"))
    return file();
  if (accept(".section"))
    return skipSection();
  if (accept(".pragma")) {
    while (!token_.is(";") && token_.kind != TokenKind::End)
      advance();
    return expect(";");
  }
  if (accept(";"))
    return;
  fail("unsupported directive '" + std::string(token_.text) + "'");
}

void Parser::file() {
  const int64_t number = expectInteger("a file number");
  if (number < 0 || number > 65535)
    fail("file number out of range");
  if (token_.kind != TokenKind::String)
    fail("expected a file name");
  module_.files.resize(std::max<size_t>(module_.files.size(), number + 1));
  module_.files[number] = token_.text;
  advance();
  while (accept(","))
    expectInteger("a number");
}

void Parser::loc() {
  sourceFile_ = static_cast<uint32_t>(expectInteger("a file number"));
  sourceLine_ = static_cast<uint32_t>(expectInteger("a line number"));
  expectInteger("a column");
  if (!accept(","))
    return;
  if (!accept("function_name"))
    fail("expected 'function_name'");
  expectWord("a label");
  if (accept("+"))
    expectInteger("an offset");
  expect(",");
  if (!accept("inlined_at"))
    fail("expected 'inlined_at'");
  for (int i = 0; i < 3; ++i)
    expectInteger("a number");
}

void Parser::skipSection() {
  expectWord("a section name");
  if (!token_.is("{"))
    fail("expected '{'");
  lexer_.skipBraces();
  advance();
}

std::array<uint32_t, 3> Parser::triple() {
  std::array<uint32_t, 3> sizes = {1, 1, 1};
  for (unsigned i = 0; i < 3; ++i) {
    if (i > 0 && !accept(","))
      break;
    sizes[i] = static_cast<uint32_t>(expectInteger("a size"));
  }
  return sizes;
}

void Parser::functionDirectives(Function &f) {
  for (;;) {
    if (accept(".maxntid"))
      f.maxThreads = triple();
    else if (accept(".reqntid"))
      f.requiredThreads = triple();
    else if (accept(".reqnctapercluster"))
      f.requiredCluster = triple(), f.explicitCluster = true;
    else if (accept(".explicitcluster"))
      f.explicitCluster = true;
    else if (accept(".minnctapersm") || accept(".maxnctapersm") || accept(".maxnreg") || accept(".maxclusterrank"))
      expectInteger("a number");
    else if (accept(".pragma")) {
      while (!token_.is(";") && token_.kind != TokenKind::End)
        advance();
      expect(";");
    } else if (!accept(".noreturn"))
      return;
  }
}

void Parser::signature(Function &f, std::deque<Variable> &variables, std::vector<int32_t> &registers) {
  expect("(");
  while (!accept(")")) {
    if (accept(".reg")) {
      const Type type = typeNamed(expectWord("a type").substr(1));
      const std::string_view name = expectWord("a name");
      registers.push_back(static_cast<int32_t>(f.registers.size()));
      scopes_.back().registers[name] = static_cast<uint32_t>(f.registers.size());
      f.registers.push_back({type});
    } else {
      expect(".param");
      variables.push_back(variable(Space::Param, false));
      scopes_.back().variables[variables.back().name] = &variables.back();
      registers.push_back(-1);
    }
    if (!token_.is(")"))
      expect(",");
  }
}

void Parser::function(bool isEntry) {
  module_.functions.emplace_back();
  Function &f = module_.functions.back();
  f.isEntry = isEntry;
  f.pos = token_.pos();
  scopes_.assign(1, Scope());
  function_ = &f;
  if (!isEntry && token_.is("("))
    signature(f, f.results, f.resultRegisters);
  f.name = expectWord("a function name");
  if (token_.is("("))
    signature(f, f.params, f.paramRegisters);
  uint64_t end = 0; // parameters lie one after the other, aligned
  for (Variable &v : f.params) {
    v.offset = (end + v.align - 1) / v.align * v.align;
    end = v.offset + v.bytes;
  }
  if (isEntry && end > 32764)
    throw PtxError{f.pos, "kernel parameters take " + std::to_string(end) + " bytes, at most 32764"};
  functionDirectives(f);
  const Function *known = module_.find(f.name);
  if (token_.is("{") && known && known != &f)
    throw PtxError{f.pos, "function '" + std::string(f.name) + "' is defined twice"};
  functionNames_[f.name] = &f;
  if (accept("{"))
    body(f);
  else
    expect(";");
  function_ = nullptr;
}

void Parser::dimensions(Variable &v, uint64_t &count, bool &open) {
  while (accept("[")) {
    v.isArray = true;
    if (accept("]")) {
      open = true;
      continue;
    }
    const int64_t extent = expectInteger("an extent");
    if (extent < 0 || static_cast<uint64_t>(extent) > LargestVariable || count * extent > LargestVariable)
      fail("extent " + std::to_string(extent) + " is too large");
    count *= extent;
    expect("]");
  }
}

Variable Parser::variable(Space space, bool isExtern) {
  Variable v;
  v.space = space;
  v.isExtern = isExtern;
  bool alignGiven = false;
  unsigned vector = 1;
  // Attributes and the type, in the order in which back ends write them: .align 4 .b8, .u64 .ptr .global .align 1.
  while (token_.kind == TokenKind::Word && token_.text[0] == '.') {
    const std::string_view word = expectWord("a type").substr(1);
    if (word == "align") {
      const int64_t align = expectInteger("an alignment");
      if (align < 1 || align > 1 << 20 || (align & (align - 1)))
        fail("expected a power of two as alignment, got " + std::to_string(align));
      if (v.type == Type::B8 || !alignGiven)
        v.align = static_cast<uint32_t>(align), alignGiven = true;
    } else if (word == "v2" || word == "v4") {
      vector = word == "v2" ? 2 : 4;
    } else if (word == "ptr") {
      // What the pointer points to is advice: .ptr .global .align N.
      while (accept(".global") || accept(".shared") || accept(".const") || accept(".local") || accept(".generic"))
        ;
      if (accept(".align"))
        expectInteger("an alignment");
    } else if (word == "attribute") {
      fail("unsupported attribute of a variable");
    } else if (const Type type = typeNamed(word); type != Type::None && type != Type::Pred) {
      v.type = type;
    } else {
      fail("unsupported type or attribute '." + std::string(word) + "'");
    }
  }
  v.pos = token_.pos();
  v.name = expectWord("a name");
  if (!alignGiven)
    v.align = bytesOf(v.type) * vector;
  uint64_t count = vector;
  bool open = false;
  dimensions(v, count, open);
  v.bytes = open ? 0 : count * bytesOf(v.type);
  if (v.bytes > LargestVariable)
    throw PtxError{v.pos,
                   "a variable of " + std::to_string(v.bytes) + " bytes, at most " + std::to_string(LargestVariable)};
  if (accept("=")) {
    initialiser(v);
    if (v.initial.size() > v.bytes && !open)
      throw PtxError{v.pos, "too many initial values"};
    v.bytes = std::max<uint64_t>(v.bytes, v.initial.size());
  }
  return v;
}

void Parser::initialElement(Variable &v, std::vector<uint8_t> &bytes) {
  const unsigned size = bytesOf(v.type);
  uint64_t bits = 0;
  const SourcePos pos = token_.pos();
  if (token_.kind == TokenKind::Word) {
    const bool generic = token_.is("generic");
    std::string_view name = expectWord("a symbol");
    if (generic) {
      expect("(");
      name = expectWord("a symbol");
      expect(")");
    }
    const int64_t addend = accept("+") ? expectInteger("an offset") : 0;
    if (size != 8)
      throw PtxError{pos, "unsupported: an address in a variable that is not 64 bits wide"};
    v.relocations.push_back({bytes.size(), name, addend, generic, pos});
  } else if (token_.kind == TokenKind::Float32 || token_.kind == TokenKind::Float64) {
    bits = token_.bits;
    advance();
  } else {
    bits = static_cast<uint64_t>(expectInteger("an initial value"));
  }
  for (unsigned i = 0; i < size; ++i)
    bytes.push_back(static_cast<uint8_t>(bits >> (8 * i)));
}

void Parser::initialiser(Variable &v) {
  if (!accept("{"))
    return initialElement(v, v.initial);
  // Nested braces of multi-dimensional arrays are flattened: back ends write every element.
  for (int depth = 1; depth > 0;) {
    if (accept("{"))
      ++depth;
    else if (accept("}"))
      --depth;
    else if (!accept(","))
      initialElement(v, v.initial);
  }
}

void Parser::declareVariables(Space space, bool isExtern) {
  module_.variables.push_back(variable(space, isExtern));
  moduleVariables_[module_.variables.back().name] = &module_.variables.back();
  expect(";");
}

} // namespace muntin::emulator
