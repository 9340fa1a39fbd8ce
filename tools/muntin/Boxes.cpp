//===- Boxes.cpp - query and key boxes, classified by asking every pair ---===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Boxes.h"

#include "compiler/Reference/Parallel.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

using namespace muntin;
using reference::Coordinates;
using reference::Grids;

int64_t muntin::volume(const TokenBox &box) { return box[0].count * box[1].count * box[2].count; }

/// Every combination of one interval per axis, last axis fastest.
static std::vector<TokenBox> combine(const std::array<std::vector<AxisBox>, kMaxRank> &axes) {
  std::vector<TokenBox> boxes;
  for (const AxisBox &a : axes[0])
    for (const AxisBox &b : axes[1])
      for (const AxisBox &c : axes[2])
        boxes.push_back({a, b, c});
  return boxes;
}

std::vector<int64_t> muntin::tokensOf(const TokenBox &box, const Coordinates &extents) {
  std::vector<int64_t> tokens;
  tokens.reserve(static_cast<size_t>(volume(box)));
  const auto at = [&](int axis, int64_t i) { return box[axis].origin + i * box[axis].step; };
  for (int64_t i = 0; i < box[0].count; ++i)
    for (int64_t j = 0; j < box[1].count; ++j)
      for (int64_t k = 0; k < box[2].count; ++k)
        tokens.push_back(reference::flatIndex(extents, {at(0, i), at(1, j), at(2, k)}));
  return tokens;
}

/// Pieces of `extent` tokens of the interval, the last one shorter.
static std::vector<AxisBox> cut(const AxisBox &whole, int64_t extent) {
  std::vector<AxisBox> pieces;
  for (int64_t at = 0; at < whole.count; at += extent)
    pieces.push_back({whole.origin + at * whole.step, whole.step, std::min(extent, whole.count - at)});
  return pieces;
}

std::vector<TokenBox> muntin::queryBoxes(const PlanBoxes &plan, const Grids &grids) {
  std::array<std::vector<AxisBox>, kMaxRank> axes;
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    const bool real = axis < static_cast<size_t>(grids.rank);
    const int64_t extent = grids.query[axis], step = real ? plan.queryStep[axis] : 1;
    for (int64_t residue = 0; residue < std::min(step, extent); ++residue) {
      const AxisBox residues{residue, step, (extent - residue + step - 1) / step};
      for (const AxisBox &piece : cut(residues, real ? plan.queryBox[axis] : 1))
        axes[axis].push_back(piece);
    }
  }
  return combine(axes);
}

/// The smallest box of `keys`; the step is kept on an axis where all of them have one residue.
static TokenBox hullOf(const std::vector<int64_t> &keys, const PlanBoxes &plan, const Grids &grids) {
  TokenBox hull;
  if (keys.empty())
    return hull;
  for (size_t axis = 0; axis < hull.size(); ++axis) {
    int64_t least = grids.key[axis], most = 0, step = axis < plan.queryStep.size() ? plan.queryStep[axis] : 1;
    for (int64_t key : keys) {
      const int64_t at = reference::tokenAt(grids.key, key)[axis];
      least = std::min(least, at);
      most = std::max(most, at);
    }
    for (int64_t key : keys)
      if ((reference::tokenAt(grids.key, key)[axis] - least) % step != 0)
        step = 1;
    hull[axis] = {least, step, (most - least) / step + 1};
  }
  return hull;
}

KeyBoxes muntin::keyBoxesOf(const TokenBox &queries, const PlanBoxes &plan, const PairRule &rule) {
  const std::vector<int64_t> queryTokens = tokensOf(queries, rule.grids.query);
  std::vector<int64_t> live; // each key as often as a query of the box attends to it
  for (int64_t key = 0; key < rule.keys(); ++key)
    for (int64_t query : queryTokens)
      if (rule.allows(query, key)) {
        live.push_back(key);
        break;
      }
  KeyBoxes result{hullOf(live, plan, rule.grids), {}};
  std::array<std::vector<AxisBox>, kMaxRank> axes;
  for (size_t axis = 0; axis < axes.size(); ++axis)
    axes[axis] = cut(result.hull[axis], axis < plan.keyBox.size() ? plan.keyBox[axis] : 1);
  for (const TokenBox &box : combine(axes)) {
    KeyBox keys{box, 0, 0, BoxClass::Partial};
    for (size_t axis = 0; axis < plan.keyBox.size(); ++axis)
      keys.parity += (box[axis].origin - result.hull[axis].origin) / (box[axis].step * plan.keyBox[axis]);
    keys.parity %= 2;
    for (int64_t key : tokensOf(box, rule.grids.key))
      for (int64_t query : queryTokens)
        keys.kept += rule.allows(query, key);
    if (keys.kept == 0)
      keys.boxClass = BoxClass::Empty;
    else if (keys.kept == volume(box) * volume(queries))
      keys.boxClass = BoxClass::Full;
    result.boxes.push_back(keys);
  }
  return result;
}

void BoxCounts::add(const TokenBox &queries, const KeyBoxes &keys) {
  for (const KeyBox &key : keys.boxes) {
    ++boxes[static_cast<size_t>(key.boxClass)];
    kept += key.kept;
    if (key.boxClass != BoxClass::Empty)
      computed += volume(queries) * volume(key.box);
  }
}

std::optional<BoxCounts> muntin::countBoxes(const PlanBoxes &plan, const PairRule &rule) {
  if (rule.queries() > kMaxShownPairs / rule.keys())
    return std::nullopt;
  const std::vector<TokenBox> boxes = queryBoxes(plan, rule.grids);
  BoxCounts counts;
  std::mutex mutex;
  reference::parallelFor(static_cast<int64_t>(boxes.size()), 0, [&](int64_t i) {
    const TokenBox &queries = boxes[static_cast<size_t>(i)];
    const KeyBoxes keys = keyBoxesOf(queries, plan, rule);
    std::lock_guard lock(mutex);
    counts.add(queries, keys);
  });
  return counts;
}

std::string muntin::printBox(const TokenBox &box, int rank) {
  std::string text;
  for (int axis = 0; axis < rank; ++axis) {
    const AxisBox &a = box[axis];
    text += fmt::format("{}{}..{}", axis ? " x " : "", a.origin, a.origin + (a.count - 1) * a.step);
    if (a.step > 1)
      text += fmt::format(" step {}", a.step);
  }
  return text;
}
