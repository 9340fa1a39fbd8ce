//===- Masks.cpp - masks as the initial value of the scores ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The scores' accumulators start at 0 where a pair is allowed and at -inf where
// it is not; what is added later changes neither. A bit says which: there is a
// word for each key and vector of queries, and in it a bit for each lane, set
// where the pair is forbidden. For a mask that is an AND of one rule per axis there is
// one small table per axis and query box,
//
//      table[a][vector][key coordinate] = bits of the lanes
//
// and a key's word is the OR of its coordinates' words, made 16 keys at a time.
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
  ir.loop(ir.constant(0), ir.mul(presentVectors, blocking.lanes), 1, [&](Value lane) {
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
        ir.loop(ir.constant(0), ir.mul(presentVectors, blocking.lanes), 1, none, [&](Value lane, ValueRange so_far) {
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

MaskWords Task::allocateWords(int64_t keyCapacity) {
  // Where their number is the grid's it is a multiple of 16: with 4 bytes each, what comes next begins a line.
  const int64_t bytes = llvm::alignTo(wordBytes() * blocking.vectors, 4);
  return {allocateKeys(keyCapacity, bytes), capacityRows(keyCapacity)};
}

Value Task::wordAt(const MaskWords &words, Value vector, Value key) {
  return ir.offset(words.base, ir.mul(ir.add(ir.mul(vector, words.capacity), key), wordBytes()));
}

void Task::storeWord(Value allowed, Value at) {
  Type one = ir.vec(1, wordType());
  Value word = vector::BitCastOp::create(ir.b, ir.loc, one, allowed);
  ir.store(arith::XOrIOp::create(ir.b, ir.loc, word, allBits(1)), at);
}

Value Task::allBits(int64_t words) {
  return arith::ConstantOp::create(
      ir.b, ir.loc, DenseElementsAttr::get(ir.vec(words, wordType()), llvm::APInt::getAllOnes(blocking.lanes)));
}

void Task::endWords(const MaskWords &words, Value key) {
  forVectors([&](Value v) { ir.store(allBits(kWords), wordAt(words, v, key)); });
}

/// What a vector of scores starts from.
Value Task::startOf(const MaskWords &words, Value vector, Value key) {
  Value word = ir.load(ir.vec(1, wordType()), wordAt(words, vector, key));
  Value forbidden = vector::BitCastOp::create(ir.b, ir.loc, ir.vec(blocking.lanes, ir.b.getI1Type()), word);
  return ir.select(forbidden, ir.splat(kForbidden, blocking.lanes), ir.splat(0.0f, blocking.lanes));
}

/// Rows begin, ..., end - 1 become `value`.
void Task::fillRows(const Buffer &buffer, Value begin, Value end, float value) {
  Value vector = ir.splat(value, blocking.lanes);
  ir.loop(begin, end, 1, [&](Value row) { forVectors([&](Value v) { ir.store(vector, at(buffer, row, v)); }); });
}

/// Words of the coordinates of an axis. Vectors with a hull each are stacked on the first axis: there each has a range
/// of its own, on the others the first one's words are both's.
void Task::axisWords(attn::MaskAttrInterface mask, unsigned axis, const attn::BoxAxis &keys, const MaskWords &words) {
  attn::MaskContext context = maskContext();
  auto ofVector = [&](Value v) {
    Value query = laneCoord(v, axis);
    const bool own = axis == 0 && trim;
    ir.loop(ir.constant(0), keys.count, 1, [&](Value place) {
      Value coordinate = own ? rowCoordinate(place) : ir.add(keys.origin, ir.mul(place, keys.step));
      Value allowed = mask.allowsOnAxis(ir.b, ir.loc, context, axis, query, ir.splat32(coordinate, blocking.lanes));
      if (own) { // where the ranges share nothing, a key may stand in both
        Value first = ir.less(v, ir.constant(1));
        Value behind = ir.select(first, trim->counts[0], ir.add(trim->begin, trim->counts[1]));
        Value here = ir.b.createOrFold<arith::AndIOp>(
            ir.loc, ir.less(place, behind), ir.less(ir.select(first, ir.constant(-1), ir.sub(trim->begin, 1)), place));
        allowed = arith::AndIOp::create(ir.b, ir.loc, allowed, ir.splat(here, blocking.lanes));
      }
      storeWord(allowed, wordAt(words, v, place));
    });
  };
  if (axis > 0 && trim)
    ofVector(ir.constant(0));
  else
    forVectors(ofVector);
}

void Task::separableWords(attn::MaskAttrInterface mask, const attn::Box &box, const KeyCount &keys,
                          const MaskWords &words) {
  if (rank == 1) {
    axisWords(mask, 0, box[0], words);
    return endWords(words, box[0].count);
  }
  SmallVector<MaskWords> tables;
  for (unsigned axis = 0; axis < rank; ++axis) {
    tables.push_back(allocateWords(keyCapacity[axis]));
    axisWords(mask, axis, box[axis], tables.back());
  }
  endWords(tables.back(), box.back().count); // a row's words end with words that forbid: padding, or the next row
  auto load = [&](int64_t count, unsigned axis, Value v, Value place) {
    Value vector = axis > 0 && trim ? ir.constant(0) : v;
    return ir.load(ir.vec(count, wordType()), wordAt(tables[axis], vector, place), wordBytes());
  };
  forKeyRows(box, keys, [&](Value first, ArrayRef<Value> places) {
    forVectors([&](Value v) {
      Value row = load(1, 0, v, places[0]);
      if (rank == 3)
        row = ir.b.createOrFold<arith::OrIOp>(ir.loc, row, load(1, 1, v, places[1]));
      Value ofRow = vector::BroadcastOp::create(ir.b, ir.loc, ir.vec(kWords, wordType()), row);
      ir.loop(ir.constant(0), box.back().count, kWords, [&](Value place) {
        Value all = arith::OrIOp::create(ir.b, ir.loc, ofRow, load(kWords, rank - 1, v, place));
        ir.store(all, wordAt(words, v, ir.add(first, place)), wordBytes());
      });
    });
  });
  endWords(words, keys.count);
}

void Task::elementwiseWords(attn::MaskAttrInterface mask, const attn::Box &box, const KeyCount &keys,
                            const MaskWords &words) {
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
        storeWord(mask.allows(ir.b, ir.loc, context, query, key), wordAt(words, v, ir.add(first, place)));
      });
      ir.store(allBits(1), wordAt(words, v, ir.add(first, box.back().count))); // padding, or the next row
    });
  });
  endWords(words, keys.count);
}

MaskWords Task::maskWords(tile::MaskOp op) {
  auto mask = cast<attn::MaskAttrInterface>(op.getMask());
  const attn::Box &box = boxes.lookup(op.getKeys());
  const KeyCount keys = keyTiles.lookup(op.getScores().getDefiningOp<tile::DotOp>().getRhs()).keys;
  // Queries and keys that both walk in steps of the period lie in one class, since the live keys were derived from
  // the queries.
  commonResidue.clear();
  for (unsigned axis = 0; axis < rank; ++axis)
    commonResidue.push_back(queryBox[axis].step % box[axis].step == 0 ? box[axis].step : 1);
  MaskWords words = allocateWords(op.getScores().getType().getShape()[1]);
  if (mask.separable(rank))
    separableWords(mask, box, keys, words);
  else
    elementwiseWords(mask, box, keys, words);
  return words;
}
