//===- Pointwise.cpp - element-wise work and row reductions ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An element-wise tile is an expression over buffers. It is evaluated, a row of
// lanes at a time, inside the one loop that needs its elements: the loop of a
// reduction (which also stores them if somebody else needs them) or of a store.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Task.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

bool Task::isRow(Value value) {
  auto type = dyn_cast<tile::TileType>(value.getType());
  return type && type.getShape().size() == 1;
}

/// Address of a row's vector.
Value Task::at(const Buffer &buffer, Value row, Value vector) {
  if (blocking.groups() == 1)
    return inSlot(at(buffer, row, ir.constant(0), 0), vector);
  Value size = ir.constant(blocking.blockVectors);
  return inSlot(at(buffer, row, ir.div(vector, size), 0), ir.rem(vector, size));
}

Value Task::at(const Buffer &buffer, Value row, Value group, int64_t vector) {
  Value number = ir.add(ir.mul(group, buffer.capacity), row);
  Value start = ir.offset(buffer.base, ir.mul(number, 4 * blocking.blockVectors * blocking.lanes));
  return ir.offset(start, 4 * vector * blocking.lanes);
}

/// Memory for one number per row, and where a vector of it lies.
Value Task::rowSlot() { return frame.scratch(4 * blocking.queries()); }
Value Task::inSlot(Value slot, Value vector) { return ir.offset(slot, ir.mul(vector, 4 * blocking.lanes)); }

/// The operation on vectors: same name, same attributes.
static Value onVectors(Ir &ir, mlir::Operation &op, ValueRange operands, Type type) {
  OperationState state(ir.loc, op.getName(), operands, TypeRange(type), op.getAttrs());
  return ir.b.create(state)->getResult(0);
}

/// 2^x where the result is rounded to bf16, see ExpandMath.cpp.
static Value roughExp2(Ir &ir, Value exponent) {
  auto rough = arith::FastMathFlagsAttr::get(ir.b.getContext(), arith::FastMathFlags::afn);
  return math::Exp2Op::create(ir.b, ir.loc, exponent, rough);
}

/// One number per row. An operation with one reader is left to that reader, unless that would repeat it for every
/// column; the others are done now.
void Task::emitRowOp(mlir::Operation &op) {
  if (op.getResult(0).hasOneUse() && !isa<tile::BroadcastOp>(*op.getResult(0).user_begin()))
    return;
  Value slot = rowSlot();
  forVectors([&](Value v) { ir.store(evaluateRow(op.getResult(0), v), inSlot(slot, v)); });
  rowTiles[op.getResult(0)] = slot;
}

Value Task::evaluateRow(Value tile, Value vector) {
  if (Value slot = rowTiles.lookup(tile))
    return ir.load(vecF32(), inSlot(slot, vector));
  mlir::Operation *op = tile.getDefiningOp();
  if (auto broadcast = dyn_cast<tile::BroadcastOp>(op))
    return ir.splat(scalars.lookup(broadcast.getSource()), blocking.lanes);
  Values operands;
  for (Value operand : op->getOperands())
    operands.push_back(evaluateRow(operand, vector));
  return onVectors(ir, *op, operands, vecF32());
}

/// The elements of `tile` in row `row` of its buffer, for the queries of `vector`; of a tile in columns, those from
/// column `row` on of query `vector`.
Value Task::evaluate(Value tile, Value row, Value vector) {
  if (auto buffer = buffers.find(tile); buffer != buffers.end())
    return ir.load(vecF32(),
                   inColumns(tile) ? columnsAt(buffer->second, vector, row) : at(buffer->second, row, vector));
  mlir::Operation *op = tile.getDefiningOp();
  if (auto broadcast = dyn_cast<tile::BroadcastOp>(op)) {
    if (isRow(broadcast.getSource()) && inColumns(tile)) // rows that are broadcast are in memory
      return ir.splat(ir.load(ir.f32(), ir.offset(rowTiles.lookup(broadcast.getSource()), ir.mul(vector, 4))),
                      blocking.lanes);
    if (isRow(broadcast.getSource()))
      return evaluateRow(broadcast.getSource(), vector);
    return ir.splat(scalars.lookup(broadcast.getSource()), blocking.lanes);
  }
  if (auto convert = dyn_cast<tile::ConvertOp>(op))
    return evaluate(convert.getSource(), row, vector);
  Values operands;
  for (Value operand : op->getOperands())
    operands.push_back(evaluate(operand, row, vector));
  if (rough && isa<math::Exp2Op>(op))
    return roughExp2(ir, operands[0]);
  return onVectors(ir, *op, operands, vecF32());
}

