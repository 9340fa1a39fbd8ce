// RUN: muntin-opt %s -pass-pipeline='builtin.module(func.func(tile-walk-rows))' --split-input-file --verify-diagnostics

!tensor = !tile.tensor<1, 16, f32>
!scores = !tile.tile<16x?xf32>
#plan = #tile.plan<template_name = "row", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1>

// A maximum, then what needs it: the scores would have to be kept.
// expected-error @below {{expected a plan with a capacity for 1 tiles of all keys, got #tile.plan<}}
func.func @capacity(%q: !tensor, %k: !tensor, %lse: !tile.tensor<1, 1, f32>) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Q = tile.load %q at %box : !tensor, !tile.box<1> -> !tile.tile<16x16xf32>
  %keys = tile.all_keys : !tile.box<1>
  %K = tile.load %k at %keys : !tensor, !tile.box<1> -> !tile.tile<?x16xf32>
  %S = tile.dot %Q, %K transposed : !tile.tile<16x16xf32>, !tile.tile<?x16xf32> -> !scores
  %m = tile.reduce max %S : !scores -> !tile.tile<16xf32>
  %M = tile.broadcast %m : !tile.tile<16xf32> -> !scores
  %D = arith.subf %S, %M : !scores
  %l = tile.reduce add %D : !scores -> !tile.tile<16xf32>
  tile.store %l, %lse at %box : !tile.tile<16xf32>, !tile.tensor<1, 1, f32>, !tile.box<1>
  return
}

// -----

!tensor = !tile.tensor<1, 16, f32>
#plan = #tile.plan<template_name = "row", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1>

func.func @end(%k: !tensor, %o: !tensor) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %keys = tile.all_keys : !tile.box<1>
  %K = tile.load %k at %keys : !tensor, !tile.box<1> -> !tile.tile<?x16xf32>
  // expected-error @below {{takes a tile of all keys, and is neither a reduction nor a product nor a store_matrix}}
  tile.store %K, %o at %keys : !tile.tile<?x16xf32>, !tensor, !tile.box<1>
  return
}
