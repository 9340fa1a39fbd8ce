//===- Lists.cpp - where the keys of a box lie ----------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A list has the byte offset of each key from the box's first. Inside a grid the
// boxes of neighbouring tasks have the same shape, and so the same lists: these
// are written again only where the shape has changed.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Task.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

/// What the lists of live keys depend on, but for strides.
Values Task::shapeOf(const attn::Box &box) {
  Values shape;
  for (const attn::BoxAxis &axis : box)
    shape.push_back(axis.count);
  if (trim)
    shape.append({trim->counts[0], trim->begin, ir.sub(trim->origins[1], trim->origins[0])});
  return shape;
}

/// Before the first task no list is written.
void Task::forgetLists() {
  for (auto live : kernel.getOps<tile::LiveKeysOp>()) {
    Value shape = listedShapes[live.getKeys()] = frame.scratch(8 * (rank + 3));
    ir.store(ir.constant(-1), shape);
  }
}

/// Whether the lists of a tile must be written, or null if they always must.
Value Task::listsAreStale(tile::LoadOp op) {
  Value listed = op->getParentOp() == kernel ? listedShapes.lookup(op.getBox()) : Value();
  if (!listed)
    return {};
  Value &stale = staleLists[op.getBox()];
  if (stale)
    return stale;
  Value same;
  for (auto [number, value] : llvm::enumerate(shapeOf(boxes.lookup(op.getBox())))) {
    Value slot = ir.offset(listed, 8 * int64_t(number)), equal = ir.equal(ir.load(ir.i64(), slot), value);
    ir.store(value, slot);
    same = same ? ir.b.createOrFold<arith::AndIOp>(ir.loc, same, equal) : equal;
  }
  return stale = ir.equal(same, arith::ConstantOp::create(ir.b, ir.loc, ir.b.getBoolAttr(false)));
}

/// The list of the keys of `box`, and the address that it counts from: its first key's. A step from a key to the next
/// on an axis is the box's step times the axis' stride; \p head is where coordinates are 0.
void Task::listKeys(KeyTile &keys, const attn::Box &box, Value head, ArrayRef<Value> strides, int64_t capacity,
                    Value stale) {
  const std::optional<Trim> ofGrid = trim;
  attn::Box places = box;
  keys.origin = ir.constant(0);
  for (auto [axis, place] : llvm::enumerate(places)) {
    Value &origin = axis == 0 && trim ? trim->origins[0] : place.origin;
    keys.origin = ir.add(keys.origin, ir.mul(origin, strides[axis]));
    if (axis == 0 && trim)
      trim->origins[1] = ir.sub(trim->origins[1], origin);
    origin = ir.constant(0);
  }
  keys.base = ir.offset(head, keys.origin);
  keys.list = allocateKeys(capacity, 8);
  auto write = [&] { writeKeyList(keys.list, places, keys.keys, strides); };
  if (stale)
    ir.when(stale, write);
  else
    write();
  trim = ofGrid;
}

/// The offsets, `step` at a time: what a step writes behind the end of a row is overwritten by the next row, or is
/// padding.
void Task::writeKeyList(Value list, const attn::Box &box, const KeyCount &keys, ArrayRef<Value> strides) {
  constexpr int64_t step = 4;
  auto at = [&](Value number) { return ir.offset(list, ir.mul(number, 8)); };
  auto coordinate = [&](unsigned axis, Value place) {
    if (axis == 0 && trim)
      return rowCoordinate(place);
    return ir.add(box[axis].origin, ir.mul(place, box[axis].step));
  };
  Value pitch = ir.mul(strides.back(), box.back().step);
  Value ramp = ir.mul(ir.laneConstants(step, [](int64_t lane) { return lane; }), ir.splat(pitch, step));
  Value length = box.back().count;
  forKeyRows(box, keys, [&](Value first, ArrayRef<Value> places) {
    Value start = ir.mul(box.back().origin, strides.back());
    for (auto [axis, place] : llvm::enumerate(places))
      start = ir.add(start, ir.mul(coordinate(axis, place), strides[axis]));
    ir.loop(ir.constant(0), length, step, [&](Value place) {
      Value offsets = ir.add(ir.splat(ir.add(start, ir.mul(place, pitch)), step), ramp);
      ir.store(offsets, at(ir.add(first, place)));
    });
    if (blocking.bf16Dot != Bf16Dot::None) // the padding key is the row's last key, masked
      ir.store(ir.add(start, ir.mul(ir.sub(length, 1), pitch)), at(ir.add(first, length)));
  });
  Value last = ir.constant(0);
  for (unsigned axis = 0; axis < rank; ++axis)
    last = ir.add(last, ir.mul(coordinate(axis, ir.sub(box[axis].count, 1)), strides[axis]));
  for (int64_t block : {0, 1}) // the last key fills up a block, and is asked for as the keys of one more
    ir.store(ir.splat(last, blocking.rows), at(ir.add(keys.count, block * blocking.rows)));
}
