//===- MaskSyntax.h - the table of mask names and arguments -----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One row per mask: its name and its arguments with their bounds. Parser,
// printer and checks all read this table, so that they cannot disagree.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ABI_MASKSYNTAX_H
#define MUNTIN_ABI_MASKSYNTAX_H

#include "runtime/abi/Mask.h"

#include <span>

namespace muntin {

/// A per-axis argument of a mask. global(tokens=N), the only one that counts
/// tokens of the grid instead, is `scalar`.
struct MaskArgument {
  const char *name;
  AxisValues Mask::*axes = nullptr;
  int64_t Mask::*scalar = nullptr;
  int64_t least = 0;
  int64_t most = kUnbounded - 1;
  bool optional = false;
  int64_t initial = 0;    ///< the value of an optional argument that is not given
  bool unbounded = false; ///< takes `inf`
};

struct MaskSyntax {
  MaskKind kind;
  const char *name;
  std::span<const MaskArgument> arguments;
  int leastMasks = 0, mostMasks = 0; ///< how many masks stand between the parentheses
};

/// In the order of MaskKind.
std::span<const MaskSyntax> maskSyntaxTable();
inline const MaskSyntax &maskSyntax(MaskKind kind) { return maskSyntaxTable()[static_cast<size_t>(kind)]; }

/// The text of a mask, and the place in it of one argument or mask.
struct PrintedMask {
  std::string text;
  size_t spot = 0;
};

/// Prints `mask`, noting where the object at `spot` (an AxisValues, an int64_t
/// or a Mask within `mask`) begins; null for none.
PrintedMask printMaskWithSpot(const Mask &mask, const void *spot);

/// Two lines, each after a line break: the neighbourhood of `offset` in `text`,
/// and a caret under it.
std::string caretUnder(std::string_view text, size_t offset);

} // namespace muntin

#endif // MUNTIN_ABI_MASKSYNTAX_H
