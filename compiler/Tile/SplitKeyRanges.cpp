//===- SplitKeyRanges.cpp - full key boxes first --------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Tile/Passes.h"
#include "dialect/tile/Tile.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace muntin::tile {
#define GEN_PASS_DEF_TILESPLITKEYRANGESPASS
#include "compiler/Tile/Passes.h.inc"
} // namespace muntin::tile

using namespace muntin::tile;

namespace {

struct TileSplitKeyRanges : muntin::tile::impl::TileSplitKeyRangesPassBase<TileSplitKeyRanges> {
  void runOnOperation() override {
    SmallVector<ForKeyBoxesOp> loops;
    getOperation().walk([&](ForKeyBoxesOp loop) {
      if (loop.getRange() == KeyRange::Split)
        loops.push_back(loop);
    });
    auto plan = getOperation()->getAttrOfType<PlanAttr>(kPlanAttrName);
    for (ForKeyBoxesOp loop : loops) {
      if (plan && plan.getOneWalk())
        loop.setRange(KeyRange::Live);
      else
        split(loop);
    }
  }

  void split(ForKeyBoxesOp loop) {
    OpBuilder builder(loop);
    auto full = cast<ForKeyBoxesOp>(builder.clone(*loop));
    full.setRange(KeyRange::Full);
    SmallVector<MaskOp> masks;
    full.walk([&](MaskOp mask) { masks.push_back(mask); });
    for (MaskOp mask : masks) {
      mask.getResult().replaceAllUsesWith(mask.getScores());
      mask.erase();
    }
    loop.setRange(KeyRange::Border);
    loop.getInitsMutable().assign(full.getResults());
  }
};

} // namespace
