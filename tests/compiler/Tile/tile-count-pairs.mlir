// RUN: muntin-opt %S/../../../templates/live.mlir -tile-count-pairs | FileCheck %s
// RUN: muntin-opt %S/../../../templates/row.mlir -tile-count-pairs | FileCheck %s --check-prefix=ROW
// RUN: muntin-opt %S/../../../templates/unfused.mlir -tile-count-pairs | FileCheck %s --check-prefix=UNFUSED

// The counter walks over the boxes of the kernel itself and multiplies nothing.

// CHECK-LABEL: func.func @forward
// CHECK-LABEL: func.func @count
// CHECK: %[[BOX:.*]] = tile.query_box <[6, 4]>
// CHECK: tile.for_key_boxes live {{.*}} at %[[BOX]] by #tile.shape<[8, 16]> init()
// CHECK: ^bb0(%[[KEYS:.*]]: !tile.box<2>):
// CHECK-NOT: tile.dot
// CHECK: tile.count %[[BOX]], %[[KEYS]] columns 64 and 32
// CHECK-NOT: tile.load
// CHECK: return

// ROW-LABEL: func.func @count
// ROW: %[[KEYS:.*]] = tile.all_keys
// ROW: tile.count %{{.*}}, %[[KEYS]] columns 64 and 32

// Another kernel multiplies the values.
// UNFUSED-LABEL: func.func @count
// UNFUSED: tile.count %{{.*}}, %{{.*}} columns 64 and 0
