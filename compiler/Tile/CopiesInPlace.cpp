//===- CopiesInPlace.cpp - nothing is copied, boxes are read where they are ===//
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
#define GEN_PASS_DEF_TILECOPIESINPLACEPASS
#include "compiler/Tile/Passes.h.inc"
} // namespace muntin::tile

using namespace muntin::tile;

namespace {

struct TileCopiesInPlace : muntin::tile::impl::TileCopiesInPlacePassBase<TileCopiesInPlace> {
  void runOnOperation() override {
    for (auto ring : llvm::make_early_inc_range(getOperation().getOps<RingOp>())) {
      SmallVector<mlir::Operation *> users(ring->getUsers());
      for (mlir::Operation *user : users)
        if (auto await = dyn_cast<AwaitOp>(user); await && failed(load(await)))
          return signalPassFailure();
      for (mlir::Operation *user : SmallVector<mlir::Operation *>(ring->getUsers()))
        user->erase();
      ring.erase();
    }
  }

  /// What arrives is loaded where it was awaited.
  static LogicalResult load(AwaitOp await) {
    CopyOp copy = copyFor(await);
    if (!copy)
      return await.emitOpError("has no copy into its ring in its block");
    OpBuilder builder(await);
    Value tile =
        LoadOp::create(builder, await.getLoc(), await.getTile().getType(), copy.getSource(), copy.getBox(), Value());
    await.getTile().replaceAllUsesWith(tile);
    await.erase();
    return success();
  }
};

} // namespace
