//===- Passes.td - passes on the tile dialect --------------*- tablegen -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_TILE_PASSES
#define MUNTIN_COMPILER_TILE_PASSES

include "mlir/Pass/PassBase.td"

def TileSplitKeyRangesPass : Pass<"tile-split-key-ranges", "::mlir::func::FuncOp"> {
  let summary = "Walk over full key boxes first, without masks, and over the border after them";
  let description = [{
    Before:
    ```mlir
    %r = tile.for_key_boxes split #mask ... init(%a) { ... tile.mask %S ... }
    ```
    After:
    ```mlir
    %f = tile.for_key_boxes full #mask ... init(%a) { ... %S ... }
    %r = tile.for_key_boxes border #mask ... init(%f) { ... tile.mask %S ... }
    ```
    or, where the plan says `one_walk`, as a mask is little of a step:
    ```mlir
    %r = tile.for_key_boxes live #mask ... init(%a) { ... tile.mask %S ... }
    ```
  }];
}

def TileWalkRowsPass : Pass<"tile-walk-rows", "::mlir::func::FuncOp"> {
  let summary = "Turn tiles of all keys into walks over key boxes";
  let description = [{
    A tile of `?` columns has no place in registers. Whoever folds such a tile (a
    reduction, a product with the values) or writes it to memory becomes a walk
    over all key boxes that computes it one box at a time; those that can share a
    walk do. What a later walk would have to multiply again is kept in memory of
    the task, `capacity` keys of it.

    Before:
    ```mlir
    %S = ... tile.dot %Q, %K transposed ...
    %top = tile.reduce max %S : !tile.tile<64x?xf32> -> !row
    %P = ... %S ... %top ...
    %O = tile.dot %P, %V
    ```
    After:
    ```mlir
    %kept = tile.scratch 1280 : !tile.matrix<f32>
    %top = tile.for_key_boxes all ... { %S = ... ; tile.store_matrix %S, %kept ...; tile.reduce max %S ... }
    %O = tile.for_key_boxes all ... { %S = tile.load_matrix %kept ... ; %P = ... ; tile.dot %P, %V acc ... }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def TileCountPairsPass : Pass<"tile-count-pairs", "::mlir::ModuleOp"> {
  let summary = "Add a kernel @count that walks over the same boxes and counts pairs";
  let description = [{
    The kernel with the scores' product is copied with its boxes and walks only;
    each product of queries and keys becomes a `tile.count`. So the count is of
    the boxes that the kernel itself visits.

    Before: `@forward`. After: `@forward` and `@count`.
  }];
}

def TileIssueCopiesEarlyPass : Pass<"tile-issue-copies-early", "::mlir::func::FuncOp"> {
  let summary = "Move loads of key boxes to the beginning of the walk's body";
  let description = [{
    A load depends on the box and the kernel's operands alone. On machines where
    it is an asynchronous copy, the values are then on their way while the scores
    are computed.

    Before:
    ```mlir
    ^keys(%keys: !box, ...):
      %K = tile.load %k at %keys ...
      ...
      %V = tile.load %v at %keys ...
    ```
    After: both loads come first, in their order.
  }];
}

def TileCollapseRolesPass : Pass<"tile-collapse-roles", "::mlir::func::FuncOp"> {
  let summary = "One program of all roles, whose products are done when they are started";
  let description = [{
    For machines whose warps have no roles. A producer's walk becomes the
    beginning of the consumer's walk over the same boxes.

    Before:
    ```mlir
    tile.role #tile.warps<producer, ...> { tile.for_key_boxes ... { tile.copy %k at %keys to %Ks } }
    tile.role #tile.warps<consumer, ...> { tile.for_key_boxes ... {
      %K = tile.await %Ks
      %p = tile.start_dot %Q, %K transposed
      %S = tile.finish %p
      tile.release %Ks
    } }
    ```
    After:
    ```mlir
    tile.for_key_boxes ... {
      tile.copy %k at %keys to %Ks
      %K = tile.await %Ks
      %S = tile.dot %Q, %K transposed
      tile.release %Ks
    }
    ```
  }];
}

def TileCopiesInPlacePass : Pass<"tile-copies-in-place", "::mlir::func::FuncOp"> {
  let summary = "Load where a copy is awaited";
  let description = [{
    For machines that read boxes where they are: rings vanish.

    Before: `tile.copy %k at %keys to %Ks` ... `%K = tile.await %Ks` ... `tile.release %Ks`.
    After: `%K = tile.load %k at %keys` where the await was.
  }];
}

def TileRunCopiesAheadPass : Pass<"tile-run-copies-ahead", "::mlir::func::FuncOp"> {
  let summary = "Fill a buffer as soon as it is free";
  let description = [{
    Moves each copy of a walk behind an await that follows the release of its
    buffer: with one stage the next one, with more the first of the next step.
    Writes how many boxes ahead of the step's that is: as many as the plan has
    stages, or one less where the release was in the step before.

    Before, with two stages:
    ```mlir
      tile.copy %k at %keys to %Ks
      %K = tile.await %Ks
      ...
      tile.release %Ks
    ```
    After:
    ```mlir
      %K = tile.await %Ks
      tile.copy %k at %keys to %Ks ahead 1
      ...
      tile.release %Ks
    ```
  }];
}

def TileAssignLayoutsPass : Pass<"tile-assign-layouts", "::mlir::func::FuncOp"> {
  let summary = "Say of each tile where its elements are";
  let description = [{
    For machines whose tiles lie in shared memory and in registers of many lanes;
    dialect/tile/Layout.h teaches layouts. What changes a layout is a
    `tile.convert`, which stands only where a product's left operand is computed.

    Before:
    ```mlir
    %K = tile.load %k at %keys : ... -> !tile.tile<16x64xbf16>
    %S = tile.dot %Q, %K transposed : ... -> !tile.tile<16x16xf32>
    %P = tile.convert %S : !tile.tile<16x16xf32> -> !tile.tile<16x16xbf16>
    ```
    After:
    ```mlir
    #shared = #tile.layout<8x64, row = [[1, 8], ...], offset = [[0, 1], ...], pitch = 128>
    #sums = #tile.layout<16x8, register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], ...]>
    #left = #tile.layout<16x16, register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], ...]>
    %K = tile.load %k at %keys : ... -> !tile.tile<16x64xbf16, #shared>
    %S = tile.dot %Q, %K transposed : ... -> !tile.tile<16x16xf32, #sums>
    %P = tile.convert %S : !tile.tile<16x16xf32, #sums> -> !tile.tile<16x16xbf16, #left>
    ```
  }];
}

#endif // MUNTIN_COMPILER_TILE_PASSES
