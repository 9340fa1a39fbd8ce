// Copies that run ahead: the first boxes are on their way before the loop, a step waits and meets once with two stages,
// and copies the next box, if there is one, behind that.
// RUN: muntin-opt %s --tile-assign-layouts --gpu-lower-tiles | FileCheck %s

#plan = #tile.plan<template_name = "stages", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 2, align = 16>
!tensor = !tile.tensor<1, 16, f16>
!tile = !tile.tile<16x16xf16>
!ring = !tile.ring<!tile>

// Queries 512 bytes, two buffers of 512 bytes for each of two rings.
// CHECK-LABEL: llvm.func @forward(
// CHECK-SAME: gpu.shared_bytes = 2560 : i64
// The queries are a group. The first box is another, whether it is there or not.
// CHECK: nvvm.cp.async.commit.group
// CHECK: scf.if
// CHECK: nvvm.cp.async.shared.global
// CHECK: scf.if
// CHECK: nvvm.cp.async.shared.global
// CHECK: nvvm.cp.async.commit.group
// CHECK-NOT: commit.group
// CHECK: scf.while
// CHECK: nvvm.cp.async.wait.group 0
// CHECK-NEXT: nvvm.barrier0
// CHECK: scf.if
// CHECK: nvvm.cp.async.shared.global
// CHECK: scf.if
// CHECK: nvvm.cp.async.shared.global
// CHECK: nvvm.cp.async.commit.group
// CHECK: nvvm.mma.sync
// CHECK-NOT: wait.group
// CHECK-NOT: nvvm.barrier0
// CHECK: nvvm.mma.sync
// CHECK: scf.yield
func.func @forward(%q: !tensor {tile.operand = "query"}, %k: !tensor {tile.operand = "key"},
                   %v: !tensor {tile.operand = "value"}, %o: !tensor {tile.operand = "out"}, %x: !tile.extras<"none">)
    attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Q = tile.load %q at %box : !tensor, !tile.box<1> -> !tile
  %Ks = tile.ring : !ring
  %Vs = tile.ring : !ring
  %zero = arith.constant 0.0 : f32
  %none = tile.broadcast %zero : f32 -> !tile.tile<16x16xf32>
  %O = tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[16]> init(%none)
      : !tile.extras<"none">, !tile.box<1>, !tile.tile<16x16xf32> {
  ^keys(%keys: !tile.box<1>, %so_far: !tile.tile<16x16xf32>):
    %K = tile.await %Ks : !ring -> !tile
    tile.copy %k at %keys to %Ks ahead 1 : !tensor, !tile.box<1>, !ring
    tile.copy %v at %keys to %Vs ahead 1 : !tensor, !tile.box<1>, !ring
    %S = tile.dot %Q, %K transposed : !tile, !tile -> !tile.tile<16x16xf32>
    tile.release %Ks : !ring
    %V = tile.await %Vs : !ring -> !tile
    %P = tile.convert %S : !tile.tile<16x16xf32> -> !tile
    %next = tile.dot %P, %V acc %so_far : !tile, !tile, !tile.tile<16x16xf32> -> !tile.tile<16x16xf32>
    tile.release %Vs : !ring
    tile.yield %next : !tile.tile<16x16xf32>
  }
  tile.store %O, %o at %box : !tile.tile<16x16xf32>, !tensor, !tile.box<1>
  return
}
