//===- Rules.h - the element rule of every mask -------------- -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// May this query see this key? Written from the prose of the masks, one pair at
// a time, so that it can judge the code that reasons about whole boxes.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_REFERENCE_RULES_H
#define MUNTIN_COMPILER_REFERENCE_RULES_H

#include "runtime/abi/Mask.h"

#include <array>
#include <cstdint>
#include <vector>

namespace muntin::reference {

/// One number per axis; those beyond the rank are 0 in coordinates and 1 in extents.
using Coordinates = std::array<int64_t, kMaxRank>;

struct Grids {
  int rank = 1;
  Coordinates query = {1, 1, 1};
  Coordinates key = {1, 1, 1};
};
Grids makeGrids(const std::vector<int64_t> &grid, const std::vector<int64_t> &kvGrid);

/// Tokens of a grid, and the place of a token in row-major order (last axis fastest).
int64_t tokenCount(const Coordinates &extents);
int64_t flatIndex(const Coordinates &extents, const Coordinates &token);
Coordinates tokenAt(const Coordinates &extents, int64_t index);

/// The segment numbers of one batch entry, one per token; read only by document().
struct Segments {
  const int32_t *queries = nullptr;
  const int32_t *keys = nullptr;
};

/// True if `query` may attend to `key`. `mask` is legal for the grids.
bool allows(const Mask &mask, const Grids &grids, const Coordinates &query, const Coordinates &key,
            const Segments &segments = {});

} // namespace muntin::reference

#endif // MUNTIN_COMPILER_REFERENCE_RULES_H
