//===- Case.cpp - one random problem --------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/conformance/Case.h"
#include "compiler/Reference/Random.h"
#include "tests/support/RandomMask.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace muntin::conformance {

using testing::chance;
using testing::pick;
using testing::Random;

/// A generator of its own for each number, so that a case does not depend on those before it.
static Random randomFor(uint64_t seed, int64_t kernel, int64_t shape) {
  return Random(reference::randomWord(seed, static_cast<uint64_t>(kernel), static_cast<uint64_t>(shape + 1)));
}

static int64_t randomDim(Random &random) {
  switch (pick(random, 0, 9)) {
  case 0: return pick(random, 1, 3);
  case 1: return 64;
  case 2: return 128;
  case 3: return pick(random, 65, kMaxHeadDim);
  case 4: return chance(random, 30) ? kMaxHeadDim : 96;
  case 5: return 16 * pick(random, 1, 4);
  default: return pick(random, 1, 64);
  }
}

/// Extents that masks are drawn for: the parameters grow with them.
static std::vector<int64_t> scaleOfMask(Random &random, int rank) {
  static constexpr int64_t kMost[] = {90, 16, 7};
  return testing::randomGrid(random, rank, 1, chance(random, 30) ? 3 : kMost[rank - 1]);
}

static Mask drawMask(Random &random, int rank, const std::optional<Mask> &fixed) {
  if (fixed)
    return *fixed;
  const std::vector<int64_t> grid = scaleOfMask(random, rank);
  // Plain neighbourhoods are what most people run; the rest is everything else.
  if (chance(random, 25))
    return testing::randomNeighborhood(random, grid);
  return testing::randomMask(random, {.grid = grid, .kvGrid = grid});
}

Problem makeProblem(uint64_t seed, int64_t kernel, const Scope &scope) {
  Random random = randomFor(seed, kernel, -1);
  const auto at = [](const auto &list, int64_t i) { return list[static_cast<size_t>(i) % list.size()]; };
  const auto templates = static_cast<int64_t>(scope.templates.size());
  Problem problem;
  problem.templateName = at(scope.templates, kernel);
  problem.target = at(scope.targets, kernel / templates);
  problem.element = scope.elements[random() % scope.elements.size()];
  problem.rank = static_cast<int>(pick(random, 1, kMaxRank));
  if (scope.mask && !scope.mask->window.empty())
    problem.rank = static_cast<int>(scope.mask->window.size());
  problem.headDim = randomDim(random);
  problem.valueDim = chance(random, 50) ? problem.headDim : randomDim(random);
  problem.mask = drawMask(random, problem.rank, scope.mask);
  return problem;
}

/// The least extent of `axis` that `mask` is legal for.
static int64_t leastExtent(const Mask &mask, int axis) {
  int64_t least = 1;
  if (mask.kind == MaskKind::Neighborhood)
    least = mask.window[axis] * mask.dilation[axis];
  for (const Mask &child : mask.children)
    least = std::max(least, leastExtent(child, axis));
  return least;
}

static bool contains(const Mask &mask, MaskKind kind) {
  return mask.kind == kind ||
         std::any_of(mask.children.begin(), mask.children.end(), [&](const Mask &m) { return contains(m, kind); });
}

static int64_t product(const std::vector<int64_t> &extents) {
  return std::accumulate(extents.begin(), extents.end(), int64_t(1), std::multiplies<>());
}

static Grid drawGrid(Random &random, const Mask &mask, int rank) {
  static constexpr int64_t kMore[] = {160, 18, 7};
  std::vector<int64_t> grid(rank);
  for (int axis = 0; axis < rank; ++axis) {
    const int64_t least = leastExtent(mask, axis);
    const int64_t more = chance(random, 5) ? 3 * kMore[rank - 1] : chance(random, 30) ? 3 : kMore[rank - 1];
    grid[axis] = least + (chance(random, 15) ? 0 : pick(random, 0, std::max<int64_t>(more - least / 2, 0)));
  }
  return grid;
}

