// What the plan's alignment makes of a copy: past the first-level cache for 16 bytes, through it for 8 and 4, a load and
// a store for 2. What the box or the row lacks becomes zeros and is not read.
// RUN: sed s/ALIGN/16/ %s | muntin-opt --tile-assign-layouts --gpu-lower-tiles --cse | FileCheck %s --check-prefix=WIDE
// RUN: sed s/ALIGN/8/ %s | muntin-opt --tile-assign-layouts --gpu-lower-tiles --cse | FileCheck %s --check-prefix=MIDDLE
// RUN: sed s/ALIGN/2/ %s | muntin-opt --tile-assign-layouts --gpu-lower-tiles --cse | FileCheck %s --check-prefix=NARROW

#plan = #tile.plan<template_name = "window", query_box = #tile.shape<[4, 4]>, query_step = #tile.shape<[1, 1]>,
                   key_box = #tile.shape<[4, 4]>, pack = "none", target = "sm_80", warps = 1, stages = 1,
                   align = ALIGN>

// Rows of 24 numbers are padded to 32, which a product takes: of four units in a row the last is not there.
// WIDE: %[[TOKEN:.*]] = arith.andi %{{.*}}, %{{.*}} : i1
// WIDE: %[[INSIDE:.*]] = arith.cmpi slt, %{{.*}}, %c3_i32
// WIDE: %[[THERE:.*]] = arith.andi %[[TOKEN]], %[[INSIDE]] : i1
// WIDE: %[[SIZE:.*]] = llvm.inline_asm "selp.b32 $0, $1, 0, $2;", "=r,n,b" %c16_i32, %[[THERE]]
// WIDE: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache =  cg, %[[SIZE]]

// MIDDLE: llvm.inline_asm "selp.b32 $0, $1, 0, $2;", "=r,n,b" %c8_i32
// MIDDLE: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 8, cache =  ca

// NARROW-NOT: nvvm.cp.async.shared.global
// NARROW: %[[READ:.*]] = scf.if
// NARROW: llvm.load %{{.*}} {alignment = 2 : i64} : !llvm.ptr<1> -> i16
// NARROW: llvm.store %[[READ]], %{{.*}} {alignment = 2 : i64} : i16, !llvm.ptr<3>
func.func @forward(%q: !tile.tensor<2, 24, bf16> {tile.operand = "query"}) attributes {tile.plan = #plan} {
  %box = tile.query_box <[4, 4]> step <[1, 1]> : !tile.box<2>
  %Q = tile.load %q at %box : !tile.tensor<2, 24, bf16>, !tile.box<2> -> !tile.tile<16x24xbf16>
  return
}
