//===- Rows.cpp - query rows in, output rows out --------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Queries are transposed once per task and outputs once back; keys and values
// stay where they are.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Task.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

/// A list of 64-bit addresses, one per lane: where its row begins. With a dummy,
/// lanes that the box lacks, and all lanes of a null tensor, point there.
Value Task::laneAddresses(const Operand &operand, Value dummy) {
  int64_t lanes = blocking.lanes;
  Value list = frame.scratch(8 * blocking.queries());
  VectorType wide = ir.vec(lanes, ir.i64());
  Value base = LLVM::PtrToIntOp::create(ir.b, ir.loc, ir.i64(), operand.base);
  Value nowhere, present;
  if (dummy) {
    nowhere = ir.splat(LLVM::PtrToIntOp::create(ir.b, ir.loc, ir.i64(), dummy), lanes);
    present = ir.b.createOrFold<arith::CmpIOp>(ir.loc, arith::CmpIPredicate::ne, base, ir.constant(0));
  }
  forVectors([&](Value v) {
    Value address = ir.splat(base, lanes), inside;
    for (unsigned axis = 0; axis < rank; ++axis) {
      Value coordinate = arith::ExtSIOp::create(ir.b, ir.loc, wide, laneCoord(v, axis));
      address = ir.add(address, ir.mul(coordinate, ir.splat(operand.strides[axis], lanes)));
      Value here = ir.less(lanePlace(v, axis), ir.splat32(queryBox[axis].count, lanes));
      inside = inside ? ir.b.createOrFold<arith::AndIOp>(ir.loc, inside, here) : here;
    }
    if (dummy) {
      inside = ir.b.createOrFold<arith::AndIOp>(ir.loc, inside, ir.splat(present, lanes));
      address = ir.select(inside, address, nowhere);
    }
    ir.store(address, ir.offset(list, ir.mul(v, 8 * lanes)));
  });
  return list;
}

/// Rows of a square block become its columns: at each step rows 2^k apart swap
/// the halves of their 2^k-blocks.
Values Task::transpose(Values rows) {
  int64_t n = rows.size();
  for (int64_t step = 1; step < n; step *= 2) {
    SmallVector<int64_t> even, odd;
    for (int64_t lane = 0; lane < n; ++lane) {
      even.push_back(lane & step ? n + lane - step : lane);
      odd.push_back(lane & step ? n + lane : lane + step);
    }
    for (int64_t row = 0; row < n; ++row) {
      if (row & step)
        continue;
      Value x = rows[row], y = rows[row + step];
      rows[row] = vector::ShuffleOp::create(ir.b, ir.loc, x, y, even);
      rows[row + step] = vector::ShuffleOp::create(ir.b, ir.loc, x, y, odd);
    }
  }
  return rows;
}

/// A vector of floats in another element type.
Value Task::convert(Value value, Type element) {
  Type from = getElementTypeOrSelf(value.getType());
  if (from == element)
    return value;
  Type type = isa<VectorType>(value.getType()) ? Type(cast<VectorType>(value.getType()).clone(element)) : element;
  if (bytesOf(element) > bytesOf(from))
    return arith::ExtFOp::create(ir.b, ir.loc, type, value);
  return arith::TruncFOp::create(ir.b, ir.loc, type, value);
}

namespace {
/// What a step of the transposition moves: numbers as f32, or pairs of bf16.
struct Unit {
  int64_t columns; ///< numbers of the row in one 32-bit word of the buffer
  Type word;       ///< type of the word
};
} // namespace

