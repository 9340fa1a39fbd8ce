//===- RingOps.td - copies on their way, and warps with roles -*- tablegen -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TILE_RINGOPS
#define MUNTIN_TILE_RINGOPS

include "dialect/tile/TileAttrs.td"
include "dialect/tile/TileTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tile_RingOp : Tile_Op<"ring", [MemoryEffects<[MemAlloc]>]> {
  let summary = "buffers that hold copies of boxes, filled and emptied in turn";
  let description = [{
    As many as the plan has stages. The n-th `tile.await` gets what the n-th
    `tile.copy` brought; a buffer is filled again after its `tile.release`. A
    walk that fills a ring empties it.

    Constraints:
    - (ring_c1) there are as many copies into the ring as awaits and releases of it.
    - (ring_c2) a block has at most one copy into the ring: a step fills one buffer.

    Example:
    ```mlir
    // hidden: func.func @f(%k: !tile.tensor<1, 64, bf16>, %keys: !tile.box<1>) {
    %Ks = tile.ring : !tile.ring<!tile.tile<16x64xbf16>>
    tile.copy %k at %keys to %Ks : !tile.tensor<1, 64, bf16>, !tile.box<1>, !tile.ring<!tile.tile<16x64xbf16>>
    %K = tile.await %Ks : !tile.ring<!tile.tile<16x64xbf16>> -> !tile.tile<16x64xbf16>
    tile.release %Ks : !tile.ring<!tile.tile<16x64xbf16>>
    // hidden: return }
    ```
  }];
  let results = (outs Tile_RingType:$ring);
  let assemblyFormat = "attr-dict `:` type($ring)";
  let hasVerifier = 1;
}

def Tile_CopyOp : Tile_Op<"copy", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "begins to copy the rows of a box into the ring's next buffer";
  let description = [{
    What `tile.load` says of rows holds here. With `ahead` n, the box is the n-th
    after this step's in the order of the walk, and steps before the walk's first
    bring the first n; tile-run-copies-ahead writes it.

    Constraints:
    - (copy_c1) the box has the tensor's rank.
    - (copy_c2) the ring's tile has the tensor's columns.

    Example: see `tile.ring`.
    ```mlir
    // hidden: func.func @f(%v: !tile.tensor<1, 32, f16>, %x: !tile.extras<"none">, %l: f32) {
    %box = tile.query_box <[8]> step <[1]> : !tile.box<1>
    %Vs = tile.ring : !tile.ring<!tile.tile<16x32xf16>>
    %r = tile.for_key_boxes all #attn.full with %x at %box by #tile.shape<[16]> init(%l)
        : !tile.extras<"none">, !tile.box<1>, f32 {
    ^keys(%keys: !tile.box<1>, %so_far: f32):
      %V = tile.await %Vs : !tile.ring<!tile.tile<16x32xf16>> -> !tile.tile<16x32xf16>
      tile.release %Vs : !tile.ring<!tile.tile<16x32xf16>>
      tile.copy %v at %keys to %Vs ahead 2 : !tile.tensor<1, 32, f16>, !tile.box<1>, !tile.ring<!tile.tile<16x32xf16>>
      tile.yield %so_far : f32
    }
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_TensorType:$source, Tile_BoxType:$box, Tile_RingType:$ring,
      DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$ahead);
  let assemblyFormat = [{
    $source `at` $box `to` $ring (`ahead` $ahead^)? attr-dict `:` type($source) `,` type($box) `,` type($ring)
  }];
  let hasVerifier = 1;
}

def Tile_AwaitOp : Tile_Op<"await", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "the ring's oldest copy that nobody has waited for, once it has arrived";
  let description = [{
    The tile may be read until the ring's next `tile.release`.

    Constraints:
    - (await_c1) the tile is what the ring holds.

    Example: see `tile.ring`.
    ```mlir
    // hidden: func.func @f(%k: !tile.tensor<1, 8, f32>, %keys: !tile.box<1>) {
    %Ks = tile.ring : !tile.ring<!tile.tile<16x8xf32>>
    tile.copy %k at %keys to %Ks : !tile.tensor<1, 8, f32>, !tile.box<1>, !tile.ring<!tile.tile<16x8xf32>>
    %K = tile.await %Ks : !tile.ring<!tile.tile<16x8xf32>> -> !tile.tile<16x8xf32>
    tile.release %Ks : !tile.ring<!tile.tile<16x8xf32>>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_RingType:$ring);
  let results = (outs Tile_TileType:$tile);
  let assemblyFormat = "$ring attr-dict `:` type($ring) `->` type($tile)";
  let hasVerifier = 1;
}

