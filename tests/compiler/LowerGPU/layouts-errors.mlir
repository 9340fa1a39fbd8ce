// RUN: muntin-opt %s --gpu-lower-tiles --split-input-file --verify-diagnostics

#plan = #tile.plan<template_name = "live", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>

func.func @none() attributes {tile.plan = #plan} {
  %zero = arith.constant 0.0 : f32
  // expected-error @below {{makes a tile without a layout; tile-assign-layouts says where its elements are}}
  %none = tile.broadcast %zero : f32 -> !tile.tile<16x16xf32>
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
#sums = #tile.layout<16x8, register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]]>
#other = #tile.layout<16x8, register = [[8, 0], [0, 4]], lane = [[0, 1], [0, 2], [1, 0], [2, 0], [4, 0]]>

func.func @lanes() attributes {tile.plan = #plan} {
  %zero = arith.constant 0.0 : f32
  %sums = tile.broadcast %zero : f32 -> !tile.tile<16x16xf32, #sums>
  // expected-error @below {{expected a layout that tile-assign-layouts gives}}
  %other = tile.convert %sums : !tile.tile<16x16xf32, #sums> -> !tile.tile<16x16xf32, #other>
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
#mine = #tile.layout<16x16, register = [[0, 1]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]]>

func.func @handmade() attributes {tile.plan = #plan} {
  %zero = arith.constant 0.0 : f32
  // expected-error @below {{expected a layout that tile-assign-layouts gives, got '!tile.tile<16x16xf32, #tile.layout<16x16}}
  %tile = tile.broadcast %zero : f32 -> !tile.tile<16x16xf32, #mine>
  %row = tile.reduce max %tile : !tile.tile<16x16xf32, #mine> -> !tile.tile<16xf32>
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[16]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>
#sums = #tile.layout<16x8, register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]]>

func.func @in_registers(%k: !tile.tensor<1, 16, bf16> {tile.operand = "key"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %keys = tile.live_keys #attn.causal of %box : !tile.box<1>
  // expected-error @below {{expected a layout that tile-assign-layouts gives}}
  %K = tile.load %k at %keys : !tile.tensor<1, 16, bf16>, !tile.box<1> -> !tile.tile<16x16xbf16, #sums>
  return
}
