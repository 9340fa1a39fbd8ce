//===- Boxes.cpp - the block's queries, and what a mask says of boxes -----===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

//===----------------------------------------------------------------------===//
// Numbers below 2^31 that are held in i64: divided in i32, which takes a quarter of the time
//===----------------------------------------------------------------------===//

Value Cta::narrow(Value value) { return b.createOrFold<arith::TruncIOp>(loc, b.getI32Type(), value); }

Value Cta::widen(Value value) { return b.createOrFold<arith::ExtUIOp>(loc, b.getI64Type(), value); }

Value Cta::quotient(Value x, Value y) { return widen(f.div(narrow(x), narrow(y))); }
Value Cta::remainder(Value x, Value y) {
  return widen(b.createOrFold<arith::RemUIOp>(loc, narrow(x), narrow(y)));
}
Value Cta::ceilQuotient(Value x, int64_t y) { return y == 1 ? x : f.div(f.add(x, y - 1), y); }

//===----------------------------------------------------------------------===//
// Query boxes
//===----------------------------------------------------------------------===//

/// Batch entry, head and query box of this block. On an axis with residue classes the number runs over the boxes of
/// class 0, then of class 1, ...
void Cta::chooseBox() {
  ArrayRef<int64_t> dims = plan.getQueryBox().getDims(), steps = plan.getQueryStep().getDims();
  queries.dims.assign(dims.begin(), dims.end());
  queries.box.assign(rank, {});
  Value index = widen(task);
  for (int axis = rank - 1; axis >= 0; --axis) {
    const int64_t step = steps[axis], extent = dims[axis];
    Value boxesOfClass = ceilQuotient(ceilQuotient(queryExtents[axis], step), extent);
    Value ofAxis = f.mul(boxesOfClass, step);
    Value number = remainder(index, ofAxis);
    index = quotient(index, ofAxis);
    Value residue = step == 1 ? f.constant(0) : quotient(number, boxesOfClass);
    Value first = f.mul(step == 1 ? number : remainder(number, boxesOfClass), extent);
    Value length = ceilQuotient(f.sub(queryExtents[axis], residue), step); // of the class, may be 0
    queries.box[axis] = {f.add(residue, f.mul(first, step)), step, f.min(f.sub(length, first), extent)};
  }
  Value heads = frame.symbol(Symbol::Heads), kvHeads = frame.symbol(Symbol::KvHeads);
  batch = quotient(index, heads);
  head = remainder(index, heads);
  kvHead = quotient(head, quotient(heads, kvHeads));
  for (int row = 0; row < 2; ++row) {
    Value token = f.add(f.add(f.mul(warp, 16), laneGroup), 8 * row);
    for (unsigned axis = 0; axis < rank; ++axis) {
      Value last = narrow(f.sub(queries.box[axis].count, 1));
      queryCoordinates[row][axis] = coordinate(queries.box[axis], f.min(place(token, queries.dims, axis), last));
    }
  }
}

/// Where a row of a tile lies in its box, on one axis. Rows behind the last token lie beyond the first axis.
Value Cta::place(Value row, ArrayRef<int64_t> dims, unsigned axis) {
  int64_t inner = 1;
  for (int64_t extent : dims.drop_front(axis + 1))
    inner *= extent;
  Value outer = f.div(row, inner);
  return axis == 0 ? outer : f.rem(outer, dims[axis]);
}

Value Cta::coordinate(const attn::BoxAxis &axis, Value place) {
  return f.add(narrow(axis.origin), f.mul(place, axis.step));
}

//===----------------------------------------------------------------------===//
// Key boxes
//===----------------------------------------------------------------------===//

attn::Box Cta::allKeys() {
  attn::Box box;
  for (Value extent : keyExtents)
    box.push_back({f.constant(0), 1, extent});
  return box;
}

attn::LiveSet Cta::liveKeys(attn::MaskAttrInterface mask) {
  attn::LiveSet live = mask.liveKeys(b, loc, maskContext(), queries.box);
  for (attn::BoxAxis &axis : live.box) // where parts of a mask have no key in common, counts are negative
    axis.count = f.max(axis.count, 0);
  return live;
}

attn::MaskContext Cta::maskContext(const attn::Box *keys) {
  attn::MaskContext context;
  context.queryExtents.assign(queryExtents.begin(), queryExtents.end());
  context.keyExtents.assign(keyExtents.begin(), keyExtents.end());
  context.segment = [this](OpBuilder &, Location, int side, ValueRange coords) { return segmentOf(side, coords); };
  // Queries and keys that both walk in steps of the period lie in one class, as the keys were derived from the queries.
  if (keys)
    for (auto [query, key] : llvm::zip(queries.box, *keys))
      context.commonResidue.push_back(query.step % key.step == 0 ? key.step : 1);
  return context;
}

/// Whether the walk visits `box`. A clipped box has rows without a key, so it is no full one, whatever its class.
Value Cta::visits(tile::ForKeyBoxesOp op, const attn::Box &box) {
  auto mask = cast<attn::MaskAttrInterface>(op.getMask());
  Value kind = mask.classify(b, loc, maskContext(), queries.box, box);
  auto is = [&](attn::MaskClass value) { return f.equal(kind, constant(value)); };
  if (op.getRange() == tile::KeyRange::Live)
    return f.negate(is(attn::Empty));
  Value full = is(attn::Full);
  for (auto [axis, extent] : llvm::zip(box, op.getShape().getDims()))
    full = f.both(full, f.equal(axis.count, f.constant(extent)));
  return op.getRange() == tile::KeyRange::Full ? full : f.both(f.negate(full), f.negate(is(attn::Empty)));
}

Values Cta::carriedBy(ValueRange values) {
  Values flat;
  for (Value value : values) {
    if (isa<tile::TileType>(value.getType()))
      llvm::append_range(flat, registers.find(value)->second);
    else
      flat.push_back(scalars.lookup(value));
  }
  return flat;
}

void Cta::bindCarried(ValueRange values, ValueRange flat) {
  for (Value value : values) {
    auto type = dyn_cast<tile::TileType>(value.getType());
    const int64_t count = type ? registersOf(type) : 1;
    if (type)
      registers[value] = Values(flat.take_front(count));
    else
      scalars.map(value, flat.front());
    flat = flat.drop_front(count);
  }
}
