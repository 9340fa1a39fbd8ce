// The engine `fma`: no matrix unit anywhere. A score is a chain of multiply-adds along the head dimension, an output one
// along the keys, whose probabilities four lanes share through shared memory.
// RUN: muntin-opt %s --tile-assign-layouts --gpu-lower-tiles --cse | FileCheck %s

#plan = #tile.plan<template_name = "window", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16,
                   engine = "fma">
#mask = #attn.sliding<left = [7], right = [8]>

// CHECK-LABEL: llvm.func @forward(
// CHECK-NOT: nvvm.ldmatrix
// CHECK-NOT: nvvm.mma
// Four pieces of 8 numbers along D; in each 8 products for each of 8 scores.
// CHECK: scf.for {{.*}} to %c4_i32 {{.*}} -> (f32, f32, f32, f32, f32, f32, f32, f32)
// CHECK-COUNT-64: math.fma
// CHECK-NOT: math.fma
// CHECK: scf.yield
// Probabilities are rounded as for a matrix unit.
// CHECK: nvvm.bar.warp.sync
// CHECK-COUNT-4: arith.truncf {{.*}} : vector<2xf32> to vector<2xbf16>
// CHECK: nvvm.bar.warp.sync
// Two keys at a time; 16 outputs.
// CHECK: scf.for {{.*}} to %c8_i32
// CHECK-COUNT-32: math.fma
// CHECK-NOT: math.fma
// CHECK: scf.yield
// CHECK-NOT: nvvm.ldmatrix
// CHECK-NOT: nvvm.mma
// CHECK: llvm.return
func.func @forward(%q: !tile.tensor<1, 32, bf16> {tile.operand = "query"},
                   %k: !tile.tensor<1, 32, bf16> {tile.operand = "key"},
                   %v: !tile.tensor<1, 32, bf16> {tile.operand = "value"},
                   %o: !tile.tensor<1, 32, bf16> {tile.operand = "out"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Q = tile.load %q at %box : !tile.tensor<1, 32, bf16>, !tile.box<1> -> !tile.tile<16x32xbf16>
  %keys = tile.live_keys #mask of %box : !tile.box<1>
  %K = tile.load %k at %keys : !tile.tensor<1, 32, bf16>, !tile.box<1> -> !tile.tile<16x32xbf16>
  %V = tile.load %v at %keys : !tile.tensor<1, 32, bf16>, !tile.box<1> -> !tile.tile<16x32xbf16>
  %S = tile.dot %Q, %K transposed : !tile.tile<16x32xbf16>, !tile.tile<16x32xbf16> -> !tile.tile<16x16xf32>
  %P = tile.convert %S : !tile.tile<16x16xf32> -> !tile.tile<16x16xbf16>
  %O = tile.dot %P, %V : !tile.tile<16x16xbf16>, !tile.tile<16x32xbf16> -> !tile.tile<16x32xf32>
  tile.store %O, %o at %box : !tile.tile<16x32xf32>, !tile.tensor<1, 32, bf16>, !tile.box<1>
  return
}
