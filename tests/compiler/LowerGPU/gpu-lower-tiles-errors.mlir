// RUN: muntin-opt %s --tile-assign-layouts --gpu-lower-tiles --split-input-file --verify-diagnostics

#plan = #tile.plan<template_name = "row", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[1]>, pack = "none", target = "sm_80", warps = 1, stages = 1, align = 16>

func.func @forward(%k: !tile.tensor<1, 16, bf16> {tile.operand = "key"}) attributes {tile.plan = #plan} {
  %keys = tile.all_keys : !tile.box<1>
  // expected-error @below {{makes a tile of all keys, which has no lowering to PTX; tile-walk-rows makes walks of them}}
  %K = tile.load %k at %keys : !tile.tensor<1, 16, bf16>, !tile.box<1> -> !tile.tile<?x16xbf16>
  return
}

// -----

#cpu = #tile.plan<template_name = "row", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                  key_box = #tile.shape<[1]>, rows = 4, vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">

// expected-error @below {{expected a plan with warps, got #tile.plan<template_name = "row"}}
func.func @forward(%lse: !tile.tensor<1, 1, f32> {tile.operand = "lse"}) attributes {tile.plan = #cpu} {
  return
}
