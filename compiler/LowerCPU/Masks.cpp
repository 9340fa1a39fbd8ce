//===- Masks.cpp - masks as the initial value of the scores ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The scores' accumulators start at 0 where a pair is allowed and at -inf where
// it is not; what is added later changes neither. For a mask that is an AND of
// one rule per axis there is one small table per axis and query box,
//
//      table[a][key coordinate][lane] = 0 or -inf
//
// and a key's row is the sum of its coordinates' rows.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Task.h"

#include <limits>

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

static constexpr float kForbidden = -std::numeric_limits<float>::infinity();

attn::MaskContext Task::maskContext() {
  attn::MaskContext context;
  context.queryExtents.assign(extents.query.begin(), extents.query.end());
  context.keyExtents.assign(extents.key.begin(), extents.key.end());
  context.commonResidue = commonResidue;
  context.segment = [this](OpBuilder &, Location, int side, ValueRange coords) -> Value {
    if (side == 1)
      return ir.splat(keySegment(currentKey), blocking.lanes);
    return laneSegments;
  };
  context.segmentRange = [this](OpBuilder &, Location, int side, const attn::Box &box) {
    return segmentRange(side, box);
  };
  return context;
}

//===----------------------------------------------------------------------===//
// Segment numbers of document masks
//===----------------------------------------------------------------------===//

Value Task::keySegment(Value flat) { return ir.load(ir.i32(), ir.offset(keySegments, ir.mul(flat, 4))); }

void Task::loadLaneSegments() {
  auto ofBatch = [&](Tensor tensor) {
    return ir.offset(frame.tensor(tensor), ir.mul(ir.mul(batch, frame.stride(tensor, 0)), 4));
  };
  keySegments = ofBatch(Tensor::KvSegments);
  Value source = ofBatch(Tensor::Segments);
  Value tokens = frame.scratch(8 * blocking.queries());
  segmentTable = frame.scratch(4 * blocking.queries());
  forVectors([&](Value vector) {
    auto wide = [&](Value coordinate) -> Value {
      return arith::ExtSIOp::create(ir.b, ir.loc, ir.vec(blocking.lanes, ir.i64()), coordinate);
    };
    Value index = wide(laneCoord(vector, 0));
    for (unsigned axis = 1; axis < rank; ++axis)
      index = ir.add(ir.mul(index, ir.splat(extents.query[axis], blocking.lanes)), wide(laneCoord(vector, axis)));
    ir.store(index, ir.offset(tokens, ir.mul(vector, 8 * blocking.lanes)));
  });
  ir.loop(ir.constant(0), ir.constant(blocking.queries()), 1, [&](Value lane) {
    Value token = ir.load(ir.i64(), ir.offset(tokens, ir.mul(lane, 8)));
    ir.store(ir.load(ir.i32(), ir.offset(source, ir.mul(token, 4))), ir.offset(segmentTable, ir.mul(lane, 4)));
  });
}

/// Least and greatest segment number of the task's queries, or of a box of keys.
std::pair<Value, Value> Task::segmentRange(int side, const attn::Box &box) {
  auto fold = [&](Value x, Value y, bool least) -> Value { return least ? ir.min(x, y) : ir.max(x, y); };
  auto bound = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(ir.b, ir.loc, ir.b.getI32IntegerAttr(value));
  };
  Values none{bound(INT32_MAX), bound(INT32_MIN)};
  if (side == 0) {
    Values range =
        ir.loop(ir.constant(0), ir.constant(blocking.queries()), 1, none, [&](Value lane, ValueRange so_far) {
          Value segment = ir.load(ir.i32(), ir.offset(segmentTable, ir.mul(lane, 4)));
          return Values{fold(so_far[0], segment, true), fold(so_far[1], segment, false)};
        });
    return {range[0], range[1]};
  }
  SmallVector<Value, 3> coords;
  std::function<Values(unsigned, ValueRange)> nest = [&](unsigned axis, ValueRange carried) -> Values {
    if (axis == rank) {
      Value segment = keySegment(tokenIndex(coords, extents.key));
      return {fold(carried[0], segment, true), fold(carried[1], segment, false)};
    }
    return ir.loop(ir.constant(0), box[axis].count, 1, carried, [&](Value place, ValueRange inner) {
      coords.push_back(ir.add(box[axis].origin, ir.mul(place, box[axis].step)));
      Values next = nest(axis + 1, inner);
      coords.pop_back();
      return next;
    });
  };
  Values range = nest(0, none);
  return {range[0], range[1]};
}

//===----------------------------------------------------------------------===//
// Initial values
//===----------------------------------------------------------------------===//

Value Task::maskVector(Value allowed) {
  return ir.select(allowed, ir.splat(0.0f, blocking.lanes), ir.splat(kForbidden, blocking.lanes));
}

/// Rows begin, ..., end - 1 become `value`.
void Task::fillRows(const Buffer &buffer, Value begin, Value end, float value) {
  Value vector = ir.splat(value, blocking.lanes);
  ir.loop(begin, end, 1, [&](Value row) { forVectors([&](Value v) { ir.store(vector, at(buffer, row, v)); }); });
}

