//===- LowerTiles.cpp - kernels over tiles to kernels over lanes ----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"
#include "compiler/LowerGPU/Passes.h"

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

class GpuLowerTiles : public muntin::gpu::impl::GpuLowerTilesPassBase<GpuLowerTiles> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> kernels;
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr(tile::kPlanAttrName))
        kernels.push_back(function);
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
    if (plan.getWarps() < 1)
      return kernel.emitError("expected a plan with warps, got ") << plan;
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
