// A walk over full boxes carries a place per axis in 32 bits; which boxes are full is known before the loop, so that
// nothing is divided, classified or clipped in it, and nothing jumped over.
// RUN: muntin-opt %s --tile-assign-layouts --gpu-lower-tiles | FileCheck %s

#plan = #tile.plan<template_name = "border", query_box = #tile.shape<[4, 4]>, query_step = #tile.shape<[1, 1]>,
                   key_box = #tile.shape<[2, 8]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
#mask = #attn.neighborhood<window = [7, 7], dilation = [1, 1], stride = [1, 1], causal = [0, 0]>

// CHECK: llvm.mlir.global external @shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
// CHECK-LABEL: llvm.func @forward(
// CHECK-SAME: gpu.arguments = [
// CHECK: nvvm.read.ptx.sreg.ctaid.x
// Two places, no buffer in turn, and the two registers of a number per row.
// CHECK: scf.while {{.*}} : (i32, i32, i32, f32, f32) -> (i32, i32, i32, f32, f32)
// CHECK-NEXT: arith.cmpi slt
// CHECK-NEXT: scf.condition
// CHECK-NOT: divui
// CHECK-NOT: arith.cmpi eq
// CHECK: nvvm.barrier0
// CHECK-NOT: divui
// CHECK-NOT: arith.cmpi eq
// CHECK: nvvm.mma.sync
// CHECK-NOT: scf.while
// CHECK: scf.yield
// CHECK: llvm.return
func.func @forward(%q: !tile.tensor<2, 16, f16> {tile.operand = "query"},
                   %k: !tile.tensor<2, 16, f16> {tile.operand = "key"},
                   %lse: !tile.tensor<2, 1, f32> {tile.operand = "lse"}, %x: !tile.extras<"none">)
    attributes {tile.plan = #plan} {
  %box = tile.query_box <[4, 4]> step <[1, 1]> : !tile.box<2>
  %Q = tile.load %q at %box : !tile.tensor<2, 16, f16>, !tile.box<2> -> !tile.tile<16x16xf16>
  %zero = arith.constant 0.0 : f32
  %none = tile.broadcast %zero : f32 -> !tile.tile<16xf32>
  %m = tile.for_key_boxes full #mask with %x at %box by #tile.shape<[2, 8]> init(%none)
      : !tile.extras<"none">, !tile.box<2>, !tile.tile<16xf32> {
  ^keys(%keys: !tile.box<2>, %m_so_far: !tile.tile<16xf32>):
    %K = tile.load %k at %keys : !tile.tensor<2, 16, f16>, !tile.box<2> -> !tile.tile<16x16xf16>
    %S = tile.dot %Q, %K transposed : !tile.tile<16x16xf16>, !tile.tile<16x16xf16> -> !tile.tile<16x16xf32>
    %top = tile.reduce max %S : !tile.tile<16x16xf32> -> !tile.tile<16xf32>
    %m_next = arith.maxnumf %m_so_far, %top : !tile.tile<16xf32>
    tile.yield %m_next : !tile.tile<16xf32>
  }
  tile.store %m, %lse at %box : !tile.tile<16xf32>, !tile.tensor<2, 1, f32>, !tile.box<2>
  return
}
