// RUN: muntin-opt %s --cpu-lower-tiles --split-input-file --verify-diagnostics

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 0, pack = "none", target = "x86-64-v3">
// expected-error @+1 {{expected a plan with rows, vectors, and lanes in a power of two from 8 to 64, got #tile.plan<template_name = "live"}}
func.func @forward() attributes {tile.plan = #plan} {
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = <[12]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">
// expected-error @+1 {{expected a plan whose query box is a number of blocks of vectors}}
func.func @forward() attributes {tile.plan = #plan} {
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 8, pack = "all", target = "x86-64-v3">
// expected-error @+1 {{expected none, widen or pairs as pack, got all}}
func.func @forward() attributes {tile.plan = #plan} {
  return
}

// -----

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">
#other = #tile.plan<template_name = "live", query_box = <[8]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                    vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">
func.func @first() attributes {tile.plan = #plan} {
  return
}
// expected-error @+1 {{expected the plan of the module's first kernel}}
func.func @second() attributes {tile.plan = #other} {
  return
}

// -----

#plan = #tile.plan<template_name = "stages", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">
func.func @forward() attributes {tile.plan = #plan} {
  // expected-error @+1 {{has no lowering to vectors; tile-copies-in-place makes loads of copies}}
  %Ks = tile.ring : !tile.ring<!tile.tile<16x16xf32>>
  return
}

// -----

// What a mask is put on is a product, whose initial value it becomes.
#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">
func.func @forward(%scale: f32, %x: !tile.extras<"none">) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %keys = tile.live_keys #attn.causal of %box : !tile.box<1>
  %S = tile.broadcast %scale : f32 -> !tile.tile<16x16xf32>
  // expected-error @+1 {{expected the scores of a product with the keys of the same box}}
  %T = tile.mask %S by #attn.causal with %x at %box, %keys : !tile.tile<16x16xf32>, !tile.extras<"none">, !tile.box<1>
  return
}

// -----

// Nobody has said what is to be packed.
#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 8, pack = "widen", target = "x86-64-v3">
// expected-error @below {{expected the keys and values that the plan packs as operands of a kernel}}
module {
  func.func @forward() attributes {tile.plan = #plan} {
    return
  }
}
