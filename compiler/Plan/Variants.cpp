//===- Variants.cpp - plans for grids that are short on an axis -----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A box of 8x4 queries on a grid of 1x3136 has an eighth of its lanes at work; a
// box of 1x32 has all. So for every extent of an axis that is shorter than the
// general plan's box, all candidates are rated again. What gains most over all
// these extents becomes a variant, for extents up to the longest at which it is
// clearly better; then once more, beside it:
//
//     extent of the axis     1     2     3     4     5     6     7
//     general, 8x4         100    50    33    25    20    17    14   share of the lanes at work
//     short_2xN, 2x16       >>>>>>>>>
//     short_4xN, 4x8                    >>>>>>>>>
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/Planner.h"

#include <algorithm>
#include <cmath>

using namespace muntin;

/// Up to the longest extent at which a variant is faster by so much, it is launched.
static constexpr double kWorthwhile = 1.3;
/// The first and the second must be faster by so much somewhere: each makes a compilation longer, by about a half on an
/// idle machine of two cores.
static constexpr double kGainOfVariant[] = {1.5, 2};

/// Each extent is rated for every candidate. With long dilations they are many; and boxes take tokens of one residue
/// class, of which a short axis has few.
static constexpr int64_t kMostShortExtents = 128;

namespace {
struct Choice {
  Candidate candidate;
  ShortAxis *extents = nullptr;
  size_t begin = 0, end = 0; ///< of the extents
  double gain = 0;           ///< mean logarithm over all extents of the axis
};
} // namespace

/// On three axes the first is time: videos of few frames are common, images of a few rows are no videos.
static bool mayBeShort(int rank, int axis) { return rank < 3 || axis == 0; }

/// Neighbourhoods want grids that hold a window.
static int64_t leastExtent(const Mask &mask, int axis) {
  int64_t least = mask.kind == MaskKind::Neighborhood ? mask.window[axis] * mask.dilation[axis] : 1;
  for (const Mask &child : mask.children)
    least = std::max(least, leastExtent(child, axis));
  return least;
}

static int64_t volume(const std::vector<int64_t> &box) {
  int64_t product = 1;
  for (int64_t extent : box)
    product *= extent;
  return product;
}

/// Key boxes that a short axis cannot cut: one token long on it, on the others as long as `keys` and the hull allow.
/// Two tokens where rows of the last axis are padded to pairs.
static void lieAlong(Plan &plan, const std::vector<int64_t> &live, int axis, int64_t keys) {
  plan.keyBox[axis] = plan.pairs && axis + 1 == int(live.size()) ? 2 : 1;
  for (int other = int(live.size()) - 1; other >= 0; --other) {
    if (other == axis)
      continue;
    int64_t &extent = plan.keyBox[other];
    const int64_t rest = volume(plan.keyBox) / extent;
    extent = std::max(extent, std::min(keys / rest, live[other]));
  }
}

std::vector<int64_t> Planner::shortGrid(int axis, int64_t extent) const {
  std::vector<int64_t> shortGrid = grid;
  if (problem.rank == 2) // as many tokens
    shortGrid[1 - axis] *= grid[axis] / extent;
  shortGrid[axis] = extent;
  return shortGrid;
}

Candidate Planner::onShort(Candidate candidate, int axis, int64_t extent) const {
  Plan &plan = candidate.plan;
  if (problem.rank > 1 && plan.templateName == "border")
    lieAlong(plan, cost.liveOn(candidate, shortGrid(axis, extent)), axis, cost.onlineKeys(plan));
  // The few queries of a short sequence do not pay for a copy of the keys.
  if (problem.rank == 1 && problem.element == ElementType::F32)
    plan.pack = "none";
  cost.estimate(candidate, shortGrid(axis, extent));
  return candidate;
}

/// Of the extents [from, to), how far the candidate is worth it, and what it gains there.
static Choice rate(ShortAxis &extents, size_t from, size_t to, const std::vector<double> &cycles, double wanted) {
  Choice choice{{}, &extents, from};
  double sum = 0, most = 0;
  for (size_t i = from; i < to && cycles[i] <= extents.cycles[i]; ++i) {
    const double gain = extents.cycles[i] / cycles[i];
    sum += std::log(gain);
    most = std::max(most, gain);
    if (gain >= kWorthwhile && most >= wanted)
      choice.end = i + 1, choice.gain = sum / double(extents.cycles.size());
  }
  return choice;
}

std::vector<double> Planner::cyclesOn(const Candidate &candidate, const ShortAxis &extents) const {
  std::vector<double> cycles;
  for (size_t i = 0; i < extents.cycles.size(); ++i)
    cycles.push_back(onShort(candidate, extents.axis, extents.least + int64_t(i)).cycles());
  return cycles;
}

std::vector<ShortAxis> Planner::shortAxes(const Candidate &general) const {
  std::vector<ShortAxis> axes;
  for (int axis = 0; axis < problem.rank; ++axis) {
    ShortAxis extents{axis, leastExtent(problem.mask, axis), {}};
    const int64_t end = std::min(general.plan.queryBox[axis] * general.plan.queryStep[axis], grid[axis]);
    if (end - extents.least > kMostShortExtents)
      continue;
    for (int64_t extent = extents.least; extent < end; ++extent) {
      Candidate there = general;
      cost.estimate(there, shortGrid(axis, extent));
      extents.cycles.push_back(there.cycles());
    }
    if (mayBeShort(problem.rank, axis) && !extents.cycles.empty())
      axes.push_back(std::move(extents));
  }
  return axes;
}

std::vector<Candidate> Planner::variantsBeside(const Candidate &general) {
  std::vector<ShortAxis> axes = shortAxes(general);
  if (axes.empty())
    return {};
  for (const char *name : {"window", "border"})
    addShapes(name, narrowBlock(target), target.lanes);
  std::vector<Candidate> variants;
  for (const double wanted : kGainOfVariant) {
    Choice best;
    for (ShortAxis &extents : axes)
      for (const Candidate &candidate : candidates) {
        if (!candidate.refused.empty())
          continue;
        const std::vector<double> cycles = cyclesOn(candidate, extents);
        for (const auto [from, to] : {std::pair(size_t(0), extents.served), std::pair(extents.served, cycles.size())})
          if (Choice choice = rate(extents, from, to, cycles, wanted); choice.gain > best.gain)
            best = choice, best.candidate = candidate;
      }
    // Masks that are no product of axes make much code: a second variant would go beyond 0.3 s.
    if (best.gain <= 0 || (!variants.empty() && !hull.separable()))
      break;
    ShortAxis &extents = *best.extents;
    const std::vector<double> cycles = cyclesOn(best.candidate, extents);
    std::copy_n(cycles.begin() + long(best.begin), best.end - best.begin, extents.cycles.begin() + long(best.begin));
    extents.served = std::max(extents.served, best.end);
    const int64_t most = extents.least + int64_t(best.end) - 1;
    variants.push_back(onShort(best.candidate, extents.axis, most));
    variants.back().plan.most.assign(problem.rank, kAnyExtent);
    variants.back().plan.most[extents.axis] = most;
  }
  // On one axis the shorter reach must be tried first.
  std::sort(variants.begin(), variants.end(),
            [](const Candidate &x, const Candidate &y) { return x.plan.most < y.plan.most; });
  return variants;
}
