//===- muntin-opt.cpp - reads, runs passes on and prints IR ----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Passes.h"
#include "compiler/LowerGPU/Passes.h"
#include "compiler/Pipeline/Pipeline.h"
#include "compiler/Tile/Passes.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int muntinOptMain(int argc, char **argv);

int muntinOptMain(int argc, char **argv) {
  mlir::DialectRegistry registry;
  muntin::registerAllDialects(registry);
  muntin::tile::registerTilePasses();
  muntin::cpu::registerLowerCPUPasses();
  muntin::gpu::registerLowerGPUPasses();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Muntin's optimizer driver\n", registry));
}
