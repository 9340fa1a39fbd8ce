//===- Passes.td - passes of the CPU lowering --------------*- tablegen -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERCPU_PASSES
#define MUNTIN_COMPILER_LOWERCPU_PASSES

include "mlir/Pass/PassBase.td"

def CpuLowerTilesPass : Pass<"cpu-lower-tiles", "::mlir::ModuleOp"> {
  let summary = "Lower kernels in the tile dialect to loops over vectors whose lanes are queries";
  let description = [{
    Every function with a plan becomes a function over a range of tasks,
    `(arguments, begin, end, scratch)`, in `scf`, `vector`, `arith`, `math` and
    plain pointers. Packing launches are added in front as the plan asks. What
    the launch recipe needs is left in attributes: `cpu.arguments`,
    `cpu.scratch` and `cpu.scratch_per_key`.

    Before:
    ```mlir
    func.func @forward(%q: !query_tensor, ...) attributes {tile.plan = #plan} {
      %box = tile.query_box ...
    ```
    After:
    ```mlir
    func.func @forward(%arguments: !llvm.ptr, %begin: i64, %end: i64, %scratch: !llvm.ptr)
        attributes {cpu.arguments = [...], cpu.scratch = 25600 : i64} {
      scf.for %task = %begin to %end ...
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
                           "::mlir::math::MathDialect", "::mlir::arith::ArithDialect"];
}

def CpuExpandMathPass : Pass<"cpu-expand-math", "::mlir::ModuleOp"> {
  let summary = "Expand exp2 and log2 on vectors into multiply-adds";
  let description = [{
    Library calls on vectors would be made a lane at a time. 2^x is a rounding to
    the nearest integer by a magic addend, a polynomial, and a shift into the
    exponent; exactly 0 at -127 and below, NaN stays NaN. With `cpu.avx512` on the
    module, AVX-512's instructions for fraction and scaling take the place of the
    first and the last.

    Before: `%y = math.exp2 %x : vector<8xf32>`. After: 12 operations of `arith`
    and `math.fma`.
  }];
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::math::MathDialect",
                           "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect"];
}

#endif // MUNTIN_COMPILER_LOWERCPU_PASSES
