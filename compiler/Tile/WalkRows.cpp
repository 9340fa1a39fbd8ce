//===- WalkRows.cpp - tiles of all keys become walks over key boxes -------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile of `?` columns is *wide*. An *end* takes wide tiles and makes none: it
// folds them, or writes them. For the whole row of `row.mlir`:
//
//      K -> QK -> S -> max            first walk: ends at the maximum
//                 S -> P -> sum       second walk: what is behind S needs the
//                      P -> Ph -> O   maximum, so it could not be in the first
//
// S is where the walks part: the first one keeps it, the second one reads it.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tile/Passes.h"
#include "dialect/attn/Attn.h"
#include "dialect/tile/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

#include <limits>

using namespace mlir;

namespace muntin::tile {
#define GEN_PASS_DEF_TILEWALKROWSPASS
#include "compiler/Tile/Passes.h.inc"
} // namespace muntin::tile

using namespace muntin::tile;

namespace {

using Operation = mlir::Operation;
using Cone = llvm::SmallSetVector<Operation *, 16>;

bool isWide(Type type) {
  auto tile = dyn_cast<TileType>(type);
  return tile && llvm::any_of(tile.getShape(), ShapedType::isDynamic);
}
bool isWide(Value value) { return isWide(value.getType()); }
bool makesWide(Operation *op) {
  return llvm::any_of(op->getResultTypes(), [](Type type) { return isWide(type); });
}
bool isEnd(Operation *op) {
  return !makesWide(op) && llvm::any_of(op->getOperands(), [](Value value) { return isWide(value); });
}

class RowWalker {
public:
  RowWalker(func::FuncOp kernel, PlanAttr plan) : kernel(kernel), block(kernel.getBody().front()), plan(plan) {}
  LogicalResult run();

private:
  SmallVector<SmallVector<Operation *>> groupEnds();
  Cone coneOf(ArrayRef<Operation *> ends);
  bool isReadyAt(Operation *end, Operation *place);
  SmallVector<Value> keptFor(ArrayRef<Operation *> ends, const Cone &cone, ArrayRef<SmallVector<Operation *>> later);
  LogicalResult emitWalk(ArrayRef<Operation *> ends, ArrayRef<SmallVector<Operation *>> later);
  void emitBody(OpBuilder &b, ForKeyBoxesOp walk, ArrayRef<Operation *> ends, const Cone &cone, Value keep,
                Value matrix);
  Value startOf(OpBuilder &b, Operation *end);
  Value extras();
  TileType narrowed(Type type);

