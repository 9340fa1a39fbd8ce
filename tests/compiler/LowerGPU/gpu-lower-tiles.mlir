// A walk carries a place per axis, so that no box divides, and its body is entered by all threads or by none.
// RUN: muntin-opt %s --gpu-lower-tiles | FileCheck %s

#plan = #tile.plan<template_name = "border", query_box = #tile.shape<[4, 4]>, query_step = #tile.shape<[1, 1]>,
                   key_box = #tile.shape<[2, 8]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
#mask = #attn.neighborhood<window = [7, 7], dilation = [1, 1], stride = [1, 1], causal = [0, 0]>

// CHECK: llvm.mlir.global external @shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
// CHECK-LABEL: llvm.func @forward(
// CHECK-SAME: gpu.arguments = [
// CHECK: nvvm.read.ptx.sreg.ctaid.x
// Two places and the two registers of a number per row.
// CHECK: scf.for {{.*}} iter_args(%{{[a-z0-9]+}} = %{{[a-z0-9_]+}}, %{{[a-z0-9]+}} = %{{[a-z0-9_]+}}, %{{[a-z0-9]+}} = %{{[a-z0-9_]+}}, %{{[a-z0-9]+}} = %{{[a-z0-9_]+}}) -> (i64, i64, f32, f32)
// A full box must also be as large as the walk's shape.
// CHECK: arith.cmpi eq, %{{.*}}, %c2_i64
// CHECK: arith.cmpi eq, %{{.*}}, %c8_i64
// CHECK-NOT: divui
// CHECK: scf.if
// CHECK-NEXT: nvvm.barrier0
// CHECK: nvvm.mma.sync
// CHECK: scf.yield
// CHECK-NOT: divui
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
