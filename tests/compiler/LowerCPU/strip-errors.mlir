// A strip is one box's, has that box's rank and whole pairs, and something is packed into it.
// RUN: muntin-opt %s --cpu-lower-tiles --split-input-file --verify-diagnostics

#plan = #tile.plan<template_name = "window", query_box = <[16]>, query_step = <[1]>, key_box = <[18]>, rows = 4, vectors = 1,
                   lanes = 16, pack = "pairs", target = "avx512-bf16", strip = <[2, 128]>>
// expected-error @+1 {{expected a strip of the query box's rank and an even number of keys, got #tile.shape<[2, 128]>}}
func.func @forward() attributes {tile.plan = #plan} { return }

// -----

#plan = #tile.plan<template_name = "window", query_box = <[16]>, query_step = <[1]>, key_box = <[18]>, rows = 4, vectors = 1,
                   lanes = 16, pack = "pairs", target = "avx512-bf16", strip = <[16]>>
// expected-error @+1 {{expected a strip that holds the key box, got #tile.shape<[16]>}}
func.func @forward() attributes {tile.plan = #plan} { return }

// -----

#plan = #tile.plan<template_name = "window", query_box = <[16]>, query_step = <[1]>, key_box = <[18]>, rows = 4, vectors = 1,
                   lanes = 16, pack = "pairs", target = "avx512-bf16", strip = <[127]>>
// expected-error @+1 {{expected a strip of the query box's rank and an even number of keys, got #tile.shape<[127]>}}
func.func @forward() attributes {tile.plan = #plan} { return }

// -----

#plan = #tile.plan<template_name = "window", query_box = <[16]>, query_step = <[1]>, key_box = <[18]>, rows = 4, vectors = 1,
                   lanes = 16, pack = "none", target = "avx512-bf16", strip = <[128]>>
// expected-error @+1 {{expected something to pack into the strip, got pack none}}
func.func @forward() attributes {tile.plan = #plan} { return }

// -----

#plan = #tile.plan<template_name = "window", query_box = <[16]>, query_step = <[1]>, key_box = <[18]>, rows = 4, vectors = 1,
                   lanes = 16, pack = "pairs", target = "avx512-bf16", strip = <[128]>>
// expected-error @+1 {{expected, with a strip, keys and values of one box of live keys}}
func.func @forward(%k: !tile.tensor<1, 16, bf16> {tile.operand = "key"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %keys = tile.live_keys #attn.sliding<left = [1], right = [1]> of %box : !tile.box<1>
  %K = tile.load %k at %keys : !tile.tensor<1, 16, bf16>, !tile.box<1> -> !tile.tile<18x16xbf16>
  return
}
