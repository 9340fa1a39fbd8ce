//===- CheckKernel.cpp - what lowerings rely on ---------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Tile/CheckKernel.h"

#include "dialect/attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace muntin::tile;

namespace {

enum Held : unsigned {
  Nothing = 0,
  Number = 1,
  Source = 2,
  Target = 4,
  Matrix = 8,
  Extras = 16,
  Ring = 32,
  QueryBox = 64,
  KeyBox = 128,
  QueryRows = 256,
  KeyRows = 512,
  Computed = 1024,
};

StringRef nameOf(unsigned held) {
  switch (held) {
  case Number: return "a number";
  case Source: return "an argument whose tile.operand is query, key or value";
  case Target: return "an argument whose tile.operand is out or lse";
  case Matrix: return "a matrix";
  case Extras: return "an argument of run-time data";
  case Ring: return "a ring";
  case QueryBox: return "the box of queries";
  case KeyBox: return "a box of keys";
  case QueryRows: return "rows of queries, as loaded";
  case KeyRows: return "rows of keys, as loaded";
  case Computed: return "a computed tile";
  case QueryBox | KeyBox: return "a box that is made in the kernel";
  case Number | Computed: return "a number or a computed tile";
  default: return "a value that nobody makes";
  }
}

Held heldFor(BlockArgument argument) {
  Type type = argument.getType();
  if (isa<ForKeyBoxesOp>(argument.getOwner()->getParentOp()))
    return isa<BoxType>(type) ? KeyBox : isa<TileType>(type) ? Computed : Number;
  if (StringRef name = operandName(argument); !name.empty() && isa<GridTensorType>(type))
    return llvm::StringSwitch<Held>(name)
        .Cases({"query", "key", "value"}, Source)
        .Cases({"out", "lse"}, Target)
        .Default(Nothing);
  return TypeSwitch<Type, Held>(type)
      .Case([](MatrixType) { return Matrix; })
      .Case([](ExtrasType) { return Extras; })
      .Default([](Type other) { return other.isF32() ? Number : Nothing; });
}

Held heldFor(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return heldFor(argument);
  return TypeSwitch<mlir::Operation *, Held>(value.getDefiningOp())
      .Case([](QueryBoxOp) { return QueryBox; })
      .Case<AllKeysOp, LiveKeysOp>([](auto) { return KeyBox; })
      .Case([](LoadOp load) { return heldFor(load.getBox()) == QueryBox ? QueryRows : KeyRows; })
      .Case([](AwaitOp) { return KeyRows; })
      .Case([](RingOp) { return Ring; })
      .Case([](ScratchOp) { return Matrix; })
      .Default([&](mlir::Operation *) {
        return isa<TileType>(value.getType()) ? Computed : value.getType().isIntOrIndexOrFloat() ? Number : Nothing;
      });
}

/// How many keys a box has room for.
int64_t keysOf(Value box, PlanAttr plan) {
  if (auto walk = dyn_cast<ForKeyBoxesOp>(box.getParentBlock()->getParentOp()); walk && isa<BlockArgument>(box))
    return walk.getShape().volume();
  // Where a plan has room for the keys of one box, tiles of all keys are as large as that.
  const bool oneBox = plan.getCapacity() == plan.getKeyBox().volume();
  return box.getDefiningOp<AllKeysOp>() && !oneBox ? ShapedType::kDynamic : plan.getKeyBox().volume();
}

class KernelCheck {
public:
  KernelCheck(func::FuncOp kernel, PlanAttr plan) : kernel(kernel), plan(plan) {}
  LogicalResult run();

private:
  LogicalResult check(Block &block);
  LogicalResult check(mlir::Operation &op);
  LogicalResult check(ForKeyBoxesOp walk);
  LogicalResult check(LoadOp load);
  LogicalResult check(DotOp dot);
  LogicalResult checkOther(mlir::Operation &op);
  LogicalResult checkMask(mlir::Operation *op, Attribute mask, Value extras);
  LogicalResult expect(mlir::Operation *op, StringRef what, ValueRange values, unsigned held);
  LogicalResult expectExtent(mlir::Operation *op, TileType tile, size_t axis, int64_t extent);
  LogicalResult expectScores(mlir::Operation *op, Value tile, Value keys);

  func::FuncOp kernel;
  PlanAttr plan;
};

} // namespace

LogicalResult KernelCheck::expect(mlir::Operation *op, StringRef what, ValueRange values, unsigned held) {
  for (Value value : values)
    if (const Held got = heldFor(value); !(got & held))
      return op->emitOpError() << "expected as " << what << " " << nameOf(held) << ", got " << nameOf(got);
  return success();
}

static std::string textOf(int64_t extent) { return ShapedType::isDynamic(extent) ? "?" : std::to_string(extent); }

