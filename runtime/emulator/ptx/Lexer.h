//===- Lexer.h - PTX text to tokens -----------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_PTX_LEXER_H
#define MUNTIN_EMULATOR_PTX_LEXER_H

#include <cstdint>
#include <string>
#include <string_view>

namespace muntin::emulator {

/// A place in the text, for messages.
struct SourcePos {
  const char *at = nullptr;
};

/// Thrown inside the front end, caught by Module::parse.
struct PtxError {
  SourcePos pos;
  std::string message;
};

enum class TokenKind : uint8_t { End, Word, Integer, Float32, Float64, String, Punct };

/// A Word keeps its dots: `cp.async.bulk`, `%tid.x`, `.reg` and `shared::cluster` are one token each.
struct Token {
  TokenKind kind = TokenKind::End;
  std::string_view text;
  uint64_t bits = 0; ///< value of a number; floats as their IEEE bits
  SourcePos pos() const { return {text.data()}; }
  bool is(std::string_view s) const { return text == s && kind != TokenKind::String; }
};

class Lexer {
public:
  explicit Lexer(std::string_view text) : text_(text), at_(text.data()), end_(text.data() + text.size()) {}
  Token next();
  /// Skips a balanced `{ ... }` whose opening brace was read, without tokenising numbers (debug sections).
  void skipBraces();

private:
  void skipSpace();
  Token number();
  Token word();

  std::string_view text_;
  const char *at_;
  const char *end_;
};

/// "line 12: message", the line's text and a caret under the place.
std::string describeError(std::string_view text, const PtxError &error);
/// 1-based line of a place in the text.
unsigned lineOf(std::string_view text, SourcePos pos);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_PTX_LEXER_H
