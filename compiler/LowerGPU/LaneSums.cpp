//===- LaneSums.cpp - sums that stay apart in the lanes -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/LaneSums.h"

#include "dialect/tile/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace muntin;

namespace {

class Candidates {
public:
  explicit Candidates(func::FuncOp kernel) {
    kernel.walk([&](Operation *op) {
      if (auto reduce = dyn_cast<tile::ReduceOp>(op)) {
        if (reduce.getKind() == tile::ReduceKind::Add)
          values.insert(reduce.getResult());
      } else if (isa<math::FmaOp, arith::AddFOp>(op)) {
        add(op->getResult(0));
      } else if (auto walk = dyn_cast<tile::ForKeyBoxesOp>(op)) {
        for (auto [carried, result] : llvm::zip(walk.getCarried(), walk.getResults()))
          add(carried), add(result);
      }
    });
  }

  /// Takes out what may not stay, until nothing changes. What was taken out for another's sake stays out.
  llvm::DenseSet<Value> settle() {
    for (bool changed = true; changed;) {
      changed = false;
      for (Value value : SmallVector<Value>(values.begin(), values.end()))
        if (!isSum(value) || !llvm::all_of(value.getUses(), [&](OpOperand &use) { return takesSum(use); }))
          changed |= values.erase(value);
    }
    return values;
  }

private:
  void add(Value value) {
    auto tile = dyn_cast<tile::TileType>(value.getType());
    if (tile && tile.getShape().size() == 1)
      values.insert(value);
  }

  bool has(Value value) const { return values.contains(value); }

  /// Zeros are a sum in each lane.
  bool hasOrZero(Value value) const {
    auto broadcast = value.getDefiningOp<tile::BroadcastOp>();
    return has(value) || (broadcast && matchPattern(broadcast.getOperand(), m_PosZeroFloat()));
  }

  bool isSum(Value value) const {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto walk = cast<tile::ForKeyBoxesOp>(argument.getOwner()->getParentOp());
      const unsigned index = argument.getArgNumber() - (walk.getCarried().front().getArgNumber());
      return hasOrZero(walk.getInits()[index]) && has(walk.getYield().getValues()[index]);
    }
    Operation *op = value.getDefiningOp();
    if (auto walk = dyn_cast<tile::ForKeyBoxesOp>(op))
      return has(walk.getCarried()[cast<OpResult>(value).getResultNumber()]);
    if (auto fma = dyn_cast<math::FmaOp>(op))
      return has(fma.getC()) && has(fma.getA()) != has(fma.getB());
    if (auto sum = dyn_cast<arith::AddFOp>(op))
      return has(sum.getLhs()) && has(sum.getRhs());
    return isa<tile::ReduceOp>(op);
  }

  bool takesSum(OpOperand &use) const {
    Operation *op = use.getOwner();
    if (auto yield = dyn_cast<tile::YieldOp>(op))
      return has(cast<tile::ForKeyBoxesOp>(op->getParentOp()).getCarried()[use.getOperandNumber()]);
    if (auto walk = dyn_cast<tile::ForKeyBoxesOp>(op))
      for (auto [init, carried] : llvm::zip(walk.getInitsMutable(), walk.getCarried()))
        if (init.getOperandNumber() == use.getOperandNumber())
          return has(carried);
    return isa<math::FmaOp, arith::AddFOp>(op) && has(op->getResult(0));
  }

  llvm::DenseSet<Value> values;
};

} // namespace

llvm::DenseSet<Value> muntin::gpu::findLaneSums(func::FuncOp kernel) { return Candidates(kernel).settle(); }