/// More than the box has is padding, which machines that take 16 keys at once want.
LogicalResult KernelCheck::expectExtent(mlir::Operation *op, TileType tile, size_t axis, int64_t extent) {
  const int64_t got = tile.getShape().size() > axis ? tile.getShape()[axis] : 0;
  if (got == extent || (!ShapedType::isDynamic(extent) && got > extent))
    return success();
  return op->emitOpError() << "expected a tile of at least " << textOf(extent) << (axis == 0 ? " rows" : " columns")
                           << ", as its box has, got " << tile;
}

LogicalResult KernelCheck::expectScores(mlir::Operation *op, Value tile, Value keys) {
  return expectExtent(op, cast<TileType>(tile.getType()), 1, keysOf(keys, plan));
}

LogicalResult KernelCheck::checkMask(mlir::Operation *op, Attribute mask, Value extras) {
  if (failed(expect(op, "run-time data", extras, Extras)))
    return failure();
  if (muntin::attn::needsSegments(cast<muntin::attn::MaskAttrInterface>(mask)) &&
      cast<ExtrasType>(extras.getType()).getContent() != "segments")
    return op->emitOpError() << "expected !tile.extras<\"segments\"> for a mask of documents, got " << extras.getType();
  return success();
}

LogicalResult KernelCheck::check(ForKeyBoxesOp walk) {
  if (failed(checkMask(walk, walk.getMask(), walk.getExtras())) ||
      failed(expect(walk, "queries", walk.getQueries(), QueryBox)) ||
      failed(expect(walk, "what is carried", walk.getInits(), Number | Computed)) ||
      failed(expect(walk.getYield(), "what is carried", walk.getYield().getValues(), Number | Computed)))
    return failure();
  return check(walk.getBody().front());
}

LogicalResult KernelCheck::check(LoadOp load) {
  if (failed(expect(load, "source", load.getSource(), Source)) ||
      failed(expect(load, "box", load.getBox(), QueryBox | KeyBox)))
    return failure();
  if (load.getTile().getType().getShape().size() != 2)
    return load.emitOpError() << "expected a tile of rows and columns, got " << load.getTile().getType();
  if (load.getFactor() && failed(expect(load, "factor", load.getFactor(), Number)))
    return failure();
  const TileType tile = load.getTile().getType();
  if (heldFor(load.getBox()) == QueryBox)
    return expectExtent(load, tile, 0, plan.getQueryBox().volume());
  if (load.getFactor())
    return load.emitOpError("of keys has a factor, which is for queries");
  return expectExtent(load, tile, 0, keysOf(load.getBox(), plan));
}

LogicalResult KernelCheck::check(DotOp dot) {
  if (failed(expect(dot, "right operand", dot.getRhs(), KeyRows)))
    return failure();
  if (!dot.getTransposed())
    return failure(failed(expect(dot, "left operand", dot.getLhs(), Computed)) ||
                   (dot.getAcc() && failed(expect(dot, "accumulator", dot.getAcc(), Computed))));
  if (dot.getAcc())
    return dot.emitOpError("of a transpose has an accumulator, which has no lowering yet");
  return expect(dot, "left operand", dot.getLhs(), QueryRows);
}

/// Arithmetic on numbers, or element by element on computed tiles.
LogicalResult KernelCheck::checkOther(mlir::Operation &op) {
  if (!isa<arith::ArithDialect, math::MathDialect>(op.getDialect()) || op.getNumResults() != 1)
    return op.emitOpError("has no lowering: expected operations of the tile dialect, arithmetic and math");
  auto tile = dyn_cast<TileType>(op.getResult(0).getType());
  if (!tile)
    return expect(&op, "operands", op.getOperands(), Number);
  if (!tile.getElementType().isF32() || op.getNumOperands() == 0)
    return op.emitOpError() << "expected a tile of f32 that is computed from tiles, got " << tile;
  return expect(&op, "operands", op.getOperands(), Computed);
}

