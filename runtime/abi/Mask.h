//===- Mask.h - masks as data and as text ----------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A mask is a small tree. This file holds the tree, its one text form (the same
// on the command line, in C, in C++ and in Python), and the checks that need no
// compiler. What each mask means is written in dialect/attn/README.md.
//
//   any_of(sliding(left=64, right=64), global(tokens=4))
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ABI_MASK_H
#define MUNTIN_ABI_MASK_H

#include "runtime/abi/Grid.h"
#include "runtime/abi/Result.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace muntin {

constexpr int kMaxMaskDepth = 64; ///< all_of(full()) has depth 2
/// The greatest extent of a grid axis.
constexpr int64_t kMaxExtent = std::numeric_limits<int32_t>::max();
/// `inf` as an argument of sliding(): no bound on that side.
constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max();

enum class MaskKind : uint8_t {
  Full,
  Causal,
  Neighborhood,
  Sliding,
  Block,
  Halo,
  Global,
  Document,
  AllOf,
  AnyOf,
  Not,
};

/// One number per axis, or a single number that stands for every axis until
/// the rank is known.
using AxisValues = std::vector<int64_t>;

struct Mask {
  MaskKind kind = MaskKind::Full;
  AxisValues window, dilation, stride, causal; // neighborhood
  AxisValues left, right;                      // sliding
  AxisValues size, halo;                       // block, halo
  int64_t tokens = 0;                          // global
  std::vector<Mask> children;                  // all_of, any_of, not (one child)

  bool operator==(const Mask &) const = default;
};

/// Parses `text`. Strict: see interfaces in the README. An error message shows
/// the text with a caret under the spot. Per-axis values stay as written;
/// defaults are filled in (dilation 1, stride 1, causal 0).
Result<Mask> parseMask(std::string_view text);

/// The text of `mask`; parseMask(printMask(m)) == m for every legal m.
std::string printMask(const Mask &mask);

/// The rank that the per-axis lists of `mask` (or causal(), which stands on rank
/// 1) demand, or 0 if it is free. Disagreement is an error that names both.
Result<int> maskRank(const Mask &mask);

/// `mask` with every per-axis value expanded to `rank` numbers; checks what is
/// legal without extents (window >= 1, stride <= window, ...), and that causal()
/// stands on rank 1.
Result<Mask> expandMask(const Mask &mask, int rank);

/// The one form of all the ways to write `mask` that stands in a problem key;
/// `mask` is expanded. The rewrites hold for every extent and never change which
/// extents are legal or whether segments are needed; README.md lists them.
Mask canonicalMask(const Mask &mask);

/// Checks the bounds that depend on the extents: window * dilation <= extent on
/// each axis and equal grids for neighborhood(). `mask` is expanded.
Status checkMaskExtents(const Mask &mask, const Grid &grid, const Grid &kvGrid);

/// True if `mask` contains a document().
bool needsSegments(const Mask &mask);

} // namespace muntin

#endif // MUNTIN_ABI_MASK_H
