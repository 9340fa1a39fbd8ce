//===- MaskFuzz.cpp - libFuzzer on the text of a mask ---------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Rules.h"
#include "runtime/abi/Mask.h"
#include "tests/runtime/abi/fuzz/Fuzz.h"

using namespace muntin;
using namespace muntin::testing;

namespace {

/// Both masks allow the same extents, and on a small grid the same pairs.
void compareMeanings(const Mask &mask, const Mask &canonical, int rank) {
  const std::vector<int64_t> grid(static_cast<size_t>(rank), rank == 1 ? 7 : 3);
  const bool legal = checkMaskExtents(mask, grid, grid).ok();
  require(checkMaskExtents(canonical, grid, grid).ok() == legal, "a canonical mask has the same legal extents");
  if (!legal)
    return;
  const reference::Grids grids = reference::makeGrids(grid, grid);
  std::vector<int32_t> numbers;
  for (int64_t token = 0; token < reference::tokenCount(grids.query); ++token)
    numbers.push_back(static_cast<int32_t>(token % 4 / 2));
  const reference::Segments segments{numbers.data(), numbers.data()};
  for (int64_t q = 0; q < reference::tokenCount(grids.query); ++q)
    for (int64_t k = 0; k < reference::tokenCount(grids.key); ++k) {
      const auto query = reference::tokenAt(grids.query, q), key = reference::tokenAt(grids.key, k);
      require(reference::allows(mask, grids, query, key, segments) ==
                  reference::allows(canonical, grids, query, key, segments),
              "a canonical mask allows the same pairs");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const Result<Mask> mask = parseMask(textOf(data, size));
  if (!mask)
    return 0;
  const Result<Mask> again = parseMask(printMask(*mask));
  require(again && *again == *mask, "a printed mask parses to itself");
  const Result<int> demanded = maskRank(*mask);
  require(demanded.ok(), "a parsed mask has one rank");
  const int rank = *demanded == 0 ? 1 : *demanded;
  const Result<Mask> expanded = expandMask(*mask, rank);
  if (!expanded)
    return 0;
  const Mask canonical = canonicalMask(*expanded);
  require(canonicalMask(canonical) == canonical, "canonical masks stay as they are");
  if (size < 500) // the rest is a matter of the small ones
    compareMeanings(*expanded, canonical, rank);
  return 0;
}
