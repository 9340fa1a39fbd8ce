//===- Hull.h - how many keys a query box can meet -------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_PLAN_HULL_H
#define MUNTIN_COMPILER_PLAN_HULL_H

#include "runtime/abi/Problem.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace muntin {

/// Asks the mask's own closed form, folded with constants, about query boxes.
class HullEstimator {
public:
  explicit HullEstimator(const Mask &mask, int rank);
  ~HullEstimator();

  /// Whether the mask is an AND of one rule per axis.
  bool separable() const;
  /// Whether the keys of a query are a run on each axis.
  bool isBand() const;

  /// The residue period of each axis.
  std::vector<int64_t> steps() const;

  /// Per axis the largest number of live keys that a query box of these extents
  /// and steps meets, on any grid; none if it grows with the grid.
  std::optional<std::vector<int64_t>> bound(const std::vector<int64_t> &box, const std::vector<int64_t> &step) const;

  /// Live keys of a box in the middle of a grid of these extents.
  std::vector<int64_t> inTheMiddle(const std::vector<int64_t> &box, const std::vector<int64_t> &step,
                                   const std::vector<int64_t> &grid) const;

private:
  struct Impl;
  Impl *impl;
  HullEstimator(const HullEstimator &) = delete;
};

} // namespace muntin

#endif // MUNTIN_COMPILER_PLAN_HULL_H
