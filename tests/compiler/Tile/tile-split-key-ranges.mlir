// RUN: muntin-opt %s -pass-pipeline='builtin.module(func.func(tile-split-key-ranges))' | FileCheck %s

// A walk over `split` becomes a walk over full boxes without the mask and, with what that one carried, a walk over the
// border with the mask.

!extras = !tile.extras<"none">
!scores = !tile.tile<8x16xf32>
#key_box = #tile.shape<[16]>

// CHECK-LABEL: @split
// CHECK: %[[FULL:.*]] = tile.for_key_boxes full #attn.causal {{.*}} init(%[[INIT:.*]])
// CHECK-NOT: tile.mask
// CHECK: tile.yield
// CHECK: %[[BORDER:.*]] = tile.for_key_boxes border #attn.causal {{.*}} init(%[[FULL]])
// CHECK: tile.mask {{.*}} by #attn.causal
// CHECK: tile.yield
// CHECK: return %[[BORDER]]
func.func @split(%box: !tile.box<1>, %x: !extras, %S: !scores) -> !scores {
  %r = tile.for_key_boxes split #attn.causal with %x at %box by #key_box init(%S) : !extras, !tile.box<1>, !scores {
  ^keys(%keys: !tile.box<1>, %so_far: !scores):
    %T = tile.mask %so_far by #attn.causal with %x at %box, %keys : !scores, !extras, !tile.box<1>
    tile.yield %T : !scores
  }
  return %r : !scores
}

// A plan may say that the mask is not worth a second loop.
#plan = #tile.plan<template_name = "border", query_box = #tile.shape<[8]>, query_step = #tile.shape<[1]>,
                   key_box = #key_box, pack = "none", target = "sm_80", warps = 1, stages = 1, one_walk = true>

// CHECK-LABEL: @one_walk
// CHECK: tile.for_key_boxes live #attn.causal
// CHECK: tile.mask
// CHECK-NOT: tile.for_key_boxes
// CHECK: return
func.func @one_walk(%box: !tile.box<1>, %x: !extras, %S: !scores) -> !scores attributes {tile.plan = #plan} {
  %r = tile.for_key_boxes split #attn.causal with %x at %box by #key_box init(%S) : !extras, !tile.box<1>, !scores {
  ^keys(%keys: !tile.box<1>, %so_far: !scores):
    %T = tile.mask %so_far by #attn.causal with %x at %box, %keys : !scores, !extras, !tile.box<1>
    tile.yield %T : !scores
  }
  return %r : !scores
}

// Other walks stay as they are.
// CHECK-LABEL: @live
// CHECK: tile.for_key_boxes live
// CHECK: tile.mask
// CHECK-NOT: tile.for_key_boxes
// CHECK: return
func.func @live(%box: !tile.box<1>, %x: !extras, %S: !scores) -> !scores {
  %r = tile.for_key_boxes live #attn.causal with %x at %box by #key_box init(%S) : !extras, !tile.box<1>, !scores {
  ^keys(%keys: !tile.box<1>, %so_far: !scores):
    %T = tile.mask %so_far by #attn.causal with %x at %box, %keys : !scores, !extras, !tile.box<1>
    tile.yield %T : !scores
  }
  return %r : !scores
}
