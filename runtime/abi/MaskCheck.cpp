//===- MaskCheck.cpp - ranks, values and extents of masks -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/MaskSyntax.h"

#include <fmt/format.h>

#include <algorithm>

namespace muntin {
namespace {

/// Walks a mask whose text may be shown with a caret under what is wrong.
class Checker {
public:
  explicit Checker(const Mask &root) : root(root) {}

  Status failure(const void *spot, std::string_view message) const {
    const PrintedMask printed = printMaskWithSpot(root, spot);
    return Status::invalid(fmt::format("mask: {}{}", message, caretUnder(printed.text, printed.spot)));
  }

  /// Finds the rank that the lists demand; `rank` is 0 before the first.
  Status findRank(const Mask &mask, int &rank, std::string &owner, int depth = 1) const {
    if (depth > kMaxMaskDepth)
      return tooDeep();
    if (mask.kind == MaskKind::Causal)
      if (Status status = agree(1, "causal()", &mask, rank, owner); !status)
        return status;
    for (const MaskArgument &argument : maskSyntax(mask.kind).arguments) {
      if (!argument.axes || (mask.*argument.axes).size() <= 1)
        continue;
      const AxisValues &values = mask.*argument.axes;
      const std::string name = fmt::format("'{}'", argument.name);
      if (Status status = agree(values.size(), name, &values, rank, owner); !status)
        return status;
    }
    for (const Mask &child : mask.children)
      if (Status status = findRank(child, rank, owner, depth + 1); !status)
        return status;
    return {};
  }

  Status expand(const Mask &mask, int rank, Mask &result, int depth = 1) const {
    if (depth > kMaxMaskDepth)
      return tooDeep();
    const MaskSyntax &syntax = maskSyntax(mask.kind);
    result.kind = mask.kind;
    if (mask.kind == MaskKind::Causal && rank != 1)
      return failure(&mask, fmt::format("causal() stands on rank 1, got rank {}", rank));
    for (const MaskArgument &argument : syntax.arguments)
      if (Status status = expandArgument(mask, argument, rank, result); !status)
        return status;
    if (mask.kind == MaskKind::Neighborhood)
      if (Status status = checkNeighborhood(mask, result); !status)
        return status;
    const auto count = mask.children.size();
    if (count < static_cast<size_t>(syntax.leastMasks) || count > static_cast<size_t>(syntax.mostMasks))
      return failure(&mask, fmt::format("{} expects {} mask, got {}", syntax.name,
                                        syntax.mostMasks == 1 ? "exactly one"
                                        : syntax.mostMasks    ? "at least one"
                                                              : "no",
                                        count));
    for (const Mask &child : mask.children)
      if (Status status = expand(child, rank, result.children.emplace_back(), depth + 1); !status)
        return status;
    return {};
  }

private:
  // The text of such a mask is not shown: printing recurses as well.
  static Status tooDeep() {
    return Status::invalid(fmt::format("mask: masks are nested deeper than {}", kMaxMaskDepth));
  }

  Status agree(int required, const std::string &what, const void *spot, int &rank, std::string &owner) const {
    if (rank == 0) {
      rank = required;
      owner = what;
    }
    if (rank == required)
      return {};
    return failure(spot, fmt::format("{} is of rank {}, but {} before it is of rank {}", what, required, owner, rank));
  }

  Status expandArgument(const Mask &mask, const MaskArgument &argument, int rank, Mask &result) const {
    if (argument.scalar) {
      result.*argument.scalar = mask.*argument.scalar;
      return checkValue(argument, mask.*argument.scalar, "", &(mask.*argument.scalar));
    }
    const AxisValues &values = mask.*argument.axes;
    AxisValues &expanded = result.*argument.axes;
    if (values.empty() && argument.optional) {
      expanded.assign(rank, argument.initial);
      return {};
    }
    if (values.size() != 1 && values.size() != static_cast<size_t>(rank))
      return failure(&values, fmt::format("expected one number or {} for '{}' on rank {}, got {}", rank, argument.name,
                                          rank, values.size()));
    expanded = values;
    expanded.resize(rank, values[0]);
    for (int axis = 0; axis < rank; ++axis)
      if (Status status = checkValue(argument, expanded[axis], fmt::format(" on axis {}", axis), &values); !status)
        return status;
    return {};
  }

