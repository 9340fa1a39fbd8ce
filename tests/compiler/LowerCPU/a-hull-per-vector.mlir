// Two vectors with a hull each: one list of the keys of both, blocks of one vector, whose scores are two sums, for keys
// that it sees alone, and blocks of both for the others.
// RUN: muntin-opt %s --cpu-lower-tiles --canonicalize --cse | FileCheck %s

#plan = #tile.plan<template_name = "window", query_box = #tile.shape<[4, 4]>, query_step = #tile.shape<[1, 1]>,
                   key_box = #tile.shape<[4, 6]>, rows = 6, vectors = 2, lanes = 8, pack = "none",
                   target = "x86-64-v3", trimmed = true>
#mask = #attn.neighborhood<window = [3, 3], dilation = [1, 1], stride = [1, 1], causal = [0, 0]>

// CHECK-LABEL: func.func @forward(
// The second vector has queries where the box has more rows than the first holds.
// CHECK: %[[PRESENT:[0-9]+]] = arith.select %{{[0-9]+}}, %c2_i64, %c1_i64 : i64
// CHECK: %[[SECOND:[0-9]+]] = arith.cmpi sgt, %[[PRESENT]], %c1_i64
// CHECK: scf.if %[[SECOND]]
// Words of the first axis: one table for each vector. Those of the other axis are the same for both.
// CHECK: vector.bitcast %{{.*}} : vector<8xi1> to vector<1xi8>
// CHECK: scf.if %[[SECOND]]
// CHECK: vector.bitcast %{{.*}} : vector<8xi1> to vector<1xi8>
// CHECK: vector.bitcast %{{.*}} : vector<8xi1> to vector<1xi8>
// CHECK-NOT: vector.bitcast %{{.*}} : vector<8xi1> to vector<1xi8>
// Sixteen keys at a time, for the first vector and, where it has queries, the second.
// CHECK: arith.ori %{{.*}} : vector<16xi8>
// CHECK: scf.if %[[SECOND]]
// CHECK: arith.ori %{{.*}} : vector<16xi8>
// One vector, twice: 6 keys, two sums, two columns; the next six keys are asked for, and the sums are added at the end.
// CHECK: llvm.intr.prefetch{{.*}}hint = 3
// CHECK: scf.for {{.*}} iter_args({{((%[a-z0-9]+ = %[0-9]+, ){6}(%[a-z0-9]+ = %cst[_0-9]*, ){5})}}
// CHECK-COUNT-12: math.fma
// CHECK-NOT: math.fma
// CHECK-COUNT-6: arith.addf
// CHECK: scf.for {{.*}} iter_args({{((%[a-z0-9]+ = %[0-9]+, ){6}(%[a-z0-9]+ = %cst[_0-9]*, ){5})}}
// CHECK-COUNT-12: math.fma
// CHECK-NOT: math.fma
// CHECK-COUNT-6: arith.addf
// Both vectors: 6 keys x 2 vectors, four columns.
// CHECK: scf.for {{.*}} iter_args({{((%[a-z0-9]+ = %[0-9]+, ){11})}}
// CHECK-COUNT-48: math.fma
// CHECK-NOT: math.fma
// CHECK: arith.maxnumf
func.func @forward(%q: !tile.tensor<2, 8, f32> {tile.operand = "query"},
                   %k: !tile.tensor<2, 8, f32> {tile.operand = "key"},
                   %v: !tile.tensor<2, 8, f32> {tile.operand = "value"},
                   %lse: !tile.tensor<2, 1, f32> {tile.operand = "lse"}, %scale: f32, %x: !tile.extras<"none">)
    attributes {tile.plan = #plan} {
  %box = tile.query_box <[4, 4]> step <[1, 1]> : !tile.box<2>
  %Q = tile.load %q at %box : !tile.tensor<2, 8, f32>, !tile.box<2> -> !tile.tile<16x8xf32>
  %keys = tile.live_keys #mask of %box : !tile.box<2>
  %K = tile.load %k at %keys : !tile.tensor<2, 8, f32>, !tile.box<2> -> !tile.tile<24x8xf32>
  %QK = tile.dot %Q, %K transposed : !tile.tile<16x8xf32>, !tile.tile<24x8xf32> -> !tile.tile<16x24xf32>
  %S = tile.mask %QK by #mask with %x at %box, %keys : !tile.tile<16x24xf32>, !tile.extras<"none">, !tile.box<2>
  %m = tile.reduce max %S : !tile.tile<16x24xf32> -> !tile.tile<16xf32>
  tile.store %m, %lse at %box : !tile.tile<16xf32>, !tile.tensor<2, 1, f32>, !tile.box<2>
  return
}
