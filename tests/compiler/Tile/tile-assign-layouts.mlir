// RUN: muntin-opt %s -split-input-file --tile-assign-layouts | FileCheck %s

// Queries and keys lie in rows of 32 bytes, four to a line of banks; what products leave lies in fragments, and is the
// next product's left operand as it lies.

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
!tensor = !tile.tensor<1, 16, bf16>
!tile = !tile.tile<16x16xbf16>
!sums = !tile.tile<16x16xf32>

// CHECK: #fragment = #tile.layout<16x16,
// CHECK: #shared = #tile.layout<8x16, row = {{\[\[1, 0\], \[2, 0\], \[4, 8\]\]}}
// CHECK-LABEL: @pairs
// CHECK: %[[Q:.*]] = tile.load %arg0 {{.*}} -> <16x16xbf16, #shared>
// CHECK: %[[S:.*]] = tile.dot {{.*}} -> <16x16xf32, #fragment>
// CHECK: tile.reduce max %[[S]] : {{.*}} -> <16xf32, #rows>
// CHECK: %[[P:.*]] = tile.convert %[[S]] : <16x16xf32, #fragment> -> <16x16xbf16, #fragment>
// CHECK: tile.dot %[[P]], {{.*}} -> <16x16xf32, #fragment>
func.func @pairs(%q: !tensor {tile.operand = "query"}, %k: !tensor, %v: !tensor) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %keys = tile.live_keys #attn.causal of %box : !tile.box<1>
  %Q = tile.load %q at %box : !tensor, !tile.box<1> -> !tile
  %K = tile.load %k at %keys : !tensor, !tile.box<1> -> !tile
  %S = tile.dot %Q, %K transposed : !tile, !tile -> !sums
  %m = tile.reduce max %S : !sums -> !tile.tile<16xf32>
  %P = tile.convert %S : !sums -> !tile
  %V = tile.load %v at %keys : !tensor, !tile.box<1> -> !tile
  %O = tile.dot %P, %V : !tile, !tile -> !sums
  return
}

// -----

// In f32 the left operand has another order, so a conversion is put before it, and rows lie an odd number of pieces
// apart: values are read word by word.

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
!tensor = !tile.tensor<1, 16, f32>
!tile = !tile.tile<16x16xf32>

// CHECK-DAG: #[[LEFT:.*]] = #tile.layout<16x8, register = {{\[\[8, 0\], \[0, 1\]\]}}
// CHECK-DAG: #[[SUMS:.*]] = #tile.layout<16x8, register = {{\[\[0, 1\], \[8, 0\]\]}}
// CHECK-DAG: #[[ROWS:.*]] = #tile.layout<1x4, offset = {{.*}}, pitch = 80>
// CHECK-LABEL: @words
// CHECK: tile.load %arg1 {{.*}} -> <16x16xf32, #[[ROWS]]>
// CHECK: %[[S:.*]] = tile.dot {{.*}} -> <16x16xf32, #[[SUMS]]>
// CHECK: %[[V:.*]] = tile.load %arg2 {{.*}} -> <16x16xf32, #[[ROWS]]>
// CHECK: %[[P:.*]] = tile.convert %[[S]] : <16x16xf32, #[[SUMS]]> -> <16x16xf32, #[[LEFT]]>
// CHECK: tile.dot %[[P]], %[[V]]
func.func @words(%q: !tensor {tile.operand = "query"}, %k: !tensor, %v: !tensor) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %keys = tile.live_keys #attn.causal of %box : !tile.box<1>
  %Q = tile.load %q at %box : !tensor, !tile.box<1> -> !tile
  %K = tile.load %k at %keys : !tensor, !tile.box<1> -> !tile
  %S = tile.dot %Q, %K transposed : !tile, !tile -> !tile
  %V = tile.load %v at %keys : !tensor, !tile.box<1> -> !tile
  %O = tile.dot %S, %V : !tile, !tile -> !tile
  return
}