/// Batch and heads as far as the time allows.
static Shape drawShape(Random &random, const Problem &problem) {
  constexpr int64_t kPairs = 1 << 18, kProducts = 1 << 24;
  Shape shape;
  const bool sameGrids = contains(problem.mask, MaskKind::Neighborhood);
  do {
    shape.grid = drawGrid(random, problem.mask, problem.rank);
    shape.kvGrid = sameGrids || chance(random, 50) ? shape.grid : drawGrid(random, problem.mask, problem.rank);
  } while (!sameGrids && product(shape.grid) * product(shape.kvGrid) > kPairs);
  const int64_t work = product(shape.grid) * product(shape.kvGrid) * (problem.headDim + problem.valueDim);
  const int64_t most = std::clamp<int64_t>(kProducts / work, 1, 12);
  shape.batch = pick(random, 1, std::min<int64_t>(most, 3));
  shape.kvHeads = pick(random, 1, std::clamp<int64_t>(most / shape.batch, 1, 3));
  shape.heads = shape.kvHeads * pick(random, 1, std::clamp<int64_t>(most / shape.batch / shape.kvHeads, 1, 4));
  if (!sameGrids && chance(random, 2)) // queries, but no key
    shape.kvGrid[pick(random, 0, problem.rank - 1)] = 0;
  if (chance(random, 1)) // no query
    (chance(random, 50) ? shape.batch : shape.grid[pick(random, 0, problem.rank - 1)]) = 0;
  if (sameGrids)
    shape.kvGrid = shape.grid;
  return shape;
}

/// Any order of the axes in memory, with gaps anywhere; a row of `depth` elements is contiguous.
static Layout drawLayout(Random &random, const Shape &shape, const std::vector<int64_t> &grid, int64_t heads,
                         int64_t depth, bool input) {
  std::vector<int64_t> extents = {shape.batch};
  extents.insert(extents.end(), grid.begin(), grid.end());
  extents.push_back(heads);
  std::vector<size_t> order(extents.size()); // outermost first
  std::iota(order.begin(), order.end(), size_t(0));
  if (chance(random, 25))
    for (size_t i = order.size(); i-- > 1;)
      std::swap(order[i], order[random() % (i + 1)]);

  Layout layout;
  layout.strides.resize(extents.size());
  layout.flushRight = chance(random, 50);
  const bool padded = chance(random, 40), odd = input && chance(random, 15);
  const auto gap = [&]() -> int64_t { return padded && chance(random, 50) ? pick(random, 1, 9) : 0; };
  int64_t stride = depth + gap();
  layout.span = depth;
  for (size_t i = order.size(); i-- > 0;) {
    const size_t axis = order[i];
    const int64_t steps = std::max<int64_t>(extents[axis], 1);
    if (odd && chance(random, 30)) { // the same rows again and again: stride 0
      layout.strides[axis] = 0;
      continue;
    }
    const bool backwards = odd && chance(random, 30);
    layout.strides[axis] = backwards ? -stride : stride;
    layout.first += backwards ? (steps - 1) * stride : 0;
    layout.span += (steps - 1) * stride;
    stride = stride * steps + gap();
  }
  if (product(extents) == 0)
    layout.span = layout.first = 0;
  return layout;
}

static double drawScale(Random &random, int64_t headDim) {
  const double usual = 1 / std::sqrt(static_cast<double>(headDim));
  switch (pick(random, 0, 19)) {
  case 0: return 0;
  case 1: return -0.3;
  case 2: return -usual;
  case 3: return 100 * usual; // exp(score) overflows f32
  case 4: return -1000 * usual;
  case 5: return usual * static_cast<double>(pick(random, 1, 400)) / 100;
  default: return usual;
  }
}

static std::vector<int32_t> drawSegments(Random &random, const Case &c, Tensor tensor, int64_t tokens) {
  if (chance(random, 60))
    return reference::randomSegments(random(), tensor, c.shape.batch, tokens);
  // Any numbers in any order.
  static constexpr int32_t kNumbers[] = {0, -1, 7, INT32_MIN, INT32_MAX};
  const int64_t kinds = pick(random, 1, 5);
  std::vector<int32_t> segments(c.shape.batch * tokens);
  for (int32_t &segment : segments)
    segment = kNumbers[pick(random, 0, kinds - 1)];
  return segments;
}

