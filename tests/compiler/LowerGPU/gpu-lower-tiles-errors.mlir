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

// -----

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, pack = "none",
                   target = "sm_80", warps = 2, stages = 1, align = 16>
// expected-error @+1 {{expected a plan with a warp for each 16 queries}}
func.func @forward() attributes {tile.plan = #plan} {
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, pack = "none",
                   target = "sm_80", warps = 1, stages = 1, align = 3>
// expected-error @+1 {{expected a plan whose align is 2, 4, 8 or 16, got 3}}
func.func @forward() attributes {tile.plan = #plan} {
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, pack = "none",
                   target = "sm_80", warps = 1, stages = 1, align = 16>
// expected-error @+1 {{expected rows of a multiple of 16 bytes, as the plan says, got '!tile.tensor<1, 12, bf16>'}}
func.func @forward(%q: !tile.tensor<1, 12, bf16> {tile.operand = "query"}) attributes {tile.plan = #plan} {
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, pack = "none",
                   target = "sm_80", warps = 1, stages = 1, align = 16>
func.func @forward(%q: !tile.tensor<1, 16, bf16> {tile.operand = "query"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  // expected-error @+1 {{expected a tile of 'bf16', as copies convert nothing, got '!tile.tile<16x16xf32}}
  %Q = tile.load %q at %box : !tile.tensor<1, 16, bf16>, !tile.box<1> -> !tile.tile<16x16xf32>
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[8]>, pack = "none",
                   target = "sm_80", warps = 1, stages = 1, align = 16>
func.func @forward(%k: !tile.tensor<1, 16, bf16> {tile.operand = "key"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %keys = tile.live_keys #attn.causal of %box : !tile.box<1>
  // expected-error @+1 {{expected a multiple of 16 keys, got '!tile.tile<8x16xbf16}}
  %K = tile.load %k at %keys : !tile.tensor<1, 16, bf16>, !tile.box<1> -> !tile.tile<8x16xbf16>
  return
}
