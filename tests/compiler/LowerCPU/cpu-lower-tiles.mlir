// RUN: muntin-opt %S/../../../templates/window.mlir -cpu-lower-tiles | FileCheck %s
// RUN: muntin-opt %S/../../../templates/border.mlir -pass-pipeline='builtin.module(func.func(tile-split-key-ranges),cpu-lower-tiles)' | FileCheck %s

// A kernel becomes a function over a range of tasks; nothing of the tile dialect or of attn is left in it.

// CHECK-NOT: tile.{{[a-z_]+}} %
// CHECK: func.func @forward(%{{.*}}: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64, %{{.*}}: !llvm.ptr)
// CHECK-SAME: cpu.arguments = [
// CHECK-SAME: cpu.scratch =
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
// CHECK-NOT: tile.{{[a-z_]+}} %
// CHECK-NOT: attn.
// CHECK: return
