// Of a band, a query's keys are a run of places on each axis of the box. A box whose extents are no powers of two is compared:
// 15 keys as 3x5 are 16 columns, of which a lane has four for each of its two queries, with a compare for each axis.
// RUN: muntin-opt %s --tile-assign-layouts --gpu-lower-tiles --cse | FileCheck %s

#plan = #tile.plan<template_name = "window", query_box = #tile.shape<[4, 4]>, query_step = #tile.shape<[1, 1]>,
                   key_box = #tile.shape<[3, 5]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
#mask = #attn.sliding<left = [inf, inf], right = [0, 0]>

// CHECK-LABEL: llvm.func @forward(
// CHECK-COUNT-2: nvvm.mma.sync
// CHECK: %[[ROW:.*]] = arith.cmpi ult
// CHECK: %[[COLUMN:.*]] = arith.cmpi ult
// CHECK: %[[ALLOWED:.*]] = arith.andi %[[ROW]], %[[COLUMN]]
// CHECK: arith.select %[[ALLOWED]], %{{.*}}, %cst
// CHECK-COUNT-14: arith.cmpi ult
// CHECK-NOT: arith.cmpi ult
// CHECK-LABEL: llvm.return
func.func @forward(%q: !tile.tensor<2, 16, bf16> {tile.operand = "query"},
                   %k: !tile.tensor<2, 16, bf16> {tile.operand = "key"},
                   %lse: !tile.tensor<2, 1, f32> {tile.operand = "lse"}, %x: !tile.extras<"none">)
    attributes {tile.plan = #plan} {
  %box = tile.query_box <[4, 4]> step <[1, 1]> : !tile.box<2>
  %Q = tile.load %q at %box : !tile.tensor<2, 16, bf16>, !tile.box<2> -> !tile.tile<16x16xbf16>
  %keys = tile.live_keys #mask of %box : !tile.box<2>
  %K = tile.load %k at %keys : !tile.tensor<2, 16, bf16>, !tile.box<2> -> !tile.tile<16x16xbf16>
  %QK = tile.dot %Q, %K transposed : !tile.tile<16x16xbf16>, !tile.tile<16x16xbf16> -> !tile.tile<16x16xf32>
  %S = tile.mask %QK by #mask with %x at %box, %keys : !tile.tile<16x16xf32>, !tile.extras<"none">, !tile.box<2>
  %m = tile.reduce max %S : !tile.tile<16x16xf32> -> !tile.tile<16xf32>
  tile.store %m, %lse at %box : !tile.tile<16xf32>, !tile.tensor<2, 1, f32>, !tile.box<2>
  return
}
