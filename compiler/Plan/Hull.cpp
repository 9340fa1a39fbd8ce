//===- Hull.cpp - how many keys a query box can meet ----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Live keys of bands are bounds that never decrease from query to query. The
// widest hull is met inside the grid: at its ends windows are pushed together.
// Inside, it depends only on where the box lies in the mask's pattern (strides,
// blocks), so one box for every phase of that pattern is enough. Masks that are
// no bands (global tokens, say) have no such inside; what they are intersected
// with may bound them.
//
// Combinations need care: a neighbourhood moves at the ends of the grid, and there
// meets more of a partner that does not move. So in combinations it is replaced
// by the sliding window that holds it wherever it moves:
//
//      neighborhood(5) and causal   inside i-2..i, at the end n-5..n-2: one more
//      sliding(4, 4) and causal     i-4..i, everywhere
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/Hull.h"

#include "dialect/attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"

#include <algorithm>
#include <map>
#include <numeric>

using namespace muntin;

/// Patterns longer than this are not followed; such a mask counts as unbounded.
static constexpr int64_t kMaxPhases = 1024;

struct HullEstimator::Impl {
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  attn::MaskAttrInterface mask;
  std::vector<attn::MaskAttrInterface> bands; ///< made of bands; each holds the mask
  int rank;
  std::vector<int64_t> phases; ///< of the mask's pattern, per axis, in tokens of a class
  std::vector<int64_t> reach;  ///< a distance beyond which ends are not felt, in tokens of a class
  /// What bound() has answered for a box and its steps: candidates ask for the same ones, and each folds functions.
  std::map<std::pair<std::vector<int64_t>, std::vector<int64_t>>, std::optional<std::vector<int64_t>>> bounds;

  /// Counts of the live hull of the box that begins at `origin`.
  std::vector<int64_t> evaluate(attn::MaskAttrInterface which, const std::vector<int64_t> &origin,
                                const std::vector<int64_t> &box, const std::vector<int64_t> &step,
                                const std::vector<int64_t> &grid);
  /// HullEstimator::bound() by one of the bands.
  std::optional<std::vector<int64_t>> bound(attn::MaskAttrInterface band, const std::vector<int64_t> &box,
                                            const std::vector<int64_t> &step);
  void collect(const Mask &mask);
};

/// Pattern lengths and widths of all leaves.
void HullEstimator::Impl::collect(const Mask &mask) {
  for (int axis = 0; axis < rank; ++axis) {
    auto pattern = [&](int64_t length) { phases[axis] = std::lcm(std::min(phases[axis], kMaxPhases + 1), length); };
    auto width = [&](int64_t tokens) {
      if (tokens != kUnbounded)
        reach[axis] = std::max(reach[axis], std::min<int64_t>(tokens, int64_t(1) << 26));
    };
    if (mask.kind == MaskKind::Neighborhood) {
      pattern(std::min(mask.stride[axis], kMaxPhases + 1));
      width(mask.window[axis] * mask.dilation[axis]);
    } else if (mask.kind == MaskKind::Sliding) {
      width(mask.left[axis]);
      width(mask.right[axis]);
    } else if (mask.kind == MaskKind::Block || mask.kind == MaskKind::Halo) {
      pattern(std::min(mask.size[axis], kMaxPhases + 1));
      width(mask.size[axis]);
      if (mask.kind == MaskKind::Halo)
        width(mask.halo[axis]);
    }
  }
  for (const Mask &child : mask.children)
    collect(child);
}

static int leavesOf(const Mask &mask) {
  int leaves = mask.children.empty();
  for (const Mask &child : mask.children)
    leaves += leavesOf(child);
  return leaves;
}

/// Replaces neighbourhoods by windows that do not move. A query lies in its own window, so no key is more than
/// window - 1 steps of its class away. The hull of queries of several classes is that of rows of `dilation` tokens,
/// and the shortest class ends a row before the others.
static void holdStill(Mask &mask) {
  if (mask.kind == MaskKind::Neighborhood) {
    Mask sliding;
    sliding.kind = MaskKind::Sliding;
    for (size_t axis = 0; axis < mask.window.size(); ++axis) {
      int64_t window = mask.window[axis], dilation = mask.dilation[axis];
      sliding.left.push_back(dilation == 1 ? window - 1 : (window + 1) * dilation - 1);
      sliding.right.push_back((mask.causal[axis] ? 1 : window) * dilation - 1);
    }
    mask = std::move(sliding);
  }
  for (Mask &child : mask.children)
    holdStill(child);
}

/// The part of \p mask that is made of bands, or none if they do not bound it.
static std::optional<Mask> bandPart(const Mask &mask) {
  switch (mask.kind) {
  case MaskKind::Full:
  case MaskKind::Causal:
  case MaskKind::Neighborhood:
  case MaskKind::Sliding:
  case MaskKind::Block:
  case MaskKind::Halo: return mask;
  case MaskKind::AllOf:
  case MaskKind::AnyOf: {
    Mask part = mask;
    part.children.clear();
    for (const Mask &child : mask.children) {
      if (std::optional<Mask> band = bandPart(child))
        part.children.push_back(std::move(*band));
      else if (mask.kind == MaskKind::AnyOf)
        return std::nullopt;
    }
    if (part.children.empty())
      return std::nullopt;
    return part;
  }
  case MaskKind::Global:
  case MaskKind::Document:
  case MaskKind::Not: return std::nullopt;
  }
  return std::nullopt;
}

