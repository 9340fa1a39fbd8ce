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
  Value nowhere, given;
  if (dummy) {
    nowhere = ir.splat(LLVM::PtrToIntOp::create(ir.b, ir.loc, ir.i64(), dummy), lanes);
    given = ir.b.createOrFold<arith::CmpIOp>(ir.loc, arith::CmpIPredicate::ne, base, ir.constant(0));
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
      inside = ir.b.createOrFold<arith::AndIOp>(ir.loc, inside, ir.splat(given, lanes));
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

/// How query rows become a transposed buffer of 32-bit words: f32 numbers, or pairs of bf16.
struct cpu::QueryRows {
  const Operand &operand;
  Buffer buffer;
  bool pairs;
  Value factor; ///< each number is multiplied with it, if there is one

  int64_t columnsOfWord() const { return pairs ? 2 : 1; }
};

/// Numbers of the operand's type to words.
Value Task::queryWords(const QueryRows &query, Value numbers) {
  Value wide = convert(numbers, ir.f32());
  if (query.factor) {
    int64_t count = cast<VectorType>(numbers.getType()).getDimSize(0);
    wide = arith::MulFOp::create(ir.b, ir.loc, wide, ir.splat(query.factor, count));
  }
  if (!query.pairs)
    return wide;
  return vector::BitCastOp::create(ir.b, ir.loc, ir.vec(blocking.lanes, ir.i32()), convert(wide, ir.b.getBF16Type()));
}

/// One word of every row, of \p numbers numbers; an odd number is paired with 0.
void Task::gatherQueryWord(const QueryRows &query, ArrayRef<Value> rows, Value vector, Value column, int64_t numbers) {
  const int64_t bytes = bytesOf(query.operand.element);
  Values words;
  for (Value row : rows) {
    Value at = ir.offset(row, ir.mul(column, bytes));
    if (query.pairs && numbers == 1)
      words.push_back(arith::ExtUIOp::create(ir.b, ir.loc, ir.i32(), ir.load(ir.i16(), at)));
    else
      words.push_back(ir.load(query.pairs ? ir.i32() : query.operand.element, at, bytes));
  }
  Value gathered = vector::FromElementsOp::create(ir.b, ir.loc, ir.vec(blocking.lanes, words[0].getType()), words);
  if (query.pairs)
    gathered = vector::BitCastOp::create(ir.b, ir.loc, ir.vec(2 * blocking.lanes, query.operand.element), gathered);
  ir.store(queryWords(query, gathered), at(query.buffer, ir.div(column, ir.constant(query.columnsOfWord())), vector));
}

/// The rows of one vector's lanes: square blocks that are transposed, then the rest of the row a word at a time.
void Task::transposeQueries(const QueryRows &query, ArrayRef<Value> rows, Value vector) {
  const Operand &operand = query.operand;
  const int64_t step = query.columnsOfWord(), chunk = blocking.lanes * step, columns = operand.columns;
  const int64_t whole = columns / chunk * chunk, even = columns / step * step;
  auto blocks = [&](function_ref<Value(Value)> words) {
    ir.loop(ir.constant(0), ir.constant(whole), chunk, [&](Value column) {
      Values block;
      for (Value row : rows)
        block.push_back(
            words(ir.load(ir.vec(chunk, operand.element), ir.offset(row, ir.mul(column, bytesOf(operand.element))))));
      block = transpose(block);
      for (int64_t i = 0; i < blocking.lanes; ++i)
        ir.store(block[i], at(query.buffer, ir.add(ir.div(column, ir.constant(step)), i), vector));
    });
  };
  auto scaled = [&](Value numbers) { return queryWords(query, numbers); };
  auto asTheyAre = [&](Value numbers) -> Value {
    return vector::BitCastOp::create(ir.b, ir.loc, ir.vec(blocking.lanes, ir.i32()), numbers);
  };
  if (query.pairs && query.factor && operand.element.isBF16()) { // the usual factor is 1
    Value one = arith::CmpFOp::create(ir.b, ir.loc, arith::CmpFPredicate::OEQ, query.factor, ir.number(1));
    ir.branch(one, [&] { blocks(asTheyAre); }, [&] { blocks(scaled); });
  } else {
    blocks(scaled);
  }
  if (whole != columns)
    ir.loop(ir.constant(whole), ir.constant(even), step,
            [&](Value column) { gatherQueryWord(query, rows, vector, column, step); });
  if (even != columns)
    gatherQueryWord(query, rows, vector, ir.constant(even), 1);
}

Buffer Task::loadQueries(tile::LoadOp op) {
  const Operand &operand = operands.lookup(op.getSource());
  const bool pairs = blocking.bf16Dot != Bf16Dot::None && op.getTile().getType().getElementType().isBF16();
  const int64_t words = llvm::divideCeil(operand.columns, pairs ? 2 : 1);
  QueryRows query{operand,
                  {pairs ? Buffer::Kind::Pairs : Buffer::Kind::F32, frame.scratch(4 * words * blocking.queries()),
                   ir.constant(words), ir.constant(words)},
                  pairs,
                  op.getFactor() ? scalars.lookup(op.getFactor()) : Value()};
  Value addresses = laneAddresses(operand, /*dummy=*/Value());
  // From these rows to those of the next task: another head's, or another box's.
  Value next =
      ir.mul(operand.strides.back(), plan.getQueryBox().getDims().back() * plan.getQueryStep().getDims().back());
  if (headsOfBox())
    next = ir.select(ir.less(ir.constant(1), extents.heads),
                     ir.mul(frame.stride(Tensor::Query, 1 + rank), bytesOf(operand.element)), next);
  forVectorsInTurn([&](Value v) {
    Values rows;
    for (int64_t lane = 0; lane < blocking.lanes; ++lane) {
      Value slot = ir.offset(addresses, ir.mul(ir.add(ir.mul(v, blocking.lanes), lane), 8));
      rows.push_back(LLVM::IntToPtrOp::create(ir.b, ir.loc, ir.ptr(), ir.load(ir.i64(), slot)));
      ir.prefetch(ir.offset(rows.back(), next), operand.columns * bytesOf(operand.element), Ir::Cache::Second);
    }
    transposeQueries(query, rows, v);
  });
  return query.buffer;
}

KeyTile Task::loadKeys(tile::LoadOp op) {
  const Operand &operand = operands.lookup(op.getSource());
  const attn::Box &box = boxes.lookup(op.getBox());
  KeyTile keys;
  keys.kind = operand.element.isF32() ? KeyTile::Kind::F32 : KeyTile::Kind::Pairs;
  keys.columns = operand.columns;
  keys.packed = operand.packed;
  keyStep = box.back().step;
  keys.keys = countKeys(box);
  const int64_t capacity = op.getTile().getType().getShape()[0];
  if (plan.getStrip() && !strip)
    fillStrip(box, keys.keys);
  const bool ofValues = op.getSource() == tile::operandNamed(kernel, "value");
  const StripOperand *packed = !strip ? nullptr : ofValues ? &strip->values : &strip->keys;
  Value stale = listsAreStale(op);
  if (packed && packed->packing != Packing::None)
    readStrip(keys, box, *packed, capacity, stale);
  else
    listKeys(keys, box, operand.base, operand.strides, capacity, stale);
  return keys;
}

void Task::storeTile(tile::StoreOp op) {
  const Operand &operand = operands.lookup(op.getTarget());
  Value dummy = frame.scratch(operand.columns * bytesOf(operand.element));
  Value addresses = laneAddresses(operand, dummy);
  if (isRow(op.getTile()))
    storeRowTile(op.getTile(), operand, addresses);
  else if (inColumns(op.getTile()))
    storeQueries(op.getTile(), operand, addresses);
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
  ir.loop(ir.constant(0), ir.mul(presentVectors, blocking.lanes), 1, [&](Value lane) {
    Value to = ir.load(ir.i64(), ir.offset(addresses, ir.mul(lane, 8)));
    Value number = ir.load(operand.element, ir.offset(spill, ir.mul(lane, bytes)));
    ir.store(number, LLVM::IntToPtrOp::create(ir.b, ir.loc, ir.ptr(), to));
  });
}

/// A transposed tile, a block of L columns at a time, computed on the way; of 16 bits, twice as many while there are.
void Task::storeColumns(Value tile, const Operand &operand, Value addresses) {
  int64_t lanes = blocking.lanes, bytes = bytesOf(operand.element), whole = operand.columns / lanes * lanes;
  const int64_t inPairs = bytes == 2 ? operand.columns / (2 * lanes) * 2 * lanes : 0;
  Value spill = frame.scratch(bytes * lanes);
  auto row = [&](Value column, Value v) { return convert(evaluate(tile, column, v), operand.element); };
  auto pair = [&](Value column, Value v) {
    return pairs(evaluate(tile, column, v), evaluate(tile, ir.add(column, 1), v), operand.element);
  };
  auto rowOfLane = [&](Value v, Value lane) -> Value {
    Value slot = ir.offset(addresses, ir.mul(ir.add(ir.mul(v, lanes), lane), 8));
    return LLVM::IntToPtrOp::create(ir.b, ir.loc, ir.ptr(), ir.load(ir.i64(), slot));
  };
  auto blocks = [&](Value v, int64_t begin, int64_t end, int64_t step, function_ref<Value(Value, Value)> vectorAt) {
    ir.loop(ir.constant(begin), ir.constant(end), step * lanes, [&](Value column) {
      Values block;
      for (int64_t i = 0; i < lanes; ++i)
        block.push_back(vectorAt(ir.add(column, step * i), v));
      block = transpose(block);
      for (int64_t lane = 0; lane < lanes; ++lane)
        ir.store(block[lane], ir.offset(rowOfLane(v, ir.constant(lane)), ir.mul(column, bytes)), bytes);
    });
  };
  forVectorsInTurn([&](Value v) {
    if (inPairs)
      blocks(v, 0, inPairs, 2, pair);
    if (inPairs != whole)
      blocks(v, inPairs, whole, 1, row);
    ir.loop(ir.constant(whole), ir.constant(operand.columns), 1, [&](Value column) {
      ir.store(row(column, v), spill);
      ir.loop(ir.constant(0), ir.constant(lanes), 1, [&](Value lane) {
        Value number = ir.load(operand.element, ir.offset(spill, ir.mul(lane, bytes)));
        ir.store(number, ir.offset(rowOfLane(v, lane), ir.mul(column, bytes)));
      });
    });
  });
}
