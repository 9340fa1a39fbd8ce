// RUN: muntin-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tile-collapse-roles))' | FileCheck %s --check-prefix=ONE
// RUN: muntin-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tile-collapse-roles,tile-copies-in-place))' | FileCheck %s --check-prefix=PLACE
// RUN: muntin-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tile-collapse-roles,tile-run-copies-ahead))' | FileCheck %s --check-prefix=AHEAD

// A producer's copies stand at the beginning of the consumer's step, and products are done when they are started; on
// machines that read in place rings vanish; with one stage a buffer is filled within the step, with two there is one
// place for all copies.

!tensor = !tile.tensor<1, 16, f32>
!tile = !tile.tile<16x16xf32>
!ring = !tile.ring<!tile>
#one = #tile.plan<template_name = "roles", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>

// ONE-LABEL: @roles
// ONE-NOT: tile.role
// ONE: tile.load %arg0
// ONE: ^{{.*}}(%[[KEYS:.*]]: !tile.box<1>
// ONE-NEXT: tile.copy %arg1 at %[[KEYS]] to %[[KS:.*]] : 
// ONE-NEXT: tile.copy %arg2 at %[[KEYS]] to %[[VS:.*]] : 
// ONE-NEXT: %[[K:.*]] = tile.await %[[KS]]
// ONE-NEXT: tile.dot %{{.*}}, %[[K]] transposed
// ONE-NEXT: tile.release %[[KS]]
// ONE-NEXT: %[[V:.*]] = tile.await %[[VS]]
// ONE-NEXT: tile.dot %{{.*}}, %[[V]] acc
// ONE-NEXT: tile.release %[[VS]]
// ONE-NOT: start_dot
// ONE-NOT: tile.role

// PLACE-LABEL: @roles
// PLACE-NOT: tile.ring
// PLACE: ^{{.*}}(%[[KEYS:.*]]: !tile.box<1>
// PLACE-NEXT: tile.load %arg1 at %[[KEYS]]
// PLACE-NEXT: tile.dot
// PLACE-NEXT: tile.load %arg2 at %[[KEYS]]
// PLACE-NEXT: tile.dot
// PLACE-NEXT: tile.yield

// AHEAD-LABEL: @roles
// AHEAD: ^{{.*}}(%[[KEYS:.*]]: !tile.box<1>
// AHEAD-NEXT: tile.await %[[KS:.*]] :
// AHEAD-NEXT: tile.copy %arg2 at %[[KEYS]] to %[[VS:.*]] :
// AHEAD-NEXT: tile.dot
// AHEAD-NEXT: tile.release %[[KS]]
// AHEAD-NEXT: tile.await %[[VS]]
// AHEAD-NEXT: tile.copy %arg1 at %[[KEYS]] to %[[KS]] ahead 1
// AHEAD-NEXT: tile.dot
// AHEAD-NEXT: tile.release %[[VS]]
func.func @roles(%q: !tensor, %k: !tensor, %v: !tensor, %x: !tile.extras<"none">, %none: !tile)
    attributes {tile.plan = #one} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Ks = tile.ring : !ring
  %Vs = tile.ring : !ring
  tile.role #tile.warps<producer, 4, registers = 24> {
    tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[16]> init() : !tile.extras<"none">, !tile.box<1> {
    ^keys(%keys: !tile.box<1>):
      tile.copy %k at %keys to %Ks : !tensor, !tile.box<1>, !ring
      tile.copy %v at %keys to %Vs : !tensor, !tile.box<1>, !ring
      tile.yield
    }
  }
  tile.role #tile.warps<consumer, 8, registers = 240> {
    %Q = tile.load %q at %box : !tensor, !tile.box<1> -> !tile
    %r = tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[16]> init(%none)
        : !tile.extras<"none">, !tile.box<1>, !tile {
    ^keys(%keys: !tile.box<1>, %so_far: !tile):
      %K = tile.await %Ks : !ring -> !tile
      %S_pending = tile.start_dot %Q, %K transposed : !tile, !tile -> !tile.pending<!tile>
      %S = tile.finish %S_pending : !tile.pending<!tile>
      tile.release %Ks : !ring
      %V = tile.await %Vs : !ring -> !tile
      %O_pending = tile.start_dot %S, %V acc %so_far : !tile, !tile, !tile -> !tile.pending<!tile>
      %O = tile.finish %O_pending : !tile.pending<!tile>
      tile.release %Vs : !ring
      tile.yield %O : !tile
    }
  }
  return
}

// -----

!tensor = !tile.tensor<1, 16, f32>
!tile = !tile.tile<16x16xf32>
!ring = !tile.ring<!tile>
#two = #tile.plan<template_name = "stages", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, pack = "none", target = "sm_80", warps = 1, stages = 2, align = 16>

// AHEAD-LABEL: @stages
// AHEAD: ^{{.*}}(%[[KEYS:.*]]: !tile.box<1>
// AHEAD-NEXT: tile.await %[[KS:.*]] :
// AHEAD-NEXT: tile.copy %arg1 at %[[KEYS]] to %[[KS]] ahead 1
// AHEAD-NEXT: tile.copy %arg2 at %[[KEYS]] to %[[VS:.*]] ahead 1
// AHEAD-NEXT: tile.dot
// AHEAD-NEXT: tile.release %[[KS]]
// AHEAD-NEXT: tile.await %[[VS]]
// AHEAD-NEXT: tile.dot
func.func @stages(%q: !tensor, %k: !tensor, %v: !tensor, %x: !tile.extras<"none">, %none: !tile)
    attributes {tile.plan = #two} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Ks = tile.ring : !ring
  %Vs = tile.ring : !ring
  %Q = tile.load %q at %box : !tensor, !tile.box<1> -> !tile
  %r = tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[16]> init(%none)
      : !tile.extras<"none">, !tile.box<1>, !tile {
  ^keys(%keys: !tile.box<1>, %so_far: !tile):
    tile.copy %k at %keys to %Ks : !tensor, !tile.box<1>, !ring
    tile.copy %v at %keys to %Vs : !tensor, !tile.box<1>, !ring
    %K = tile.await %Ks : !ring -> !tile
    %S = tile.dot %Q, %K transposed : !tile, !tile -> !tile
    tile.release %Ks : !ring
    %V = tile.await %Vs : !ring -> !tile
    %O = tile.dot %S, %V acc %so_far : !tile, !tile, !tile -> !tile
    tile.release %Vs : !ring
    tile.yield %O : !tile
  }
  return
}
