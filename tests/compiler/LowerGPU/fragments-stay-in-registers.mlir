// Scores of 16 queries and 16 keys at D = 32: two steps of the inner extent, each four registers of queries and four of
// keys. The probabilities become the left operand of the next product without leaving their lane.
// RUN: muntin-opt %s --tile-assign-layouts --gpu-lower-tiles | FileCheck %s

#plan = #tile.plan<template_name = "window", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
#mask = #attn.sliding<left = [7], right = [8]>

// CHECK-LABEL: llvm.func @forward(
// CHECK-SAME: gpu.shared_bytes = 3072 : i64, gpu.threads = 32 : i64, nvvm.kernel, nvvm.maxntid = array<i32: 32, 1, 1>
// Three tiles are on their way, each a group of its own; of the values nobody waits for the scores.
// CHECK-COUNT-3: nvvm.cp.async.commit.group
// CHECK: nvvm.cp.async.wait.group 1
// CHECK-NEXT: nvvm.barrier0
// CHECK: nvvm.ldmatrix {{.*}} layout = #nvvm.mma_layout<row>
// CHECK: nvvm.ldmatrix {{.*}} layout = #nvvm.mma_layout<row>
// CHECK-COUNT-2: nvvm.mma.sync {{.*}}<bf16>{{.*}}<m = 16, n = 8, k = 16>
// CHECK: nvvm.ldmatrix
// CHECK: nvvm.ldmatrix
// CHECK-COUNT-2: nvvm.mma.sync
// CHECK-NOT: llvm.store
// CHECK: nvvm.cp.async.wait.group 0
// CHECK-NEXT: nvvm.barrier0
// CHECK-NOT: llvm.store
// CHECK-COUNT-4: arith.truncf {{.*}} : vector<2xf32> to vector<2xbf16>
// CHECK: nvvm.ldmatrix {{.*}} layout = #nvvm.mma_layout<col>
// CHECK-COUNT-2: nvvm.mma.sync
// CHECK: nvvm.ldmatrix {{.*}} layout = #nvvm.mma_layout<col>
// CHECK-COUNT-2: nvvm.mma.sync
// CHECK-NOT: nvvm.mma.sync
// The output leaves through the queries' memory: pairs go in, a warp waits for itself, and 16 bytes come out.
// CHECK-COUNT-8: llvm.store {{.*}} : i32, !llvm.ptr<3>
// CHECK: nvvm.bar.warp.sync
// CHECK: llvm.load {{.*}} : !llvm.ptr<3> -> vector<2xi64>
// CHECK: llvm.store {{.*}} : vector<2xi64>, !llvm.ptr<1>
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
