// Scores in memory lie as fragments do: four numbers of a lane are one access of 16 bytes, and nobody waits for anybody.
// RUN: muntin-opt %s --tile-assign-layouts --gpu-lower-tiles --cse | FileCheck %s

#plan = #tile.plan<template_name = "row", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16,
                   capacity = 64>

// In the workspace: kind 4 of arguments, a pointer, behind which each block has 16 x 16 x 4 bytes for each key box.
// CHECK-LABEL: llvm.func @softmax(
// CHECK-SAME: gpu.arguments = [{{.*}}"4 0 0 0 0"
// CHECK-SAME: gpu.shared_bytes = 4096 : i64
// CHECK: arith.muli %{{.*}}, %c1024_i64
// CHECK: scf.while
// CHECK: %[[FIRST:.*]] = llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// CHECK-NOT: llvm.load
// Of this block alone: in shared memory, 4 key boxes.
// CHECK-NOT: nvvm.barrier0
// CHECK: llvm.store %{{.*}}, %{{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<3>
// CHECK: llvm.store %{{.*}}, %{{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<3>
// CHECK-NOT: nvvm.barrier0
// CHECK: llvm.return
func.func @softmax(%s: !tile.matrix<f32>, %x: !tile.extras<"none">) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %own = tile.scratch 64 : !tile.matrix<f32>
  tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[16]> init() : !tile.extras<"none">, !tile.box<1> {
  ^keys(%keys: !tile.box<1>):
    %S = tile.load_matrix %s at %keys : !tile.matrix<f32>, !tile.box<1> -> !tile.tile<16x16xf32>
    %P = math.exp2 %S : !tile.tile<16x16xf32>
    tile.store_matrix %P, %own at %keys : !tile.tile<16x16xf32>, !tile.matrix<f32>, !tile.box<1>
    tile.yield
  }
  return
}