Buffer Task::loadQueries(tile::LoadOp op) {
  const Operand &operand = operands.lookup(op.getSource());
  bool pairs = blocking.bf16Dot != Bf16Dot::None && op.getTile().getType().getElementType().isBF16();
  Unit unit{pairs ? 2 : 1, pairs ? ir.i32() : ir.f32()};
  int64_t lanes = blocking.lanes, words = (operand.columns + unit.columns - 1) / unit.columns;
  Buffer buffer{pairs ? Buffer::Kind::Pairs : Buffer::Kind::F32, frame.scratch(4 * words * blocking.queries()),
                ir.constant(words), ir.constant(words)};
  Value factor = op.getFactor() ? scalars.lookup(op.getFactor()) : Value();
  Value addresses = laneAddresses(operand, /*dummy=*/Value());
  int64_t bytes = bytesOf(operand.element);
  auto equals = [&](Value x, float y) -> Value {
    return arith::CmpFOp::create(ir.b, ir.loc, arith::CmpFPredicate::OEQ, x, ir.number(y));
  };

  auto words32 = [&](Value numbers) -> Value {
    return vector::BitCastOp::create(ir.b, ir.loc, ir.vec(lanes, ir.i32()), numbers);
  };
  auto scaled = [&](Value row) -> Value { // numbers of the operand's type to words
    Value wide = convert(row, ir.f32());
    if (factor)
      wide = arith::MulFOp::create(ir.b, ir.loc, wide, ir.splat(factor, cast<VectorType>(row.getType()).getDimSize(0)));
    return pairs ? words32(convert(wide, ir.b.getBF16Type())) : wide;
  };
  auto store = [&](Value word, Value row, Value v) { ir.store(word, at(buffer, row, v)); };

  // From these rows to those of the next task.
  Value next =
      ir.mul(operand.strides.back(), plan.getQueryBox().getDims().back() * plan.getQueryStep().getDims().back());
  int64_t chunk = lanes * unit.columns, whole = operand.columns / chunk * chunk;
  forVectors([&](Value v) {
    Values rows;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      Value slot = ir.offset(addresses, ir.mul(ir.add(ir.mul(v, lanes), lane), 8));
      rows.push_back(LLVM::IntToPtrOp::create(ir.b, ir.loc, ir.ptr(), ir.load(ir.i64(), slot)));
      ir.prefetch(ir.offset(rows.back(), next), operand.columns * bytes);
    }
    auto blocks = [&](function_ref<Value(Value)> wordsOf) {
      ir.loop(ir.constant(0), ir.constant(whole), chunk, [&](Value column) {
        Values block;
        for (Value row : rows)
          block.push_back(wordsOf(ir.load(ir.vec(chunk, operand.element), ir.offset(row, ir.mul(column, bytes)))));
        block = transpose(block);
        for (int64_t i = 0; i < lanes; ++i)
          store(block[i], ir.add(ir.div(column, ir.constant(unit.columns)), i), v);
      });
    };
    if (pairs && factor && operand.element.isBF16()) { // the usual factor is 1, and its pairs are words already
      ir.branch(equals(factor, 1), [&] { blocks(words32); }, [&] { blocks(scaled); });
    } else {
      blocks(scaled);
    }
    if (whole == operand.columns)
      return;
    // The rest of the row, a word at a time; a last odd number is paired with 0.
    auto gather = [&](Value column, int64_t numbers) {
      Values words;
      for (Value row : rows) {
        Value at = ir.offset(row, ir.mul(column, bytes));
        if (pairs && numbers == 1)
          words.push_back(arith::ExtUIOp::create(ir.b, ir.loc, ir.i32(), ir.load(ir.i16(), at)));
        else
          words.push_back(ir.load(pairs ? ir.i32() : operand.element, at, bytes));
      }
      Value vector = vector::FromElementsOp::create(ir.b, ir.loc, ir.vec(lanes, words[0].getType()), words);
      if (pairs)
        vector = vector::BitCastOp::create(ir.b, ir.loc, ir.vec(chunk, operand.element), vector);
      store(scaled(vector), ir.div(column, ir.constant(unit.columns)), v);
    };
    int64_t even = operand.columns / unit.columns * unit.columns;
    ir.loop(ir.constant(whole), ir.constant(even), unit.columns, [&](Value column) { gather(column, unit.columns); });
    if (even != operand.columns)
      gather(ir.constant(even), 1);
  });
  return buffer;
}

