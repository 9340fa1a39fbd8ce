//===- Masks.cpp - minus infinity where a pair is not allowed -------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A lane has two queries, and of every 8 keys two. Of a band, a query's keys on an
// axis are a run of places: low, ..., end - 1, cut where the range of the walk ends.
// So a place needs one unsigned compare, place - low < end - low, or, where extents
// are powers of two, the runs become bits of a word (MaskWords.cpp). Other masks that
// are an AND of one rule per axis are asked once for each query and place; the rest
// once a pair.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

/// Where key `column` + 2 t, of a lane with t in its group, lies on an axis. `column` has the bits of a lane's own
/// register: all but bits 1 and 2.
Value Cta::keyPlace(const TileBox &keys, unsigned axis, int64_t column) {
  Value key = f.either(constant(column), f.mul(laneInGroup, 2));
  return place(key, keys.dims, axis);
}

/// The places of the axis that two columns have in common are told by this number.
static int64_t placeName(const TileBox &keys, unsigned axis, int64_t column) {
  int64_t inner = 1;
  for (int64_t extent : ArrayRef(keys.dims).drop_front(axis + 1))
    inner *= extent;
  const bool bits = llvm::all_of(keys.dims, [](int64_t extent) { return llvm::isPowerOf2_64(extent); });
  if (!bits) // places depend on all of the key's number
    return column;
  return axis == 0 ? column / inner : column / inner % keys.dims[axis];
}

/// The rule of one axis for the lane's row 0 or 1 and one of its columns.
Value Cta::allowedOnAxis(attn::MaskAttrInterface mask, const attn::MaskContext &context, const TileBox &keys,
                         unsigned axis, int row, int64_t column) {
  Value &known = axisConditions[{axis, row, placeName(keys, axis, column)}];
  if (known)
    return known;
  Value place = keyPlace(keys, axis, column);
  const attn::BoxAxis &box = keys.box[axis];
  Value there = f.less(place, narrow(box.count));
  if (!mask.separable(rank))
    return known = there;
  Value allowed = mask.allowsOnAxis(b, loc, context, axis, queryCoordinates[row][axis], coordinate(box, place));
  return known = f.both(allowed, there);
}

//===----------------------------------------------------------------------===//
// Bands
//===----------------------------------------------------------------------===//

/// Whether a query's keys are a run of places on each axis of the box.
bool Cta::isRunOfPlaces(attn::MaskAttrInterface mask, const attn::MaskContext &context) {
  for (unsigned axis = 0; axis < rank; ++axis) {
    const std::optional<attn::AxisRule> rule = mask.axisRule(axis);
    if (!rule || context.commonResidue[axis] % rule->period != 0)
      return false;
  }
  return true;
}

/// The run of a query on an axis, in places of the walk's range: it leaves the walk. Coordinates are below 2^31, and a
/// query lies in its own run: first <= it <= last.
Cta::PlaceRun Cta::runOfPlaces(attn::MaskAttrInterface mask, const attn::MaskContext &context, const TileBox &keys,
                               unsigned axis, int row) {
  const attn::AxisRule rule = *mask.axisRule(axis);
  const attn::Run run = rule.keys(f, context, queryCoordinates[row][axis]);
  const attn::BoxAxis &range = keys.range.empty() ? keys.box[axis] : keys.range[axis];
  Value low = constant(0), end = narrow(range.count);
  if (run.first) {
    Value ahead = f.max(f.sub(f.max(run.first, 0), narrow(range.origin)), 0);
    low = f.div(f.add(ahead, range.step - 1), range.step);
  }
  if (run.last) {
    Value ahead = f.sub(run.last, narrow(range.origin));
    Value places = f.add(f.div(f.max(ahead, 0), range.step), 1);
    end = f.min(end, f.select(f.less(ahead, constant(0)), constant(0), places));
  }
  std::optional<int64_t> most;
  if (const auto tokens = rule.mostTokens((queries.dims[axis] - 1) * queries.box[axis].step);
      tokens && keys.live == mask)
    most = (*tokens - 1) / range.step + 1;
  return {f.min(low, end), end, most};
}

/// The scores with minus infinity outside of the runs, by compares.
void Cta::maskRuns(attn::MaskAttrInterface mask, const attn::MaskContext &context, const TileBox &keys,
                   MutableArrayRef<Value> scores) {
  using Predicate = attn::FoldingBuilder::Predicate;
  Value forbidden = number(-std::numeric_limits<float>::infinity());
  for (int row = 0; row < 2; ++row) {
    Value low[3], count[3];
    for (unsigned axis = 0; axis < rank; ++axis) {
      const PlaceRun run = runOfPlaces(mask, context, keys, axis, row);
      low[axis] = f.sub(run.low, firstPlace(keys, axis)), count[axis] = f.sub(run.end, run.low);
    }
    for (size_t index = 2 * row; index < scores.size(); index += index % 2 ? 3 : 1) {
      Value allowed;
      for (unsigned axis = 0; axis < rank; ++axis) {
        Value place = f.sub(keyPlace(keys, axis, int64_t(index / 4 * 8 + index % 2)), low[axis]);
        allowed = f.both(allowed, f.compare(Predicate::ult, place, count[axis]));
      }
      scores[index] = f.select(allowed, scores[index], forbidden);
    }
  }
}

void Cta::emitMask(tile::MaskOp op) {
  auto mask = cast<attn::MaskAttrInterface>(op.getMask());
  const TileBox &keys = boxes.find(op.getKeys())->second;
  const attn::MaskContext context = maskContext(&keys.box);
  Values scores = registers.find(op.getScores())->second;
  if (isRunOfPlaces(mask, context)) {
    const bool bits = llvm::all_of(keys.dims, [](int64_t extent) { return llvm::isPowerOf2_64(extent); });
    bits ? maskWords(mask, context, keys, scores) : maskRuns(mask, context, keys, scores);
    registers[op.getResult()] = scores;
    return;
  }
  axisConditions.clear();
  Value forbidden = number(-std::numeric_limits<float>::infinity());
  for (auto [index, score] : llvm::enumerate(scores)) {
    const int row = (index >> 1) & 1;
    const int64_t column = int64_t(index / 4 * 8 + index % 2);
    Value allowed;
    for (unsigned axis = 0; axis < rank; ++axis)
      allowed = f.both(allowed, allowedOnAxis(mask, context, keys, axis, row, column));
    if (!mask.separable(rank)) {
      SmallVector<Value, 3> key;
      for (unsigned axis = 0; axis < rank; ++axis)
        key.push_back(coordinate(keys.box[axis], keyPlace(keys, axis, column)));
      ValueRange query(ArrayRef(queryCoordinates[row]).take_front(rank));
      allowed = f.both(allowed, mask.allows(b, loc, context, query, key));
    }
    score = f.select(allowed, score, forbidden);
  }
  registers[op.getResult()] = scores;
}

/// Segment number of a token; of keys that the box lacks, that of some token of the grid.
Value Cta::segmentOf(int side, ValueRange coords) {
  ArrayRef<Value> extents = side == 0 ? ArrayRef(queryExtents) : ArrayRef(keyExtents);
  Value index = f.constant(0);
  for (auto [coordinate, extent] : llvm::zip(coords, extents)) {
    Value inside = f.min(f.widen(coordinate), f.sub(extent, 1));
    index = f.add(f.mul(index, extent), inside);
  }
  Value list = side == 0 ? querySegments : keySegments;
  return machine.load(b.getI32Type(), machine.globalOffset(list, f.mul(index, 4)), 4);
}