def Tile_ReleaseOp : Tile_Op<"release", [MemoryEffects<[MemWrite]>]> {
  let summary = "the ring's oldest buffer in use is free again";
  let description = [{
    All reads of the tile stand before. A machine whose reader and writer are one
    program does nothing; others let all warps of the reader pass (sm_80), or
    tell the writer (sm_90a).

    Example: see `tile.ring`.
    ```mlir
    // hidden: func.func @f(%k: !tile.tensor<1, 8, f32>, %keys: !tile.box<1>) {
    %Ks = tile.ring : !tile.ring<!tile.tile<16x8xf32>>
    tile.copy %k at %keys to %Ks : !tile.tensor<1, 8, f32>, !tile.box<1>, !tile.ring<!tile.tile<16x8xf32>>
    %K = tile.await %Ks : !tile.ring<!tile.tile<16x8xf32>> -> !tile.tile<16x8xf32>
    tile.release %Ks : !tile.ring<!tile.tile<16x8xf32>>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_RingType:$ring);
  let assemblyFormat = "$ring attr-dict `:` type($ring)";
}

def Tile_RoleOp : Tile_Op<"role", [NoTerminator, SingleBlock, RecursiveMemoryEffects]> {
  let summary = "what one group of warps does while others do something else";
  let description = [{
    The roles of a kernel begin together. They share boxes, tensors and scalars
    from before, and meet in rings: a walk of the producer fills those that the
    same walk of the consumer empties, box for box. Each role has its warps and
    the registers of a thread. A machine without roles runs them as one program
    (tile-collapse-roles).

    Constraints:
    - (role_c1) it stands in no walk and in no other role.

    Example:
    ```mlir
    // hidden: func.func @f(%k: !tile.tensor<1, 8, f32>, %keys: !tile.box<1>) {
    %Ks = tile.ring : !tile.ring<!tile.tile<16x8xf32>>
    tile.role #tile.warps<producer, 4, registers = 24> {
      tile.copy %k at %keys to %Ks : !tile.tensor<1, 8, f32>, !tile.box<1>, !tile.ring<!tile.tile<16x8xf32>>
    }
    tile.role #tile.warps<consumer, 8, registers = 240> {
      %K = tile.await %Ks : !tile.ring<!tile.tile<16x8xf32>> -> !tile.tile<16x8xf32>
      tile.release %Ks : !tile.ring<!tile.tile<16x8xf32>>
    }
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_WarpsAttr:$warps);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$warps $body attr-dict";
  let hasVerifier = 1;
}

def Tile_StartDotOp : Tile_Op<"start_dot", [Pure]> {
  let summary = "begins a matrix product";
  let description = [{
    As `tile.dot`; the operands are in use, and the result is not there, until
    `tile.finish`.

    Constraints:
    - (start_dot_c1) what tile.dot demands of its operands and result.

    Example:
    ```mlir
    // hidden: func.func @f(%Q: !tile.tile<8x64xf32>, %K: !tile.tile<16x64xf32>) {
    %QK = tile.start_dot %Q, %K transposed
        : !tile.tile<8x64xf32>, !tile.tile<16x64xf32> -> !tile.pending<!tile.tile<8x16xf32>>
    %S = tile.finish %QK : !tile.pending<!tile.tile<8x16xf32>>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_TileType:$lhs, Tile_TileType:$rhs, Optional<Tile_TileType>:$acc, UnitAttr:$transposed);
  let results = (outs Tile_PendingType:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`transposed` $transposed^)? (`acc` $acc^)? attr-dict
    `:` type($lhs) `,` type($rhs) (`,` type($acc)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_FinishOp : Tile_Op<"finish", [Pure, TypesMatchWith<"the result is what is pending", "pending", "tile",
    "::llvm::cast<PendingType>($_self).getTile()">]> {
  let summary = "a product, once it is there";
  let description = [{
    Example: see `tile.start_dot`.
    ```mlir
    // hidden: func.func @f(%QK: !tile.pending<!tile.tile<8x16xf32>>) {
    %S = tile.finish %QK : !tile.pending<!tile.tile<8x16xf32>>
    // hidden: return }
    ```
  }];
  let arguments = (ins Tile_PendingType:$pending);
  let results = (outs Tile_TileType:$tile);
  let assemblyFormat = "$pending attr-dict `:` type($pending)";
}

#endif // MUNTIN_TILE_RINGOPS
