// What the plan packs is copied by functions of their own, in front of the kernel; without a mask scores start at 0.
// RUN: muntin-opt %s --cpu-lower-tiles --canonicalize --cse | FileCheck %s

// CHECK-LABEL: func.func @pack_values(
// CHECK-SAME:  cpu.arguments = [{{.*}}], cpu.scratch = 0 : i64, cpu.scratch_per_key = 0 : i64
// CHECK:       scf.for
// CHECK-LABEL: func.func @pack_keys(
// CHECK:       scf.for
// CHECK-LABEL: func.func @forward(
// CHECK:       %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<8xf32>
// CHECK:       scf.for {{.*}} iter_args({{.*}} = %[[ZERO]], {{.*}} = %[[ZERO]], {{.*}} = %[[ZERO]], {{.*}} = %[[ZERO]])

#plan = #tile.plan<template_name = "live", query_box = #tile.shape<[8]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[10]>, rows = 4, vectors = 1, lanes = 8, pack = "widen", target = "x86-64-v3">

func.func @forward(%q: !tile.tensor<1, 8, f32> {tile.operand = "query"},
                   %k: !tile.tensor<1, 8, f32> {tile.operand = "key"},
                   %v: !tile.tensor<1, 8, f32> {tile.operand = "value"},
                   %lse: !tile.tensor<1, 1, f32> {tile.operand = "lse"}, %scale: f32, %x: !tile.extras<"none">)
    attributes {tile.plan = #plan} {
  %box = tile.query_box <[8]> step <[1]> : !tile.box<1>
  %Q = tile.load %q at %box : !tile.tensor<1, 8, f32>, !tile.box<1> -> !tile.tile<8x8xf32>
  %keys = tile.live_keys #attn.sliding<left = [1], right = [1]> of %box : !tile.box<1>
  %K = tile.load %k at %keys : !tile.tensor<1, 8, f32>, !tile.box<1> -> !tile.tile<10x8xf32>
  %QK = tile.dot %Q, %K transposed : !tile.tile<8x8xf32>, !tile.tile<10x8xf32> -> !tile.tile<8x10xf32>
  %m = tile.reduce max %QK : !tile.tile<8x10xf32> -> !tile.tile<8xf32>
  tile.store %m, %lse at %box : !tile.tile<8xf32>, !tile.tensor<1, 1, f32>, !tile.box<1>
  return
}
