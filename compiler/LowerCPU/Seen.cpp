//===- Seen.cpp - which keys a few queries of a box see -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products whose lanes are columns go through the queries of a box in blocks,
// each with ranges of keys of its own. A table of the box, which its heads share,
// has a block's first and last place on one axis; Columns.cpp draws it.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Task.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

/// Blocks of queries differ on the last axis but one: on the last one, a block is as wide as the box.
static unsigned axisOfBlocks(unsigned rank) { return rank < 2 ? 0 : rank - 2; }

/// Whether the product's weights are powers of 2 of masked scores: 0 where the live keys' mask forbids a pair, if what
/// is computed between mask and power keeps minus infinity. (Who counts pairs counts for a kernel where they are.)
static bool weightsAreMasked(func::FuncOp kernel, tile::LiveKeysOp live) {
  if (!kernel.getOps<tile::CountOp>().empty())
    return true;
  for (auto dot : kernel.getOps<tile::DotOp>()) {
    if (dot.getTransposed())
      continue;
    auto convert = dot.getLhs().getDefiningOp<tile::ConvertOp>();
    auto power = (convert ? convert.getSource() : dot.getLhs()).getDefiningOp<math::Exp2Op>();
    if (!power)
      return false;
    SmallVector<Value> work{power.getOperand()};
    bool masked = false;
    while (!work.empty()) {
      mlir::Operation *op = work.pop_back_val().getDefiningOp();
      auto mask = dyn_cast_or_null<tile::MaskOp>(op);
      masked |= mask && mask.getKeys() == live.getKeys() && mask.getMask() == live.getMask();
      if (op && isa<arith::MulFOp, arith::AddFOp, arith::SubFOp, math::FmaOp>(op))
        llvm::append_range(work, op->getOperands());
    }
    if (!masked)
      return false;
  }
  return true;
}

/// For each block of queries, the first place that it sees of those that its vector sees on the axis of blocks, and the
/// place behind its last. Null where blocks do not follow rows of the box, or no mask has a rule for the axis.
Value Task::placesOfBlocks(tile::LiveKeysOp live, int64_t queries) {
  auto mask = cast<attn::MaskAttrInterface>(live.getMask());
  const unsigned axis = axisOfBlocks(rank);
  ArrayRef<int64_t> dims = plan.getQueryBox().getDims();
  const int64_t inner = rank < 2 ? 1 : dims.back();
  if (!weightsAreMasked(kernel, live) || !mask.separable(rank) || inner * dims[axis] % queries)
    return {};
  const attn::BoxAxis keys = boxes.lookup(live.getKeys())[axis];
  Value table = frame.scratch(16 * blocking.queries() / queries);
  ir.loop(ir.constant(0), ir.mul(presentVectors, blocking.lanes), queries, [&](Value query) {
    auto place = [&](Value number) { // lanes that the box lacks repeat its last token
      Value there = ir.rem(ir.div(number, ir.constant(inner)), ir.constant(dims[axis]));
      return ir.min(there, ir.sub(queryBox[axis].count, 1));
    };
    attn::Box part = queryBox;
    Value first = place(query), last = place(ir.add(query, queries - 1));
    part[axis].origin = ir.add(part[axis].origin, ir.mul(first, part[axis].step));
    part[axis].count = ir.add(ir.sub(last, first), 1);
    attn::BoxAxis seen = mask.liveKeys(ir.b, ir.loc, maskContext(), part).box[axis];
    Value origin = keys.origin, count = keys.count, step = ir.constant(keys.step);
    if (axis == 0 && trim) {
      Value upper = ir.less(query, ir.constant(blocking.lanes));
      origin = ir.select(upper, trim->origins[0], trim->origins[1]);
      count = ir.select(upper, trim->counts[0], trim->counts[1]);
    }
    auto placeOf = [&](Value coordinate) {
      return ir.min(ir.div(ir.max(ir.sub(coordinate, origin), ir.constant(0)), step), count);
    };
    Value end = ir.add(seen.origin, ir.mul(ir.sub(seen.count, 1), seen.step)),
          slot = ir.offset(table, ir.mul(ir.div(query, ir.constant(queries)), 16));
    Value begin = placeOf(seen.origin);
    ir.store(begin, slot);
    ir.store(ir.max(placeOf(ir.add(end, keys.step)), begin), ir.offset(slot, 8));
  });
  return table;
}

/// The keys between numbers `first` and `end` of the box that queries `query` to `query + queries - 1` may see.
KeyRanges Task::keysOfQueries(const attn::Box &box, const KeyCount &keys, Value query, int64_t queries, Value first,
                              Value end) {
  auto within = [=, this](Value from, Value to, Value part) {
    return KeyRange{ir.max(from, first), ir.min(to, end), part};
  };
  Value whole = ir.constant(0), upper = ir.less(query, ir.constant(blocking.lanes));
  if (!blockPlaces) {
    Value from = trim ? ir.select(upper, whole, keys.secondBegins) : whole;
    Value to = trim ? ir.select(upper, keys.firstEnds, keys.count) : keys.count;
    return {ir.constant(1), [=](Value) { return within(from, to, whole); }};
  }
  Value slot = ir.offset(blockPlaces, ir.mul(ir.div(query, ir.constant(queries)), 16));
  Value begin = ir.load(ir.i64(), slot), behind = ir.load(ir.i64(), ir.offset(slot, 8)), length = keys.rowLength;
  if (rank == 1) {
    const int64_t step = blocking.bf16Dot != Bf16Dot::None ? 2 : 1;
    Value from = ir.mul(ir.div(begin, ir.constant(step)), step), to = ir.roundUp(behind, step);
    return {ir.constant(1), [=](Value) { return within(from, to, whole); }};
  }
  // Of two hulls, the second one's rows begin behind some of the first one's.
  Value start = whole, count = box[0].count;
  if (trim) {
    start = ir.select(upper, start, trim->begin);
    count = ir.select(upper, trim->counts[0], trim->counts[1]);
  }
  if (rank == 2) {
    Value from = ir.mul(ir.add(start, begin), length), to = ir.mul(ir.add(start, behind), length);
    return {ir.constant(1), [=](Value) { return within(from, to, whole); }};
  }
  Value rows = box[1].count, plane = ir.max(ir.mul(rows, length), ir.constant(1)), before = ir.div(first, plane);
  Value from = ir.max(start, before), to = ir.min(ir.add(start, count), ir.ceilDiv(end, plane));
  return {ir.sub(to, from), [=, this](Value number) {
            Value row = ir.mul(ir.add(from, number), rows);
            return within(ir.mul(ir.add(row, begin), length), ir.mul(ir.add(row, behind), length),
                          ir.sub(ir.add(from, number), before));
          }};
}

/// Pairs whose values are multiplied.
Value Task::productsInColumns(tile::CountOp op, const KeyCount &keys) {
  const int64_t queries = queriesOfBlock(op.getValueColumns());
  blockPlaces = placesOfBlocks(*kernel.getOps<tile::LiveKeysOp>().begin(), queries);
  Value none = ir.constant(0), all = ir.mul(presentVectors, blocking.lanes);
  return ir.loop(none, all, queries, {none}, [&](Value query, ValueRange before) {
    KeyRanges ranges = keysOfQueries(boxes.lookup(op.getKeys()), keys, query, queries, none, keys.count);
    return ir.loop(none, ranges.count, 1, before, [&](Value number, ValueRange sum) {
      KeyRange range = ranges.range(number);
      return Values{ir.add(sum[0], ir.mul(ir.max(ir.sub(range.end, range.first), none), queries))};
    });
  })[0];
}
