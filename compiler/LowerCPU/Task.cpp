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
      rank(plan.getQueryBox().getDims().size()), extents(frame.extents()) {}

void Task::begin() {
  forgetStrip();
  forgetLists();
}

void Task::emit(Value index) {
  Value perHead = tasksPerHead(), groups = ir.div(extents.heads, ir.max(extents.kvHeads, ir.constant(1)));
  taskNumber = index;
  Value ofHead = ir.rem(index, perHead), slice = ir.div(index, perHead);
  batch = ir.div(slice, extents.heads);
  head = ir.rem(slice, extents.heads);
  kvHead = ir.div(head, groups);
  chooseBox(ofHead);

  Value some; // a residue class may have fewer boxes than its number of tasks
  for (const attn::BoxAxis &axis : queryBox)
    if (axis.step > 1) {
      Value here = ir.less(ir.constant(0), axis.count);
      some = some ? ir.b.createOrFold<arith::AndIOp>(ir.loc, some, here) : here;
    }
  auto body = [&] {
    bindArguments();
    emitBlock(kernel.getBody().front());
  };
  if (some)
    ir.when(some, body);
  else
    body();
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
    else if (auto extras = dyn_cast<tile::ExtrasType>(argument.getType()); extras && extras.getContent() == "segments")
      loadLaneSegments();
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
    auto mask = cast<attn::MaskAttrInterface>(live.getMask());
    attn::Box hull = plan.getTrimmed() ? trimKeys(mask) : mask.liveKeys(ir.b, ir.loc, maskContext(), queryBox).box;
    for (attn::BoxAxis &axis : hull) // where parts of a mask have no key in common, counts are negative
      axis.count = ir.max(axis.count, ir.constant(0));
    boxes[live.getKeys()] = hull;
    keyCapacity.assign(plan.getKeyBox().getDims().begin(), plan.getKeyBox().getDims().end());
  } else if (auto loop = dyn_cast<tile::ForKeyBoxesOp>(op)) {
    emitForKeyBoxes(loop);
  } else if (auto load = dyn_cast<tile::LoadOp>(op)) {
    if (load.getBox().getDefiningOp<tile::QueryBoxOp>())
      buffers[load.getTile()] = loadQueries(load);
    else
      keyTiles[load.getTile()] = loadKeys(load);
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
  Value pairs = ir.mul(countKeys(boxes.lookup(op.getKeys())).padded, ir.mul(presentVectors, blocking.lanes));
  LLVM::AtomicRMWOp::create(ir.b, ir.loc, LLVM::AtomicBinOp::add, frame.counter(), pairs,
                            LLVM::AtomicOrdering::monotonic);
}
