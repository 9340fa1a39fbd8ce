//===- AssignLayouts.cpp - where the elements of each tile are ------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is loaded or copied lies in shared memory, in rows that suit the product
// which reads them; what is computed lies in registers as products leave it. A
// product's left operand from registers wants another layout than it comes in:
// there, and only there, stands a tile.convert that changes it.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tile/Passes.h"
#include "dialect/tile/Layout.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace muntin::tile {
#define GEN_PASS_DEF_TILEASSIGNLAYOUTSPASS
#include "compiler/Tile/Passes.h.inc"
} // namespace muntin::tile

using namespace muntin::tile;

namespace {

bool isLoaded(Value tile) { return tile.getDefiningOp() && isa<LoadOp, AwaitOp>(tile.getDefiningOp()); }

/// Whether a tile, or those of a ring, are read by single words: values of f32, which ldmatrix does not transpose.
bool isReadByWords(Value tileOrRing) {
  return llvm::any_of(tileOrRing.getUsers(), [&](mlir::Operation *user) {
    if (auto await = dyn_cast<AwaitOp>(user))
      return isReadByWords(await.getTile());
    auto dot = dyn_cast<DotOp>(user);
    return dot && dot.getRhs() == tileOrRing && !dot.getTransposed() && dot.getRhs().getType().getElementType().isF32();
  });
}

TileType inSharedMemory(TileType type, bool words) {
  const int64_t bytes = type.getElementType().getIntOrFloatBitWidth() / 8;
  return type.withLayout(sharedLayout(type.getContext(), type.getShape()[1], bytes, words));
}

/// Whether the kernel's products take words: f32. Kernels that multiply nothing may say either.
bool multipliesWords(func::FuncOp kernel) {
  for (Type type : kernel.getArgumentTypes())
    if (auto tensor = dyn_cast<GridTensorType>(type))
      return tensor.getElementType().isF32(); // the queries'
  return true;
}

struct TileAssignLayouts : muntin::tile::impl::TileAssignLayoutsPassBase<TileAssignLayouts> {
  void runOnOperation() override {
    auto plan = getOperation()->getAttrOfType<PlanAttr>(kPlanAttrName);
    if (!plan)
      return;
    words = multipliesWords(getOperation());
    getOperation().walk<WalkOrder::PreOrder>([&](mlir::Operation *op) {
      for (Value result : op->getResults())
        assign(result);
      if (auto loop = dyn_cast<ForKeyBoxesOp>(op))
        for (Value carried : loop.getCarried())
          assign(carried);
    });
    if (plan.getEngine() != "fma") // whose left operands go through memory
      getOperation().walk([&](DotOp dot) {
        if (!isLoaded(dot.getLhs()))
          convertLeft(dot);
      });
  }

  void assign(Value value) {
    if (auto ring = dyn_cast<RingType>(value.getType())) {
      value.setType(RingType::get(ring.getContext(), inSharedMemory(ring.getTile(), isReadByWords(value))));
      return;
    }
    auto type = dyn_cast<TileType>(value.getType());
    if (!type)
      return;
    if (auto await = value.getDefiningOp<AwaitOp>()) // as its ring, which came before
      value.setType(await.getRing().getType().getTile());
    else if (isLoaded(value))
      value.setType(inSharedMemory(type, isReadByWords(value)));
    else if (type.getShape().size() == 1)
      value.setType(type.withLayout(rowLayout(type.getContext())));
    else
      value.setType(type.withLayout(accumulatorLayout(type.getContext(), words)));
  }

  /// The rounding to the operand's element type, where there is one, is also where its layout changes.
  void convertLeft(DotOp dot) {
    TileType type = dot.getLhs().getType();
    TileType wanted = type.withLayout(leftOperandLayout(type.getContext(), words));
    if (type == wanted)
      return;
    if (auto convert = dot.getLhs().getDefiningOp<ConvertOp>(); convert && convert->hasOneUse()) {
      convert.getTile().setType(wanted);
      return;
    }
    OpBuilder builder(dot);
    Value converted = ConvertOp::create(builder, dot.getLoc(), wanted, dot.getLhs());
    dot.getLhsMutable().assign(converted);
  }

  bool words = false;
};

} // namespace