  func::FuncOp kernel;
  Block &block;
  PlanAttr plan;
  llvm::MapVector<Value, Value> kept; ///< wide tiles, and the matrix that holds them
};

/// Everything wide that the ends need and no matrix holds, in the order of the block.
Cone RowWalker::coneOf(ArrayRef<Operation *> ends) {
  Cone found;
  SmallVector<Operation *> work(ends);
  while (!work.empty())
    for (Value operand : work.pop_back_val()->getOperands())
      if (isWide(operand) && found.insert(operand.getDefiningOp()) && !kept.count(operand))
        work.push_back(operand.getDefiningOp());
  SmallVector<Operation *> sorted(found.begin(), found.end());
  llvm::sort(sorted, [](Operation *x, Operation *y) { return x->isBeforeInBlock(y); });
  return Cone(sorted.begin(), sorted.end());
}

/// Whether a walk that stands before `place` can compute `end`. Loads of operands may move, those of matrices may not.
bool RowWalker::isReadyAt(Operation *end, Operation *place) {
  Cone needed = coneOf(end);
  needed.insert(end);
  return llvm::all_of(needed, [&](Operation *op) {
    if (isa<LoadMatrixOp>(op) && !op->isBeforeInBlock(place))
      return false;
    return llvm::all_of(op->getOperands(), [&](Value operand) {
      Operation *maker = operand.getDefiningOp();
      return isWide(operand) || !maker || isa<AllKeysOp>(maker) || maker->isBeforeInBlock(place);
    });
  });
}

/// The ends that share a walk, walk by walk.
SmallVector<SmallVector<Operation *>> RowWalker::groupEnds() {
  SmallVector<Operation *> left;
  for (Operation &op : block)
    if (isEnd(&op))
      left.push_back(&op);
  SmallVector<SmallVector<Operation *>> groups;
  while (!left.empty()) {
    Operation *first = left.front();
    SmallVector<Operation *> group, others;
    for (Operation *end : left)
      (isReadyAt(end, first) ? group : others).push_back(end);
    groups.push_back(group);
    left = others;
  }
  return groups;
}

/// What of a walk's cone the later walks begin with, if to compute it again would take a product.
SmallVector<Value> RowWalker::keptFor(ArrayRef<Operation *> ends, const Cone &cone,
                                      ArrayRef<SmallVector<Operation *>> later) {
  SmallVector<Value> keep;
  for (Operation *op : cone) {
    Value value = op->getResult(0);
    const Cone before = coneOf(op);
    const bool multiplies = isa<DotOp>(op) || llvm::any_of(before, [](Operation *of) { return isa<DotOp>(of); });
    const bool read = llvm::any_of(later, [&](ArrayRef<Operation *> others) {
      const Cone cone2 = coneOf(others);
      return llvm::any_of(value.getUsers(), [&](Operation *user) {
        return !cone.contains(user) && !llvm::is_contained(ends, user) &&
               (cone2.contains(user) || llvm::is_contained(others, user));
      });
    });
    if (multiplies && read && !kept.count(value))
      keep.push_back(value);
  }
  return keep;
}

/// The same tile with the columns of a key box.
TileType RowWalker::narrowed(Type type) {
  auto tile = cast<TileType>(type);
  SmallVector<int64_t> shape(tile.getShape());
  for (int64_t &extent : shape)
    if (ShapedType::isDynamic(extent))
      extent = plan.getKeyBox().volume();
  return TileType::get(type.getContext(), shape, tile.getElementType());
}

/// What an end's result is before the first box.
Value RowWalker::startOf(OpBuilder &b, Operation *end) {
  auto dot = dyn_cast<DotOp>(end);
  if (dot && dot.getAcc())
    return dot.getAcc();
  auto reduction = dyn_cast<ReduceOp>(end);
  const bool max = reduction && reduction.getKind() == ReduceKind::Max;
  auto number = b.getF32FloatAttr(max ? -std::numeric_limits<float>::infinity() : 0.0f);
  Value start = arith::ConstantOp::create(b, end->getLoc(), number);
  return BroadcastOp::create(b, end->getLoc(), end->getResult(0).getType(), start);
}

/// The kernel's extras; one that has none gets some that are empty, as a walk wants them.
Value RowWalker::extras() {
  for (BlockArgument argument : block.getArguments())
    if (isa<ExtrasType>(argument.getType()))
      return argument;
  (void)kernel.insertArgument(kernel.getNumArguments(), ExtrasType::get(kernel.getContext(), "none"), {},
                              kernel.getLoc());
  return block.getArguments().back();
}

void RowWalker::emitBody(OpBuilder &b, ForKeyBoxesOp walk, ArrayRef<Operation *> ends, const Cone &cone, Value keep,
                         Value matrix) {
  IRMapping mapping;
  Value keys = walk.getKeys();
  auto clone = [&](Operation *op) {
    for (Value operand : op->getOperands())
      if (operand.getDefiningOp<AllKeysOp>())
        mapping.map(operand, keys);
    return b.clone(*op, mapping);
  };
  for (Operation *op : cone) {
    Value value = op->getResult(0);
    TileType type = narrowed(value.getType());
    if (Value from = kept.lookup(value)) {
      mapping.map(value, LoadMatrixOp::create(b, op->getLoc(), type, from, keys).getTile());
      continue;
    }
    Value now = clone(op)->getResult(0);
    now.setType(type);
    if (value == keep)
      StoreMatrixOp::create(b, op->getLoc(), now, matrix, keys);
  }
  SmallVector<Value> yielded;
  for (Operation *end : ends) {
    Operation *here = clone(end);
    if (here->getNumResults() == 0)
      continue;
    Value before = walk.getCarried()[yielded.size()], after = here->getResult(0);
    if (auto dot = dyn_cast<DotOp>(here))
      dot.getAccMutable().assign(before);
    else if (cast<ReduceOp>(here).getKind() == ReduceKind::Max)
      after = arith::MaxNumFOp::create(b, end->getLoc(), before, after);
    else
      after = arith::AddFOp::create(b, end->getLoc(), before, after);
    yielded.push_back(after);
  }
  YieldOp::create(b, walk.getLoc(), yielded);
}

LogicalResult RowWalker::emitWalk(ArrayRef<Operation *> ends, ArrayRef<SmallVector<Operation *>> later) {
  for (Operation *end : ends)
    if (!isa<ReduceOp, DotOp, StoreMatrixOp>(end))
      return end->emitOpError("takes a tile of all keys, and is neither a reduction nor a product nor a store_matrix");
  OpBuilder b(ends.front());
  Location loc = ends.front()->getLoc();
  const Cone cone = coneOf(ends);
  const SmallVector<Value> keep = keptFor(ends, cone, later);
  if (keep.size() > 1 || (!keep.empty() && plan.getCapacity() == 0))
    return kernel.emitError() << "expected a plan with a capacity for " << keep.size() << " tiles of all keys, got "
                              << plan;
  auto queryBoxes = block.getOps<QueryBoxOp>();
  if (queryBoxes.empty())
    return kernel.emitError("expected a query box");
  SmallVector<Value> starts;
  for (Operation *end : ends)
    if (end->getNumResults() == 1)
      starts.push_back(startOf(b, end));
  Value matrix;
  if (!keep.empty())
    matrix = ScratchOp::create(b, loc, MatrixType::get(b.getContext(), b.getF32Type()), plan.getCapacity());
  auto walk = ForKeyBoxesOp::create(b, loc, TypeRange(ValueRange(starts)), KeyRange::All,
                                    muntin::attn::FullAttr::get(b.getContext()), extras(),
                                    (*queryBoxes.begin()).getBox(), plan.getKeyBox(), starts);
  Block &body = walk.getBody().emplaceBlock();
  body.addArgument((*queryBoxes.begin()).getBox().getType(), loc);
  for (Value start : starts)
    body.addArgument(start.getType(), loc);
  OpBuilder inner = OpBuilder::atBlockEnd(&body);
  emitBody(inner, walk, ends, cone, keep.empty() ? Value() : keep.front(), matrix);
  if (matrix)
    kept[keep.front()] = matrix;
  size_t next = 0;
  for (Operation *end : ends) {
    if (end->getNumResults() == 1)
      end->getResult(0).replaceAllUsesWith(walk.getResult(next++));
    end->erase();
  }
  return success();
}

LogicalResult RowWalker::run() {
  for (BlockArgument argument : block.getArguments())
    if (isWide(argument))
      return kernel.emitError() << "expected tiles of all keys to be made in the kernel, got the argument "
                                << argument.getType();
  const SmallVector<SmallVector<Operation *>> groups = groupEnds();
  for (size_t i = 0; i < groups.size(); ++i)
    if (failed(emitWalk(groups[i], ArrayRef(groups).drop_front(i + 1))))
      return failure();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if ((makesWide(&op) || isa<AllKeysOp>(op)) && op.use_empty())
      op.erase();
  return success();
}

struct TileWalkRows : muntin::tile::impl::TileWalkRowsPassBase<TileWalkRows> {
  void runOnOperation() override {
    auto plan = getOperation()->getAttrOfType<PlanAttr>(kPlanAttrName);
    if (plan && failed(RowWalker(getOperation(), plan).run()))
      signalPassFailure();
  }
};

} // namespace
