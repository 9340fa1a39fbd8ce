//===- CollapseRoles.cpp - one program of all roles -----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Tile/Passes.h"
#include "dialect/tile/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace muntin::tile {
#define GEN_PASS_DEF_TILECOLLAPSEROLESPASS
#include "compiler/Tile/Passes.h.inc"
} // namespace muntin::tile

using namespace muntin::tile;

namespace {

/// Whether two walks visit the same boxes in the same order.
bool visitTheSame(ForKeyBoxesOp x, ForKeyBoxesOp y) {
  return x.getRange() == y.getRange() && x.getMask() == y.getMask() && x.getShape() == y.getShape() &&
         x.getExtras() == y.getExtras() && x.getQueries() == y.getQueries();
}

struct TileCollapseRoles : muntin::tile::impl::TileCollapseRolesPassBase<TileCollapseRoles> {
  void runOnOperation() override {
    SmallVector<RoleOp> producers, consumers;
    for (auto role : getOperation().getOps<RoleOp>())
      (role.getWarps().getKind() == RoleKind::Producer ? producers : consumers).push_back(role);
    if (!producers.empty() || !consumers.empty()) {
      if (consumers.size() != 1) {
        getOperation().emitError() << "expected one role of consumers, got " << consumers.size();
        return signalPassFailure();
      }
      for (RoleOp producer : producers)
        if (failed(mergeInto(consumers.front(), producer)))
          return signalPassFailure();
      inlineBody(consumers.front());
    }
    finishAtOnce();
  }

  /// The producer's walks, in their order, become the beginnings of the consumer's; what else it does comes first.
  LogicalResult mergeInto(RoleOp consumer, RoleOp producer) {
    auto walks = llvm::to_vector(consumer.getBody().getOps<ForKeyBoxesOp>());
    size_t next = 0;
    Block &target = consumer.getBody().front();
    mlir::Operation *begin = target.empty() ? nullptr : &target.front();
    for (mlir::Operation &op : llvm::make_early_inc_range(producer.getBody().front())) {
      auto filling = dyn_cast<ForKeyBoxesOp>(op);
      if (!filling) {
        begin ? op.moveBefore(begin) : op.moveBefore(&target, target.end());
        continue;
      }
      if (!filling.getInits().empty())
        return filling.emitOpError("of a producer carries tiles, which its consumer cannot");
      if (next == walks.size() || !visitTheSame(filling, walks[next]))
        return filling.emitOpError("of a producer has no walk of the consumer that visits the same boxes");
      Block &body = walks[next].getBody().front();
      filling.getKeys().replaceAllUsesWith(walks[next].getKeys());
      ++next;
      filling.getYield().erase();
      body.getOperations().splice(body.begin(), filling.getBody().front().getOperations());
      filling.erase();
    }
    producer.erase();
    return success();
  }

  static void inlineBody(RoleOp role) {
    role->getBlock()->getOperations().splice(role->getIterator(), role.getBody().front().getOperations());
    role.erase();
  }

  /// Products that are started are done.
  void finishAtOnce() {
    SmallVector<FinishOp> all;
    getOperation().walk([&](FinishOp finish) { all.push_back(finish); });
    for (FinishOp finish : all) {
      auto start = finish.getPending().getDefiningOp<StartDotOp>();
      if (!start) // carried from step to step: nothing is in the templates that does so
        continue;
      OpBuilder builder(start);
      Value product = DotOp::create(builder, start.getLoc(), finish.getTile().getType(), start.getLhs(), start.getRhs(),
                                    start.getAcc(), start.getTransposed());
      finish.getTile().replaceAllUsesWith(product);
      finish.erase();
      if (start.use_empty())
        start.erase();
    }
  }
};

} // namespace
