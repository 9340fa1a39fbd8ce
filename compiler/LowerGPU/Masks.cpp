//===- Masks.cpp - minus infinity where a pair is not allowed -------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A lane has two queries, and of every 8 keys two. Where the mask is an AND of one
// rule per axis, a rule is asked once for each query and each place on the axis
// that the lane's keys have, not once per pair: for 64 keys as 8x8, 2 (8 + 2)
// times instead of 32 times 2. A key that the box lacks counts as not allowed.
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

void Cta::emitMask(tile::MaskOp op) {
  auto mask = cast<attn::MaskAttrInterface>(op.getMask());
  const TileBox &keys = boxes.find(op.getKeys())->second;
  const attn::MaskContext context = maskContext(&keys.box);
  axisConditions.clear();
  Values scores = registers.find(op.getScores())->second;
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
