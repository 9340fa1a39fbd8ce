//===- Task.cpp - one query box of one head, operation by operation -------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Task.h"

#include "compiler/LowerCPU/Workspace.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

Task::Task(Frame &frame, const Blocking &blocking, func::FuncOp kernel, tile::PlanAttr plan,
           const WorkspaceLayout &layout)
    : ir(frame.ir), frame(frame), blocking(blocking), kernel(kernel), plan(plan), layout(layout),
      rank(plan.getQueryBox().getDims().size()), extents(frame.extents()),
      columnTiles(tilesInColumns(kernel, blocking.lanes)) {}

/// Matrices, which other kernels read, have the numbers of tasks head by head.
bool Task::headsOfBox() {
  const bool matrix = !kernel.getOps<tile::LoadMatrixOp>().empty() || !kernel.getOps<tile::StoreMatrixOp>().empty();
  return readsOneBoxOfLiveKeys(kernel) && plan.getPack() == "none" && !matrix;
}

/// Tasks are numbered head by head: a head's keys and values are read by all its boxes. One box of live keys is not,
/// and there the heads of a box follow each other, and share its lists and masks; unless a strip goes on from box to
/// box.
void Task::emitTasks() {
  forgetStrip();
  forgetLists();
  Value perHead = tasksPerHead(), heads = ir.max(extents.heads, ir.constant(1));
  Value groups = ir.div(heads, ir.max(extents.kvHeads, ir.constant(1)));
  auto body = [&](Value ofHead) {
    head = ofHead;
    kvHead = ir.div(head, groups);
    bindArguments();
  };
  if (!headsOfBox())
    return ir.loop(frame.begin(), frame.end(), 1, [&](Value number) {
      taskNumber = number;
      Value slice = ir.div(number, perHead);
      batch = ir.div(slice, heads);
      emitBox(ir.rem(number, perHead), [&] {
        body(ir.rem(slice, heads));
        emitOfBox();
        emitBlock(kernel.getBody().front());
      });
    });
  ir.loop(ir.div(frame.begin(), heads), ir.ceilDiv(frame.end(), heads), 1, [&](Value number) {
    batch = ir.div(number, perHead);
    Value first = ir.mul(number, heads);
    emitBox(ir.rem(number, perHead), [&] {
      body(ir.constant(0));
      emitOfBox();
      Value begin = ir.max(ir.sub(frame.begin(), first), ir.constant(0)), end = ir.sub(frame.end(), first);
      ir.loop(begin, ir.min(end, heads), 1, [&](Value ofHead) {
        body(ofHead);
        emitBlock(kernel.getBody().front());
      });
    });
  });
}

/// Calls `body` if the query box with that number has queries: a residue class may have fewer boxes than its number of
/// tasks.
void Task::emitBox(Value number, function_ref<void()> body) {
  chooseBox(number);
  Value some = arith::ConstantOp::create(ir.b, ir.loc, ir.b.getBoolAttr(true));
  for (const attn::BoxAxis &axis : queryBox)
    if (axis.step > 1)
      some = ir.b.createOrFold<arith::AndIOp>(ir.loc, some, ir.less(ir.constant(0), axis.count));
  ir.when(some, [&] {
    for (BlockArgument argument : kernel.getArguments())
      if (auto extras = dyn_cast<tile::ExtrasType>(argument.getType());
          extras && extras.getContent() == "segments" && !argument.use_empty())
        loadLaneSegments();
    body();
  });
}

