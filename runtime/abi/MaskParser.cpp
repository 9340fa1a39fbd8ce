//===- MaskParser.cpp - masks from text -----------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   mask     = name '(' [ argument { ',' argument } ] ')'
//            | name '(' mask { ',' mask } ')'            all_of, any_of, not
//   argument = name '=' number { 'x' number }            `inf` where MaskSyntax says so
//
// Spaces may stand between any two of these pieces.
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/MaskSyntax.h"

#include <fmt/format.h>

#include <algorithm>

namespace muntin {
namespace {

bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Names of the contract that this version refuses.
constexpr std::string_view kNotYet[] = {"block_list", "predicate"};

template <typename Rows> std::string namesOf(const Rows &rows) {
  std::string names;
  for (const auto &row : rows)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", row.name);
  return names;
}

/// Recursive descent. Each method returns false after it has set `error`.
class Parser {
public:
  explicit Parser(std::string_view text) : text(text) {}

  Result<Mask> parse() {
    Mask result;
    if (!parseMask(result, 1))
      return error;
    skipSpaces();
    if (position != text.size()) {
      expected("the end of the text");
      return error;
    }
    return result;
  }

private:
  bool parseMask(Mask &mask, int depth) {
    skipSpaces();
    const size_t start = position;
    if (depth > kMaxMaskDepth)
      return fail(start, fmt::format("masks are nested deeper than {}", kMaxMaskDepth));
    const std::string_view name = takeName();
    if (name.empty())
      return expected("the name of a mask");
    const auto table = maskSyntaxTable();
    const auto row = std::ranges::find(table, name, &MaskSyntax::name);
    if (row == table.end())
      return unknownMask(start, name);
    mask.kind = row->kind;
    if (mask.kind == MaskKind::Causal && !requireRank(1, start, "causal()"))
      return false;
    if (!take('('))
      return expected(fmt::format("'(' after '{}'", name));
    return row->mostMasks > 0 ? parseChildren(mask, *row, depth) : parseArguments(mask, *row);
  }

  bool unknownMask(size_t start, std::string_view name) {
    if (std::ranges::find(kNotYet, name) != std::end(kNotYet))
      return fail(start, fmt::format("mask '{}' is not in this version", name), StatusCode::NotInThisVersion);
    return fail(start, fmt::format("unknown mask {}, expected one of {}", quote(name), namesOf(maskSyntaxTable())));
  }

  bool parseChildren(Mask &mask, const MaskSyntax &syntax, int depth) {
    if (peek() == ')')
      return fail(position, fmt::format("{} expects at least one mask, got none", syntax.name));
    do {
      if (static_cast<int>(mask.children.size()) == syntax.mostMasks)
        return fail(position, fmt::format("{} expects exactly one mask, got another", syntax.name));
      if (!parseMask(mask.children.emplace_back(), depth + 1))
        return false;
    } while (take(','));
    return take(')') || expected("',' or ')'");
  }

  bool parseArguments(Mask &mask, const MaskSyntax &syntax) {
    uint32_t given = 0; // a bit per argument
    if (peek() != ')') {
      do {
        if (!parseArgument(mask, syntax, given))
          return false;
      } while (take(','));
    }
    if (peek() != ')')
      return expected("',' or ')'");
    for (size_t i = 0; i < syntax.arguments.size(); ++i) {
      const MaskArgument &argument = syntax.arguments[i];
      if (given >> i & 1)
        continue;
      if (!argument.optional)
        return fail(position, fmt::format("{} misses the argument '{}'", syntax.name, argument.name));
      mask.*argument.axes = {argument.initial};
    }
    return take(')');
  }

