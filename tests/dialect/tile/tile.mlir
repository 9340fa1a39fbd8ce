// Round trips of every operation, type and attribute, as text and as bytecode.
// RUN: muntin-opt %s -o %t && muntin-opt %t | diff %t -
// RUN: muntin-opt %t --emit-bytecode | muntin-opt | diff %t -
// RUN: FileCheck %s --input-file %t

// CHECK: func.func @boxes{{.*}}tile.plan = #tile.plan<template_name = "row", query_box = <[4, 2]>
func.func @boxes() attributes {tile.plan = #tile.plan<template_name = "row", query_box = #tile.shape<[4, 2]>,
    query_step = #tile.shape<[2, 1]>, key_box = #tile.shape<[1, 1]>, rows = 4, vectors = 1, lanes = 8, pack = "none",
    target = "x86-64-v3">} {
  // CHECK: tile.query_box <[4, 2]> step <[2, 1]> : <2>
  %box = tile.query_box <[4, 2]> step <[2, 1]> : !tile.box<2>
  %all = tile.all_keys : !tile.box<2>
  %live = tile.live_keys #attn.block<size = [2, 2]> of %box : !tile.box<2>
  tile.count %box, %live columns 64 and 32 : !tile.box<2>
  return
}

// CHECK: engine = "fma"
func.func private @plan() attributes {tile.plan = #tile.plan<template_name = "row", query_box = #tile.shape<[16]>,
    query_step = #tile.shape<[1]>, key_box = #tile.shape<[32]>, pack = "none", target = "sm_80", warps = 1, stages = 1,
    align = 16, capacity = 1024, engine = "fma">}

// CHECK: variant = "short_2xN", most = <[2, 2147483647]>
func.func private @short() attributes {tile.plan = #tile.plan<template_name = "row", query_box = #tile.shape<[2, 8]>,
    query_step = #tile.shape<[1, 1]>, key_box = #tile.shape<[1, 1]>, rows = 8, vectors = 1, lanes = 16, pack = "none",
    target = "x86-64-v4", variant = "short_2xN", most = #tile.shape<[2, 2147483647]>>}

func.func @memory(%q: !tile.tensor<1, 64, bf16>, %lse: !tile.tensor<1, 1, f32>, %s: !tile.matrix<f32>, %scale: f32) {
  %box = tile.query_box <[8]> step <[1]> : !tile.box<1>
  %keys = tile.all_keys : !tile.box<1>
  %sign, %size = tile.split_scale %scale : f32
  %Q = tile.load %q at %box times %sign : !tile.tensor<1, 64, bf16>, !tile.box<1> -> !tile.tile<8x64xf32>
  %K = tile.load %q at %keys : !tile.tensor<1, 64, bf16>, !tile.box<1> -> !tile.tile<?x64xf32>
  // CHECK: tile.dot %{{.*}}, %{{.*}} transposed : <8x64xf32>, <?x64xf32> -> <8x?xf32>
  %S = tile.dot %Q, %K transposed : !tile.tile<8x64xf32>, !tile.tile<?x64xf32> -> !tile.tile<8x?xf32>
  tile.store_matrix %S, %s at %keys : !tile.tile<8x?xf32>, !tile.matrix<f32>, !tile.box<1>
  // CHECK: tile.scratch 1024 : <f32>
  %own = tile.scratch 1024 : !tile.matrix<f32>
  tile.store_matrix %S, %own at %keys : !tile.tile<8x?xf32>, !tile.matrix<f32>, !tile.box<1>
  %T = tile.load_matrix %s at %keys : !tile.matrix<f32>, !tile.box<1> -> !tile.tile<8x?xf32>
  %m = tile.reduce max %T : !tile.tile<8x?xf32> -> !tile.tile<8xf32>
  tile.store %m, %lse at %box : !tile.tile<8xf32>, !tile.tensor<1, 1, f32>, !tile.box<1>
  return
}

func.func @walk(%v: !tile.tensor<1, 32, bf16>, %x: !tile.extras<"segments">, %P: !tile.tile<8x16xf32>)
    -> !tile.tile<8x32xf32> {
  %box = tile.query_box <[8]> step <[1]> : !tile.box<1>
  %zero = arith.constant 0.0 : f32
  %none = tile.broadcast %zero : f32 -> !tile.tile<8x32xf32>
  // CHECK: tile.for_key_boxes border #attn.document with
  %O = tile.for_key_boxes border #attn.document with %x at %box by #tile.shape<[16]> init(%none)
      : !tile.extras<"segments">, !tile.box<1>, !tile.tile<8x32xf32> {
  ^bb0(%keys: !tile.box<1>, %so_far: !tile.tile<8x32xf32>):
    %S = tile.mask %P by #attn.document with %x at %box, %keys
        : !tile.tile<8x16xf32>, !tile.extras<"segments">, !tile.box<1>
    %H = tile.convert %S : !tile.tile<8x16xf32> -> !tile.tile<8x16xbf16>
    %V = tile.load %v at %keys : !tile.tensor<1, 32, bf16>, !tile.box<1> -> !tile.tile<16x32xbf16>
    // CHECK: tile.dot %{{.*}}, %{{.*}} acc %{{.*}} : <8x16xbf16>, <16x32xbf16>, !tile.tile<8x32xf32> -> <8x32xf32>
    %next = tile.dot %H, %V acc %so_far
        : !tile.tile<8x16xbf16>, !tile.tile<16x32xbf16>, !tile.tile<8x32xf32> -> !tile.tile<8x32xf32>
    tile.yield %next : !tile.tile<8x32xf32>
  }
  // CHECK: tile.for_key_boxes all #attn.causal with {{.*}} init()
  tile.for_key_boxes all #attn.causal with %x at %box by #tile.shape<[16]> init()
      : !tile.extras<"segments">, !tile.box<1> {
  ^bb0(%keys: !tile.box<1>):
    tile.yield
  }
  return %O : !tile.tile<8x32xf32>
}
