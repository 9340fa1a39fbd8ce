//===- Lexer.cpp - PTX text to tokens -------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Lexer.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdlib>

namespace muntin::emulator {

static bool isDigit(char c) { return c >= '0' && c <= '9'; }
static bool isHex(char c) { return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
static bool isWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c == '%';
}
static bool isWordPart(char c) { return isWordStart(c) || isDigit(c); }

void Lexer::skipSpace() {
  while (at_ < end_) {
    if (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r') {
      ++at_;
    } else if (*at_ == '/' && at_ + 1 < end_ && at_[1] == '/') {
      at_ = std::find(at_, end_, '\n');
    } else if (*at_ == '/' && at_ + 1 < end_ && at_[1] == '*') {
      const char *start = at_;
      for (at_ += 2; at_ + 1 < end_ && !(at_[0] == '*' && at_[1] == '/');)
        ++at_;
      if (at_ + 1 >= end_)
        throw PtxError{{start}, "unterminated comment"};
      at_ += 2;
    } else {
      return;
    }
  }
}

Token Lexer::word() {
  const char *start = at_++;
  while (at_ < end_) {
    if (isWordPart(*at_))
      ++at_;
    else if (*at_ == '.' && at_ + 1 < end_ && isWordPart(at_[1]))
      ++at_;
    else if (*at_ == ':' && at_ + 2 < end_ && at_[1] == ':' && isWordPart(at_[2])) // .L2::128B, too
      at_ += 2;
    else
      break;
  }
  return {TokenKind::Word, std::string_view(start, at_ - start)};
}

static Token floatBits(const char *start, const char *at, unsigned digits, TokenKind kind) {
  Token token{kind, std::string_view(start, 2 + digits)};
  const auto [stop, error] = std::from_chars(at, at + digits, token.bits, 16);
  if (error != std::errc() || stop != at + digits)
    throw PtxError{{start}, "expected " + std::to_string(digits) + " hexadecimal digits"};
  return token;
}

Token Lexer::number() {
  const char *start = at_;
  const size_t left = end_ - at_;
  if (left > 2 && at_[0] == '0' && (at_[1] == 'f' || at_[1] == 'F' || at_[1] == 'd' || at_[1] == 'D')) {
    const bool single = at_[1] == 'f' || at_[1] == 'F';
    const unsigned digits = single ? 8 : 16;
    if (left < 2 + digits)
      throw PtxError{{start}, "truncated floating-point constant"};
    at_ += 2 + digits;
    return floatBits(start, start + 2, digits, single ? TokenKind::Float32 : TokenKind::Float64);
  }
  unsigned base = 10;
  if (left > 1 && at_[0] == '0') {
    const char mark = at_[1];
    base = mark == 'x' || mark == 'X' ? 16 : mark == 'b' || mark == 'B' ? 2 : isDigit(mark) ? 8 : 10;
  }
  const char *digits = base == 16 || base == 2 ? at_ + 2 : at_;
  at_ = digits;
  while (at_ < end_ && (base == 16 ? isHex(*at_) : isDigit(*at_)))
    ++at_;
  if (base == 10 && at_ < end_ && (*at_ == '.' || *at_ == 'e' || *at_ == 'E')) {
    double value = 0;
    const auto [stop, error] = std::from_chars(start, end_, value);
    if (error != std::errc())
      throw PtxError{{start}, "malformed number"};
    at_ = stop;
    return {TokenKind::Float64, std::string_view(start, at_ - start), std::bit_cast<uint64_t>(value)};
  }
  Token token{TokenKind::Integer, std::string_view(start, at_ - start)};
  const auto [stop, error] = std::from_chars(digits, at_, token.bits, base);
  if (error != std::errc() || stop != at_)
    throw PtxError{{start}, "malformed or too large integer"};
  if (at_ < end_ && *at_ == 'U')
    ++at_;
  return token;
}

Token Lexer::next() {
  skipSpace();
  if (at_ >= end_)
    return {TokenKind::End, std::string_view(end_, 0)};
  const char c = *at_;
  if (isWordStart(c) || (c == '.' && at_ + 1 < end_ && isWordStart(at_[1])))
    return word();
  if (isDigit(c))
    return number();
  const char *start = at_++;
  if (c == '"') {
    at_ = std::find(at_, end_, '"');
    if (at_ >= end_)
      throw PtxError{{start}, "unterminated string"};
    return {TokenKind::String, std::string_view(start + 1, at_++ - start - 1)};
  }
  return {TokenKind::Punct, std::string_view(start, 1)};
}

void Lexer::skipBraces() {
  const char *start = at_;
  for (int depth = 1; at_ < end_; ++at_) {
    depth += *at_ == '{' ? 1 : *at_ == '}' ? -1 : 0;
    if (depth == 0) {
      ++at_;
      return;
    }
  }
  throw PtxError{{start}, "a section is not closed"};
}

unsigned lineOf(std::string_view text, SourcePos pos) {
  if (!pos.at)
    return 0;
  const char *stop = std::min(pos.at, text.data() + text.size());
  return 1 + static_cast<unsigned>(std::count(text.data(), stop, '\n'));
}

std::string describeError(std::string_view text, const PtxError &error) {
  if (!error.pos.at)
    return error.message;
  const char *begin = text.data(), *end = begin + text.size();
  const char *at = std::clamp(error.pos.at, begin, end);
  const char *lineStart = at;
  while (lineStart > begin && lineStart[-1] != '\n')
    --lineStart;
  const char *lineEnd = std::find(at, end, '\n');
  // Long operand lists are shortened around the place.
  constexpr std::ptrdiff_t Window = 100;
  const char *from = at - lineStart > Window ? at - Window : lineStart;
  const char *to = lineEnd - at > Window ? at + Window : lineEnd;
  std::string shown(from, to), caret;
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  caret.assign(at - from, ' ');
  return "line " + std::to_string(lineOf(text, error.pos)) + ": " + error.message + "\n  " + shown + "\n  " + caret +
         "^";
}

} // namespace muntin::emulator
