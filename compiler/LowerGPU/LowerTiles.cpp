//===- LowerTiles.cpp - kernels over tiles to kernels over lanes ----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"
#include "compiler/LowerGPU/Passes.h"
#include "compiler/Tile/CheckKernel.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

namespace muntin::gpu {
#define GEN_PASS_DEF_GPULOWERTILESPASS
#include "compiler/LowerGPU/Passes.h.inc"
} // namespace muntin::gpu

namespace {

constexpr int64_t kSharedAlignment = 1024; // bytes; what the widest swizzle of later machines asks for

constexpr int64_t kWarpQueries = 16, kProductKeys = 16; // of mma.sync m16n8k16, which takes two times eight keys

/// A thread copies units of `align` bytes, which rows are made of.
LogicalResult checkAlignment(func::FuncOp kernel, int64_t align) {
  if (!llvm::is_contained({2, 4, 8, 16}, align))
    return kernel.emitError() << "expected a plan whose align is 2, 4, 8 or 16, got " << align;
  for (BlockArgument argument : kernel.getArguments()) {
    auto tensor = dyn_cast<tile::GridTensorType>(argument.getType());
    StringRef name = tile::operandName(argument);
    if (!tensor || name.empty())
      continue;
    const bool lse = name == "lse";
    Type element = tensor.getElementType();
    if (lse ? !element.isF32() || tensor.getColumns() != 1 : !element.isF32() && !element.isF16() && !element.isBF16())
      return kernel.emitError() << "expected " << (lse ? "one column of f32" : "numbers in f32, f16 or bf16") << " for "
                                << '"' << name << "\", got " << tensor;
    if (!lse && tensor.getColumns() * bytesOf(element) % align)
      return kernel.emitError() << "expected rows of a multiple of " << align << " bytes, as the plan says, got "
                                << tensor;
  }
  return success();
}

LogicalResult checkPlan(func::FuncOp kernel, tile::PlanAttr plan) {
  if (plan.getWarps() * kWarpQueries != plan.getQueryBox().volume())
    return kernel.emitError() << "expected a plan with a warp for each " << kWarpQueries << " queries, got " << plan;
  if (plan.getStages() < 1 || plan.getResident() < 0 || plan.getCapacity() < 0 || plan.getRegisters() < 0)
    return kernel.emitError() << "expected a plan with stages and without negative numbers, got " << plan;
  if (!plan.getEngine().empty() && plan.getEngine() != "fma")
    return kernel.emitError() << "expected a plan whose engine is fma or not said, got " << plan;
  return checkAlignment(kernel, plan.getAlign());
}

/// What is copied is copied as it lies in memory, and products take so many keys at once.
LogicalResult checkTiles(func::FuncOp kernel) {
  auto check = [](mlir::Operation *op, tile::GridTensorType from, tile::TileType to, bool keys) {
    if (from.getElementType() != to.getElementType())
      return op->emitOpError() << "expected a tile of " << from.getElementType() << ", as copies convert nothing, got "
                               << to,
             WalkResult::interrupt();
    if (keys && to.hasStaticShape() && to.getShape()[0] % kProductKeys)
      return op->emitOpError() << "expected a multiple of " << kProductKeys << " keys, got " << to,
             WalkResult::interrupt();
    return WalkResult::advance();
  };
  WalkResult result = kernel.walk([&](mlir::Operation *op) {
    if (auto load = dyn_cast<tile::LoadOp>(op))
      return check(op, load.getSource().getType(), load.getTile().getType(),
                   !load.getBox().getDefiningOp<tile::QueryBoxOp>());
    if (auto copy = dyn_cast<tile::CopyOp>(op))
      return check(op, copy.getSource().getType(), copy.getRing().getType().getTile(), true);
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// Those that tile-assign-layouts gives: in registers, a row's elements are in the same lanes in all of them.
bool isKnown(tile::TileType type, bool shared) {
  MLIRContext *context = type.getContext();
  const tile::LayoutAttr layout = type.getLayout();
  if (type.getShape().size() == 1)
    return layout == tile::rowLayout(context);
  const bool words = type.getElementType().isF32();
  if (shared)
    return layout == tile::sharedLayout(context, type.getShape()[1], bytesOf(type.getElementType()), words);
  for (bool ofWords : {true, false})
    if (layout == tile::accumulatorLayout(context, ofWords) || layout == tile::leftOperandLayout(context, ofWords))
      return true;
  return false;
}

LogicalResult checkLayouts(func::FuncOp kernel) {
  WalkResult result = kernel.walk([](mlir::Operation *op) {
    for (Type type : op->getResultTypes()) {
      auto ring = dyn_cast<tile::RingType>(type);
      auto tile = ring ? ring.getTile() : dyn_cast<tile::TileType>(type);
      if (tile && tile.hasStaticShape() && tile.getLayout() &&
          !isKnown(tile, ring || isa<tile::LoadOp, tile::AwaitOp>(op)))
        return op->emitOpError() << "expected a layout that tile-assign-layouts gives, got " << tile,
               WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

class GpuLowerTiles : public muntin::gpu::impl::GpuLowerTilesPassBase<GpuLowerTiles> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    const SmallVector<func::FuncOp> kernels = tile::kernelsOf(module);
    if (kernels.empty())
      return;
    declareSharedMemory(module);
    for (func::FuncOp kernel : kernels)
      if (failed(lower(kernel)))
        return signalPassFailure();
  }

  /// Of an extent that the launch says.
  void declareSharedMemory(ModuleOp module) {
    OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
    auto type = LLVM::LLVMArrayType::get(b.getI8Type(), 0);
    LLVM::GlobalOp::create(b, module.getLoc(), type, /*isConstant=*/false, LLVM::Linkage::External, kSharedSymbol,
                           Attribute(), kSharedAlignment, /*addrSpace=*/3);
  }

  LogicalResult lower(func::FuncOp kernel) {
    auto plan = kernel->getAttrOfType<tile::PlanAttr>(tile::kPlanAttrName);
    if (!plan || plan.getWarps() < 1)
      return kernel.emitError("expected a plan with warps, got ") << kernel->getAttr(tile::kPlanAttrName);
    if (failed(tile::checkKernel(kernel, plan)) || failed(checkPlan(kernel, plan)) || failed(checkTiles(kernel)) ||
        failed(checkLayouts(kernel)))
      return failure();
    std::string name = kernel.getName().str();
    kernel.setName(name + "_tiles");
    OpBuilder b(kernel);
    if (failed(Cta(b, kernel, plan, name).emit()))
      return failure();
    kernel.erase();
    return success();
  }
};

} // namespace
