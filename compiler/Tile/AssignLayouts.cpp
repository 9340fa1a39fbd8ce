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

/// f32 lie in words: ldmatrix does not transpose values, and single words of four rows are read at once. Queries and
/// keys likewise, as an address is one register then; swizzled, it is four, which spilled where a lane has 128 outputs.
TileType inSharedMemory(TileType type) {
  Type element = type.getElementType();
  const int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  return type.withLayout(sharedLayout(type.getContext(), type.getShape()[1], bytes, element.isF32()));
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
      value.setType(RingType::get(ring.getContext(), inSharedMemory(ring.getTile())));
      return;
    }
    auto type = dyn_cast<TileType>(value.getType());
    if (!type)
      return;
    if (auto await = value.getDefiningOp<AwaitOp>()) // as its ring, which came before
      value.setType(await.getRing().getType().getTile());
    else if (isLoaded(value))
      value.setType(inSharedMemory(type));
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
