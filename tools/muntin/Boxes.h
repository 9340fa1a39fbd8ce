//===- Boxes.h - query and key boxes, classified by asking every pair *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_BOXES_H
#define MUNTIN_TOOLS_MUNTIN_BOXES_H

#include "tools/muntin/Grid.h"

namespace muntin {

/// What a plan says about boxes: their extents, and the distance of the tokens in a query box (the residue period).
struct PlanBoxes {
  std::vector<int64_t> queryBox, queryStep, keyBox;
};

/// Tokens origin, origin + step, ... of one axis.
struct AxisBox {
  int64_t origin = 0, step = 1, count = 0;
};
using TokenBox = std::array<AxisBox, kMaxRank>;

std::vector<int64_t> tokensOf(const TokenBox &box, const reference::Coordinates &extents);

/// All query boxes of the grid: on each axis the residue classes one after another, each cut from its start.
std::vector<TokenBox> queryBoxes(const PlanBoxes &plan, const reference::Grids &grids);

enum class BoxClass : uint8_t { Empty, Partial, Full };
struct KeyBox {
  TokenBox box;
  int64_t parity = 0; ///< neighbours differ
  int64_t kept = 0;   ///< pairs that the mask allows
  BoxClass boxClass = BoxClass::Empty;
};

/// The key boxes of `queries`: the live keys' hull, cut from its origin.
struct KeyBoxes {
  TokenBox hull; ///< count 0 where no key is live
  std::vector<KeyBox> boxes;
};
/// Each pair is asked of the element rule, so a class here is the truth, not what a proof could find.
KeyBoxes keyBoxesOf(const TokenBox &queries, const PlanBoxes &plan, const PairRule &rule);

/// Sums over boxes.
struct BoxCounts {
  int64_t boxes[3] = {0, 0, 0}; ///< by BoxClass
  int64_t kept = 0;             ///< pairs that the mask allows
  int64_t computed = 0;         ///< pairs of boxes that are not empty

  void add(const TokenBox &queries, const KeyBoxes &keys);
};
/// Over all query boxes; null above kMaxShownPairs.
std::optional<BoxCounts> countBoxes(const PlanBoxes &plan, const PairRule &rule);
int64_t volume(const TokenBox &box);

/// "8..11 step 2 x 0..3"
std::string printBox(const TokenBox &box, int rank);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_BOXES_H