  Status checkValue(const MaskArgument &argument, int64_t value, std::string_view where, const void *spot) const {
    if (argument.unbounded && value == kUnbounded)
      return {};
    if (value < argument.least)
      return failure(spot,
                     fmt::format("{}{} is {}, expected at least {}", argument.name, where, value, argument.least));
    if (value > argument.most)
      return failure(spot, fmt::format("{}{} is {}, expected at most {}", argument.name, where, value, argument.most));
    return {};
  }

  Status checkNeighborhood(const Mask &mask, const Mask &expanded) const {
    for (size_t axis = 0; axis < expanded.window.size(); ++axis) {
      const int64_t window = expanded.window[axis], dilation = expanded.dilation[axis], stride = expanded.stride[axis];
      if (stride > window)
        return failure(&mask.stride,
                       fmt::format("stride on axis {} is {}, expected at most the window, {}", axis, stride, window));
      if (window > kMaxExtent / dilation)
        return failure(&mask.window,
                       fmt::format("window {} times dilation {} on axis {} exceeds {}, the greatest extent", window,
                                   dilation, axis, kMaxExtent));
    }
    return {};
  }

  const Mask &root;
};

std::string nearest(int64_t dilation, int64_t extent) {
  if (extent == 0)
    return "";
  if (dilation <= extent)
    return fmt::format("; window {} is the greatest that fits", extent / dilation);
  return fmt::format("; dilation {} is the greatest that fits any window", extent);
}

/// Runs at each launch: no allocation unless it fails.
Status checkExtents(const Checker &checker, const Mask &mask, const Grid &grid, const Grid &kvGrid) {
  for (const Mask &child : mask.children)
    if (Status status = checkExtents(checker, child, grid, kvGrid); !status)
      return status;
  if (mask.kind != MaskKind::Neighborhood)
    return {};
  if (mask.window.size() != grid.size() || mask.dilation.size() != grid.size())
    return checker.failure(&mask, fmt::format("expected a mask that is expanded to rank {}", grid.size()));
  for (size_t axis = 0; axis < grid.size(); ++axis) {
    const int64_t window = mask.window[axis], dilation = mask.dilation[axis], extent = grid[axis];
    if (extent != kvGrid[axis])
      return checker.failure(&mask, fmt::format("neighborhood needs equal grids, got {} queries and {} keys on axis {}",
                                                extent, kvGrid[axis], axis));
    int64_t reach = 0;
    if (__builtin_mul_overflow(window, dilation, &reach) || reach > extent)
      return checker.failure(&mask.window,
                             fmt::format("window {} times dilation {} on axis {} exceeds the extent, {}{}", window,
                                         dilation, axis, extent, nearest(dilation, extent)));
  }
  return {};
}

} // namespace

Result<int> maskRank(const Mask &mask) {
  int rank = 0;
  std::string owner;
  if (Status status = Checker(mask).findRank(mask, rank, owner); !status)
    return status;
  return rank;
}

Result<Mask> expandMask(const Mask &mask, int rank) {
  if (rank < 1 || rank > kMaxRank)
    return Status::invalid(fmt::format("mask: rank is {}, expected 1 to {}", rank, kMaxRank));
  Mask result;
  if (Status status = Checker(mask).expand(mask, rank, result); !status)
    return status;
  return result;
}

Status checkMaskExtents(const Mask &mask, const Grid &grid, const Grid &kvGrid) {
  if (grid.size() != kvGrid.size())
    return Status::invalid(fmt::format("mask: grid has rank {}, but kv_grid has rank {}", grid.size(), kvGrid.size()));
  return checkExtents(Checker(mask), mask, grid, kvGrid);
}

bool needsSegments(const Mask &mask) {
  return mask.kind == MaskKind::Document || std::ranges::any_of(mask.children, needsSegments);
}

} // namespace muntin
