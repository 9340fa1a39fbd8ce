//===- Strip.cpp - values packed by the tasks that read them --------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of bf16 pairs want values in pairs of neighbouring keys. Where a
// task reads the values of one hull, it packs them itself, and as hulls of
// neighbouring tasks overlap, only what the task before has not packed:
//
//      strip        p p p p p p . . . .      p: pairs of an earlier task
//      this hull        - - - - - -          new: the last two
//
// A strip has a row for each place on the leading axes. It begins anew where
// the tasks begin another row of boxes or head, where an odd number of keys
// lies between two hulls (pairs of one would straddle those of the other), and
// where it is full. A copy of a whole head would be written to and read from a
// cache that is far away, and twice as large: its pairs must begin at any key.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Packing.h"
#include "compiler/LowerCPU/Task.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

namespace {
/// Numbers that outlive a task, i64 each; behind them origin and count of each leading axis.
enum Slot : int { Slice, Origin, Pairs, Leading };
} // namespace

void Task::begin() {
  if (!plan.getStrip())
    return;
  stripState = frame.scratch(8 * (Leading + 2 * rank));
  ir.store(ir.constant(-1), stripSlot(Slice));
}

/// The box whose rows a strip holds: with two hulls, both.
attn::Box Task::stripRows(const attn::Box &box) {
  attn::Box rows = box;
  if (trim) {
    auto end = [&](int v) { return ir.add(trim->origins[v], ir.mul(trim->counts[v], trim->step)); };
    auto none = [&](int v) { return ir.less(trim->counts[v], ir.constant(1)); };
    Value first = ir.select(none(0), trim->origins[1], ir.min(trim->origins[0], trim->origins[1]));
    rows[0].origin = ir.select(none(1), trim->origins[0], first);
    Value last = ir.select(none(0), end(1), ir.select(none(1), end(0), ir.max(end(0), end(1))));
    rows[0].count = ir.div(ir.max(ir.sub(last, rows[0].origin), ir.constant(0)), ir.constant(trim->step));
  }
  for (unsigned axis = 0; axis + 1 < rank; ++axis)
    rows[axis].count = ir.min(rows[axis].count, ir.constant(plan.getStrip().getDims()[axis]));
  return rows;
}

/// Whether the strip may go on with the hull whose rows these are.
Value Task::stripGoesOn(const attn::Box &rows, Value slice, Value pairs) {
  Value on = ir.equal(ir.load(ir.i64(), stripSlot(Slice)), slice);
  auto demand = [&](Value condition) { on = ir.b.createOrFold<arith::AndIOp>(ir.loc, on, condition); };
  for (unsigned axis = 0; axis + 1 < rank; ++axis) {
    demand(ir.equal(ir.load(ir.i64(), stripSlot(Leading + 2 * axis)), rows[axis].origin));
    demand(ir.equal(ir.load(ir.i64(), stripSlot(Leading + 2 * axis + 1)), rows[axis].count));
  }
  Value distance = ir.sub(rows.back().origin, ir.load(ir.i64(), stripSlot(Origin)));
  demand(ir.less(ir.constant(-1), distance));
  distance = ir.max(distance, ir.constant(0));
  Value pairStep = ir.constant(2 * rows.back().step), shift = ir.div(distance, pairStep);
  demand(ir.equal(ir.mul(shift, pairStep), distance));
  demand(ir.less(shift, ir.add(ir.load(ir.i64(), stripSlot(Pairs)), 1)));
  demand(ir.less(ir.add(shift, pairs), ir.constant(plan.getStrip().getDims().back() / 2 + 1)));
  return on;
}

