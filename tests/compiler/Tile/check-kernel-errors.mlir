// What is legal and no lowering can do anything with is refused by both, and by tile-count-pairs before them.
// RUN: muntin-opt %s --tile-count-pairs --split-input-file --verify-diagnostics
// RUN: sed -e 's/target = "x86-64-v3"/target = "sm_80", warps = 1, stages = 1, align = 16/' %s | muntin-opt --tile-assign-layouts --gpu-lower-tiles --split-input-file --verify-diagnostics
// RUN: muntin-opt %s --cpu-lower-tiles --split-input-file --verify-diagnostics

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">
!tensor = !tile.tensor<1, 16, bf16>
!box = !tile.box<1>
!tile = !tile.tile<16x16xbf16>

func.func @forward(%q: !tensor {tile.operand = "query"}, %K: !tile) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !box
  %Q = tile.load %q at %box : !tensor, !box -> !tile
  // expected-error @+1 {{expected as right operand rows of keys, as loaded, got a value that nobody makes}}
  %S = tile.dot %Q, %K transposed : !tile, !tile -> !tile.tile<16x16xf32>
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">
!tensor = !tile.tensor<1, 16, bf16>
!box = !tile.box<1>
!tile = !tile.tile<16x16xbf16>

func.func @forward(%q: !tensor {tile.operand = "queries"}, %k: !tensor {tile.operand = "key"})
    attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !box
  // expected-error @+1 {{expected as source an argument whose tile.operand is query, key or value, got a value that nobody makes}}
  %Q = tile.load %q at %box : !tensor, !box -> !tile
  %keys = tile.all_keys : !box
  %K = tile.load %k at %keys : !tensor, !box -> !tile
  %S = tile.dot %Q, %K transposed : !tile, !tile -> !tile.tile<16x16xf32>
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">
!tensor = !tile.tensor<1, 16, bf16>
!box = !tile.box<1>
!tile = !tile.tile<16x16xbf16>

func.func @forward(%q: !tensor {tile.operand = "query"}, %k: !tensor {tile.operand = "key"})
    attributes {tile.plan = #plan} {
  // expected-error @+1 {{expected the plan's #tile.shape<[16]> step #tile.shape<[1]>}}
  %box = tile.query_box <[8]> step <[1]> : !box
  %Q = tile.load %q at %box : !tensor, !box -> !tile
  %keys = tile.live_keys #attn.causal of %box : !box
  %K = tile.load %k at %keys : !tensor, !box -> !tile
  %S = tile.dot %Q, %K transposed : !tile, !tile -> !tile.tile<16x16xf32>
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">
!tensor = !tile.tensor<1, 16, bf16>
!box = !tile.box<1>
!tile = !tile.tile<16x16xbf16>
!ring = !tile.ring<!tile>

// The copy stands in another block than its await.
func.func @forward(%q: !tensor {tile.operand = "query"}, %k: !tensor {tile.operand = "key"}, %x: !tile.extras<"none">)
    attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !box
  %Q = tile.load %q at %box : !tensor, !box -> !tile
  %keys = tile.live_keys #attn.causal of %box : !box
  %Ks = tile.ring : !ring
  tile.copy %k at %keys to %Ks : !tensor, !box, !ring
  tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[16]> init() : !tile.extras<"none">, !box {
  ^keys(%here: !box):
    // expected-error @+1 {{has no copy into its ring in its block}}
    %K = tile.await %Ks : !ring -> !tile
    tile.release %Ks : !ring
    %S = tile.dot %Q, %K transposed : !tile, !tile -> !tile.tile<16x16xf32>
    tile.yield
  }
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">
!tensor = !tile.tensor<1, 16, bf16>
!box = !tile.box<1>
!tile = !tile.tile<16x16xbf16>

func.func @forward(%q: !tensor {tile.operand = "query"}, %k: !tensor {tile.operand = "key"}, %x: !tile.extras<"none">)
    attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !box
  %Q = tile.load %q at %box : !tensor, !box -> !tile
  %keys = tile.live_keys #attn.document of %box : !box
  %K = tile.load %k at %keys : !tensor, !box -> !tile
  %QK = tile.dot %Q, %K transposed : !tile, !tile -> !tile.tile<16x16xf32>
  // expected-error @+1 {{expected !tile.extras<"segments"> for a mask of documents, got '!tile.extras<"none">'}}
  %S = tile.mask %QK by #attn.document with %x at %box, %keys : !tile.tile<16x16xf32>, !tile.extras<"none">, !box
  return
}
