// RUN: muntin-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(func.func(tile-collapse-roles,tile-run-copies-ahead))'

!tensor = !tile.tensor<1, 16, f32>
!ring = !tile.ring<!tile.tile<16x16xf32>>

func.func @other_boxes(%k: !tensor, %x: !tile.extras<"none">) {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Ks = tile.ring : !ring
  tile.role #tile.warps<producer, 4, registers = 24> {
    // expected-error @+1 {{of a producer has no walk of the consumer that visits the same boxes}}
    tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[16]> init() : !tile.extras<"none">, !tile.box<1> {
    ^keys(%keys: !tile.box<1>):
      tile.copy %k at %keys to %Ks : !tensor, !tile.box<1>, !ring
      tile.yield
    }
  }
  tile.role #tile.warps<consumer, 8, registers = 240> {
    tile.for_key_boxes live #attn.causal with %x at %box by #tile.shape<[16]> init() : !tile.extras<"none">, !tile.box<1> {
    ^keys(%keys: !tile.box<1>):
      %K = tile.await %Ks : !ring -> !tile.tile<16x16xf32>
      tile.release %Ks : !ring
      tile.yield
    }
  }
  return
}

// -----

// expected-error @+1 {{expected one role of consumers, got 0}}
func.func @nobody_reads() {
  tile.role #tile.warps<producer, 4, registers = 24> {
  }
  return
}

// -----

// With one stage a copy stands behind an await that follows the release: here that is the next step's, of the copy itself.
#plan = #tile.plan<template_name = "stages", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
!tensor = !tile.tensor<1, 16, f32>
!ring = !tile.ring<!tile.tile<16x16xf32>>

func.func @no_meeting(%k: !tensor, %x: !tile.extras<"none">) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Ks = tile.ring : !ring
  tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[16]> init() : !tile.extras<"none">, !tile.box<1> {
  ^keys(%keys: !tile.box<1>):
    // expected-error @+1 {{expected, with one stage, an await between the release of its ring and the next of it}}
    tile.copy %k at %keys to %Ks : !tensor, !tile.box<1>, !ring
    %K = tile.await %Ks : !ring -> !tile.tile<16x16xf32>
    tile.release %Ks : !ring
    tile.yield
  }
  return
}
