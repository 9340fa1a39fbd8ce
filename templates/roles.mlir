// RUN: muntin-opt %s | muntin-opt | FileCheck %s
// CHECK: func.func @forward
//
// The sixth rung: some warps only copy, the others only compute, and products are started and finished. Differs
// from `stages` by the roles; a machine whose warps have no roles makes one program of them again
// (tile-collapse-roles).
// --- parameters: replaced by the plan; the values below make the file legal as it stands
!query_tensor = !tile.tensor<2, 64, f32>
!key_tensor = !tile.tensor<2, 64, f32>
!value_tensor = !tile.tensor<2, 32, f32>
!out_tensor = !tile.tensor<2, 32, f32>
!lse_tensor = !tile.tensor<2, 1, f32>
!extras = !tile.extras<"none">
!box = !tile.box<2>
!query = !tile.tile<24x64xf32>
!key = !tile.tile<128x64xf32>
!value = !tile.tile<128x32xf32>
!scores = !tile.tile<24x128xf32>
!probs = !tile.tile<24x128xf32>
!out = !tile.tile<24x32xf32>
!row = !tile.tile<24xf32>
!key_ring = !tile.ring<!key>
!value_ring = !tile.ring<!value>
!scores_pending = !tile.pending<!scores>
!out_pending = !tile.pending<!out>
#mask = #attn.neighborhood<window = [7, 7], dilation = [1, 1], stride = [1, 1], causal = [0, 0]>
#query_box = #tile.shape<[6, 4]>
#query_step = #tile.shape<[1, 1]>
#key_box = #tile.shape<[8, 16]>
#producer = #tile.warps<producer, 4, registers = 24>
#consumer = #tile.warps<consumer, 8, registers = 240>
#plan = #tile.plan<template_name = "roles", query_box = #query_box, query_step = #query_step, key_box = #key_box,
                   rows = 4, vectors = 3, lanes = 8, pack = "none", target = "x86-64-v3">
// --- kernel

func.func @forward(%q: !query_tensor {tile.operand = "query"},
                   %k: !key_tensor {tile.operand = "key"}, %v: !value_tensor {tile.operand = "value"},
                   %o: !out_tensor {tile.operand = "out"}, %lse: !lse_tensor {tile.operand = "lse"},
                   %scale: f32, %extras: !extras) attributes {tile.plan = #plan} {
  %lowest = arith.constant -3.40282347E+38 : f32
  %sign, %size = tile.split_scale %scale : f32

  %box = tile.query_box #query_box step #query_step : !box

  %Ks = tile.ring : !key_ring
  %Vs = tile.ring : !value_ring

  tile.role #producer {
    tile.for_key_boxes split #mask with %extras at %box by #key_box init() : !extras, !box {
    ^keys(%keys: !box):
      tile.copy %k at %keys to %Ks : !key_tensor, !box, !key_ring
      tile.copy %v at %keys to %Vs : !value_tensor, !box, !value_ring
      tile.yield
    }
  }

  tile.role #consumer {
    %Q = tile.load %q at %box times %sign : !query_tensor, !box -> !query

    %zero = arith.constant 0.0 : f32
    %O_none = tile.broadcast %zero : f32 -> !out
    %l_none = tile.broadcast %zero : f32 -> !row
    %m_none = tile.broadcast %lowest : f32 -> !row
    %O, %m, %l = tile.for_key_boxes split #mask with %extras at %box by #key_box init(%O_none, %m_none, %l_none)
        : !extras, !box, !out, !row, !row {
    ^keys(%keys: !box, %O_so_far: !out, %m_so_far: !row, %l_so_far: !row):
      %K = tile.await %Ks : !key_ring -> !key
      %QK_pending = tile.start_dot %Q, %K transposed : !query, !key -> !scores_pending
      %QK = tile.finish %QK_pending : !scores_pending
      tile.release %Ks : !key_ring
      %S = tile.mask %QK by #mask with %extras at %box, %keys : !scores, !extras, !box

      // m = max(m, max S), alpha = 2^(m_before - m), P = 2^(size S - m), l = alpha l + sum P
      %top = tile.reduce max %S : !scores -> !row
      %size_row = tile.broadcast %size : f32 -> !row
      %scaled = arith.mulf %top, %size_row : !row
      %m_next = arith.maxnumf %m_so_far, %scaled : !row
      %drop = arith.subf %m_so_far, %m_next : !row
      %alpha = math.exp2 %drop : !row
      %minus_m = arith.negf %m_next : !row
      %size_scores = tile.broadcast %size : f32 -> !scores
      %shift = tile.broadcast %minus_m : !row -> !scores
      %exponent = math.fma %S, %size_scores, %shift : !scores
      %P = math.exp2 %exponent : !scores
      %sum = tile.reduce add %P : !scores -> !row
      %l_next = math.fma %l_so_far, %alpha, %sum : !row

      // O = alpha O + P V
      %V = tile.await %Vs : !value_ring -> !value
      %Ph = tile.convert %P : !scores -> !probs
      %alpha_out = tile.broadcast %alpha : !row -> !out
      %O_kept = arith.mulf %O_so_far, %alpha_out : !out
      %O_pending = tile.start_dot %Ph, %V acc %O_kept : !probs, !value, !out -> !out_pending
      %O_next = tile.finish %O_pending : !out_pending
      tile.release %Vs : !value_ring
      tile.yield %O_next, %m_next, %l_next : !out, !row, !row
    }

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
  }
  return
}
