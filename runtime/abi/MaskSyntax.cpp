//===- MaskSyntax.cpp - the table of masks, and printing from it ----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/MaskSyntax.h"

#include <algorithm>
#include <limits>

namespace muntin {
namespace {

constexpr MaskArgument kNeighborhood[] = {
    {.name = "window", .axes = &Mask::window, .least = 1},
    {.name = "dilation", .axes = &Mask::dilation, .least = 1, .optional = true, .initial = 1},
    {.name = "stride", .axes = &Mask::stride, .least = 1, .optional = true, .initial = 1},
    {.name = "causal", .axes = &Mask::causal, .most = 1, .optional = true, .initial = 0},
};
constexpr MaskArgument kSliding[] = {
    {.name = "left", .axes = &Mask::left, .unbounded = true},
    {.name = "right", .axes = &Mask::right, .unbounded = true},
};
constexpr MaskArgument kBlock[] = {
    {.name = "size", .axes = &Mask::size, .least = 1},
};
constexpr MaskArgument kHalo[] = {
    {.name = "size", .axes = &Mask::size, .least = 1},
    {.name = "halo", .axes = &Mask::halo},
};
constexpr MaskArgument kGlobal[] = {
    {.name = "tokens", .scalar = &Mask::tokens},
};
constexpr int kAny = std::numeric_limits<int>::max();

constexpr MaskSyntax kTable[] = {
    {MaskKind::Full, "full", {}},
    {MaskKind::Causal, "causal", {}},
    {MaskKind::Neighborhood, "neighborhood", kNeighborhood},
    {MaskKind::Sliding, "sliding", kSliding},
    {MaskKind::Block, "block", kBlock},
    {MaskKind::Halo, "halo", kHalo},
    {MaskKind::Global, "global", kGlobal},
    {MaskKind::Document, "document", {}},
    {MaskKind::AllOf, "all_of", {}, 1, kAny},
    {MaskKind::AnyOf, "any_of", {}, 1, kAny},
    {MaskKind::Not, "not", {}, 1, 1},
};

class Printer {
public:
  explicit Printer(const void *spot) : spot(spot) {}

  void print(const Mask &mask) {
    note(&mask);
    const MaskSyntax &syntax = maskSyntax(mask.kind);
    out.text += syntax.name;
    out.text += '(';
    const char *separator = "";
    for (const MaskArgument &argument : syntax.arguments) {
      if (argument.axes && argument.optional && (mask.*argument.axes).empty())
        continue;
      out.text += separator;
      separator = ", ";
      print(mask, argument);
    }
    for (const Mask &child : mask.children) {
      out.text += separator;
      separator = ", ";
      print(child);
    }
    out.text += ')';
  }

  PrintedMask out;

private:
  void print(const Mask &mask, const MaskArgument &argument) {
    out.text += argument.name;
    out.text += '=';
    if (argument.scalar) {
      note(&(mask.*argument.scalar));
      out.text += std::to_string(mask.*argument.scalar);
      return;
    }
    note(&(mask.*argument.axes));
    const char *separator = "";
    for (const int64_t value : mask.*argument.axes) {
      out.text += separator;
      separator = "x";
      out.text += argument.unbounded && value == kUnbounded ? "inf" : std::to_string(value);
    }
  }

  void note(const void *object) {
    if (object == spot)
      out.spot = out.text.size();
  }

  const void *spot;
};

} // namespace

std::span<const MaskSyntax> maskSyntaxTable() { return kTable; }

PrintedMask printMaskWithSpot(const Mask &mask, const void *spot) {
  Printer printer(spot);
  printer.print(mask);
  return std::move(printer.out);
}

std::string printMask(const Mask &mask) { return printMaskWithSpot(mask, nullptr).text; }

std::string caretUnder(std::string_view text, size_t offset) {
  constexpr size_t kContext = 48; // enough to see where one is, short enough for a terminal's line
  const bool whole = text.size() <= 2 * kContext;
  const size_t begin = whole || offset <= kContext ? 0 : offset - kContext;
  const std::string_view part = text.substr(begin, 2 * kContext);
  const std::string_view before = begin > 0 ? "..." : "";
  const std::string_view after = begin + part.size() < text.size() ? "..." : "";
  std::string result = "\n  ";
  result += before;
  // One column per byte, so that the caret stays under its spot.
  for (const char byte : part)
    result += byte >= 0x20 && byte < 0x7f ? byte : (byte == '\t' || byte == '\n' || byte == '\r' ? ' ' : '?');
  result += after;
  result += "\n  ";
  result.append(before.size() + offset - begin, ' ');
  result += '^';
  return result;
}

} // namespace muntin
