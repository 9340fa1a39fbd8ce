//===- Boxes.cpp - query boxes, key boxes and lists of keys ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Task.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

Value Task::tasksPerHead() {
  Value product = ir.constant(1);
  for (unsigned axis = 0; axis < rank; ++axis) {
    int64_t step = plan.getQueryStep().getDims()[axis], box = plan.getQueryBox().getDims()[axis];
    Value ofClass = ir.ceilDiv(extents.query[axis], ir.constant(step));
    product = ir.mul(product, ir.mul(ir.ceilDiv(ofClass, ir.constant(box)), step));
  }
  return product;
}

/// The query box of a head's task number `index`. On an axis with residue
/// classes the number runs over the boxes of class 0, then of class 1, ...
void Task::chooseBox(Value index) {
  queryBox.assign(rank, {});
  for (int axis = rank - 1; axis >= 0; --axis) {
    int64_t step = plan.getQueryStep().getDims()[axis], box = plan.getQueryBox().getDims()[axis];
    Value boxes = ir.ceilDiv(ir.ceilDiv(extents.query[axis], ir.constant(step)), ir.constant(box));
    Value ofAxis = ir.mul(boxes, step);
    Value number = axis == 0 ? index : ir.rem(index, ofAxis);
    index = axis == 0 ? index : ir.div(index, ofAxis);
    Value residue = step == 1 ? ir.constant(0) : ir.div(number, boxes);
    Value first = ir.mul(step == 1 ? number : ir.rem(number, boxes), box);
    Value length = ir.ceilDiv(ir.sub(extents.query[axis], residue), ir.constant(step)); // of the class, may be 0
    queryBox[axis] = {ir.add(residue, ir.mul(first, step)), step, ir.min(ir.constant(box), ir.sub(length, first))};
  }
  presentVectors = ir.constant(blocking.vectors);
  if (plan.getTrimmed()) {
    Value half = ir.constant(plan.getQueryBox().getDims()[0] / 2);
    presentVectors = ir.select(ir.less(half, queryBox[0].count), presentVectors, ir.constant(1));
  }
  fillLanes();
}

//===----------------------------------------------------------------------===//
// Lanes: the tokens of the query box in row-major order
//===----------------------------------------------------------------------===//

void Task::forVectorsInTurn(function_ref<void(Value)> body) { ir.loop(ir.constant(0), presentVectors, 1, body); }

/// Two vectors with a hull each are written out, the vector's number a constant in each copy: a loop of unknown length
/// in the midst of others costs more than the second vector's share.
void Task::forVectors(function_ref<void(Value)> body) {
  if (!plan.getTrimmed())
    return forVectorsInTurn(body);
  body(ir.constant(0));
  ir.when(ir.less(ir.constant(1), presentVectors), [&] { body(ir.constant(1)); });
}

/// Where the lanes of a vector lie in the box, on one axis: a vector of i32.
Value Task::lanePlace(Value vector, unsigned axis) {
  ArrayRef<int64_t> dims = plan.getQueryBox().getDims();
  int64_t inner = 1;
  for (int64_t extent : dims.drop_front(axis + 1))
    inner *= extent;
  Value first = ir.splat32(ir.mul(vector, blocking.lanes), blocking.lanes);
  Value lane = ir.add(ir.laneNumbers32(blocking.lanes), first);
  auto constant = [&](int64_t value) { return ir.splat32(ir.constant(value), blocking.lanes); };
  return ir.rem(ir.div(lane, constant(inner)), constant(dims[axis]));
}

/// Coordinates of the lanes; those that the box lacks repeat its last token.
void Task::fillLanes() {
  laneTable = frame.scratch(4 * rank * blocking.queries());
  forVectors([&](Value vector) {
    for (unsigned axis = 0; axis < rank; ++axis) {
      auto splat = [&](Value value) { return ir.splat32(value, blocking.lanes); };
      Value place = ir.min(lanePlace(vector, axis), splat(ir.sub(queryBox[axis].count, 1)));
      Value offset = ir.mul(place, splat(ir.constant(queryBox[axis].step)));
      Value row = ir.offset(laneTable, 4 * axis * blocking.queries());
      ir.store(ir.add(offset, splat(queryBox[axis].origin)), inSlot(row, vector));
    }
  });
}

/// Grid coordinates of the lanes of a vector: a vector of i32.
Value Task::laneCoord(Value vector, unsigned axis) {
  Value row = ir.offset(laneTable, 4 * axis * blocking.queries());
  return ir.load(ir.vec(blocking.lanes, ir.i32()), inSlot(row, vector));
}

attn::Box Task::allKeys() {
  attn::Box box;
  for (Value extent : extents.key)
    box.push_back({ir.constant(0), 1, extent});
  return box;
}

Value Task::boxesIn(const attn::Box &range, ArrayRef<int64_t> shape) {
  Value product = ir.constant(1);
  for (auto [axis, extent] : llvm::zip(range, shape))
    product = ir.mul(product, ir.ceilDiv(ir.max(axis.count, ir.constant(0)), ir.constant(extent)));
  return product;
}

attn::Box Task::clipBox(const attn::Box &range, ArrayRef<int64_t> shape, Value boxIndex) {
  attn::Box box(range.size());
  for (int axis = rank - 1; axis >= 0; --axis) {
    Value boxes = ir.ceilDiv(range[axis].count, ir.constant(shape[axis]));
    Value number = axis == 0 ? boxIndex : ir.rem(boxIndex, boxes);
    boxIndex = axis == 0 ? boxIndex : ir.div(boxIndex, boxes);
    Value first = ir.mul(number, shape[axis]);
    box[axis] = {ir.add(range[axis].origin, ir.mul(first, range[axis].step)), range[axis].step,
                 ir.min(ir.constant(shape[axis]), ir.sub(range[axis].count, first))};
  }
  return box;
}

