//===- IssueCopiesEarly.cpp - loads of a key box come first ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Tile/Passes.h"
#include "dialect/tile/Tile.h"

using namespace mlir;

namespace muntin::tile {
#define GEN_PASS_DEF_TILEISSUECOPIESEARLYPASS
#include "compiler/Tile/Passes.h.inc"
} // namespace muntin::tile

using namespace muntin::tile;

namespace {

struct TileIssueCopiesEarly : muntin::tile::impl::TileIssueCopiesEarlyPassBase<TileIssueCopiesEarly> {
  void runOnOperation() override {
    getOperation().walk([](ForKeyBoxesOp loop) { moveLoads(loop.getKeys(), loop.getBody().front(), nullptr); });
    for (auto keys : getOperation().getOps<LiveKeysOp>())
      moveLoads(keys.getKeys(), *keys->getBlock(), keys);
    for (auto keys : getOperation().getOps<AllKeysOp>())
      moveLoads(keys.getBox(), *keys->getBlock(), keys);
  }

  /// Moves what is loaded at `keys`, in its order, to behind `last`, or to the beginning of `block`. A load has no
  /// other operand than the kernel's and the box, so nothing else need come before it.
  static void moveLoads(Value keys, Block &block, mlir::Operation *last) {
    SmallVector<LoadOp> loads;
    for (auto load : block.getOps<LoadOp>())
      if (load.getBox() == keys)
        loads.push_back(load);
    for (LoadOp load : loads) {
      if (last)
        load->moveAfter(last);
      else
        load->moveBefore(&block.front());
      last = load;
    }
  }
};

} // namespace
