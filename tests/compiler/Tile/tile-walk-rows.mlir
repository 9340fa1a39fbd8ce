// Whoever folds a tile of all keys, or writes it to memory, becomes a walk over key boxes.
// DEFINE: %{gpu} = sed -e 's/pack = "none", target = "x86-64-v3"/pack = "none", target = "sm_80", warps = 1/'
// DEFINE: %{boxes} = -e 's/#key_box = #tile.shape<.1, 1.>/#key_box = #tile.shape<[4, 8]>/'
// RUN: %{gpu} -e 's/warps = 1/warps = 1, capacity = 1024/' %{boxes} %S/../../../templates/row.mlir | muntin-opt -pass-pipeline='builtin.module(func.func(tile-walk-rows))' | FileCheck %s --check-prefix=ROW
// RUN: %{gpu} %{boxes} %S/../../../templates/unfused.mlir | muntin-opt -pass-pipeline='builtin.module(func.func(tile-walk-rows))' | FileCheck %s --check-prefix=UNFUSED

// Sum and output share a walk, the maximum comes before them. The scores, which both need, are kept; what is behind
// them costs no product and is computed where it is needed.
// ROW: %[[Q:.*]] = tile.load {{.*}} times
// ROW: %[[KEPT:.*]] = tile.scratch 1024 : <f32>
// ROW: %[[TOP:.*]] = tile.for_key_boxes all #attn.full {{.*}} by #tile.shape<[4, 8]> init(
// ROW: ^bb0(%[[KEYS:.*]]: !tile.box<2>, %[[BEFORE:.*]]: !tile.tile<24xf32>):
// ROW: %[[K:.*]] = tile.load %{{.*}} at %[[KEYS]] : <2, 64, f32>, <2> -> <32x64xf32>
// ROW: tile.dot %[[Q]], %[[K]] transposed : {{.*}} -> <24x32xf32>
// ROW: %[[S:.*]] = tile.mask
// ROW: tile.store_matrix %[[S]], %[[KEPT]] at %[[KEYS]]
// ROW: %[[HERE:.*]] = tile.reduce max %[[S]]
// ROW: %[[NEXT:.*]] = arith.maxnumf %[[BEFORE]], %[[HERE]]
// ROW: tile.yield %[[NEXT]]
// ROW: arith.mulf %[[TOP]]
// ROW: %[[LAST:.*]]:2 = tile.for_key_boxes all
// ROW: ^bb0(%[[KEYS:.*]]: !tile.box<2>, %[[L:.*]]: !tile.tile<24xf32>, %[[O:.*]]: !tile.tile<24x32xf32>):
// ROW-NOT: transposed
// ROW: %[[S:.*]] = tile.load_matrix %[[KEPT]] at %[[KEYS]]
// ROW: %[[P:.*]] = math.exp2
// ROW: tile.reduce add %[[P]]
// ROW: tile.dot %{{.*}}, %{{.*}} acc %[[O]]
// ROW: arith.maxnumf %[[LAST]]#0
// ROW-NOT: tile.tile<24x?

// UNFUSED-LABEL: func.func @scores
// UNFUSED: tile.for_key_boxes all {{.*}} init()
// UNFUSED: tile.store_matrix
// What has been read from memory is read again: nothing is kept, and softmax writes over its scores.
// UNFUSED-LABEL: func.func @softmax(%arg0: !tile.matrix<f32>
// UNFUSED-SAME: !tile.extras<"none">)
// UNFUSED-NOT: tile.scratch
// UNFUSED: tile.for_key_boxes all
// UNFUSED: tile.load_matrix %arg0
// UNFUSED: tile.reduce max
// UNFUSED: tile.for_key_boxes all
// UNFUSED: tile.load_matrix %arg0
// UNFUSED: tile.store_matrix %{{.*}}, %arg0
// UNFUSED-LABEL: func.func @product
// UNFUSED-COUNT-1: tile.for_key_boxes all
// UNFUSED: tile.load_matrix
// UNFUSED: tile.reduce add
// UNFUSED-NOT: tile.for_key_boxes
// UNFUSED: tile.store