KeyCount Task::countKeys(const attn::Box &box) {
  bool pairs = blocking.bf16Dot != Bf16Dot::None;
  KeyCount keys;
  keys.rowLength = ir.roundUp(ir.max(box.back().count, ir.constant(0)), pairs ? 2 : 1);
  keys.count = keys.rowLength;
  for (const attn::BoxAxis &axis : ArrayRef(box).drop_back())
    keys.count = ir.mul(keys.count, ir.max(axis.count, ir.constant(0)));
  keys.padded = ir.roundUp(keys.count, blocking.rows);
  if (trim) { // whole register blocks; of one vector alone, all
    Value ofRow = keys.rowLength, rows = ir.constant(blocking.rows), there = ir.less(ir.constant(1), presentVectors);
    for (const attn::BoxAxis &axis : ArrayRef(box).drop_front().drop_back())
      ofRow = ir.mul(ofRow, ir.max(axis.count, ir.constant(0)));
    Value begin = ir.mul(ir.div(ir.mul(trim->begin, ofRow), rows), rows);
    keys.secondBegins = ir.select(there, begin, keys.padded);
    keys.firstEnds = ir.max(ir.roundUp(ir.mul(trim->counts[0], ofRow), blocking.rows), keys.secondBegins);
  }
  return keys;
}

void Task::forKeyRows(const attn::Box &box, const KeyCount &keys, function_ref<void(Value, ArrayRef<Value>)> body) {
  SmallVector<Value> places;
  std::function<void(Value)> nest = [&](Value row) {
    unsigned axis = places.size();
    if (axis + 1 == rank)
      return body(ir.mul(row, keys.rowLength), places);
    ir.loop(ir.constant(0), box[axis].count, 1, [&](Value place) {
      places.push_back(place);
      nest(axis == 0 ? place : ir.add(ir.mul(row, box[axis].count), place));
      places.pop_back();
    });
  };
  nest(ir.constant(0));
}

/// The live keys of each of the box's two vectors; returns a box of the rows of both. Masks that are an AND of a rule
/// per axis have one range on the other axes.
attn::Box Task::trimKeys(attn::MaskAttrInterface mask) {
  const int64_t half = plan.getQueryBox().getDims()[0] / 2;
  attn::Box live;
  Value ends[2], there = ir.less(ir.constant(1), presentVectors);
  trim.emplace();
  for (int vector : {0, 1}) {
    attn::Box queries = queryBox; // lanes that the box lacks repeat its last token, and so does their box
    attn::BoxAxis &axis = queries[0];
    Value first = ir.min(ir.constant(vector * half), ir.sub(axis.count, 1));
    axis.count = ir.min(ir.constant(half), ir.sub(axis.count, first));
    axis.origin = ir.add(axis.origin, ir.mul(first, axis.step));
    live = mask.liveKeys(ir.b, ir.loc, maskContext(), queries).box;
    trim->step = live[0].step;
    trim->origins[vector] = live[0].origin;
    trim->counts[vector] = ir.max(live[0].count, ir.constant(0));
    if (vector == 1) // a vector that the box lacks sees nothing
      trim->counts[1] = ir.select(there, trim->counts[1], ir.constant(0));
    ends[vector] = ir.add(trim->origins[vector], ir.mul(trim->counts[vector], live[0].step));
  }
  // Ranges that do not lie one behind the other share nothing.
  Value distance = ir.sub(trim->origins[1], trim->origins[0]);
  Value apart = ir.b.createOrFold<arith::OrIOp>(ir.loc, ir.less(distance, ir.constant(0)), ir.less(ends[1], ends[0]));
  distance = ir.div(ir.max(distance, ir.constant(0)), ir.constant(trim->step));
  trim->begin = ir.select(apart, trim->counts[0], ir.min(distance, trim->counts[0]));
  live[0].count = ir.max(trim->counts[0], ir.add(trim->begin, trim->counts[1]));
  return live;
}

/// The coordinate on the first axis of a row of the two vectors' key box.
Value Task::rowCoordinate(Value row) {
  Value first = ir.add(trim->origins[0], ir.mul(row, trim->step));
  Value second = ir.add(trim->origins[1], ir.mul(ir.sub(row, trim->begin), trim->step));
  return ir.select(ir.less(row, trim->counts[0]), first, second);
}

Value Task::tokenIndex(ArrayRef<Value> coords, ArrayRef<Value> grid) {
  Value index = coords[0];
  for (unsigned axis = 1; axis < rank; ++axis)
    index = ir.add(ir.mul(index, grid[axis]), coords[axis]);
  return index;
}

/// Rows of a buffer for a box of `capacity` keys (or `?`). With two hulls, the key box is that of one.
Value Task::capacityRows(int64_t capacity) {
  return ShapedType::isDynamic(capacity) ? frame.keysCap()
                                         : ir.constant(capacity * (plan.getTrimmed() ? 2 : 1) + kKeySlack);
}

Buffer Task::allocateBuffer(Buffer::Kind kind, int64_t columns, Value rows) {
  bool pairs = kind == Buffer::Kind::Pairs;
  Value capacity = ir.div(capacityRows(columns), ir.constant(pairs ? 2 : 1));
  return {kind, allocateKeys(columns, (pairs ? 2 : 4) * blocking.queries()), rows, capacity};
}

Value Task::allocateKeys(int64_t capacity, int64_t bytesPerKey) {
  if (ShapedType::isDynamic(capacity))
    return frame.scratchPerKey(bytesPerKey);
  return frame.scratch((capacity * (plan.getTrimmed() ? 2 : 1) + kKeySlack) * bytesPerKey);
}
