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
  // expected-error @below {{which has no lowering to PTX: elements would change lanes}}
  %other = tile.convert %sums : !tile.tile<16x16xf32, #sums> -> !tile.tile<16x16xf32, #other>
  return
}
