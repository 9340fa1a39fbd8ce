//===- Walks.cpp - loops over key boxes ------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Task.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

void Task::emitForKeyBoxes(tile::ForKeyBoxesOp op) {
  // What is carried: scalars in registers, tiles in memory that the body updates in place.
  Values carried;
  for (auto [init, argument, result] : llvm::zip(op.getInits(), op.getCarried(), op.getResults())) {
    if (!isa<tile::TileType>(init.getType())) {
      carried.push_back(scalars.lookup(init));
    } else if (isRow(init)) {
      rowTiles[argument] = rowTiles[result] = rowSlot();
      copyRow(init, rowTiles[argument]);
    } else {
      buffers[argument] = buffers[result] = materialize(init);
    }
  }
  auto mask = cast<attn::MaskAttrInterface>(op.getMask());
  keyCapacity.assign(op.getShape().getDims().begin(), op.getShape().getDims().end());
  if (op.getRange() == tile::KeyRange::All) {
    emitRange(op, allKeys(), /*everyBoxCounts=*/true, carried);
  } else {
    commonResidue.clear();
    attn::LiveSet live = mask.liveKeys(ir.b, ir.loc, maskContext(), queryBox);
    emitRange(op, live.box, live.exact && op.getRange() == tile::KeyRange::Live, carried);
  }
  size_t next = 0;
  for (Value result : op.getResults())
    if (!isa<tile::TileType>(result.getType()))
      scalars.map(result, carried[next++]);
}

/// Visits the boxes of `range`; unless every box counts, only those of the loop's class.
void Task::emitRange(tile::ForKeyBoxesOp op, const attn::Box &range, bool everyBoxCounts, Values &carried) {
  ArrayRef<int64_t> shape = op.getShape().getDims();
  auto mask = cast<attn::MaskAttrInterface>(op.getMask());
  carried = ir.loop(ir.constant(0), boxesIn(range, shape), 1, carried, [&](Value number, ValueRange before) {
    attn::Box box = clipBox(range, shape, number);
    boxes[op.getKeys()] = box;
    auto body = [&] { return emitBody(op, before); };
    if (everyBoxCounts)
      return body();
    Value kind = mask.classify(ir.b, ir.loc, maskContext(), queryBox, box);
    auto is = [&](arith::CmpIPredicate predicate, int32_t value) {
      Value constant = arith::ConstantOp::create(ir.b, ir.loc, ir.b.getI32IntegerAttr(value));
      return ir.b.createOrFold<arith::CmpIOp>(ir.loc, predicate, kind, constant);
    };
    Value wanted = op.getRange() == tile::KeyRange::Full     ? is(arith::CmpIPredicate::eq, attn::Full)
                   : op.getRange() == tile::KeyRange::Border ? is(arith::CmpIPredicate::eq, attn::Partial)
                                                             : is(arith::CmpIPredicate::ne, attn::Empty);
    return ir.when(wanted, before, body);
  });
}

/// One visit; returns what is carried on.
Values Task::emitBody(tile::ForKeyBoxesOp op, ValueRange before) {
  size_t next = 0;
  for (Value argument : op.getCarried())
    if (!isa<tile::TileType>(argument.getType()))
      scalars.map(argument, before[next++]);
  emitBlock(op.getBody().front());
  // Rows that are expressions over what is carried are computed before any of it is overwritten.
  Values after;
  SmallVector<std::pair<Value, Value>> rows;
  for (auto [value, argument] : llvm::zip(op.getYield().getValues(), op.getCarried())) {
    if (!isa<tile::TileType>(value.getType())) {
      after.push_back(scalars.lookup(value));
    } else if (isRow(value)) {
      if (!rowTiles.lookup(value)) {
        Value slot = rowSlot();
        copyRow(value, slot);
        rowTiles[value] = slot;
      }
      rows.push_back({value, rowTiles.lookup(argument)});
    } else {
      copyRows(materialize(value), buffers.lookup(argument));
    }
  }
  for (auto [value, slot] : rows)
    copyRow(value, slot);
  return after;
}

/// One number per row into memory.
void Task::copyRow(Value tile, Value slot) {
  if (rowTiles.lookup(tile) == slot)
    return;
  forVectors([&](Value v) { ir.store(evaluateRow(tile, v), inSlot(slot, v)); });
}

void Task::copyRows(const Buffer &from, const Buffer &to) {
  if (from.base == to.base)
    return;
  ir.loop(ir.constant(0), from.rows, 1, [&](Value row) {
    forVectors([&](Value v) { ir.store(ir.load(vecF32(), at(from, row, v)), at(to, row, v)); });
  });
}
