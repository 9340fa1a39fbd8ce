// Products of f32. A number is rounded to what tf32 holds, by an addition and a mask, and the rest is what is missing; of
// both operands that makes three products, the largest last. Values are read word by word, rows 2 t and 2 t + 1 of each
// eight, and what a box adds to the output is a sum of its own.
// RUN: muntin-opt %s --tile-assign-layouts --gpu-lower-tiles | FileCheck %s

#plan = #tile.plan<template_name = "window", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
#mask = #attn.sliding<left = [7], right = [8]>

// Rows of 32 bytes, 16 more to the next: 3 x 16 x 48.
// CHECK-LABEL: llvm.func @forward(
// CHECK-SAME: gpu.shared_bytes = 2304 : i64
// CHECK: %[[Q:.*]] = nvvm.ldmatrix {{.*}} layout = #nvvm.mma_layout<row>
// CHECK: %[[X:.*]] = llvm.extractvalue %[[Q]][0]
// CHECK: %[[UP:.*]] = arith.addi %[[X]], %c4096_i32{{.*}} : i32
// CHECK: %[[HIGH:.*]] = arith.andi %[[UP]], %c-8192_i32{{.*}} : i32
// CHECK: %[[XF:.*]] = arith.bitcast %[[X]] : i32 to f32
// CHECK: %[[HIGHF:.*]] = arith.bitcast %[[HIGH]] : i32 to f32
// CHECK: %[[REST:.*]] = arith.subf %[[XF]], %[[HIGHF]] : f32
// CHECK: %[[LOW:.*]] = arith.bitcast %[[REST]] : f32 to i32
// CHECK: nvvm.ldmatrix
// CHECK: nvvm.mma.sync A[%[[HIGH]], {{.*}}<m = 16, n = 8, k = 8>
// CHECK: nvvm.mma.sync A[%[[LOW]], {{.*}}tf32
// CHECK: nvvm.mma.sync A[%[[HIGH]],
// CHECK-COUNT-3: nvvm.mma.sync
// CHECK-NOT: nvvm.mma.sync
// CHECK: nvvm.cp.async.wait.group 0
// CHECK-NOT: nvvm.ldmatrix
// Two steps of eight keys for the eight columns: two words and three products each.
// CHECK-COUNT-2: llvm.load {{.*}} : !llvm.ptr<3> -> i32
// CHECK-COUNT-3: nvvm.mma.sync
// CHECK-COUNT-2: llvm.load {{.*}} : !llvm.ptr<3> -> i32
// CHECK-COUNT-3: nvvm.mma.sync
// CHECK-COUNT-4: llvm.inline_asm has_side_effects "fma.rn.f32 $0, $1, $2, $3;"
// Output leaves in pairs of words.
// CHECK-COUNT-2: llvm.store {{.*}} : vector<2xf32>, !llvm.ptr<3>
func.func @forward(%q: !tile.tensor<1, 8, f32> {tile.operand = "query"},
                   %k: !tile.tensor<1, 8, f32> {tile.operand = "key"},
                   %v: !tile.tensor<1, 8, f32> {tile.operand = "value"},
                   %o: !tile.tensor<1, 8, f32> {tile.operand = "out"}, %factor: f32) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Q = tile.load %q at %box : !tile.tensor<1, 8, f32>, !tile.box<1> -> !tile.tile<16x8xf32>
  %keys = tile.live_keys #mask of %box : !tile.box<1>
  %K = tile.load %k at %keys : !tile.tensor<1, 8, f32>, !tile.box<1> -> !tile.tile<16x8xf32>
  %V = tile.load %v at %keys : !tile.tensor<1, 8, f32>, !tile.box<1> -> !tile.tile<16x8xf32>
  %S = tile.dot %Q, %K transposed : !tile.tile<16x8xf32>, !tile.tile<16x8xf32> -> !tile.tile<16x16xf32>
  %m = tile.reduce max %S : !tile.tile<16x16xf32> -> !tile.tile<16xf32>
  %before = tile.broadcast %factor : f32 -> !tile.tile<16x8xf32>
  %drop = tile.broadcast %m : !tile.tile<16xf32> -> !tile.tile<16x8xf32>
  %kept = arith.mulf %before, %drop : !tile.tile<16x8xf32>
  %O = tile.dot %S, %V acc %kept : !tile.tile<16x16xf32>, !tile.tile<16x8xf32>, !tile.tile<16x8xf32> -> !tile.tile<16x8xf32>
  tile.store %O, %o at %box : !tile.tile<16x8xf32>, !tile.tensor<1, 8, f32>, !tile.box<1>
  return
}