KeyTile Task::loadKeys(tile::LoadOp op) {
  const Operand &operand = operands.lookup(op.getSource());
  const attn::Box &box = boxes.lookup(op.getBox());
  KeyTile keys;
  keys.kind = operand.element.isF32() ? KeyTile::Kind::F32 : KeyTile::Kind::Pairs;
  keys.base = operand.base;
  keys.columns = operand.columns;
  keys.packed = operand.packed;
  keyStep = box.back().step;
  keys.keys = countKeys(box);
  // The hull of the next query box on the last axis is this one's, moved on; inside a walk over boxes the machine's
  // own prefetching does.
  Value ahead = op.getBox().getDefiningOp<tile::LiveKeysOp>() ? operand.base : Value();
  for (int vector = 0; vector < (trim ? 2 : 1); ++vector)
    keys.lists.push_back(emitKeyList(box, keys.keys, operand.strides, op.getTile().getType().getShape()[0],
                                     vector == 0 ? ahead : Value(), operand.columns * bytesOf(operand.element),
                                     vector));
  keys.shared = keys.keys.count;
  if (trim) {
    keys.shared = ir.mul(trim->shared, keys.keys.rowLength);
    for (const attn::BoxAxis &axis : ArrayRef(box).drop_front().drop_back())
      keys.shared = ir.mul(keys.shared, axis.count);
  }
  return keys;
}

void Task::storeTile(tile::StoreOp op) {
  const Operand &operand = operands.lookup(op.getTarget());
  Value dummy = frame.scratch(operand.columns * bytesOf(operand.element));
  Value addresses = laneAddresses(operand, dummy);
  if (isRow(op.getTile()))
    storeRowTile(op.getTile(), operand, addresses);
  else
    storeColumns(op.getTile(), operand, addresses);
}

/// One number per query.
void Task::storeRowTile(Value tile, const Operand &operand, Value addresses) {
  int64_t bytes = bytesOf(operand.element);
  Value spill = frame.scratch(bytes * blocking.queries());
  forVectors([&](Value v) {
    ir.store(convert(evaluateRow(tile, v), operand.element), ir.offset(spill, ir.mul(v, bytes * blocking.lanes)));
  });
  ir.loop(ir.constant(0), ir.constant(blocking.queries()), 1, [&](Value lane) {
    Value to = ir.load(ir.i64(), ir.offset(addresses, ir.mul(lane, 8)));
    Value number = ir.load(operand.element, ir.offset(spill, ir.mul(lane, bytes)));
    ir.store(number, LLVM::IntToPtrOp::create(ir.b, ir.loc, ir.ptr(), to));
  });
}

/// A transposed tile, a block of L columns at a time, computed on the way.
void Task::storeColumns(Value tile, const Operand &operand, Value addresses) {
  int64_t lanes = blocking.lanes, bytes = bytesOf(operand.element), whole = operand.columns / lanes * lanes;
  Value spill = frame.scratch(bytes * lanes);
  auto row = [&](Value column, Value v) { return convert(evaluate(tile, column, v), operand.element); };
  auto rowOfLane = [&](Value v, Value lane) -> Value {
    Value slot = ir.offset(addresses, ir.mul(ir.add(ir.mul(v, lanes), lane), 8));
    return LLVM::IntToPtrOp::create(ir.b, ir.loc, ir.ptr(), ir.load(ir.i64(), slot));
  };
  forVectors([&](Value v) {
    ir.loop(ir.constant(0), ir.constant(whole), lanes, [&](Value column) {
      Values block;
      for (int64_t i = 0; i < lanes; ++i)
        block.push_back(row(ir.add(column, i), v));
      block = transpose(block);
      for (int64_t lane = 0; lane < lanes; ++lane)
        ir.store(block[lane], ir.offset(rowOfLane(v, ir.constant(lane)), ir.mul(column, bytes)));
    });
    ir.loop(ir.constant(whole), ir.constant(operand.columns), 1, [&](Value column) {
      ir.store(row(column, v), spill);
      ir.loop(ir.constant(0), ir.constant(lanes), 1, [&](Value lane) {
        Value number = ir.load(operand.element, ir.offset(spill, ir.mul(lane, bytes)));
        ir.store(number, ir.offset(rowOfLane(v, lane), ir.mul(column, bytes)));
      });
    });
  });
}
