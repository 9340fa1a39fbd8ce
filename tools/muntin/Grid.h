//===- Grid.h - tokens of a grid, for pictures -------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_GRID_H
#define MUNTIN_TOOLS_MUNTIN_GRID_H

#include "compiler/Reference/Attention.h"
#include "tools/muntin/Picture.h"
#include "tools/muntin/Tensors.h"

namespace muntin {

/// Above this many pairs, pictures that ask for every pair are refused.
constexpr int64_t kMaxShownPairs = int64_t(1) << 26;
/// Pictures are shrunk to at most as many cells a side: the terminal's width, or this in SVG.
constexpr int kSvgCells = 512;

/// The element rule over flat indices, for batch entry 0. Pictures know nothing else about a mask.
struct PairRule {
  const Request *request;
  Tensors tensors; ///< the segments alone
  reference::Grids grids;
  reference::Segments segments; ///< in `tensors`, whose memory stays where it is when a rule is moved

  int64_t queries() const { return reference::tokenCount(grids.query); }
  int64_t keys() const { return reference::tokenCount(grids.key); }
  bool allows(int64_t query, int64_t key) const;
};
Result<PairRule> makePairRule(const Options &options, const Request &request);

/// A grid of tokens on a plane: the last axis runs right, the one before down; slices of a third lie side by side with
/// a column between them.
struct Plane {
  explicit Plane(const reference::Grids &grids, const reference::Coordinates &extents);
  int width, height;
  /// The token's cell: row, column.
  std::pair<int, int> cell(int64_t token) const;

private:
  reference::Coordinates extents_;
  int rank_;
};
/// Each side at most 2^14 cells, or an error that says so.
Status checkPlane(const reference::Grids &grids, const reference::Coordinates &extents);

/// A token such as 28x28, as a flat index.
Result<int64_t> parseToken(std::string_view field, std::string_view text, const reference::Grids &grids);
std::string printToken(const reference::Grids &grids, const reference::Coordinates &extents, int64_t token);

/// The most cells a side that --width and --out leave.
Result<int> pictureLimit(const Options &options);

/// `picture` with blocks of cells joined so that it is at most `limit` wide and high: a block of one shade keeps it,
/// one with a `strong` cell becomes that, any other becomes `mixed`.
Picture shrink(const Picture &picture, int limit, uint8_t mixed, uint8_t strong);

/// Writes the pictures to --out as SVG or to the terminal, `text` after them.
Status showPictures(const Options &options, const std::vector<Picture> &pictures, const std::string &text);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_GRID_H