/// What the heads of a query box have in common, where its keys are one box: all but where their rows begin.
void Task::emitOfBox() {
  if (!readsOneBoxOfLiveKeys(kernel))
    return;
  for (mlir::Operation &op : kernel.getBody().front())
    if (auto query = dyn_cast<tile::QueryBoxOp>(op))
      boxes[query.getBox()] = queryBox;
    else if (auto live = dyn_cast<tile::LiveKeysOp>(op))
      chooseLiveKeys(live);
    else if (auto load = dyn_cast<tile::LoadOp>(op); load && !load.getBox().getDefiningOp<tile::QueryBoxOp>())
      keyTiles[load.getTile()] = loadKeys(load);
    else if (auto mask = dyn_cast<tile::MaskOp>(op))
      words[mask] = maskWords(mask);
    else if (auto dot = dyn_cast<tile::DotOp>(op); dot && inColumns(dot.getResult()))
      blockPlaces = placesOfBlocks(*kernel.getOps<tile::LiveKeysOp>().begin(),
                                   queriesOfBlock(dot.getResult().getType().getShape()[1]));
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// A tensor of the caller, as the task's head sees it.
Operand Task::callersTensor(Tensor tensor, tile::GridTensorType type, Value ofHead) {
  int64_t bytes = bytesOf(type.getElementType());
  auto stride = [&](unsigned axis) { return ir.mul(frame.stride(tensor, axis), bytes); };
  Operand operand{frame.tensor(tensor), {}, type.getElementType(), type.getColumns()};
  for (unsigned axis = 0; axis < rank; ++axis)
    operand.strides.push_back(stride(1 + axis));
  Value start = ir.add(ir.mul(batch, stride(0)), ir.mul(ofHead, stride(1 + rank)));
  // A null tensor stays null: its lanes are looked at by address.
  if (tensor == Tensor::Lse)
    start = ir.select(ir.b.createOrFold<arith::CmpIOp>(
                          ir.loc, arith::CmpIPredicate::eq,
                          LLVM::PtrToIntOp::create(ir.b, ir.loc, ir.i64(), operand.base).getResult(), ir.constant(0)),
                      ir.constant(0), start);
  operand.base = ir.offset(operand.base, start);
  return operand;
}

/// Keys or values that an earlier launch packed, [B, Hkv, keys, columns], 4 bytes a number.
Operand Task::packedTensor(Packing packing, const Formula &at, int64_t columns) {
  Operand operand{frame.workspace(at), {}, packing == Packing::Widen ? ir.f32() : ir.i32(), columns, true};
  Value rows = ir.mul(ir.add(ir.mul(batch, extents.kvHeads), kvHead), frame.keys());
  operand.base = ir.offset(operand.base, ir.mul(rows, 4 * columns));
  Value stride = ir.constant(4 * columns);
  for (int axis = rank - 1; axis >= 0; --axis) {
    operand.strides.insert(operand.strides.begin(), stride);
    stride = ir.mul(stride, extents.key[axis]);
  }
  return operand;
}

void Task::bindArguments() {
  for (BlockArgument argument : kernel.getArguments()) {
    if (argument.use_empty())
      continue;
    StringRef name = tile::operandName(argument);
    auto tensor = dyn_cast<tile::GridTensorType>(argument.getType());
    if (argument.getType().isF32())
      scalars.map(argument, frame.scale());
    else if (tensor && name == "query")
      operands[argument] = callersTensor(Tensor::Query, tensor, head);
    else if (tensor && name == "out")
      operands[argument] = callersTensor(Tensor::Out, tensor, head);
    else if (tensor && name == "lse")
      operands[argument] = callersTensor(Tensor::Lse, tensor, head);
    else if (tensor && name == "key")
      operands[argument] = packingOfKeys(plan) == Packing::None
                               ? callersTensor(Tensor::Key, tensor, kvHead)
                               : packedTensor(packingOfKeys(plan), layout.keysAt, tensor.getColumns());
    else if (tensor && name == "value")
      operands[argument] = packingOfValues(plan) == Packing::None
                               ? callersTensor(Tensor::Value, tensor, kvHead)
                               : packedTensor(packingOfValues(plan), layout.valuesAt, tensor.getColumns());
  }
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

void Task::emitBlock(Block &block) {
  for (mlir::Operation &op : block.without_terminator()) {
    emitOp(op);
    if (op.getNumResults() == 0)
      done.insert(&op);
  }
}

void Task::emitOp(mlir::Operation &op) {
  if (auto query = dyn_cast<tile::QueryBoxOp>(op)) {
    boxes[query.getBox()] = queryBox;
  } else if (auto all = dyn_cast<tile::AllKeysOp>(op)) {
    boxes[all.getBox()] = allKeys();
    keyCapacity.assign(rank, ShapedType::kDynamic);
  } else if (auto live = dyn_cast<tile::LiveKeysOp>(op)) {
    if (!readsOneBoxOfLiveKeys(kernel))
      chooseLiveKeys(live);
  } else if (auto loop = dyn_cast<tile::ForKeyBoxesOp>(op)) {
    emitForKeyBoxes(loop);
  } else if (auto load = dyn_cast<tile::LoadOp>(op)) {
    if (load.getBox().getDefiningOp<tile::QueryBoxOp>())
      buffers[load.getTile()] = loadQueries(load);
    else
      emitKeys(load);
  } else if (auto store = dyn_cast<tile::StoreOp>(op)) {
    storeTile(store);
  } else if (isa<tile::LoadMatrixOp, tile::StoreMatrixOp>(op)) {
    emitMatrix(op);
  } else if (auto dot = dyn_cast<tile::DotOp>(op)) {
    emitDot(dot);
  } else if (auto mask = dyn_cast<tile::MaskOp>(op)) {
    emitScores(mask.getScores().getDefiningOp<tile::DotOp>(), mask);
  } else if (auto reduction = dyn_cast<tile::ReduceOp>(op)) {
    reduce(reduction);
  } else if (auto split = dyn_cast<tile::SplitScaleOp>(op)) {
    splitScale(split);
  } else if (auto count = dyn_cast<tile::CountOp>(op)) {
    countPairs(count);
  } else if (op.getNumResults() == 1 && isa<tile::TileType>(op.getResult(0).getType())) {
    if (isRow(op.getResult(0)))
      emitRowOp(op); // element-wise work on two axes waits until somebody needs it
  } else {
    ir.b.clone(op, scalars);
  }
}

/// Of keys that were chosen for all heads, what is left is where this head's begin.
void Task::emitKeys(tile::LoadOp load) {
  if (!readsOneBoxOfLiveKeys(kernel)) {
    keyTiles[load.getTile()] = loadKeys(load);
  } else if (!strip) {
    KeyTile &keys = keyTiles[load.getTile()];
    keys.base = ir.offset(operands.lookup(load.getSource()).base, keys.origin);
  }
}

void Task::chooseLiveKeys(tile::LiveKeysOp live) {
  auto mask = cast<attn::MaskAttrInterface>(live.getMask());
  attn::Box hull = plan.getTrimmed() ? trimKeys(mask) : mask.liveKeys(ir.b, ir.loc, maskContext(), queryBox).box;
  for (attn::BoxAxis &axis : hull) // where parts of a mask have no key in common, counts are negative
    axis.count = ir.max(axis.count, ir.constant(0));
  boxes[live.getKeys()] = hull;
  keyCapacity.assign(plan.getKeyBox().getDims().begin(), plan.getKeyBox().getDims().end());
}

/// A product whose only reader is a mask is made by the mask: it becomes the accumulators' initial value.
void Task::emitDot(tile::DotOp dot) {
  if (!dot.getTransposed())
    return emitProduct(dot);
  bool masked = dot->hasOneUse() && isa<tile::MaskOp>(*dot->getUsers().begin());
  if (!masked)
    emitScores(dot, {});
}

void Task::emitMatrix(mlir::Operation &op) {
  Value bytes = ir.mul(ir.mul(taskNumber, frame.keysCap()), 4 * blocking.queries());
  Value base = ir.offset(frame.workspace(layout.matrixAt), bytes);
  if (auto load = dyn_cast<tile::LoadMatrixOp>(op)) {
    Value rows = countKeys(boxes.lookup(load.getKeys())).padded;
    buffers[load.getTile()] = {Buffer::Kind::F32, base, rows, frame.keysCap()};
    return;
  }
  Buffer from = materialize(cast<tile::StoreMatrixOp>(op).getTile());
  Buffer to{Buffer::Kind::F32, base, from.rows, frame.keysCap()};
  copyRows(from, to);
}

void Task::splitScale(tile::SplitScaleOp op) {
  auto compare = [&](arith::CmpFPredicate predicate, Value x, Value y) -> Value {
    return arith::CmpFOp::create(ir.b, ir.loc, predicate, x, y);
  };
  Value scale = scalars.lookup(op.getScale()), zero = ir.number(0), one = ir.number(1);
  Value negative = compare(arith::CmpFPredicate::OLT, scale, zero);
  Value null = compare(arith::CmpFPredicate::OEQ, scale, zero);
  Value sign = ir.select(null, zero, ir.select(negative, ir.number(-1), one));
  Value size = arith::MulFOp::create(ir.b, ir.loc, arith::MulFOp::create(ir.b, ir.loc, scale, sign),
                                     ir.number(1.44269504f)); // log2(e)
  scalars.map(op.getSign(), sign);
  scalars.map(op.getSize(), ir.select(null, one, size));
}

void Task::countPairs(tile::CountOp op) {
  const int64_t columns = op.getValueColumns();
  KeyCount keys = countKeys(boxes.lookup(op.getKeys()));
  Value scores = ir.mul(keys.padded, presentVectors);
  if (trim)
    scores = ir.add(keys.firstEnds, ir.sub(keys.padded, keys.secondBegins));
  Value pairs = ir.mul(scores, blocking.lanes);
  if (readsOneBoxOfLiveKeys(kernel) && columns && columns % blocking.lanes == 0) {
    const int64_t all = op.getKeyColumns() + columns;
    Value work = ir.add(ir.mul(pairs, op.getKeyColumns()), ir.mul(productsInColumns(op, keys), columns));
    pairs = ir.ceilDiv(work, ir.constant(all));
  }
  LLVM::AtomicRMWOp::create(ir.b, ir.loc, LLVM::AtomicBinOp::add, frame.counter(), pairs,
                            LLVM::AtomicOrdering::monotonic);
}