LogicalResult KernelCheck::check(mlir::Operation &op) {
  for (Value result : op.getResults())
    if (auto tile = dyn_cast<TileType>(result.getType());
        tile && heldFor(result) == Computed && failed(expectExtent(&op, tile, 0, plan.getQueryBox().volume())))
      return failure();
  return TypeSwitch<mlir::Operation *, LogicalResult>(&op)
      .Case<ForKeyBoxesOp, LoadOp, DotOp>([&](auto known) { return check(known); })
      .Case([&](QueryBoxOp box) -> LogicalResult {
        if (box.getShape() == plan.getQueryBox() && box.getStep() == plan.getQueryStep())
          return success();
        return box.emitOpError() << "expected the plan's " << plan.getQueryBox() << " step " << plan.getQueryStep();
      })
      .Case<AllKeysOp, RingOp, ScratchOp>([](auto) { return success(); })
      .Case([&](LiveKeysOp live) { return expect(live, "queries", live.getQueries(), QueryBox); })
      .Case([&](StoreOp store) {
        return failure(failed(expect(store, "tile", store.getTile(), Computed)) ||
                       failed(expect(store, "target", store.getTarget(), Target)) ||
                       failed(expect(store, "box", store.getBox(), QueryBox)));
      })
      .Case([&](CopyOp copy) {
        return failure(failed(expect(copy, "source", copy.getSource(), Source)) ||
                       failed(expect(copy, "box", copy.getBox(), KeyBox)) ||
                       failed(expect(copy, "ring", copy.getRing(), Ring)));
      })
      .Case([&](AwaitOp await) -> LogicalResult {
        if (failed(expect(await, "ring", await.getRing(), Ring)))
          return failure();
        return copyFor(await) ? success() : await.emitOpError("has no copy into its ring in its block");
      })
      .Case([&](ReleaseOp release) { return expect(release, "ring", release.getRing(), Ring); })
      .Case([&](LoadMatrixOp load) {
        return failure(failed(expect(load, "source", load.getSource(), Matrix)) ||
                       failed(expect(load, "box", load.getKeys(), KeyBox)) ||
                       failed(expectScores(load, load.getTile(), load.getKeys())));
      })
      .Case([&](StoreMatrixOp store) {
        return failure(failed(expect(store, "tile", store.getTile(), Computed)) ||
                       failed(expect(store, "target", store.getTarget(), Matrix)) ||
                       failed(expect(store, "box", store.getKeys(), KeyBox)) ||
                       failed(expectScores(store, store.getTile(), store.getKeys())));
      })
      .Case([&](MaskOp mask) {
        return failure(failed(checkMask(mask, mask.getMask(), mask.getExtras())) ||
                       failed(expect(mask, "scores", mask.getScores(), Computed)) ||
                       failed(expect(mask, "queries", mask.getQueries(), QueryBox)) ||
                       failed(expect(mask, "keys", mask.getKeys(), KeyBox)) ||
                       failed(expectScores(mask, mask.getScores(), mask.getKeys())));
      })
      .Case([&](CountOp count) {
        return failure(failed(expect(count, "queries", count.getQueries(), QueryBox)) ||
                       failed(expect(count, "keys", count.getKeys(), KeyBox)));
      })
      .Case(
          [&](BroadcastOp broadcast) { return expect(broadcast, "source", broadcast.getSource(), Number | Computed); })
      .Case<ConvertOp, ReduceOp>([&](auto of) { return expect(of, "source", of.getSource(), Computed); })
      .Case([&](SplitScaleOp split) { return expect(split, "scale", split.getScale(), Number); })
      .Default([&](mlir::Operation *other) { return checkOther(*other); });
}

LogicalResult KernelCheck::check(Block &block) {
  for (mlir::Operation &op : block.without_terminator())
    if (failed(check(op)))
      return failure();
  return success();
}

LogicalResult KernelCheck::run() {
  if (!plan)
    return kernel.emitError("expected a plan, got ") << kernel->getAttr(kPlanAttrName);
  const size_t rank = plan.getQueryBox().getDims().size();
  if (plan.getQueryStep().getDims().size() != rank || plan.getKeyBox().getDims().size() != rank)
    return kernel.emitError() << "expected a plan whose boxes and steps have one rank, got " << plan;
  if (!kernel.getBody().hasOneBlock() || kernel.getNumResults() != 0)
    return kernel.emitError("expected a kernel of one block and without results");
  WalkResult ranks = kernel.walk([&](mlir::Operation *op) {
    for (TypeRange types : {TypeRange(op->getOperandTypes()), TypeRange(op->getResultTypes())})
      for (Type type : types)
        if (auto box = dyn_cast<BoxType>(type); box && size_t(box.getRank()) != rank)
          return op->emitOpError() << "expected boxes of the plan's rank " << rank << ", got " << box,
                 WalkResult::interrupt();
    return WalkResult::advance();
  });
  return ranks.wasInterrupted() ? failure() : check(kernel.getBody().front());
}

LogicalResult muntin::tile::checkKernel(func::FuncOp kernel, PlanAttr plan) { return KernelCheck(kernel, plan).run(); }

SmallVector<func::FuncOp> muntin::tile::kernelsOf(ModuleOp module) {
  SmallVector<func::FuncOp> kernels;
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr(kPlanAttrName))
      kernels.push_back(function);
  return kernels;
}

StringRef muntin::tile::operandName(BlockArgument argument) {
  auto kernel = cast<func::FuncOp>(argument.getOwner()->getParentOp());
  auto name = kernel.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kOperandAttrName);
  return name ? name.getValue() : StringRef();
}

BlockArgument muntin::tile::operandNamed(func::FuncOp kernel, StringRef name) {
  for (BlockArgument argument : kernel.getArguments())
    if (operandName(argument) == name)
      return argument;
  return {};
}
