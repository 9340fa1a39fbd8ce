//===- CountPairs.cpp - the walk of a kernel, counting --------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Tile/CheckKernel.h"
#include "compiler/Tile/Passes.h"
#include "dialect/tile/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace muntin::tile {
#define GEN_PASS_DEF_TILECOUNTPAIRSPASS
#include "compiler/Tile/Passes.h.inc"
} // namespace muntin::tile

using namespace muntin::tile;

namespace {

/// Where the tile came from; of a kernel that was checked.
Value boxOf(Value tile) {
  if (auto await = tile.getDefiningOp<AwaitOp>())
    return copyFor(await).getBox();
  return tile.getDefiningOp<LoadOp>().getBox();
}

/// Columns of what the block multiplies with its scores, or 0.
int64_t valueColumns(Block &block) {
  for (auto dot : block.getOps<DotOp>())
    if (!dot.getTransposed())
      return dot.getResult().getType().getShape()[1];
  return 0;
}

/// Copies boxes and walks; a product of queries and keys becomes a count.
void copyWalk(Block &from, OpBuilder &builder, IRMapping &mapping) {
  for (mlir::Operation &op : from) {
    if (isa<QueryBoxOp, AllKeysOp, LiveKeysOp>(op)) {
      builder.clone(op, mapping);
    } else if (auto loop = dyn_cast<ForKeyBoxesOp>(op)) {
      auto copy = ForKeyBoxesOp::create(builder, loop.getLoc(), TypeRange(), loop.getRange(), loop.getMask(),
                                        mapping.lookup(loop.getExtras()), mapping.lookup(loop.getQueries()),
                                        loop.getShape(), ValueRange());
      Block &body = copy.getBody().emplaceBlock();
      mapping.map(loop.getKeys(), body.addArgument(loop.getKeys().getType(), loop.getLoc()));
      OpBuilder inner = OpBuilder::atBlockEnd(&body);
      copyWalk(loop.getBody().front(), inner, mapping);
      YieldOp::create(inner, loop.getLoc());
    } else if (auto dot = dyn_cast<DotOp>(op); dot && dot.getTransposed()) {
      Value queries = boxOf(dot.getLhs()), keys = boxOf(dot.getRhs());
      CountOp::create(builder, dot.getLoc(), mapping.lookup(queries), mapping.lookup(keys),
                      dot.getLhs().getType().getShape()[1], valueColumns(from));
    }
  }
}

struct TileCountPairs : muntin::tile::impl::TileCountPairsPassBase<TileCountPairs> {
  void runOnOperation() override {
    for (func::FuncOp kernel : kernelsOf(getOperation())) {
      bool hasScores = false;
      kernel.walk([&](DotOp dot) { hasScores |= dot.getTransposed(); });
      auto plan = kernel->getAttrOfType<PlanAttr>(kPlanAttrName);
      if (!hasScores)
        continue;
      if (failed(checkKernel(kernel, plan)))
        return signalPassFailure();
      OpBuilder builder(kernel->getContext());
      builder.setInsertionPointAfter(kernel);
      auto copy = func::FuncOp::create(builder, kernel.getLoc(), "count", kernel.getFunctionType());
      copy->setAttr(kPlanAttrName, plan);
      Block *entry = copy.addEntryBlock();
      IRMapping mapping;
      mapping.map(kernel.getArguments(), entry->getArguments());
      builder.setInsertionPointToStart(entry);
      copyWalk(kernel.getBody().front(), builder, mapping);
      func::ReturnOp::create(builder, kernel.getLoc());
      return;
    }
  }
};

} // namespace
