// RUN: muntin-opt %s -pass-pipeline='builtin.module(func.func(tile-issue-copies-early))' | FileCheck %s

// Values are asked for before the scores are computed; loads keep their order. Loads at other boxes stay where they are.

!tensor = !tile.tensor<1, 16, f32>
!tile = !tile.tile<16x16xf32>

// CHECK-LABEL: @walk
// CHECK: %[[Q:.*]] = tile.load %arg0
// CHECK: ^{{.*}}(%[[KEYS:.*]]: !tile.box<1>
// CHECK-NEXT: %[[K:.*]] = tile.load %arg1 at %[[KEYS]]
// CHECK-NEXT: %[[V:.*]] = tile.load %arg2 at %[[KEYS]]
// CHECK-NEXT: %[[S:.*]] = tile.dot %[[Q]], %[[K]]
// CHECK-NEXT: tile.dot %[[S]], %[[V]]
func.func @walk(%q: !tensor, %k: !tensor, %v: !tensor, %x: !tile.extras<"none">, %none: !tile) {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Q = tile.load %q at %box : !tensor, !tile.box<1> -> !tile
  %r = tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[16]> init(%none)
      : !tile.extras<"none">, !tile.box<1>, !tile {
  ^keys(%keys: !tile.box<1>, %so_far: !tile):
    %K = tile.load %k at %keys : !tensor, !tile.box<1> -> !tile
    %S = tile.dot %Q, %K transposed : !tile, !tile -> !tile
    %V = tile.load %v at %keys : !tensor, !tile.box<1> -> !tile
    %O = tile.dot %S, %V acc %so_far : !tile, !tile, !tile -> !tile
    tile.yield %O : !tile
  }
  return
}

// CHECK-LABEL: @hull
// CHECK: %[[KEYS:.*]] = tile.live_keys
// CHECK-NEXT: %[[K:.*]] = tile.load %arg1 at %[[KEYS]]
// CHECK-NEXT: %[[V:.*]] = tile.load %arg2 at %[[KEYS]]
// CHECK: tile.dot
func.func @hull(%q: !tensor, %k: !tensor, %v: !tensor) {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Q = tile.load %q at %box : !tensor, !tile.box<1> -> !tile
  %keys = tile.live_keys #attn.sliding<left = [3], right = [3]> of %box : !tile.box<1>
  %K = tile.load %k at %keys : !tensor, !tile.box<1> -> !tile
  %S = tile.dot %Q, %K transposed : !tile, !tile -> !tile
  %V = tile.load %v at %keys : !tensor, !tile.box<1> -> !tile
  %O = tile.dot %S, %V : !tile, !tile -> !tile
  return
}
