// RUN: muntin-opt %s | muntin-opt | FileCheck %s
// CHECK: func.func @forward
//
// Beside `live`: when all live keys of a query box fit at once, the whole row over their hull needs no
// online softmax. Differs from `row` by one operation.
// --- parameters: replaced by the plan; the values below make the file legal as it stands
!query_tensor = !tile.tensor<2, 64, f32>
!key_tensor = !tile.tensor<2, 64, f32>
!value_tensor = !tile.tensor<2, 32, f32>
!out_tensor = !tile.tensor<2, 32, f32>
!lse_tensor = !tile.tensor<2, 1, f32>
!extras = !tile.extras<"none">
!box = !tile.box<2>
!query = !tile.tile<24x64xf32>
!key = !tile.tile<144x64xf32>
!value = !tile.tile<144x32xf32>
!scores = !tile.tile<24x144xf32>
!probs = !tile.tile<24x144xf32>
!out = !tile.tile<24x32xf32>
!row = !tile.tile<24xf32>
#mask = #attn.neighborhood<window = [7, 7], dilation = [1, 1], stride = [1, 1], causal = [0, 0]>
#query_box = #tile.shape<[6, 4]>
#query_step = #tile.shape<[1, 1]>
#key_box = #tile.shape<[12, 12]>
#plan = #tile.plan<template_name = "window", query_box = #query_box, query_step = #query_step, key_box = #key_box,
                   rows = 4, vectors = 3, lanes = 8, pack = "none", target = "x86-64-v3">
// --- kernel

func.func @forward(%q: !query_tensor {tile.operand = "query"},
                   %k: !key_tensor {tile.operand = "key"}, %v: !value_tensor {tile.operand = "value"},
                   %o: !out_tensor {tile.operand = "out"}, %lse: !lse_tensor {tile.operand = "lse"},
                   %scale: f32, %extras: !extras) attributes {tile.plan = #plan} {
  %lowest = arith.constant -3.40282347E+38 : f32
  %sign, %size = tile.split_scale %scale : f32

  %box = tile.query_box #query_box step #query_step : !box
  %Q = tile.load %q at %box times %sign : !query_tensor, !box -> !query

  // S = Q K^T, minus infinity where the mask forbids
  %keys = tile.live_keys #mask of %box : !box
  %K = tile.load %k at %keys : !key_tensor, !box -> !key
  %QK = tile.dot %Q, %K transposed : !query, !key -> !scores
  %S = tile.mask %QK by #mask with %extras at %box, %keys : !scores, !extras, !box

  // m = max S, P = 2^(size S - m), l = sum P
  %top = tile.reduce max %S : !scores -> !row
  %size_row = tile.broadcast %size : f32 -> !row
  %scaled = arith.mulf %top, %size_row : !row
  %lowest_row = tile.broadcast %lowest : f32 -> !row
  %m = arith.maxnumf %scaled, %lowest_row : !row
  %minus_m = arith.negf %m : !row
  %size_scores = tile.broadcast %size : f32 -> !scores
  %shift = tile.broadcast %minus_m : !row -> !scores
  %exponent = math.fma %S, %size_scores, %shift : !scores
  %P = math.exp2 %exponent : !scores
  %l = tile.reduce add %P : !scores -> !row

  // O = P V
  %V = tile.load %v at %keys : !value_tensor, !box -> !value
  %Ph = tile.convert %P : !scores -> !probs
  %O = tile.dot %Ph, %V : !probs, !value -> !out

  // out = O / l; a row without keys has l = 0 and O = 0. LSE = (m + log2 l) log 2.
  %tiny = arith.constant 1.17549435E-38 : f32
  %tiny_row = tile.broadcast %tiny : f32 -> !row
  %divisor = arith.maxnumf %l, %tiny_row : !row
  %one = arith.constant 1.0 : f32
  %one_row = tile.broadcast %one : f32 -> !row
  %inverse = arith.divf %one_row, %divisor : !row
  %inverse_out = tile.broadcast %inverse : !row -> !out
  %out = arith.mulf %O, %inverse_out : !out
  tile.store %out, %o at %box : !out, !out_tensor, !box

  %log2_l = math.log2 %l : !row
  %lse2 = arith.addf %m, %log2_l : !row
  %ln2 = arith.constant 0.693147181 : f32
  %ln2_row = tile.broadcast %ln2 : f32 -> !row
  %lse_e = arith.mulf %lse2, %ln2_row : !row
  tile.store %lse_e, %lse at %box : !row, !lse_tensor, !box
  return
}
