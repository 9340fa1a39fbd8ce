// The mask is the accumulators' initial value: a bit for each lane says where a pair is forbidden, words of such bits are
// written before the product, with more behind the last key that forbid, and nothing comes after it.
// RUN: muntin-opt %s --cpu-lower-tiles --canonicalize --cse | FileCheck %s

#plan = #tile.plan<template_name = "live", query_box = #tile.shape<[24]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[26]>, rows = 4, vectors = 3, lanes = 8, pack = "none", target = "x86-64-v3">

// A block of 4 keys x 3 vectors: chosen by words (constants would be called %cst); four columns of four keys multiplied;
// stored.
// CHECK-LABEL: func.func @forward(
// CHECK:       %[[ALLOWED:[0-9]+]] = arith.andi %{{.*}} : vector<8xi1>
// CHECK:       %[[BITS:[0-9]+]] = vector.bitcast %[[ALLOWED]] : vector<8xi1> to vector<1xi8>
// CHECK:       %[[FORBIDDEN:[0-9]+]] = arith.xori %[[BITS]], %cst{{.*}} : vector<1xi8>
// CHECK:       llvm.store %[[FORBIDDEN]]
// CHECK:       llvm.store %cst{{.*}} : vector<16xi8>
// CHECK:       %[[WORD:[0-9]+]] = llvm.load {{.*}} -> vector<1xi8>
// CHECK:       %[[LANES:[0-9]+]] = vector.bitcast %[[WORD]] : vector<1xi8> to vector<8xi1>
// CHECK:       arith.select %[[LANES]], %cst{{.*}}, %cst{{.*}} : vector<8xi1>, vector<8xf32>
// CHECK-COUNT-11: arith.select {{.*}} : vector<8xi1>, vector<8xf32>
// CHECK: scf.for {{.*}} iter_args({{.*}} = %{{[0-9]+}}, {{.*}} = %{{[0-9]+}}, {{.*}} = %{{[0-9]+}}, {{.*}} = %{{[0-9]+}}, {{.*}} = %{{[0-9]+}}, {{.*}} = %{{[0-9]+}}, {{.*}} = %{{[0-9]+}}, {{.*}} = %{{[0-9]+}}, {{.*}} = %{{[0-9]+}}, {{.*}} = %{{[0-9]+}}, {{.*}} = %{{[0-9]+}}, {{.*}} = %{{[0-9]+}})
// CHECK-COUNT-48: math.fma
// CHECK-NOT:   math.fma
// CHECK:       scf.yield {{((%[0-9]+, ){11})}}%{{[0-9]+}} : vector<8xf32>
// CHECK-COUNT-12: llvm.store %{{.*}} : vector<8xf32>
// CHECK:       arith.maxnumf %{{.*}} fastmath<nnan> : vector<8xf32>
func.func @forward(%q: !tile.tensor<1, 8, f32> {tile.operand = "query"},
                   %k: !tile.tensor<1, 8, f32> {tile.operand = "key"},
                   %v: !tile.tensor<1, 8, f32> {tile.operand = "value"},
                   %lse: !tile.tensor<1, 1, f32> {tile.operand = "lse"}, %scale: f32, %x: !tile.extras<"none">)
    attributes {tile.plan = #plan} {
  %box = tile.query_box <[24]> step <[1]> : !tile.box<1>
  %Q = tile.load %q at %box : !tile.tensor<1, 8, f32>, !tile.box<1> -> !tile.tile<24x8xf32>
  %keys = tile.live_keys #attn.sliding<left = [1], right = [1]> of %box : !tile.box<1>
  %K = tile.load %k at %keys : !tile.tensor<1, 8, f32>, !tile.box<1> -> !tile.tile<26x8xf32>
  %QK = tile.dot %Q, %K transposed : !tile.tile<24x8xf32>, !tile.tile<26x8xf32> -> !tile.tile<24x26xf32>
  %S = tile.mask %QK by #attn.sliding<left = [1], right = [1]> with %x at %box, %keys
      : !tile.tile<24x26xf32>, !tile.extras<"none">, !tile.box<1>
  %m = tile.reduce max %S : !tile.tile<24x26xf32> -> !tile.tile<24xf32>
  tile.store %m, %lse at %box : !tile.tile<24xf32>, !tile.tensor<1, 1, f32>, !tile.box<1>
  return
}
