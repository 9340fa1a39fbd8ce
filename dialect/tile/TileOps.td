//===- TileOps.td - operations of the tile dialect ---------*- tablegen -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TILE_OPS
#define MUNTIN_TILE_OPS

include "dialect/tile/RingOps.td"
include "dialect/tile/TileAttrs.td"
include "dialect/tile/TileTypes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

def Tile_QueryBoxOp : Tile_Op<"query_box", [Pure]> {
  let summary = "the queries of this task";
  let description = [{
    The box that the launch gave to this task: at most `shape` tokens, `step`
    apart on each axis, clipped at the grid's end.

    Constraints:
    - (query_box_c1) shape, step and the box have one rank.

    Example:
    ```mlir
    %box = tile.query_box <[6, 4]> step <[1, 1]> : !tile.box<2>
    ```
  }];
  let arguments = (ins Tile_ShapeAttr:$shape, Tile_ShapeAttr:$step);
  let results = (outs Tile_BoxType:$box);
  let assemblyFormat = "$shape `step` $step attr-dict `:` type($box)";
  let hasVerifier = 1;
}

def Tile_AllKeysOp : Tile_Op<"all_keys", [Pure]> {
  let summary = "the whole key grid as one box";
  let description = [{
    Example:
    ```mlir
    %keys = tile.all_keys : !tile.box<2>
    ```
  }];
  let results = (outs Tile_BoxType:$box);
  let assemblyFormat = "attr-dict `:` type($box)";
}

def Tile_LiveKeysOp : Tile_Op<"live_keys", [Pure, AllTypesMatch<["queries", "keys"]>]> {
  let summary = "the smallest box that holds every key that a query of the box may attend to";
  let description = [{
    Constraints:
    - (live_keys_c1) the mask demands the box's rank, or none.

    Example:
    ```mlir
    %box = tile.query_box <[8]> step <[1]> : !tile.box<1>
    %keys = tile.live_keys #attn.causal of %box : !tile.box<1>
    ```
  }];
  let arguments = (ins AnyAttr:$mask, Tile_BoxType:$queries);
  let results = (outs Tile_BoxType:$keys);
  let assemblyFormat = "$mask `of` $queries attr-dict `:` type($keys)";
  let hasVerifier = 1;
}

