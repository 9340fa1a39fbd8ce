// Where boxes of the border lie is known before the loop, too: the walk jumps over the full ones. A mask that is no
// band is asked about each box.
// RUN: muntin-opt %s --tile-assign-layouts --gpu-lower-tiles | FileCheck %s

#plan = #tile.plan<template_name = "border", query_box = #tile.shape<[4, 4]>, query_step = #tile.shape<[1, 1]>,
                   key_box = #tile.shape<[2, 8]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
#band = #attn.neighborhood<window = [7, 7], dilation = [1, 1], stride = [1, 1], causal = [0, 0]>
#joint = #attn.global<tokens = 3>

// The counts of both walks are 16 keys x 16 queries a box.
// CHECK-LABEL: llvm.func @band(
// CHECK: scf.while
// A walk that copies nothing waits for nobody.
// CHECK-NOT: nvvm.barrier0
// CHECK: llvm.atomicrmw add
// From the next box on, the first that is not full: a test of four bounds.
// CHECK: scf.while
// CHECK: arith.cmpi sge
// CHECK: arith.cmpi slt
// CHECK: arith.cmpi sge
// CHECK: arith.cmpi slt
// CHECK: scf.condition
func.func @band(%x: !tile.extras<"none">) attributes {tile.plan = #plan} {
  %box = tile.query_box <[4, 4]> step <[1, 1]> : !tile.box<2>
  tile.for_key_boxes border #band with %x at %box by #tile.shape<[2, 8]> init() : !tile.extras<"none">, !tile.box<2> {
  ^keys(%keys: !tile.box<2>):
    tile.count %box, %keys columns 64 and 64 : !tile.box<2>
    tile.yield
  }
  return
}

// CHECK-LABEL: llvm.func @joint(
// CHECK: scf.while
// CHECK: arith.cmpi eq, %{{.*}}, %c2_i64
// CHECK: arith.cmpi eq, %{{.*}}, %c8_i64
// CHECK: scf.condition
func.func @joint(%x: !tile.extras<"none">) attributes {tile.plan = #plan} {
  %box = tile.query_box <[4, 4]> step <[1, 1]> : !tile.box<2>
  tile.for_key_boxes border #joint with %x at %box by #tile.shape<[2, 8]> init() : !tile.extras<"none">, !tile.box<2> {
  ^keys(%keys: !tile.box<2>):
    tile.count %box, %keys columns 64 and 64 : !tile.box<2>
    tile.yield
  }
  return
}
