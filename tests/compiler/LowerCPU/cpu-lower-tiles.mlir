// RUN: muntin-opt %S/../../../templates/window.mlir -cpu-lower-tiles | FileCheck %s --check-prefixes=CHECK,WINDOW
// RUN: muntin-opt %S/../../../templates/border.mlir -pass-pipeline='builtin.module(func.func(tile-split-key-ranges),cpu-lower-tiles)' | FileCheck %s --check-prefixes=CHECK,BORDER

// A kernel becomes a function over a range of tasks; nothing of the tile dialect or of attn is left in it. Of a window,
// the tasks of the heads of one box follow each other, and what they share stands before them.

// CHECK-NOT: tile.{{[a-z_]+}} %
// CHECK: func.func @forward(%{{.*}}: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64, %{{.*}}: !llvm.ptr)
// CHECK-SAME: cpu.arguments = [
// CHECK-SAME: cpu.scratch =
// BORDER: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
// WINDOW: %[[FIRST:.*]] = arith.divui %[[BEGIN]], %[[HEADS:.*]] : i64
// WINDOW: scf.for %[[BOX:.*]] = %[[FIRST]] to
// WINDOW: %[[TASK:.*]] = arith.muli %[[BOX]], %[[HEADS]]
// WINDOW: %[[BEFORE:.*]] = arith.subi %[[BEGIN]], %[[TASK]]
// WINDOW: %[[HEAD:.*]] = arith.maxsi %[[BEFORE]], %c0
// WINDOW: %[[LEFT:.*]] = arith.subi %[[END]], %[[TASK]]
// WINDOW: %[[LAST:.*]] = arith.minsi %[[LEFT]], %[[HEADS]]
// WINDOW: scf.for %{{.*}} = %[[HEAD]] to %[[LAST]]
// WINDOW: llvm.intr.prefetch
// CHECK-NOT: tile.{{[a-z_]+}} %
// CHECK-NOT: attn.
// CHECK: return