/// The buffer that an expression reads, or null: expressions read at most one.
Value Task::rootBuffer(Value tile) {
  if (buffers.count(tile))
    return tile;
  mlir::Operation *op = tile.getDefiningOp();
  if (isa<tile::BroadcastOp>(op))
    return {};
  for (Value operand : op->getOperands())
    if (Value root = rootBuffer(operand))
      return root;
  return {};
}

Value Task::rowsOf(Value tile) {
  if (Value root = rootBuffer(tile))
    return buffers.lookup(root).rows;
  return ir.constant(cast<tile::TileType>(tile.getType()).getShape()[1]);
}

/// True if nobody but `tile` will read the elements of `root` again, so that
/// `tile` may take its place.
bool Task::lastUse(Value root, Value tile) {
  SmallVector<Value> work{tile};
  DenseSet<mlir::Operation *> expression;
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (value == root || isRow(value) || !value.getDefiningOp())
      continue;
    expression.insert(value.getDefiningOp());
    llvm::append_range(work, value.getDefiningOp()->getOperands());
  }
  for (mlir::Operation *op : expression)
    for (Value operand : op->getOperands())
      if (isa<tile::TileType>(operand.getType()) && !isRow(operand))
        for (mlir::Operation *user : operand.getUsers())
          if (!expression.contains(user) && !done.contains(user))
            return false;
  return true;
}

Buffer Task::destination(Value tile) {
  Value root = rootBuffer(tile);
  if (root && lastUse(root, tile))
    return buffers.lookup(root);
  return keyRows(tile, Buffer::Kind::F32);
}

/// Memory for a tile with the rows of what it is computed from.
Buffer Task::keyRows(Value tile, Buffer::Kind kind) {
  Buffer to = allocateBuffer(kind, cast<tile::TileType>(tile.getType()).getShape()[1], rowsOf(tile));
  if (Value root = rootBuffer(tile)) {
    to.secondBegins = buffers.lookup(root).secondBegins;
    to.firstEnds = buffers.lookup(root).firstEnds;
  }
  return to;
}

/// The rows that a vector has.
std::pair<Value, Value> Task::rowsOfVector(const Buffer &buffer, Value vector) {
  if (!buffer.firstEnds)
    return {ir.constant(0), buffer.rows};
  Value first = ir.less(vector, ir.constant(1));
  return {ir.select(first, ir.constant(0), buffer.secondBegins), ir.select(first, buffer.firstEnds, buffer.rows)};
}

Buffer Task::materialize(Value tile) {
  if (auto buffer = buffers.find(tile); buffer != buffers.end())
    return buffer->second;
  Buffer to = destination(tile);
  ir.loop(ir.constant(0), to.rows, 1,
          [&](Value row) { forVectors([&](Value v) { ir.store(evaluate(tile, row, v), at(to, row, v)); }); });
  return buffers[tile] = to;
}

/// Two vectors of f32 as words of two numbers of 16 bits.
Value Task::pairs(Value even, Value odd, Type element) {
  Value pairs;
  if (element.isBF16() && blocking.bf16Dot == Bf16Dot::Native) { // one conversion of both, and one permutation
    Type both = ir.vec(2 * blocking.lanes, element);
    Value numbers = LLVM::CallIntrinsicOp::create(
                        ir.b, ir.loc, both, ir.b.getStringAttr("llvm.x86.avx512bf16.cvtne2ps2bf16.512"), {odd, even})
                        .getResult(0);
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < blocking.lanes; ++lane)
      order.append({lane, blocking.lanes + lane});
    pairs = vector::ShuffleOp::create(ir.b, ir.loc, numbers, numbers, order);
  } else {
    pairs = vector::InterleaveOp::create(ir.b, ir.loc, convert(even, element), convert(odd, element));
  }
  return vector::BitCastOp::create(ir.b, ir.loc, ir.vec(blocking.lanes, ir.i32()), pairs);
}

