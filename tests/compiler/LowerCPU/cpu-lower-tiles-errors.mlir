// RUN: muntin-opt %s --cpu-lower-tiles --split-input-file --verify-diagnostics

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 4,
                   vectors = 2, lanes = 0, pack = "none", target = "x86-64-v3">
// expected-error @+1 {{expected a plan with 2 to 16 rows, an even number, vectors, and lanes in a power of two from 8 to 64, got #tile.plan<template_name = "live"}}
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

// -----

#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 24,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">
// expected-error @+1 {{expected a plan with 2 to 16 rows}}
func.func @forward() attributes {tile.plan = #plan} {
  return
}

// -----

#plan = #tile.plan<template_name = "window", query_box = <[16]>, query_step = <[1]>, key_box = <[18]>, rows = 6,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3", trimmed = true>
// expected-error @+1 {{expected a block of two vectors stacked on the first of several axes in a trimmed query box}}
func.func @one_axis() attributes {tile.plan = #plan} {
  return
}

// -----

#plan = #tile.plan<template_name = "window", query_box = <[4, 4]>, query_step = <[1, 1]>, key_box = <[4, 6]>, rows = 6,
                   vectors = 1, lanes = 8, pack = "none", target = "x86-64-v3", trimmed = true>
// expected-error @+1 {{expected a block of two vectors stacked on the first of several axes in a trimmed query box}}
func.func @a_block_of_one() attributes {tile.plan = #plan} {
  return
}

// -----

#plan = #tile.plan<template_name = "window", query_box = <[1, 16]>, query_step = <[1, 1]>, key_box = <[3, 18]>, rows = 6,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3", trimmed = true>
// expected-error @+1 {{expected a block of two vectors stacked on the first of several axes in a trimmed query box}}
func.func @no_halves() attributes {tile.plan = #plan} {
  return
}

// -----

