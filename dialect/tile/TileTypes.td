//===- TileTypes.td - types of the tile dialect ------------*- tablegen -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TILE_TYPES
#define MUNTIN_TILE_TYPES

include "dialect/tile/TileAttrs.td"
include "dialect/tile/TileDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"

class Tile_Type<string name, string typeMnemonic, list<Trait> traits = []> : TypeDef<Tile_Dialect, name, traits> {
  let mnemonic = typeMnemonic;
}

def Tile_ValueSemantics : NativeTypeTrait<"ValueSemantics"> {
  let cppNamespace = "::mlir";
}

def Tile_TileType : Tile_Type<"Tile", "tile", [
    Tile_ValueSemantics, DeclareTypeInterfaceMethods<ShapedTypeInterface>]> {
  let summary = "a small matrix, or one number per row";
  let description = [{
    `!tile.tile<24x64xf32>` has 24 rows and 64 columns; `!tile.tile<24xf32>` one
    number per row. Extents are capacities: the box that a tile was loaded from
    says how many rows count. The last extent may be `?`, for templates that
    keep the scores of all keys at once. tile-assign-layouts adds where the
    elements are: `!tile.tile<16x64xf32, #tile.layout<...>>`.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$elementType,
      OptionalParameter<"::muntin::tile::LayoutAttr">:$layout);
  let builders = [TypeBuilder<(ins "::llvm::ArrayRef<int64_t>":$shape, "::mlir::Type":$elementType), [{
    return $_get($_ctxt, shape, elementType, LayoutAttr());
  }]>];
  let extraClassDeclaration = [{
    TileType withLayout(LayoutAttr layout) const { return get(getContext(), getShape(), getElementType(), layout); }
  }];
  let hasCustomAssemblyFormat = 1; // the `24x64xf32` form, as for vectors and tensors
  let genVerifyDecl = 1;
}

def Tile_RingType : Tile_Type<"Ring", "ring"> {
  let summary = "buffers of one tile each, filled and emptied in turn";
  let parameters = (ins "::muntin::tile::TileType":$tile);
  let assemblyFormat = "`<` $tile `>`";
}

def Tile_PendingType : Tile_Type<"Pending", "pending"> {
  let summary = "a tile that is being computed";
  let parameters = (ins "::muntin::tile::TileType":$tile);
  let assemblyFormat = "`<` $tile `>`";
}

def Tile_BoxType : Tile_Type<"Box", "box"> {
  let summary = "a box of the grid: per axis an origin, a step and a count";
  let parameters = (ins "int64_t":$rank);
  let assemblyFormat = "`<` $rank `>`";
  let genVerifyDecl = 1;
}

def Tile_TensorType : Tile_Type<"GridTensor", "tensor"> {
  let summary = "an operand of the kernel in memory: a row of numbers for every token";
  let description = [{
    `!tile.tensor<2, 64, bf16>` holds a row of 64 numbers for each token of a
    grid of rank 2. Batch and head are chosen by the launch; strides are run-time
    values and belong to the operand.
  }];
  let parameters = (ins "int64_t":$rank, "int64_t":$columns, "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $rank `,` $columns `,` $elementType `>`";
}

def Tile_MatrixType : Tile_Type<"Matrix", "matrix"> {
  let summary = "scores of query-key pairs: of a head in the workspace, or of one task";
  let description = [{
    Its layout is the target's own; a kernel reads only what it or an earlier
    launch wrote for the same query box.
  }];
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}

def Tile_ExtrasType : Tile_Type<"Extras", "extras"> {
  let summary = "run-time data of masks and scores, as one operand";
  let description = [{
    `!tile.extras<"none">`, or `!tile.extras<"segments">` for masks that compare the
    segment numbers of tokens. Only `tile.mask` and the walk over key boxes read
    it.
  }];
  let parameters = (ins StringRefParameter<"what it holds">:$content);
  let assemblyFormat = "`<` $content `>`";
}

#endif // MUNTIN_TILE_TYPES
