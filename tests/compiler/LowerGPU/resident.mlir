// A resident block takes every so many-th task: as many as the launch says, from the block's number on, all threads
// together. A task's place follows from its number, not from the block's.
// RUN: muntin-opt %s --tile-assign-layouts --gpu-lower-tiles | FileCheck %s

#plan = #tile.plan<template_name = "live", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16,
                   resident = 2, registers = 64>

// Kind 2 of arguments, a value: batch (0) times heads (1) times query0 (3) by 16, rounded up.
// CHECK-LABEL: llvm.func @count(
// CHECK-SAME: gpu.arguments = [{{.*}}"2 0 0 1 0 1 1 4 0 {{[^"]*}}1 3
// The bound of registers stands instead of the wish for one block.
// CHECK-NOT: minctasm
// CHECK-SAME: nvvm.maxnreg = 64 : i32
// CHECK: %[[FIRST:.*]] = nvvm.read.ptx.sreg.ctaid.x
// CHECK: %[[BLOCKS:.*]] = nvvm.read.ptx.sreg.nctaid.x
// CHECK: scf.for %[[TASK:.*]] = %[[FIRST]] to %{{.*}} step %[[BLOCKS]]
// CHECK-NEXT: nvvm.barrier0
// CHECK-NEXT: arith.extui %[[TASK]]
// CHECK-NOT: ctaid
func.func @count(%x: !tile.extras<"none">) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  tile.for_key_boxes live #attn.causal with %x at %box by #tile.shape<[16]> init() : !tile.extras<"none">, !tile.box<1> {
  ^keys(%keys: !tile.box<1>):
    tile.count %box, %keys columns 64 and 64 : !tile.box<1>
    tile.yield
  }
  return
}
