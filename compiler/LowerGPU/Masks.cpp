//===- Masks.cpp - minus infinity where a pair is not allowed -------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A lane has two queries, and of every 8 keys two. Of a band, a query's keys on an
// axis are a run of places in the box: low, ..., low + count - 1, cut where the box
// ends. So a place needs one unsigned compare, and the axes but the first are
// folded into the first one's count, which is 0 where they forbid:
//
//      allowed = place0 - low0 < (place1 - low1 < count1 ? count0 : 0)
//
// For 64 keys as 8x8 that is a subtraction for each query and place on the first
// axis, and a compare and a select for each score. Other masks that are an AND of
// one rule per axis are asked once for each query and place; the rest once a pair.
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

/// The run of a query on an axis. Coordinates are below 2^31, and a query lies in its own run: first <= it <= last.
Cta::PlaceRun Cta::runOfPlaces(attn::MaskAttrInterface mask, const attn::MaskContext &context, const attn::BoxAxis &box,
                               unsigned axis, int row) {
  const attn::AxisRule rule = *mask.axisRule(axis);
  const attn::Run run = rule.keys(f, context, queryCoordinates[row][axis]);
  Value low = constant(0), end = narrow(box.count);
  if (run.first) {
    Value ahead = f.max(f.sub(f.max(run.first, 0), narrow(box.origin)), 0);
    low = f.div(f.add(ahead, box.step - 1), box.step);
  }
  if (run.last) {
    Value ahead = f.sub(run.last, narrow(box.origin));
    Value places = f.add(f.div(f.max(ahead, 0), box.step), 1);
    end = f.min(end, f.select(f.less(ahead, constant(0)), constant(0), places));
  }
  return {low, f.max(f.sub(end, low), 0)};
}

/// The distance of a column's place from the run's first. Where extents are powers of two, a place is the sum of what
/// the lane and what the column brings: the lane's part is subtracted once.
Value Cta::placeInRun(const TileBox &keys, unsigned axis, int64_t column, Value low) {
  if (!llvm::all_of(keys.dims, [](int64_t extent) { return llvm::isPowerOf2_64(extent); }))
    return f.sub(keyPlace(keys, axis, column), low);
  return f.add(f.sub(keyPlace(keys, axis, 0), low), placeName(keys, axis, column));
}

/// The scores with minus infinity outside of the runs.
void Cta::maskRuns(attn::MaskAttrInterface mask, const attn::MaskContext &context, const TileBox &keys,
                   MutableArrayRef<Value> scores) {
  using Predicate = attn::FoldingBuilder::Predicate;
  PlaceRun runs[2][3];
  for (int row = 0; row < 2; ++row)
    for (unsigned axis = 0; axis < rank; ++axis)
      runs[row][axis] = runOfPlaces(mask, context, keys.box[axis], axis, row);
  Value forbidden = number(-std::numeric_limits<float>::infinity());
  std::map<std::tuple<int, int64_t, int64_t>, Value> counts; // of the first axis, by row and places on the others
  for (auto [index, score] : llvm::enumerate(scores)) {
    const int row = (index >> 1) & 1;
    const int64_t column = int64_t(index / 4 * 8 + index % 2);
    auto name = [&](unsigned axis) { return axis < rank ? placeName(keys, axis, column) : 0; };
    Value &count = counts[{row, name(1), name(2)}];
    if (!count) {
      Value others;
      for (unsigned axis = 1; axis < rank; ++axis)
        others = f.both(others, f.compare(Predicate::ult, placeInRun(keys, axis, column, runs[row][axis].low),
                                          runs[row][axis].count));
      count = others ? f.select(others, runs[row][0].count, constant(0)) : runs[row][0].count;
    }
    Value allowed = f.compare(Predicate::ult, placeInRun(keys, 0, column, runs[row][0].low), count);
    score = f.select(allowed, score, forbidden);
  }
}

void Cta::emitMask(tile::MaskOp op) {
  auto mask = cast<attn::MaskAttrInterface>(op.getMask());
  const TileBox &keys = boxes.find(op.getKeys())->second;
  const attn::MaskContext context = maskContext(&keys.box);
  Values scores = registers.find(op.getScores())->second;
  if (isRunOfPlaces(mask, context)) {
    maskRuns(mask, context, keys, scores);
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
