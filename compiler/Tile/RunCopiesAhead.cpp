//===- RunCopiesAhead.cpp - a buffer is filled as soon as it is free ------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All warps of a block have passed a release when they meet next, and they meet
// where a copy is awaited. So a copy into a free buffer stands behind an await:
//
//      one stage      await K   copy V of this box            QK   release K
//                     await V   copy K of the next            PV   release V
//
//      two stages     await K   copy K and V of the next      QK   release K
//                     await V   (came with K: no meeting)     PV   release V
//
// One stage cannot wait for the next step; with more, all copies of a step stand
// together, and the warps meet once.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tile/Passes.h"
#include "dialect/tile/Tile.h"

using namespace mlir;

namespace muntin::tile {
#define GEN_PASS_DEF_TILERUNCOPIESAHEADPASS
#include "compiler/Tile/Passes.h.inc"
} // namespace muntin::tile

using namespace muntin::tile;

namespace {

struct TileRunCopiesAhead : muntin::tile::impl::TileRunCopiesAheadPassBase<TileRunCopiesAhead> {
  void runOnOperation() override {
    auto plan = getOperation()->getAttrOfType<PlanAttr>(kPlanAttrName);
    if (!plan)
      return;
    WalkResult result = getOperation().walk([&](ForKeyBoxesOp walk) {
      SmallVector<CopyOp> copies(walk.getBody().getOps<CopyOp>());
      for (CopyOp copy : copies)
        if (failed(place(copy, plan.getStages())))
          return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  /// Behind the first await after the ring's release, or of the next step; behind the copies that are there.
  static LogicalResult place(CopyOp copy, int64_t stages) {
    Block *body = copy->getBlock();
    ReleaseOp release;
    for (auto candidate : body->getOps<ReleaseOp>())
      if (candidate.getRing() == copy.getRing())
        release = candidate;
    if (!release)
      return copy.emitOpError("expected a release of its ring in the same step");
    AwaitOp sameStep, nextStep;
    for (auto await : body->getOps<AwaitOp>()) {
      if (!nextStep)
        nextStep = await;
      if (!sameStep && release->isBeforeInBlock(await))
        sameStep = await;
    }
    const bool now = stages == 1 && sameStep;
    mlir::Operation *place = now ? sameStep : nextStep;
    if (!place)
      return copy.emitOpError("expected an await of its ring in the same step");
    // With one stage and no meeting behind the release, the copy would come behind the await of itself.
    if (!now && stages == 1 && cast<AwaitOp>(place).getRing() == copy.getRing())
      return copy.emitOpError("expected, with one stage, an await between the release of its ring and the next of it");
    while (isa<CopyOp>(place->getNextNode()) && place->getNextNode() != copy)
      place = place->getNextNode();
    copy->moveAfter(place);
    copy.setAhead(now ? stages : stages - 1);
    return success();
  }
};

} // namespace