  bool parseArgument(Mask &mask, const MaskSyntax &syntax, uint32_t &given) {
    skipSpaces();
    const size_t start = position;
    if (syntax.arguments.empty())
      return expected(fmt::format("')', as {} takes no arguments", syntax.name));
    const std::string_view name = takeName();
    if (name.empty())
      return expected(fmt::format("an argument of {} ({})", syntax.name, namesOf(syntax.arguments)));
    const auto row = std::ranges::find(syntax.arguments, name, &MaskArgument::name);
    if (row == syntax.arguments.end())
      return fail(start, fmt::format("{} has no argument {}, expected one of {}", syntax.name, quote(name),
                                     namesOf(syntax.arguments)));
    const uint32_t bit = 1u << (row - syntax.arguments.begin());
    if (given & bit)
      return fail(start, fmt::format("{} has the argument '{}' twice", syntax.name, name));
    given |= bit;
    if (!take('='))
      return expected(fmt::format("'=' after '{}'", name));
    return row->scalar ? parseNumber(mask.*row->scalar, false) : parseList(mask.*row->axes, *row);
  }

  bool parseList(AxisValues &values, const MaskArgument &argument) {
    skipSpaces();
    const size_t start = position;
    do {
      if (static_cast<int>(values.size()) == kMaxRank)
        return fail(position, fmt::format("'{}' has more than {} numbers, the greatest rank", argument.name, kMaxRank));
      if (!parseNumber(values.emplace_back(), argument.unbounded))
        return false;
    } while (take('x'));
    return values.size() == 1 ||
           requireRank(static_cast<int>(values.size()), start, fmt::format("'{}'", argument.name));
  }

  bool parseNumber(int64_t &value, bool unbounded) {
    skipSpaces();
    const size_t start = position;
    if (unbounded && text.substr(position).starts_with("inf")) {
      position += 3;
      value = kUnbounded;
      return true;
    }
    if (position == text.size() || !isDigit(text[position]))
      return expected(unbounded ? "a number or inf" : "a number");
    constexpr int64_t kMost = kUnbounded - 1;
    value = 0;
    for (; position < text.size() && isDigit(text[position]); ++position) {
      const int digit = text[position] - '0';
      if (value > (kMost - digit) / 10)
        return fail(start, fmt::format("expected a number of at most {}, got a larger one", kMost));
      value = value * 10 + digit;
    }
    return true;
  }

  /// All lists of a mask have one length.
  bool requireRank(int required, size_t start, const std::string &what) {
    if (rank == 0) {
      rank = required;
      rankOwner = what;
      return true;
    }
    return rank == required || fail(start, fmt::format("{} is of rank {}, but {} before it is of rank {}", what,
                                                       required, rankOwner, rank));
  }

  void skipSpaces() {
    while (position < text.size() && isSpace(text[position]))
      ++position;
  }

  /// The next character that is no space; NUL at the end.
  char peek() {
    skipSpaces();
    return position < text.size() ? text[position] : '\0';
  }

  bool take(char wanted) {
    skipSpaces();
    if (position == text.size() || text[position] != wanted)
      return false;
    ++position;
    return true;
  }

  std::string_view takeName() {
    const size_t start = position;
    if (position < text.size() && isLetter(text[position]))
      while (position < text.size() && (isLetter(text[position]) || isDigit(text[position])))
        ++position;
    return text.substr(start, position - start);
  }

  static std::string quote(std::string_view name) {
    constexpr size_t kLongest = 32;
    return name.size() <= kLongest ? fmt::format("'{}'", name) : fmt::format("'{}...'", name.substr(0, kLongest));
  }

  bool expected(std::string_view what) {
    skipSpaces();
    const size_t start = position;
    if (start == text.size())
      return fail(start, fmt::format("expected {}, got the end of the text", what));
    const std::string_view name = takeName();
    const unsigned char byte = text[start];
    const std::string got = !name.empty()                 ? quote(name)
                            : byte >= 0x20 && byte < 0x7f ? fmt::format("'{}'", text[start])
                                                          : fmt::format("byte {:#04x}", byte);
    return fail(start, fmt::format("expected {}, got {}", what, got));
  }

  bool fail(size_t offset, std::string_view message, StatusCode code = StatusCode::InvalidArgument) {
    error = Status(code, fmt::format("mask: {}{}", message, caretUnder(text, offset)));
    return false;
  }

  std::string_view text;
  size_t position = 0;
  int rank = 0; ///< demanded by what was read so far; 0 if free
  std::string rankOwner;
  Status error;
};

} // namespace

Result<Mask> parseMask(std::string_view text) { return Parser(text).parse(); }

} // namespace muntin
