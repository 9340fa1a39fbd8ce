// With a strip there is no launch that packs: the kernel's first act is to forget what the strip held; each task compares
// what it needs with what is there, packs the rest two keys at a time, and reads pairs 32 bytes further for each key.
// RUN: muntin-opt %s --cpu-lower-tiles --canonicalize --cse | FileCheck %s

// CHECK-NOT:   @pack_
// CHECK-LABEL: func.func @forward(
// CHECK-SAME:  %[[BEGIN:[a-z0-9]+]]: i64, %[[END:[a-z0-9]+]]: i64
// CHECK:       llvm.store %c-1_i64, %[[STATE:[a-z0-9]+]]
// CHECK:       scf.for {{.*}} = %[[BEGIN]] to %[[END]]
// CHECK:         %[[SLICE:[0-9]+]] = llvm.load %[[STATE]]
// CHECK:         arith.cmpi eq, %[[SLICE]]
// CHECK:         scf.for %{{.*}} = %[[PACKED:[0-9]+]] to %[[WANTED:[0-9]+]] step
// CHECK:           vector.interleave {{.*}} : vector<16xi16>
// CHECK:         llvm.store %{{.*}}, %[[STATE]]
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"

#plan = #tile.plan<template_name = "window", query_box = #tile.shape<[16]>, query_step = #tile.shape<[1]>,
                   key_box = #tile.shape<[18]>, rows = 4, vectors = 1, lanes = 16, pack = "pairs",
                   target = "avx512-bf16", strip = #tile.shape<[128]>>

func.func @forward(%q: !tile.tensor<1, 16, bf16> {tile.operand = "query"},
                   %k: !tile.tensor<1, 16, bf16> {tile.operand = "key"},
                   %v: !tile.tensor<1, 16, bf16> {tile.operand = "value"},
                   %o: !tile.tensor<1, 16, bf16> {tile.operand = "out"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[16]> step <[1]> : !tile.box<1>
  %Q = tile.load %q at %box : !tile.tensor<1, 16, bf16>, !tile.box<1> -> !tile.tile<16x16xbf16>
  %keys = tile.live_keys #attn.sliding<left = [1], right = [1]> of %box : !tile.box<1>
  %K = tile.load %k at %keys : !tile.tensor<1, 16, bf16>, !tile.box<1> -> !tile.tile<18x16xbf16>
  %S = tile.dot %Q, %K transposed : !tile.tile<16x16xbf16>, !tile.tile<18x16xbf16> -> !tile.tile<16x18xf32>
  %V = tile.load %v at %keys : !tile.tensor<1, 16, bf16>, !tile.box<1> -> !tile.tile<18x16xbf16>
  %P = tile.convert %S : !tile.tile<16x18xf32> -> !tile.tile<16x18xbf16>
  %O = tile.dot %P, %V : !tile.tile<16x18xbf16>, !tile.tile<18x16xbf16> -> !tile.tile<16x16xf32>
  tile.store %O, %o at %box : !tile.tile<16x16xf32>, !tile.tensor<1, 16, bf16>, !tile.box<1>
  return
}
