//===- MaskChecker.h - a mask's answers against its law --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_DIALECT_ATTN_MASKCHECKER_H
#define MUNTIN_TESTS_DIALECT_ATTN_MASKCHECKER_H

#include "MaskPrograms.h"

#include <bitset>
#include <map>

namespace muntin::testing {

/// How many answers were compared.
struct Tally {
  int64_t masks = 0, elements = 0, hulls = 0, commons = 0, classes = 0;
  void print(const char *what) const;
};

/// Whether an answer may be "I do not know".
enum class Proofs { Sound, Complete };

/// Compares one mask with its element rule on grids of at most 256 tokens. What is
/// emitted depends on steps only, and is emitted once for all grids and boxes.
/// Each check stops at its first failure and returns false.
class MaskChecker {
public:
  MaskChecker(const Mask &mask, unsigned rank, Tally &tally);

  attn::MaskAttrInterface attribute() const { return attr; }

  /// From here on, boxes are those of these grids.
  void setGrids(const Grids &grids);
  /// allows(), allowsOnAxis() and residuePeriod(), on all pairs.
  bool checkElements();
  /// liveKeys() (liveQueries()) of the boxes: sound; exact where it claims so.
  bool checkHulls(bool fromKeys, const std::vector<Tokens> &boxes, const Coords &step);
  /// commonKeys() of the boxes, where the mask knows them: exactly what all queries may attend to, inside of the hull's
  /// lattice.
  bool checkCommon(const std::vector<Tokens> &boxes, const Coords &step);
  /// classify() of each pair of boxes.
  bool checkClasses(const std::vector<Tokens> &queries, const Coords &queryStep, const std::vector<Tokens> &keys,
                    const Coords &keyStep, Proofs proofs);

private:
  using Set = std::bitset<256>;
  Set setOf(const Tokens &tokens, const Coords &extents) const;
  bool checkHull(const Tokens &from, const Tokens &live, bool exact, bool fromKeys);
  std::string describe() const;

  Mask mask;
  unsigned rank;
  Tally &tally;
  attn::MaskAttrInterface attr;
  MaskProgram element;
  std::optional<MaskProgram> byAxes;
  std::map<std::pair<bool, Coords>, MaskProgram> livePrograms;
  std::map<Coords, std::optional<MaskProgram>> commonPrograms;
  std::map<std::pair<Coords, Coords>, MaskProgram> classPrograms;
  Grids grids;
  std::vector<Set> keysOf, queriesOf; ///< by the flat index of the query, of the key
};

/// All boxes of a grid of rank 1 with that step.
std::vector<Tokens> allBoxes(int64_t extent, int64_t step);

} // namespace muntin::testing

#endif // MUNTIN_TESTS_DIALECT_ATTN_MASKCHECKER_H