void Task::axisTable(attn::MaskAttrInterface mask, unsigned axis, const attn::BoxAxis &keys, const Buffer &table) {
  attn::MaskContext context = maskContext();
  forVectors([&](Value v) {
    Value query = laneCoord(v, axis);
    ir.loop(ir.constant(0), keys.count, 1, [&](Value place) {
      Value key = ir.splat32(ir.add(keys.origin, ir.mul(place, keys.step)), blocking.lanes);
      ir.store(maskVector(mask.allowsOnAxis(ir.b, ir.loc, context, axis, query, key)), at(table, place, v));
    });
  });
}

/// The table of the first axis where each vector counts its places from a range of its own. The row behind the last
/// stands for no key.
void Task::trimmedAxisTable(attn::MaskAttrInterface mask, const Buffer &table) {
  attn::MaskContext context = maskContext();
  forVectors([&](Value v) {
    Value first = ir.less(v, ir.constant(1)), query = laneCoord(v, 0);
    Value origin = ir.select(first, trim->origins[0], trim->origins[1]);
    ir.loop(ir.constant(0), ir.select(first, trim->counts[0], trim->counts[1]), 1, [&](Value place) {
      Value key = ir.splat32(ir.add(origin, ir.mul(place, trim->step)), blocking.lanes);
      ir.store(maskVector(mask.allowsOnAxis(ir.b, ir.loc, context, 0, query, key)), at(table, place, v));
    });
  });
  fillRows(table, ir.constant(keyCapacity[0]), ir.constant(keyCapacity[0] + 1), kForbidden);
}

void Task::initSeparable(attn::MaskAttrInterface mask, const attn::Box &box, const KeyCount &keys,
                         const Buffer &scores) {
  if (rank == 1) {
    axisTable(mask, 0, box[0], scores);
    padRow(ir.constant(0), box, keys, scores);
    return;
  }
  SmallVector<Buffer> tables;
  for (unsigned axis = 0; axis < rank; ++axis) {
    tables.push_back(allocateBuffer(Buffer::Kind::F32, keyCapacity[axis], box[axis].count));
    if (axis == 0 && trim)
      trimmedAxisTable(mask, tables.back());
    else
      axisTable(mask, axis, box[axis], tables.back());
  }
  forKeyRows(box, keys, [&](Value first, ArrayRef<Value> places) {
    forVectors([&](Value v) {
      Value place0 = trim ? ownPlace(v, places[0], ir.constant(keyCapacity[0])) : places[0];
      Value row = ir.load(vecF32(), at(tables[0], place0, v));
      if (rank == 3)
        row = arith::AddFOp::create(ir.b, ir.loc, row, ir.load(vecF32(), at(tables[1], places[1], v)));
      ir.loop(ir.constant(0), box.back().count, 1, [&](Value place) {
        Value own = ir.load(vecF32(), at(tables.back(), place, v));
        ir.store(arith::AddFOp::create(ir.b, ir.loc, row, own), at(scores, ir.add(first, place), v));
      });
    });
    padRow(first, box, keys, scores);
  });
}

/// With pairs, the key that fills up a row of odd length is masked.
void Task::padRow(Value first, const attn::Box &box, const KeyCount &keys, const Buffer &scores) {
  if (blocking.bf16Dot != Bf16Dot::None)
    fillRows(scores, ir.add(first, box.back().count), ir.add(first, keys.rowLength), kForbidden);
}

void Task::initElementwise(attn::MaskAttrInterface mask, const attn::Box &box, const KeyCount &keys,
                           const Buffer &scores) {
  attn::MaskContext context = maskContext();
  forKeyRows(box, keys, [&](Value first, ArrayRef<Value> places) {
    SmallVector<Value, 3> coords;
    for (auto [axis, place] : llvm::enumerate(places))
      coords.push_back(ir.add(box[axis].origin, ir.mul(place, box[axis].step)));
    coords.push_back(Value());
    forVectors([&](Value v) {
      SmallVector<Value, 3> query;
      for (unsigned axis = 0; axis < rank; ++axis)
        query.push_back(laneCoord(v, axis));
      if (segmentTable)
        laneSegments = ir.load(ir.vec(blocking.lanes, ir.i32()), inSlot(segmentTable, v));
      ir.loop(ir.constant(0), box.back().count, 1, [&](Value place) {
        coords.back() = ir.add(box.back().origin, ir.mul(place, box.back().step));
        currentKey = tokenIndex(coords, extents.key);
        SmallVector<Value, 3> key;
        for (Value coordinate : coords)
          key.push_back(ir.splat32(coordinate, blocking.lanes));
        ir.store(maskVector(mask.allows(ir.b, ir.loc, context, query, key)), at(scores, ir.add(first, place), v));
      });
    });
    padRow(first, box, keys, scores);
  });
}

void Task::initScores(attn::MaskAttrInterface mask, const attn::Box &box, const KeyCount &keys, const Buffer &scores) {
  // Queries and keys that both walk in steps of the period lie in one class, since the live keys were derived from
  // the queries.
  commonResidue.clear();
  for (unsigned axis = 0; axis < rank; ++axis)
    commonResidue.push_back(queryBox[axis].step % box[axis].step == 0 ? box[axis].step : 1);
  if (mask.separable(rank))
    initSeparable(mask, box, keys, scores);
  else
    initElementwise(mask, box, keys, scores);
}