/// The values of a box as pairs: the lists of \p keys become those of their places in the strip.
void Task::packStrip(KeyTile &keys, const attn::Box &box, const Operand &operand, int64_t capacity) {
  const int64_t pairBytes = 4 * operand.columns;
  SmallVector<Value> strides{ir.constant(pairBytes / 2)}; // between keys, the first of the pair counts
  int64_t bytes = pairBytes * plan.getStrip().getDims().back() / 2;
  for (int64_t extent : llvm::reverse(plan.getStrip().getDims().drop_back())) {
    strides.insert(strides.begin(), ir.constant(bytes));
    bytes *= extent;
  }
  Value strip = frame.scratch(bytes);

  const attn::Box rows = stripRows(box);
  const int64_t step = box.back().step;
  Value slice = ir.add(ir.mul(batch, extents.kvHeads), kvHead), pairs = ir.div(keys.keys.rowLength, ir.constant(2));
  Value goesOn = stripGoesOn(rows, slice, pairs);
  Value origin = ir.select(goesOn, ir.load(ir.i64(), stripSlot(Origin)), box.back().origin);
  Value packed = ir.select(goesOn, ir.load(ir.i64(), stripSlot(Pairs)), ir.constant(0));
  Value shift = ir.div(ir.sub(box.back().origin, origin), ir.constant(2 * step));
  Value wanted = ir.add(shift, pairs);
  forKeyRows(rows, keys.keys, [&](Value, ArrayRef<Value> places) {
    Value source = operand.base, target = strip;
    for (auto [axis, place] : llvm::enumerate(places)) {
      Value coordinate = ir.add(rows[axis].origin, ir.mul(place, rows[axis].step));
      source = ir.offset(source, ir.mul(coordinate, operand.strides[axis]));
      target = ir.offset(target, ir.mul(place, strides[axis]));
    }
    ir.loop(packed, wanted, 1, [&](Value pair) {
      Value first = ir.add(origin, ir.mul(pair, 2 * step)), second = ir.add(first, step);
      second = ir.select(ir.less(second, extents.key.back()), second, first);
      Value own = ir.offset(source, ir.mul(first, operand.strides.back()));
      Value partner = ir.offset(source, ir.mul(second, operand.strides.back()));
      packRow(own, partner, ir.offset(target, ir.mul(pair, pairBytes)), operand.columns);
      if (keys.ahead)
        for (Value row : {own, partner})
          ir.prefetch(ir.offset(row, keys.ahead), 2 * operand.columns);
    });
  });
  ir.store(slice, stripSlot(Slice));
  ir.store(origin, stripSlot(Origin));
  ir.store(ir.max(packed, wanted), stripSlot(Pairs));
  for (unsigned axis = 0; axis + 1 < rank; ++axis) {
    ir.store(rows[axis].origin, stripSlot(Leading + 2 * axis));
    ir.store(rows[axis].count, stripSlot(Leading + 2 * axis + 1));
  }

  // From here on coordinates count from the strip's first row and pair.
  attn::Box places = box;
  for (unsigned axis = 0; axis + 1 < rank; ++axis)
    places[axis] = {ir.constant(0), 1, box[axis].count};
  places.back() = {ir.mul(shift, 2), 1, box.back().count};
  std::optional<Trim> trimmed = trim;
  if (trim) {
    for (Value &first : trim->origins)
      first = ir.div(ir.sub(first, rows[0].origin), ir.constant(trim->step));
    trim->step = 1;
  }
  for (int vector = 0; vector < (trim ? 2 : 1); ++vector)
    keys.lists.push_back(emitKeyList(places, keys.keys, strides, capacity, vector));
  trim = trimmed;
  keys.base = strip;
  keys.kind = KeyTile::Kind::Pairs;
  keys.packed = true;
  keys.ahead = Value();
}

/// One row of pairs.
void Task::packRow(Value own, Value partner, Value target, int64_t columns) {
  int64_t column = 0;
  for (int64_t count : {2 * blocking.lanes, blocking.lanes, int64_t(1)})
    for (; column + count <= columns; column += count) {
      Type type = count == 1 ? ir.i16() : Type(ir.vec(count, ir.i16()));
      auto load = [&](Value row) { return ir.load(type, ir.offset(row, 2 * column), 2); };
      ir.store(pairWords(ir, load(own), load(partner)), ir.offset(target, 4 * column));
    }
}