#plan = #tile.plan<template_name = "window", query_box = <[4, 4]>, query_step = <[1, 1]>, key_box = <[4, 6]>, rows = 6,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3", trimmed = true>
// expected-error @+1 {{expected, with a trimmed query box, keys of one box of live keys}}
func.func @all_keys(%q: !tile.tensor<2, 8, f32> {tile.operand = "query"},
                    %k: !tile.tensor<2, 8, f32> {tile.operand = "key"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[4, 4]> step <[1, 1]> : !tile.box<2>
  %Q = tile.load %q at %box : !tile.tensor<2, 8, f32>, !tile.box<2> -> !tile.tile<16x8xf32>
  %keys = tile.all_keys : !tile.box<2>
  %K = tile.load %k at %keys : !tile.tensor<2, 8, f32>, !tile.box<2> -> !tile.tile<?x8xf32>
  %QK = tile.dot %Q, %K transposed : !tile.tile<16x8xf32>, !tile.tile<?x8xf32> -> !tile.tile<16x?xf32>
  return
}

// -----

#plan = #tile.plan<template_name = "window", query_box = <[4, 4]>, query_step = <[1, 1]>, key_box = <[4, 6]>, rows = 6,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3", trimmed = true>
#mask = #attn.any_of<[#attn.neighborhood<window = [3, 3], dilation = [1, 1], stride = [1, 1], causal = [0, 0]>,
                      #attn.sliding<left = [1, 0], right = [0, 1]>]>
func.func @not_by_axes(%q: !tile.tensor<2, 8, f32> {tile.operand = "query"},
                       %k: !tile.tensor<2, 8, f32> {tile.operand = "key"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[4, 4]> step <[1, 1]> : !tile.box<2>
  // expected-error @+1 {{expected, with a trimmed query box, a mask that is an AND of a rule for each axis}}
  %keys = tile.live_keys #mask of %box : !tile.box<2>
  %K = tile.load %k at %keys : !tile.tensor<2, 8, f32>, !tile.box<2> -> !tile.tile<24x8xf32>
  return
}

// -----

#plan = #tile.plan<template_name = "window", query_box = <[2, 16]>, query_step = <[1, 1]>, key_box = <[24, 3]>, rows = 8,
                   vectors = 2, lanes = 16, pack = "pairs", target = "avx512-bf16">
#mask = #attn.neighborhood<window = [3, 3], dilation = [1, 1], stride = [1, 1], causal = [0, 0]>
func.func @odd_rows_of_keys(%k: !tile.tensor<2, 8, bf16> {tile.operand = "key"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[2, 16]> step <[1, 1]> : !tile.box<2>
  %keys = tile.live_keys #mask of %box : !tile.box<2>
  // expected-error @+1 {{expected a tile of at least 96 rows, of pairs of keys, got 72}}
  %K = tile.load %k at %keys : !tile.tensor<2, 8, bf16>, !tile.box<2> -> !tile.tile<72x8xbf16>
  return
}

// -----

// What is not f32 is packed, unless it is bf16 of one box of live keys and its values fill vectors.
#plan = #tile.plan<template_name = "window", query_box = <[16]>, query_step = <[1]>, key_box = <[18]>, rows = 4,
                   vectors = 1, lanes = 16, pack = "none", target = "avx512-bf16">
// expected-error @+1 {{expected a plan that packs keys of 'bf16', unless they are bf16 of one box of live keys and values have a multiple of 16 columns, got pack none}}
func.func @forward(%q: !tile.tensor<1, 24, bf16> {tile.operand = "query"},
                   %k: !tile.tensor<1, 24, bf16> {tile.operand = "key"},
                   %v: !tile.tensor<1, 24, bf16> {tile.operand = "value"},
                   %o: !tile.tensor<1, 24, bf16> {tile.operand = "out"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Q = tile.load %q at %box : !tile.tensor<1, 24, bf16>, !tile.box<1> -> !tile.tile<16x24xbf16>
  %keys = tile.live_keys #attn.sliding<left = [1], right = [1]> of %box : !tile.box<1>
  %K = tile.load %k at %keys : !tile.tensor<1, 24, bf16>, !tile.box<1> -> !tile.tile<18x24xbf16>
  %S = tile.dot %Q, %K transposed : !tile.tile<16x24xbf16>, !tile.tile<18x24xbf16> -> !tile.tile<16x18xf32>
  %V = tile.load %v at %keys : !tile.tensor<1, 24, bf16>, !tile.box<1> -> !tile.tile<18x24xbf16>
  %P = tile.convert %S : !tile.tile<16x18xf32> -> !tile.tile<16x18xbf16>
  %O = tile.dot %P, %V : !tile.tile<16x18xbf16>, !tile.tile<18x24xbf16> -> !tile.tile<16x24xf32>
  tile.store %O, %o at %box : !tile.tile<16x24xf32>, !tile.tensor<1, 24, bf16>, !tile.box<1>
  return
}

// -----

// Rows are read two at a time.
#plan = #tile.plan<template_name = "live", query_box = <[16]>, query_step = <[1]>, key_box = <[16]>, rows = 3,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3">
// expected-error @+1 {{expected a plan with 2 to 16 rows, an even number, vectors}}
func.func @forward() attributes {tile.plan = #plan} {
  return
}

// -----

// expected-error @+1 {{expected a target with products of bf16 pairs, got #tile.plan<template_name = "window"}}
module {
func.func @forward(%q: !tile.tensor<1, 16, bf16> {tile.operand = "query"},
                   %k: !tile.tensor<1, 16, bf16> {tile.operand = "key"})
    attributes {tile.plan = #tile.plan<template_name = "window", query_box = <[16]>, query_step = <[1]>,
                                       key_box = <[18]>, rows = 4, vectors = 1, lanes = 16, pack = "none",
                                       target = "x86-64-v4">} {
  return
}
}

// -----

// expected-error @+1 {{expected keys and values of one type where nothing is packed, got 'bf16' and 'f32'}}
module {
func.func @forward(%k: !tile.tensor<1, 16, bf16> {tile.operand = "key"},
                   %v: !tile.tensor<1, 16, f32> {tile.operand = "value"})
    attributes {tile.plan = #tile.plan<template_name = "window", query_box = <[16]>, query_step = <[1]>,
                                       key_box = <[18]>, rows = 4, vectors = 1, lanes = 16, pack = "none",
                                       target = "avx512-bf16">} {
  return
}
}

// -----

// Blocks of keys are whole: without the mask a vector would count keys that only the other one sees.
#plan = #tile.plan<template_name = "window", query_box = <[4, 4]>, query_step = <[1, 1]>, key_box = <[4, 6]>, rows = 6,
                   vectors = 2, lanes = 8, pack = "none", target = "x86-64-v3", trimmed = true>
func.func @forward(%q: !tile.tensor<2, 8, f32> {tile.operand = "query"}, %k: !tile.tensor<2, 8, f32> {tile.operand = "key"},
                   %lse: !tile.tensor<2, 1, f32> {tile.operand = "lse"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[4, 4]> step <[1, 1]> : !tile.box<2>
  %Q = tile.load %q at %box : !tile.tensor<2, 8, f32>, !tile.box<2> -> !tile.tile<16x8xf32>
  %keys = tile.live_keys #attn.sliding<left = [1, 1], right = [1, 1]> of %box : !tile.box<2>
  %K = tile.load %k at %keys : !tile.tensor<2, 8, f32>, !tile.box<2> -> !tile.tile<24x8xf32>
  // expected-error @+1 {{expected, with a trimmed query box, scores that only the mask of the live keys reads}}
  %S = tile.dot %Q, %K transposed : !tile.tile<16x8xf32>, !tile.tile<24x8xf32> -> !tile.tile<16x24xf32>
  %m = tile.reduce max %S : !tile.tile<16x24xf32> -> !tile.tile<16xf32>
  tile.store %m, %lse at %box : !tile.tile<16xf32>, !tile.tensor<2, 1, f32>, !tile.box<2>
  return
}