Case makeCase(const CaseName &name, const Scope &scope) {
  Case c;
  c.name = name;
  c.problem = makeProblem(name.seed, name.kernel, scope);
  Random random = randomFor(name.seed, name.kernel, name.shape);
  c.shape = drawShape(random, c.problem);
  c.scale = drawScale(random, c.problem.headDim);
  c.valueSize = chance(random, 80) ? 1 : chance(random, 50) ? 0.25 : 100;
  c.query = drawLayout(random, c.shape, c.shape.grid, c.shape.heads, c.problem.headDim, true);
  c.key = drawLayout(random, c.shape, c.shape.kvGrid, c.shape.kvHeads, c.problem.headDim, true);
  c.value = drawLayout(random, c.shape, c.shape.kvGrid, c.shape.kvHeads, c.problem.valueDim, true);
  c.out = drawLayout(random, c.shape, c.shape.grid, c.shape.heads, c.problem.valueDim, false);
  if (chance(random, 90)) { // its last axis is the heads: those are contiguous
    c.lse = drawLayout(random, c.shape, c.shape.grid, 1, c.shape.heads, false);
    c.lse->strides.back() = 1;
  }
  if (contains(c.problem.mask, MaskKind::Document)) {
    c.segments = drawSegments(random, c, Tensor::Segments, product(c.shape.grid));
    if (c.shape.grid != c.shape.kvGrid || chance(random, 30))
      c.kvSegments = drawSegments(random, c, Tensor::KvSegments, product(c.shape.kvGrid));
  }
  c.door = static_cast<Door>(pick(random, 0, 2));
  c.threads = static_cast<int>(pick(random, 1, 3));
  c.compareThreads = chance(random, 10);
  return c;
}

Case plainCase(const Problem &problem, const Shape &shape) {
  const auto layout = [&](const std::vector<int64_t> &grid, int64_t heads, int64_t depth) {
    return Layout{.strides = reference::contiguousStrides(grid, heads, depth),
                  .span = shape.batch * product(grid) * heads * depth,
                  .flushRight = true};
  };
  Case c;
  c.problem = problem, c.shape = shape;
  c.scale = 1 / std::sqrt(static_cast<double>(problem.headDim));
  c.query = layout(shape.grid, shape.heads, problem.headDim);
  c.key = layout(shape.kvGrid, shape.kvHeads, problem.headDim);
  c.value = layout(shape.kvGrid, shape.kvHeads, problem.valueDim);
  c.out = layout(shape.grid, shape.heads, problem.valueDim);
  c.lse = layout(shape.grid, shape.heads, 1);
  return c;
}

static std::string listed(const std::vector<int64_t> &numbers, const char *separator) {
  std::string text;
  for (const int64_t number : numbers)
    text += (text.empty() ? "" : separator) + std::to_string(number);
  return text;
}

std::string describe(const Case &c) {
  const auto layout = [](const char *tensor, const Layout &l) {
    return std::string(" ") + tensor + "[" + listed(l.strides, " ") + (l.flushRight ? "] right" : "] left");
  };
  return std::string(elementTypeName(c.problem.element)) + " " + printMask(c.problem.mask) + " grid " +
         listed(c.shape.grid, "x") + " kv-grid " + listed(c.shape.kvGrid, "x") + " batch " +
         std::to_string(c.shape.batch) + " heads " + std::to_string(c.shape.heads) + "/" +
         std::to_string(c.shape.kvHeads) + " head-dim " + std::to_string(c.problem.headDim) + " value-dim " +
         std::to_string(c.problem.valueDim) + " scale " + std::to_string(c.scale) + " template '" +
         c.problem.templateName + "' target '" + c.problem.target + "' door " + std::to_string(int(c.door)) +
         layout("q", c.query) + layout("k", c.key) + layout("v", c.value) + layout("out", c.out) +
         (c.lse ? layout("lse", *c.lse) : " no lse");
}

} // namespace muntin::conformance