HullEstimator::HullEstimator(const Mask &mask, int rank) : impl(new Impl) {
  impl->context.loadDialect<attn::AttnDialect, mlir::arith::ArithDialect>();
  impl->mask = mlir::cast<attn::MaskAttrInterface>(attn::maskToAttr(&impl->context, mask));
  auto addBand = [&](const Mask &band) {
    impl->bands.push_back(mlir::cast<attn::MaskAttrInterface>(attn::maskToAttr(&impl->context, band)));
  };
  if (std::optional<Mask> band = bandPart(mask)) {
    if (leavesOf(*band) > 1)
      holdStill(*band);
    addBand(*band);
  }
  if (mask.kind == MaskKind::AllOf) // each part of an intersection holds it
    for (const Mask &child : mask.children)
      if (child.kind == MaskKind::Neighborhood)
        addBand(child);
  impl->rank = rank;
  impl->phases.assign(rank, 1);
  impl->reach.assign(rank, 1);
  impl->collect(mask);
}

HullEstimator::~HullEstimator() { delete impl; }

bool HullEstimator::separable() const { return impl->mask.separable(impl->rank); }

bool HullEstimator::isBand() const {
  for (int axis = 0; axis < impl->rank; ++axis)
    if (!impl->mask.axisRule(axis))
      return false;
  return true;
}

std::vector<int64_t> HullEstimator::steps() const {
  std::vector<int64_t> steps;
  for (int axis = 0; axis < impl->rank; ++axis)
    steps.push_back(impl->mask.residuePeriod(axis));
  return steps;
}

std::vector<int64_t> HullEstimator::Impl::evaluate(attn::MaskAttrInterface which, const std::vector<int64_t> &origin,
                                                   const std::vector<int64_t> &box, const std::vector<int64_t> &step,
                                                   const std::vector<int64_t> &grid) {
  mlir::Block block;
  mlir::OpBuilder builder(&context);
  builder.setInsertionPointToEnd(&block);
  mlir::Location loc = builder.getUnknownLoc();
  auto constant = [&](int64_t value) -> mlir::Value {
    return mlir::arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
  };
  attn::MaskContext maskContext;
  attn::Box queries;
  for (int axis = 0; axis < rank; ++axis) {
    maskContext.queryExtents.push_back(constant(grid[axis]));
    maskContext.keyExtents.push_back(constant(grid[axis]));
    queries.push_back({constant(origin[axis]), step[axis], constant(box[axis])});
  }
  attn::LiveSet live = which.liveKeys(builder, loc, maskContext, queries);
  std::vector<int64_t> counts;
  for (const attn::BoxAxis &axis : live.box)
    counts.push_back(mlir::getConstantIntValue(axis.count).value_or(-1));
  return counts;
}

std::optional<std::vector<int64_t>> HullEstimator::bound(const std::vector<int64_t> &box,
                                                         const std::vector<int64_t> &step) const {
  auto [known, isNew] = impl->bounds.try_emplace({box, step});
  std::optional<std::vector<int64_t>> &least = known->second;
  if (!isNew)
    return least;
  for (attn::MaskAttrInterface band : impl->bands) {
    std::optional<std::vector<int64_t>> counts = impl->bound(band, box, step);
    for (int axis = 0; counts && least && axis < impl->rank; ++axis)
      (*counts)[axis] = std::min((*counts)[axis], (*least)[axis]);
    least = counts ? counts : least;
  }
  return least;
}

std::optional<std::vector<int64_t>> HullEstimator::Impl::bound(attn::MaskAttrInterface band,
                                                               const std::vector<int64_t> &box,
                                                               const std::vector<int64_t> &step) {
  std::vector<int64_t> largest(rank, 0), boxPhases(rank);
  int64_t rounds = 1;
  for (int axis = 0; axis < rank; ++axis) {
    if (phases[axis] > kMaxPhases)
      return std::nullopt;
    // Boxes begin at multiples of their extent: their phases repeat after this many boxes.
    boxPhases[axis] = phases[axis] / std::gcd(phases[axis], box[axis]);
    rounds = std::max(rounds, boxPhases[axis]);
  }
  for (int64_t round = 0; round < rounds; ++round) {
    std::vector<std::vector<int64_t>> counts;
    for (int64_t scale : {1, 2, 3}) { // the same phase at other places, on other grids
      std::vector<int64_t> origin(rank), grid(rank);
      for (int axis = 0; axis < rank; ++axis) {
        int64_t period = box[axis] * (phases[axis] / std::gcd(phases[axis], box[axis]));
        int64_t start = (reach[axis] + box[axis]) / period * period + period;
        origin[axis] = step[axis] * (scale * start + round % boxPhases[axis] * box[axis]);
        grid[axis] = step[axis] * 8 * (scale * start + period + reach[axis]);
      }
      counts.push_back(evaluate(band, origin, box, step, grid));
      if (scale == 1) // the whole mask's hull may walk in smaller steps than the bands' hull
        counts.push_back(evaluate(mask, origin, box, step, grid));
    }
    std::vector<int64_t> own = counts[1];
    counts.erase(counts.begin() + 1);
    if (counts[0] != counts[1] || counts[1] != counts[2])
      return std::nullopt;
    for (int axis = 0; axis < rank; ++axis)
      if (own[axis] > counts[0][axis])
        return std::nullopt;
    for (int axis = 0; axis < rank; ++axis)
      largest[axis] = std::max(largest[axis], counts[0][axis]);
  }
  for (int64_t count : largest)
    if (count < 1)
      return std::nullopt;
  return largest;
}

std::vector<int64_t> HullEstimator::inTheMiddle(const std::vector<int64_t> &box, const std::vector<int64_t> &step,
                                                const std::vector<int64_t> &grid) const {
  std::vector<int64_t> origin(impl->rank);
  for (int axis = 0; axis < impl->rank; ++axis)
    origin[axis] = grid[axis] / (2 * step[axis] * box[axis]) * box[axis] * step[axis];
  return impl->evaluate(impl->mask, origin, box, step, grid);
}
