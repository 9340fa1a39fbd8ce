// Where a box's extents are powers of two, what a band allows on an axis is a run of bits, and a score tests its bit.
// RUN: muntin-opt %s --tile-assign-layouts --gpu-lower-tiles --cse | FileCheck %s

#plan = #tile.plan<template_name = "window", query_box = #tile.shape<[4, 4]>, query_step = #tile.shape<[1, 1]>,
                   key_box = #tile.shape<[4, 4]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
#mask = #attn.sliding<left = [inf, inf], right = [0, 0]>

// A lane has keys 2 t, 2 t + 1, 8 + 2 t and 9 + 2 t: a word has four bits. The second axis' places are those of the bits 0
// and 1 and again of the bits 2 and 3: every second bit begins a copy of its run.
// CHECK-LABEL: llvm.func @forward(
// CHECK-COUNT-2: nvvm.mma.sync
// CHECK-COUNT-2: llvm.inline_asm "shl.b32 $0, $1, $2;", "=r,r,r" %c-1_i32
// CHECK: %[[FIRST:.*]] = arith.andi
// CHECK-COUNT-2: llvm.inline_asm "shl.b32 $0, $1, $2;", "=r,r,r" %c-1_i32
// CHECK-NEXT: %[[BITS:.*]] = arith.andi
// CHECK-NEXT: %[[PLACES:.*]] = arith.andi %[[BITS]], %c3_i32
// CHECK: %[[SECOND:.*]] = arith.muli %[[PLACES]], %c1431655765_i32
// CHECK: %[[WORD:.*]] = arith.andi %[[FIRST]], %[[SECOND]]
// CHECK: %[[BIT:.*]] = arith.andi %[[WORD]], %c1_i32
// CHECK: %[[ALLOWED:.*]] = arith.cmpi ne, %[[BIT]], %c0_i32
// CHECK: arith.select %[[ALLOWED]], %{{.*}}, %cst
// CHECK: arith.andi %[[WORD]], %c2_i32
// CHECK: arith.andi %[[WORD]], %c4_i32
// CHECK: arith.andi %[[WORD]], %c8_i32
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

// Where a window bounds the range of a walk, the bits of all its boxes are made before it: 10 places lie in three boxes,
// of which an axis has 4 and 2 bits. A step shifts the box's down.
#window = #attn.neighborhood<window = [7, 7], dilation = [1, 1], stride = [1, 1], causal = [0, 0]>

// CHECK-LABEL: llvm.func @walk(
// CHECK: scf.while
// CHECK-COUNT-2: nvvm.mma.sync
// CHECK-NOT: shl.b32
// CHECK: %[[ONES:.*]] = arith.xori %{{.*}}, %{{.*}} : i64
// CHECK-NEXT: %[[ALL:.*]] = arith.trunci %[[ONES]] : i64 to i32
// CHECK-NEXT: %[[FIRST:.*]] = arith.shrui %[[ALL]], %{{.*}} : i32
// CHECK: %[[ONES:.*]] = arith.xori %{{.*}}, %{{.*}} : i64
// CHECK-NEXT: %[[ALL:.*]] = arith.trunci %[[ONES]] : i64 to i32
// CHECK-NEXT: %[[BITS:.*]] = arith.shrui %[[ALL]], %{{.*}} : i32
// CHECK-NEXT: %[[PLACES:.*]] = arith.andi %[[BITS]], %c3_i32
// CHECK: %[[SECOND:.*]] = arith.muli %[[PLACES]], %c1431655765_i32
// CHECK-NEXT: %[[WORD:.*]] = arith.andi %[[FIRST]], %[[SECOND]]
func.func @walk(%q: !tile.tensor<2, 16, bf16> {tile.operand = "query"},
                %k: !tile.tensor<2, 16, bf16> {tile.operand = "key"},
                %lse: !tile.tensor<2, 1, f32> {tile.operand = "lse"}, %x: !tile.extras<"none">)
    attributes {tile.plan = #plan} {
  %box = tile.query_box <[4, 4]> step <[1, 1]> : !tile.box<2>
  %Q = tile.load %q at %box : !tile.tensor<2, 16, bf16>, !tile.box<2> -> !tile.tile<16x16xbf16>
  %lowest = arith.constant -3.40282347E+38 : f32
  %none = tile.broadcast %lowest : f32 -> !tile.tile<16xf32>
  %m = tile.for_key_boxes border #window with %x at %box by #tile.shape<[4, 4]> init(%none)
      : !tile.extras<"none">, !tile.box<2>, !tile.tile<16xf32> {
  ^keys(%keys: !tile.box<2>, %so_far: !tile.tile<16xf32>):
    %K = tile.load %k at %keys : !tile.tensor<2, 16, bf16>, !tile.box<2> -> !tile.tile<16x16xbf16>
    %QK = tile.dot %Q, %K transposed : !tile.tile<16x16xbf16>, !tile.tile<16x16xbf16> -> !tile.tile<16x16xf32>
    %S = tile.mask %QK by #window with %x at %box, %keys : !tile.tile<16x16xf32>, !tile.extras<"none">, !tile.box<2>
    %top = tile.reduce max %S : !tile.tile<16x16xf32> -> !tile.tile<16xf32>
    %next = arith.maxnumf %so_far, %top : !tile.tile<16xf32>
    tile.yield %next : !tile.tile<16xf32>
  }
  tile.store %m, %lse at %box : !tile.tile<16xf32>, !tile.tensor<2, 1, f32>, !tile.box<2>
  return
}
