//===- Strip.cpp - keys and values packed by the tasks that read them -----===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of bf16 pairs want values in pairs of neighbouring keys, other
// products f32, and rows that lie far apart fall on few sets of a cache. Where
// a task reads one hull of keys, it packs them itself, and as the hulls of
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

/// Before the first task nothing is packed.
void Task::forgetStrip() {
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
    auto unlessNone = [&](Value first, Value second, Value both) { // of neither: what is said of the first, no row
      return ir.select(none(1), first, ir.select(none(0), second, both));
    };
    rows[0].origin = unlessNone(trim->origins[0], trim->origins[1], ir.min(trim->origins[0], trim->origins[1]));
    Value behind = unlessNone(end(0), end(1), ir.max(end(0), end(1)));
    rows[0].count = ir.div(ir.sub(behind, rows[0].origin), ir.constant(trim->step));
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

/// Memory for an operand in the strip.
static StripOperand stripOperand(Frame &frame, tile::PlanAttr plan, const Operand &operand, Packing packing) {
  StripOperand result{operand, packing, {}, 4 * operand.columns, {}};
  if (packing == Packing::None)
    return result;
  if (packing == Packing::Pairs)
    result.keyBytes /= 2;
  int64_t bytes = result.keyBytes;
  for (int64_t extent : llvm::reverse(plan.getStrip().getDims())) {
    result.strides.insert(result.strides.begin(), bytes);
    bytes *= extent;
  }
  result.base = frame.scratch(bytes);
  return result;
}

/// Packs what the task needs of its box and the strip lacks.
void Task::fillStrip(const attn::Box &box, const KeyCount &keys) {
  strip.emplace(
      Strip{stripOperand(frame, plan, operands.lookup(tile::operandNamed(kernel, "key")), strippedKeys(plan)),
            stripOperand(frame, plan, operands.lookup(tile::operandNamed(kernel, "value")), strippedValues(plan)),
            stripRows(box),
            {}});
  const attn::Box &rows = strip->rows;
  const int64_t step = box.back().step;
  Value slice = ir.add(ir.mul(batch, extents.kvHeads), kvHead), pairs = ir.ceilDiv(keys.rowLength, ir.constant(2));
  Value goesOn = stripGoesOn(rows, slice, pairs);
  Value origin = ir.select(goesOn, ir.load(ir.i64(), stripSlot(Origin)), box.back().origin);
  Value packed = ir.select(goesOn, ir.load(ir.i64(), stripSlot(Pairs)), ir.constant(0));
  Value shift = ir.div(ir.sub(box.back().origin, origin), ir.constant(2 * step)), wanted = ir.add(shift, pairs);
  strip->shift = ir.mul(shift, 2);
  forKeyRows(rows, keys, [&](Value, ArrayRef<Value> places) {
    ir.loop(packed, wanted, 1, [&](Value pair) {
      Value first = ir.add(origin, ir.mul(pair, 2 * step)), second = ir.add(first, step);
      second = ir.select(ir.less(second, extents.key.back()), second, first); // a last key without partner
      for (StripOperand *each : {&strip->keys, &strip->values}) {
        if (each->packing == Packing::None)
          continue;
        const Operand &from = each->operand;
        Value source = from.base, target = each->base;
        for (auto [axis, place] : llvm::enumerate(places)) {
          Value coordinate = ir.add(rows[axis].origin, ir.mul(place, rows[axis].step));
          source = ir.offset(source, ir.mul(coordinate, from.strides[axis]));
          target = ir.offset(target, ir.mul(place, each->strides[axis]));
        }
        Value keys[] = {ir.offset(source, ir.mul(first, from.strides.back())),
                        ir.offset(source, ir.mul(second, from.strides.back()))};
        packKeyPair(*each, keys, ir.offset(target, ir.mul(pair, 2 * each->keyBytes)));
      }
    });
  });
  ir.store(slice, stripSlot(Slice));
  ir.store(origin, stripSlot(Origin));
  ir.store(ir.max(packed, wanted), stripSlot(Pairs));
  for (unsigned axis = 0; axis + 1 < rank; ++axis) {
    ir.store(rows[axis].origin, stripSlot(Leading + 2 * axis));
    ir.store(rows[axis].count, stripSlot(Leading + 2 * axis + 1));
  }
}

/// Two neighbours' rows.
void Task::packKeyPair(StripOperand &operand, ValueRange rows, Value target) {
  const bool pairs = operand.packing == Packing::Pairs;
  Type element = pairs ? ir.i16() : operand.operand.element;
  int64_t column = 0;
  for (int64_t count : {(pairs ? 2 : 1) * blocking.lanes, blocking.lanes, int64_t(1)})
    for (; column + count <= operand.operand.columns; column += count) {
      Type type = count == 1 ? element : Type(ir.vec(count, element));
      Values numbers;
      for (Value row : rows)
        numbers.push_back(ir.load(type, ir.offset(row, bytesOf(element) * column)));
      Value to = ir.offset(target, 4 * column);
      if (pairs) {
        ir.store(pairWords(ir, numbers[0], numbers[1]), to);
        continue;
      }
      ir.store(widened(ir, numbers[0]), to);
      ir.store(widened(ir, numbers[1]), ir.offset(to, operand.keyBytes));
    }
}

/// Makes \p keys read what the strip holds of an operand: coordinates count from its first row and key.
void Task::readStrip(KeyTile &keys, const attn::Box &box, const StripOperand &operand, int64_t capacity, Value stale) {
  attn::Box places = box;
  for (unsigned axis = 0; axis + 1 < rank; ++axis)
    places[axis] = {ir.constant(0), 1, box[axis].count};
  places.back() = {strip->shift, 1, box.back().count};
  const std::optional<Trim> ofGrid = trim;
  if (trim) {
    for (Value &first : trim->origins)
      first = ir.div(ir.sub(first, strip->rows[0].origin), ir.constant(trim->step));
    trim->step = 1;
  }
  SmallVector<Value> strides;
  for (int64_t stride : operand.strides)
    strides.push_back(ir.constant(stride));
  listKeys(keys, places, operand.base, strides, capacity, stale);
  trim = ofGrid;
  keys.kind = operand.packing == Packing::Widen ? KeyTile::Kind::F32 : KeyTile::Kind::Pairs;
  keys.packed = true;
}
