//===- Pipeline.cpp - the list of passes ----------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline/Pipeline.h"

#include "compiler/LowerCPU/Passes.h"
#include "compiler/LowerGPU/Passes.h"
#include "compiler/Tile/Passes.h"
#include "dialect/attn/Attn.h"
#include "dialect/tile/Tile.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace muntin;

void muntin::registerAllDialects(DialectRegistry &registry) {
  registry.insert<attn::AttnDialect, tile::TileDialect, arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect,
                  LLVM::LLVMDialect, NVVM::NVVMDialect, math::MathDialect, scf::SCFDialect, ub::UBDialect,
                  vector::VectorDialect>();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
}

/// What all machines of today have in common: none gives roles to its warps.
static void buildTilePasses(PassManager &passes) {
  passes.addNestedPass<func::FuncOp>(tile::createTileCollapseRolesPass());
  passes.addNestedPass<func::FuncOp>(tile::createTileSplitKeyRangesPass());
  passes.addPass(tile::createTileCountPairsPass());
}

static void buildCpuTilePasses(PassManager &passes) {
  buildTilePasses(passes);
  passes.addNestedPass<func::FuncOp>(tile::createTileCopiesInPlacePass());
}

static void buildGpuTilePasses(PassManager &passes) {
  passes.addNestedPass<func::FuncOp>(tile::createTileWalkRowsPass());
  buildTilePasses(passes);
  passes.addNestedPass<func::FuncOp>(tile::createTileIssueCopiesEarlyPass());
  passes.addNestedPass<func::FuncOp>(tile::createTileRunCopiesAheadPass());
  passes.addNestedPass<func::FuncOp>(tile::createTileAssignLayoutsPass());
}

static void buildCpuPasses(PassManager &passes) {
  passes.addPass(cpu::createCpuLowerTilesPass());
  passes.addPass(cpu::createCpuExpandMathPass());
  passes.addPass(createCSEPass());
  passes.addPass(createLoopInvariantCodeMotionPass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
}

static void buildGpuPasses(PassManager &passes) {
  passes.addPass(muntin::gpu::createGpuLowerTilesPass());
  passes.addPass(createCSEPass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createLoopInvariantCodeMotionPass());
  passes.addPass(createCSEPass());
}

const Lowering &muntin::loweringFor(const Target &target) {
  static constexpr Lowering cpu{buildCpuTilePasses, "cpu", buildCpuPasses};
  static constexpr Lowering gpu{buildGpuTilePasses, "gpu", buildGpuPasses};
  return target.gpu ? gpu : cpu;
}

void muntin::buildLlvmPasses(PassManager &passes) {
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createUBToLLVMConversionPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
}
