//===- Passes.td - passes of the GPU lowering --------------*- tablegen -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERGPU_PASSES
#define MUNTIN_COMPILER_LOWERGPU_PASSES

include "mlir/Pass/PassBase.td"

def GpuLowerTilesPass : Pass<"gpu-lower-tiles", "::mlir::ModuleOp"> {
  let summary = "Lower kernels in the tile dialect to what one thread of a block does";
  let description = [{
    Every function with a plan becomes a kernel in `nvvm`, `llvm`, `scf` and
    `arith`: tiles that are loaded lie in shared memory, tiles that are computed
    in registers, as fragments of `mma.sync`. What the launch recipe needs is left
    in attributes: `gpu.arguments`, `gpu.threads` and `gpu.shared_bytes`.

    Before:
    ```mlir
    func.func @forward(%q: !query_tensor, ...) attributes {tile.plan = #plan} {
      %box = tile.query_box ...
    ```
    After:
    ```mlir
    llvm.func @forward(%arg0: i64, ...) attributes {nvvm.kernel, gpu.threads = 128 : i64, ...} {
      %0 = nvvm.read.ptx.sreg.tid.x : i32
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

#endif // MUNTIN_COMPILER_LOWERGPU_PASSES