/// Two neighbouring rows as one row of pairs.
void Task::storePair(const Buffer &to, Value row, Value vector, Value even, Value odd) {
  ir.store(pairs(even, odd, ir.b.getBF16Type()), at(to, ir.div(row, ir.constant(2)), vector));
}

/// Pairs of a tile that nobody wants but as pairs take the place of the numbers that nobody reads after them: a row of
/// pairs lies where rows were that went into it or into one before it. So vectors are made one after the other.
Buffer Task::pairsInPlace(Value tile) {
  if (Value root = rootBuffer(tile); root && lastUse(root, tile)) {
    const Buffer &numbers = buffers.lookup(root);
    return {Buffer::Kind::Pairs,  numbers.base,     numbers.rows, ir.div(numbers.capacity, ir.constant(2)),
            numbers.secondBegins, numbers.firstEnds};
  }
  return keyRows(tile, Buffer::Kind::Pairs);
}

Buffer Task::materializePairs(Value tile) {
  Buffer to = keyRows(tile, Buffer::Kind::Pairs);
  ir.loop(ir.constant(0), to.rows, 2, [&](Value row) {
    forVectors([&](Value v) { storePair(to, row, v, evaluate(tile, row, v), evaluate(tile, ir.add(row, 1), v)); });
  });
  return to;
}

/// Whether somebody after `op` needs the elements, and whether all of them want pairs of bf16.
Task::Sink Task::sinkOf(tile::ReduceOp op) {
  Value tile = op.getSource();
  if (buffers.count(tile))
    return Sink::Nowhere;
  Sink sink = Sink::Nowhere;
  for (mlir::Operation *user : tile.getUsers()) {
    if (user == op || done.contains(user))
      continue;
    auto convert = dyn_cast<tile::ConvertOp>(user);
    bool pairs = convert && blocking.bf16Dot != Bf16Dot::None && convert.getTile().getType().getElementType().isBF16();
    if (!pairs)
      return Sink::Numbers;
    sink = Sink::Pairs;
  }
  return sink;
}

Value Task::combine(tile::ReduceKind kind, Value x, Value y) {
  if (kind == tile::ReduceKind::Add)
    return arith::AddFOp::create(ir.b, ir.loc, x, y);
  auto noNaN = arith::FastMathFlagsAttr::get(ir.b.getContext(), arith::FastMathFlags::nnan);
  return arith::MaxNumFOp::create(ir.b, ir.loc, x, y, noNaN);
}

void Task::reduce(tile::ReduceOp op) {
  done.insert(op);
  if (rowTiles.lookup(op.getResult())) // taken when the scores were made
    return;
  constexpr int64_t unroll = 2; // every buffer has an even number of rows
  Value tile = op.getSource(), root = rootBuffer(tile);
  const Buffer from = root ? buffers.lookup(root) : Buffer{Buffer::Kind::F32, {}, rowsOf(tile), {}};
  bool max = op.getKind() == tile::ReduceKind::Max;
  Sink sink = sinkOf(op);
  Buffer to;
  if (sink == Sink::Numbers)
    to = destination(tile);
  else if (sink == Sink::Pairs)
    to = pairsInPlace(tile);
  rough = sink == Sink::Pairs;
  Value start = ir.splat(max ? -std::numeric_limits<float>::infinity() : 0.0f, blocking.lanes);
  Value slot = rowSlot();
  forVectors([&](Value v) {
    auto step = [&](Value row, ValueRange carried) -> Values {
      Value odd = ir.add(row, 1);
      Value x = evaluate(tile, row, v), y = evaluate(tile, odd, v);
      if (sink == Sink::Numbers) {
        ir.store(x, at(to, row, v));
        ir.store(y, at(to, odd, v));
      } else if (sink == Sink::Pairs) {
        storePair(to, row, v, x, y);
      }
      return {combine(op.getKind(), carried[0], combine(op.getKind(), x, y))};
    };
    auto [first, end] = rowsOfVector(from, v);
    ir.store(ir.loop(first, end, unroll, {start}, step)[0], inSlot(slot, v));
  });
  rough = false;
  rowTiles[op.getResult()] = slot;
  if (sink == Sink::Numbers)
    buffers[tile] = to;
  if (sink == Sink::Pairs)
    for (mlir::Operation *user : tile.getUsers())
      if (auto convert = dyn_cast<tile::ConvertOp>(user))
        buffers[convert.getTile()] = to;
}
