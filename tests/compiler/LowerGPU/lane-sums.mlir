// A sum that a walk only scales and adds to stays apart in the four lanes of a row: of the steps only the maximum asks
// other lanes, two shuffles for each of a lane's two rows. The sum is completed behind the second walk.
// RUN: muntin-opt %s --tile-assign-layouts --gpu-lower-tiles | FileCheck %s

#plan = #tile.plan<template_name = "border", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>

// CHECK-LABEL: llvm.func @forward(
// CHECK: scf.while
// CHECK-COUNT-4: nvvm.shfl.sync
// CHECK-NOT: nvvm.shfl.sync
// CHECK: scf.while
// CHECK-COUNT-4: nvvm.shfl.sync
// CHECK-NOT: nvvm.shfl.sync
// CHECK: scf.yield
// CHECK: }
// CHECK-COUNT-4: nvvm.shfl.sync
// CHECK-NOT: nvvm.shfl.sync
func.func @forward(%q: !tile.tensor<1, 16, f16> {tile.operand = "query"},
                   %k: !tile.tensor<1, 16, f16> {tile.operand = "key"},
                   %lse: !tile.tensor<1, 1, f32> {tile.operand = "lse"}, %x: !tile.extras<"none">)
    attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Q = tile.load %q at %box : !tile.tensor<1, 16, f16>, !tile.box<1> -> !tile.tile<16x16xf16>
  %zero = arith.constant 0.0 : f32
  %none = tile.broadcast %zero : f32 -> !tile.tile<16xf32>
  %m, %l = tile.for_key_boxes full #attn.causal with %x at %box by #tile.shape<[16]> init(%none, %none)
      : !tile.extras<"none">, !tile.box<1>, !tile.tile<16xf32>, !tile.tile<16xf32> {
  ^keys(%keys: !tile.box<1>, %m_so_far: !tile.tile<16xf32>, %l_so_far: !tile.tile<16xf32>):
    %K = tile.load %k at %keys : !tile.tensor<1, 16, f16>, !tile.box<1> -> !tile.tile<16x16xf16>
    %S = tile.dot %Q, %K transposed : !tile.tile<16x16xf16>, !tile.tile<16x16xf16> -> !tile.tile<16x16xf32>
    %top = tile.reduce max %S : !tile.tile<16x16xf32> -> !tile.tile<16xf32>
    %m_next = arith.maxnumf %m_so_far, %top : !tile.tile<16xf32>
    %sum = tile.reduce add %S : !tile.tile<16x16xf32> -> !tile.tile<16xf32>
    %l_next = math.fma %l_so_far, %m_next, %sum : !tile.tile<16xf32>
    tile.yield %m_next, %l_next : !tile.tile<16xf32>, !tile.tile<16xf32>
  }
  %m2, %l2 = tile.for_key_boxes border #attn.causal with %x at %box by #tile.shape<[16]> init(%m, %l)
      : !tile.extras<"none">, !tile.box<1>, !tile.tile<16xf32>, !tile.tile<16xf32> {
  ^keys(%keys: !tile.box<1>, %m_so_far: !tile.tile<16xf32>, %l_so_far: !tile.tile<16xf32>):
    %K = tile.load %k at %keys : !tile.tensor<1, 16, f16>, !tile.box<1> -> !tile.tile<16x16xf16>
    %S = tile.dot %Q, %K transposed : !tile.tile<16x16xf16>, !tile.tile<16x16xf16> -> !tile.tile<16x16xf32>
    %top = tile.reduce max %S : !tile.tile<16x16xf32> -> !tile.tile<16xf32>
    %m_next = arith.maxnumf %m_so_far, %top : !tile.tile<16xf32>
    %sum = tile.reduce add %S : !tile.tile<16x16xf32> -> !tile.tile<16xf32>
    %l_next = math.fma %l_so_far, %m_next, %sum : !tile.tile<16xf32>
    tile.yield %m_next, %l_next : !tile.tile<16xf32>, !tile.tile<16xf32>
  }
  %both = arith.mulf %m2, %l2 : !tile.tile<16xf32>
  tile.store %both, %lse at %box : !tile.tile<16xf32>, !tile.tensor<1, 1, f32>, !tile.box<1>
  return
}
