//===- Grid.cpp - tokens of a grid, for pictures --------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Grid.h"

#include "tools/muntin/File.h"
#include "tools/muntin/Report.h"

#include <fmt/format.h>

#include <algorithm>

using namespace muntin;
using reference::Coordinates;
using reference::Grids;

static constexpr int64_t kMaxPlaneSide = 1 << 14;

bool PairRule::allows(int64_t query, int64_t key) const {
  return reference::allows(request->problem.mask, grids, reference::tokenAt(grids.query, query),
                           reference::tokenAt(grids.key, key), segments);
}

Result<PairRule> muntin::makePairRule(const Options &options, const Request &request) {
  PairRule rule{&request, {}, reference::makeGrids(request.shape->grid, request.shape->kvGrid), {}};
  if (request.shape->batch < 1)
    return Status::invalid("--batch is 0; expected 1 or more for a picture");
  if (rule.queries() < 1 || rule.keys() < 1)
    return Status::invalid(fmt::format("--grid is {} and --kv-grid {}; expected extents of 1 or more for a picture",
                                       printExtents(request.shape->grid), printExtents(request.shape->kvGrid)));
  if (Status status = makeSegments(options, request, rule.tensors); !status)
    return status;
  rule.segments = reference::segmentsOf(*request.shape, referenceInputs(request, rule.tensors), 0);
  return rule;
}

//===----------------------------------------------------------------------===//
// Planes and tokens
//===----------------------------------------------------------------------===//

namespace {
/// Slices side by side, rows, columns.
struct PlaneExtents {
  int64_t slices, rows, columns;
};
} // namespace

static PlaneExtents planeExtents(const Grids &grids, const Coordinates &extents) {
  const int rank = grids.rank;
  return {rank == 3 ? extents[0] : 1, rank == 1 ? 1 : extents[static_cast<size_t>(rank) - 2],
          extents[static_cast<size_t>(rank) - 1]};
}

Status muntin::checkPlane(const Grids &grids, const Coordinates &extents) {
  const PlaneExtents plane = planeExtents(grids, extents);
  if (plane.slices * (plane.columns + 1) > kMaxPlaneSide || plane.rows > kMaxPlaneSide)
    return Status::invalid(fmt::format("a picture of {} x {} cells is too large; expected at most {} a side",
                                       plane.rows, plane.slices * (plane.columns + 1), kMaxPlaneSide));
  return {};
}

Plane::Plane(const Grids &grids, const Coordinates &extents) : extents_(extents), rank_(grids.rank) {
  const PlaneExtents plane = planeExtents(grids, extents);
  width = static_cast<int>(plane.slices * (plane.columns + 1) - 1);
  height = static_cast<int>(plane.rows);
}

std::pair<int, int> Plane::cell(int64_t token) const {
  const Coordinates at = reference::tokenAt(extents_, token);
  if (rank_ == 1)
    return {0, static_cast<int>(at[0])};
  if (rank_ == 2)
    return {static_cast<int>(at[0]), static_cast<int>(at[1])};
  return {static_cast<int>(at[1]), static_cast<int>(at[0] * (extents_[2] + 1) + at[2])};
}

Result<int64_t> muntin::parseToken(std::string_view field, std::string_view text, const Grids &grids) {
  Result<std::vector<int64_t>> numbers = parseExtents(field, text, 0);
  if (!numbers)
    return numbers.status();
  if (numbers->size() != static_cast<size_t>(grids.rank))
    return Status::invalid(fmt::format("{} is {}, which has {} axes; expected {}, as the grid has", field, text,
                                       numbers->size(), grids.rank));
  Coordinates token = {0, 0, 0};
  for (size_t axis = 0; axis < numbers->size(); ++axis) {
    token[axis] = (*numbers)[axis];
    if (token[axis] >= grids.query[axis])
      return Status::invalid(
          fmt::format("{} is {}; expected less than {} on axis {}", field, text, grids.query[axis], axis));
  }
  return reference::flatIndex(grids.query, token);
}

std::string muntin::printToken(const Grids &grids, const Coordinates &extents, int64_t token) {
  const Coordinates at = reference::tokenAt(extents, token);
  return printExtents({at.begin(), at.begin() + grids.rank});
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

Result<int> muntin::pictureLimit(const Options &options) {
  if (options.output)
    return kSvgCells;
  Result<int64_t> width = parseInteger("--width", options.width.value_or("100"), 8, 10000);
  if (!width)
    return width.status();
  return static_cast<int>(*width);
}

Picture muntin::shrink(const Picture &picture, int limit, uint8_t mixed, uint8_t strong) {
  const int factor = (std::max(picture.width, picture.height) + limit - 1) / limit;
  if (factor <= 1)
    return picture;
  Picture small(picture.title + fmt::format(" (a cell is {0} x {0})", factor), picture.shades,
                (picture.width + factor - 1) / factor, (picture.height + factor - 1) / factor);
  for (int row = 0; row < small.height; ++row)
    for (int column = 0; column < small.width; ++column) {
      uint8_t shade = picture.at(row * factor, column * factor);
      for (int r = row * factor; r < std::min((row + 1) * factor, picture.height); ++r)
        for (int c = column * factor; c < std::min((column + 1) * factor, picture.width); ++c)
          if (const uint8_t cell = picture.at(r, c); shade != strong && cell != shade)
            shade = cell == strong ? strong : mixed;
      small.at(row, column) = shade;
    }
  return small;
}

Status muntin::showPictures(const Options &options, const std::vector<Picture> &pictures, const std::string &text) {
  Result<bool> color = wantColor(options);
  if (!color)
    return color.status();
  if (options.output) {
    if (Status status = writeWholeFile(*options.output, drawSvg(pictures)); !status)
      return {status.code(), "--out " + status.message()};
  } else {
    for (const Picture &picture : pictures)
      emit(drawTerminal(picture, *color) + '\n');
  }
  emit(text);
  return {};
}