def Tile_ForKeyBoxesOp : Tile_Op<"for_key_boxes", [SingleBlockImplicitTerminator<"YieldOp">, RecursiveMemoryEffects]> {
  let summary = "walks over the key boxes of a query box";
  let description = [{
    Visits boxes of at most `shape` keys that together cover the keys in `range`,
    each once. The body gets the box and the loop-carried tiles; what it loads
    depends on the box and on the kernel's operands alone.

    Constraints:
    - (for_key_boxes_c1) shape and the box have one rank.
    - (for_key_boxes_c2) inits, body arguments after the box, yielded values and results have the same types.
    - (for_key_boxes_c3) every load in the body is at a box, not at loop-carried data (boxes are not loop-carried).
    - (for_key_boxes_c4) the mask demands the box's rank, or none.

    Example:
    ```mlir
    // hidden: func.func @f(%x: !tile.extras<"none">) {
    %box = tile.query_box <[8]> step <[1]> : !tile.box<1>
    %zero = arith.constant 0.0 : f32
    %none = tile.broadcast %zero : f32 -> !tile.tile<8xf32>
    %r = tile.for_key_boxes live #attn.causal with %x at %box by #tile.shape<[16]> init(%none)
        : !tile.extras<"none">, !tile.box<1>, !tile.tile<8xf32> {
    ^bb0(%keys: !tile.box<1>, %sum: !tile.tile<8xf32>):
      tile.yield %sum : !tile.tile<8xf32>
    }
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_KeyRangeAttr:$range, AnyAttr:$mask, Tile_ExtrasType:$extras, Tile_BoxType:$queries,
      Tile_ShapeAttr:$shape, Variadic<AnyType>:$inits);
  let results = (outs Variadic<AnyType>:$carried_results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1; // the region takes its argument types from the operands
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::BlockArgument getKeys() { return getBody().front().getArgument(0); }
    ::mlir::Block::BlockArgListType getCarried() { return getBody().front().getArguments().drop_front(); }
    YieldOp getYield();
  }];
}

def Tile_YieldOp : Tile_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"ForKeyBoxesOp">]> {
  let summary = "what a step of the walk hands to the next";
  let description = [{
    Example:
    ```mlir
    // hidden: func.func @f(%x: !tile.extras<"none">, %box: !tile.box<1>, %l: f32) {
    %r = tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[16]> init(%l)
        : !tile.extras<"none">, !tile.box<1>, f32 {
    ^bb0(%keys: !tile.box<1>, %so_far: f32):
      tile.yield %so_far : f32
    }
    // hidden: return }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ /* carries nothing */ }]>];
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

def Tile_LoadOp : Tile_Op<"load", [MemoryEffects<[MemRead]>]> {
  let summary = "the rows of a box";
  let description = [{
    One row per token, in row-major order of the box; rows that the box lacks are
    unspecified but finite if memory is. Numbers may be widened or rounded to the
    tile's element type, and are multiplied by `factor` on the way: a machine that
    copies has that for nothing, one that reads in place applies it to a smaller
    operand.

    Constraints:
    - (load_c1) the box has the tensor's rank.
    - (load_c2) the tile has the tensor's columns.

    Example:
    ```mlir
    // hidden: func.func @f(%q: !tile.tensor<1, 64, bf16>) {
    %box = tile.query_box <[8]> step <[1]> : !tile.box<1>
    %Q = tile.load %q at %box : !tile.tensor<1, 64, bf16>, !tile.box<1> -> !tile.tile<8x64xf32>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_TensorType:$source, Tile_BoxType:$box, Optional<F32>:$factor);
  let results = (outs Tile_TileType:$tile);
  let assemblyFormat = [{
    $source `at` $box (`times` $factor^)? attr-dict `:` type($source) `,` type($box) `->` type($tile)
  }];
  let hasVerifier = 1;
}

def Tile_StoreOp : Tile_Op<"store", [MemoryEffects<[MemWrite]>]> {
  let summary = "writes the rows of a box";
  let description = [{
    The opposite of `tile.load`; rows that the box lacks are not written. A tile
    of one number per row goes to a tensor of one column. A tensor whose pointer
    is null at run time takes nothing.

    Constraints:
    - (store_c1) the box has the tensor's rank.
    - (store_c2) the tile has the tensor's columns.

    Example:
    ```mlir
    // hidden: func.func @f(%lse: !tile.tensor<1, 1, f32>) {
    %box = tile.query_box <[8]> step <[1]> : !tile.box<1>
    %zero = arith.constant 0.0 : f32
    %l = tile.broadcast %zero : f32 -> !tile.tile<8xf32>
    tile.store %l, %lse at %box : !tile.tile<8xf32>, !tile.tensor<1, 1, f32>, !tile.box<1>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_TileType:$tile, Tile_TensorType:$target, Tile_BoxType:$box);
  let assemblyFormat = "$tile `,` $target `at` $box attr-dict `:` type($tile) `,` type($target) `,` type($box)";
  let hasVerifier = 1;
}

def Tile_ScratchOp : Tile_Op<"scratch"> {
  let summary = "a matrix of this task alone";
  let description = [{
    Memory for a number for each of the task's queries and each of at most
    `capacity` keys, as near as the machine has it: shared memory of a block, or a
    thread's part of a cache. What nobody has written is unspecified. Made by
    tile-walk-rows.

    Constraints:
    - (scratch_c1) the capacity is at least 1.

    Example:
    ```mlir
    %s = tile.scratch 1024 : !tile.matrix<f32>
    ```
  }];
  let arguments = (ins I64Attr:$capacity);
  let results = (outs Tile_MatrixType:$matrix);
  let assemblyFormat = "$capacity attr-dict `:` type($matrix)";
  let hasVerifier = 1;
}

def Tile_LoadMatrixOp : Tile_Op<"load_matrix", [MemoryEffects<[MemRead]>]> {
  let summary = "this task's rows of a matrix, at the keys of a box";
  let description = [{
    The box is that of all keys, or one of a walk over all keys; a number is read
    at the box at which it was written.

    Example:
    ```mlir
    // hidden: func.func @f(%s: !tile.matrix<f32>) {
    %keys = tile.all_keys : !tile.box<1>
    %S = tile.load_matrix %s at %keys : !tile.matrix<f32>, !tile.box<1> -> !tile.tile<8x?xf32>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_MatrixType:$source, Tile_BoxType:$keys);
  let results = (outs Tile_TileType:$tile);
  let assemblyFormat = "$source `at` $keys attr-dict `:` type($source) `,` type($keys) `->` type($tile)";
}

def Tile_StoreMatrixOp : Tile_Op<"store_matrix", [MemoryEffects<[MemWrite]>]> {
  let summary = "writes this task's rows of a matrix, at the keys of a box";
  let description = [{
    Example:
    ```mlir
    // hidden: func.func @f(%S: !tile.tile<8x?xf32>, %s: !tile.matrix<f32>) {
    %keys = tile.all_keys : !tile.box<1>
    tile.store_matrix %S, %s at %keys : !tile.tile<8x?xf32>, !tile.matrix<f32>, !tile.box<1>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_TileType:$tile, Tile_MatrixType:$target, Tile_BoxType:$keys);
  let assemblyFormat = "$tile `,` $target `at` $keys attr-dict `:` type($tile) `,` type($target) `,` type($keys)";
}

//===----------------------------------------------------------------------===//
// Arithmetic that arith and math do not have
//===----------------------------------------------------------------------===//

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "one number for all elements, or one number per row for all columns";
  let description = [{
    Constraints:
    - (broadcast_c1) the source is the result's element type, or a tile of its rows and element type.

    Example:
    ```mlir
    // hidden: func.func @f(%m: !tile.tile<8xf32>) {
    %M = tile.broadcast %m : !tile.tile<8xf32> -> !tile.tile<8x16xf32>
    // hidden: return }
    ```
  }];
  let arguments = (ins AnyType:$source);
  let results = (outs Tile_TileType:$tile);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($tile)";
  let hasVerifier = 1;
}

def Tile_ConvertOp : Tile_Op<"convert", [Pure]> {
  let summary = "the same numbers in another element type, rounded to nearest even";
  let description = [{
    Example:
    ```mlir
    // hidden: func.func @f(%P: !tile.tile<8x16xf32>) {
    %H = tile.convert %P : !tile.tile<8x16xf32> -> !tile.tile<8x16xbf16>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_TileType:$source);
  let results = (outs Tile_TileType:$tile);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($tile)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_ReduceOp : Tile_Op<"reduce", [Pure]> {
  let summary = "folds each row into one number";
  let description = [{
    The maximum ignores NaN; the sum keeps it.

    Constraints:
    - (reduce_c1) the result has one number per row of the source, of the same element type.

    Example:
    ```mlir
    // hidden: func.func @f(%S: !tile.tile<8x16xf32>) {
    %m = tile.reduce max %S : !tile.tile<8x16xf32> -> !tile.tile<8xf32>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_ReduceKindAttr:$kind, Tile_TileType:$source);
  let results = (outs Tile_TileType:$result);
  let assemblyFormat = "$kind $source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_DotOp : Tile_Op<"dot", [Pure]> {
  let summary = "a matrix product, accumulated in f32";
  let description = [{
    lhs (m x k) times rhs (k x n), or times the transpose of rhs (n x k), plus
    acc. Which engine does it (scalar or vector multiply-adds, pair products, a
    matrix unit) follows from the plan.

    Constraints:
    - (dot_c1) the inner extents agree.
    - (dot_c2) the result has the outer extents.
    - (dot_c3) acc has the result's type.

    Example:
    ```mlir
    // hidden: func.func @f(%Q: !tile.tile<8x64xf32>, %K: !tile.tile<16x64xf32>) {
    %S = tile.dot %Q, %K transposed : !tile.tile<8x64xf32>, !tile.tile<16x64xf32> -> !tile.tile<8x16xf32>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_TileType:$lhs, Tile_TileType:$rhs, Optional<Tile_TileType>:$acc, UnitAttr:$transposed);
  let results = (outs Tile_TileType:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`transposed` $transposed^)? (`acc` $acc^)? attr-dict
    `:` type($lhs) `,` type($rhs) (`,` type($acc)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_MaskOp : Tile_Op<"mask", [Pure, AllTypesMatch<["scores", "result"]>, AllTypesMatch<["queries", "keys"]>]> {
  let summary = "minus infinity where the mask forbids the pair";
  let description = [{
    Constraints:
    - (mask_c1) the mask demands the boxes' rank, or none.

    Example:
    ```mlir
    // hidden: func.func @f(%S: !tile.tile<8x16xf32>, %x: !tile.extras<"none">, %box: !tile.box<1>, %keys: !tile.box<1>) {
    %T = tile.mask %S by #attn.causal with %x at %box, %keys : !tile.tile<8x16xf32>, !tile.extras<"none">, !tile.box<1>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_TileType:$scores, AnyAttr:$mask, Tile_ExtrasType:$extras, Tile_BoxType:$queries,
      Tile_BoxType:$keys);
  let results = (outs Tile_TileType:$result);
  let assemblyFormat = [{
    $scores `by` $mask `with` $extras `at` $queries `,` $keys attr-dict
    `:` type($scores) `,` type($extras) `,` type($queries)
  }];
  let hasVerifier = 1;
}

def Tile_SplitScaleOp : Tile_Op<"split_scale", [Pure, SameOperandsAndResultType]> {
  let summary = "the sign and the size of a scale, for base-2 exponentials";
  let description = [{
    size = |scale| log2(e) and sign = -1, 0 or 1, so that sign * size * log(2) is
    the scale; a scale of 0 gives sign 0 and size 1. The queries take the sign:
    then the scores' size is positive, a masked score stays below every other,
    and masking before scaling is right for every finite scale.

    Example:
    ```mlir
    // hidden: func.func @f(%scale: f32) {
    %sign, %size = tile.split_scale %scale : f32
    // hidden: return }
    ```
  }];
  let arguments = (ins F32:$scale);
  let results = (outs F32:$sign, F32:$size);
  let assemblyFormat = "$scale attr-dict `:` type($scale)";
}

def Tile_CountOp : Tile_Op<"count", [MemoryEffects<[MemWrite]>, AllTypesMatch<["queries", "keys"]>]> {
  let summary = "adds the pairs of two boxes to the kernel's counter";
  let description = [{
    Made by tile-count-pairs; it counts what the kernel multiplies, padding
    included. A lowering may multiply some pairs' values only, or keys only: it
    counts multiply-adds, and a pair is as many as there are columns in a key
    and a value. Where another kernel multiplies the values, they count as 0.

    Example:
    ```mlir
    // hidden: func.func @f(%box: !tile.box<1>, %keys: !tile.box<1>) {
    tile.count %box, %keys columns 64 and 64 : !tile.box<1>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_BoxType:$queries, Tile_BoxType:$keys, I64Attr:$key_columns, I64Attr:$value_columns);
  let assemblyFormat = "$queries `,` $keys `columns` $key_columns `and` $value_columns attr-dict `:` type($queries)";
}

#endif // MUNTIN_TILE_OPS
