// Where a task reads one box of live keys, the lanes of its second product are columns: a table says which rows of the
// hull each block of 8 queries sees, two rows of values become pairs by a shuffle each, and the order of columns is put
// right when the output, which is never transposed, is stored.
// RUN: muntin-opt %s --cpu-lower-tiles --canonicalize --cse | FileCheck %s

#plan = #tile.plan<template_name = "window", query_box = #tile.shape<[4, 4]>, query_step = #tile.shape<[1, 1]>,
                   key_box = #tile.shape<[6, 6]>, rows = 8, vectors = 1, lanes = 16, pack = "none",
                   target = "avx512-bf16">
#mask = #attn.neighborhood<window = [3, 3], dilation = [1, 1], stride = [1, 1], causal = [0, 0]>

// CHECK-LABEL: func.func @masked(
// The heads of a box share the table.
// CHECK:       scf.for %[[QUERY:[a-z0-9]+]] = %c0_i64 to %{{.*}} step %c8_i64
// CHECK:         arith.remui %{{.*}}, %c4_i64 : i64
// CHECK:         llvm.store %{{.*}} : i64, !llvm.ptr
// CHECK:         llvm.store %{{.*}} : i64, !llvm.ptr
// The scores, pairs of neighbouring columns of 8 keys.
// CHECK:       scf.for
// CHECK:       llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// The output: 8 queries, 2 vectors of columns.
// CHECK:       scf.for %{{.*}} = %c0_i64 to %{{.*}} step %c8_i64
// CHECK:         %[[BEGIN:[0-9]+]] = llvm.load %{{.*}} : !llvm.ptr -> i64
// CHECK:         %[[BEHIND:[0-9]+]] = llvm.load %{{.*}} : !llvm.ptr -> i64
// CHECK:         arith.muli %[[BEGIN]], %[[LENGTH:[0-9]+]]
// CHECK:         arith.muli %[[BEHIND]], %[[LENGTH]]
// CHECK:         scf.for {{.*}} step %c2_i64 iter_args({{((%[a-z0-9]+ = %[a-z_0-9]+, ){15})}}
// CHECK:           %[[X:[0-9]+]] = llvm.load {{.*}} -> vector<32xi16>
// CHECK:           %[[Y:[0-9]+]] = llvm.load {{.*}} -> vector<32xi16>
// CHECK:           vector.shuffle %[[X]], %[[Y]] [0, 32, 1, 33, 2, 34, 3, 35, 8, 40,
// CHECK:           vector.shuffle %[[X]], %[[Y]] [4, 36, 5, 37, 6, 38, 7, 39, 12, 44,
// CHECK-COUNT-16:  llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// CHECK-NOT:       llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// CHECK:       %[[OUT:[0-9]+]] = vector.shuffle %{{.*}} [0, 1, 2, 3, 16, 17, 18, 19, 4, {{.*}} : vector<16xbf16>, vector<16xbf16>
// CHECK:       llvm.store %[[OUT]], %{{.*}} : vector<32xbf16>
func.func @masked(%q: !tile.tensor<2, 32, bf16> {tile.operand = "query"},
                  %k: !tile.tensor<2, 32, bf16> {tile.operand = "key"},
                  %v: !tile.tensor<2, 32, bf16> {tile.operand = "value"},
                  %o: !tile.tensor<2, 32, bf16> {tile.operand = "out"}, %x: !tile.extras<"none">)
    attributes {tile.plan = #plan} {
  %box = tile.query_box <[4, 4]> step <[1, 1]> : !tile.box<2>
  %Q = tile.load %q at %box : !tile.tensor<2, 32, bf16>, !tile.box<2> -> !tile.tile<16x32xbf16>
  %keys = tile.live_keys #mask of %box : !tile.box<2>
  %K = tile.load %k at %keys : !tile.tensor<2, 32, bf16>, !tile.box<2> -> !tile.tile<36x32xbf16>
  %QK = tile.dot %Q, %K transposed : !tile.tile<16x32xbf16>, !tile.tile<36x32xbf16> -> !tile.tile<16x36xf32>
  %S = tile.mask %QK by #mask with %x at %box, %keys : !tile.tile<16x36xf32>, !tile.extras<"none">, !tile.box<2>
  %V = tile.load %v at %keys : !tile.tensor<2, 32, bf16>, !tile.box<2> -> !tile.tile<36x32xbf16>
  %E = math.exp2 %S : !tile.tile<16x36xf32>
  %P = tile.convert %E : !tile.tile<16x36xf32> -> !tile.tile<16x36xbf16>
  %O = tile.dot %P, %V : !tile.tile<16x36xbf16>, !tile.tile<36x32xbf16> -> !tile.tile<16x32xf32>
  tile.store %O, %o at %box : !tile.tile<16x32xf32>, !tile.tensor<2, 32, bf16>, !tile.box<2>
  return
}

// Without a mask every key of the box counts for every query: there is no table.
// CHECK-LABEL: func.func @bare(
// CHECK-NOT:   arith.remui %{{.*}}, %c4_i64 : i64
// CHECK:       llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
func.func @bare(%q: !tile.tensor<2, 32, bf16> {tile.operand = "query"},
                %k: !tile.tensor<2, 32, bf16> {tile.operand = "key"},
                %v: !tile.tensor<2, 32, bf16> {tile.operand = "value"},
                %o: !tile.tensor<2, 32, bf16> {tile.operand = "out"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[4, 4]> step <[1, 1]> : !tile.box<2>
  %Q = tile.load %q at %box : !tile.tensor<2, 32, bf16>, !tile.box<2> -> !tile.tile<16x32xbf16>
  %keys = tile.live_keys #mask of %box : !tile.box<2>
  %K = tile.load %k at %keys : !tile.tensor<2, 32, bf16>, !tile.box<2> -> !tile.tile<36x32xbf16>
  %S = tile.dot %Q, %K transposed : !tile.tile<16x32xbf16>, !tile.tile<36x32xbf16> -> !tile.tile<16x36xf32>
  %V = tile.load %v at %keys : !tile.tensor<2, 32, bf16>, !tile.box<2> -> !tile.tile<36x32xbf16>
  %P = tile.convert %S : !tile.tile<16x36xf32> -> !tile.tile<16x36xbf16>
  %O = tile.dot %P, %V : !tile.tile<16x36xbf16>, !tile.tile<36x32xbf16> -> !tile.tile<16x32xf32>
  tile.store %O, %o at %box : !tile.tile<16x32xf32>, !tile.tensor<2, 32, bf16>, !tile.box<2>
  return
}
