//===- TileAttrs.td - attributes of the tile dialect -------*- tablegen -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TILE_ATTRS
#define MUNTIN_TILE_ATTRS

include "dialect/tile/TileDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class Tile_Attr<string name, string attrMnemonic> : AttrDef<Tile_Dialect, name> {
  let mnemonic = attrMnemonic;
}

class Tile_Enum<string name, string text, list<I32EnumAttrCase> cases> : I32EnumAttr<name, text, cases> {
  let cppNamespace = "::muntin::tile";
  let genSpecializedAttr = 0;
}

def Tile_ReduceKind : Tile_Enum<"ReduceKind", "how a row is folded into one number",
    [I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Add", 1, "add">]>;
def Tile_ReduceKindAttr : EnumAttr<Tile_Dialect, Tile_ReduceKind, "reduce_kind">;

def Tile_KeyRange : Tile_Enum<"KeyRange", "which key boxes a loop visits", [
    I32EnumAttrCase<"All", 0, "all">,       // every box of the key grid
    I32EnumAttrCase<"Live", 1, "live">,     // boxes with at least one allowed pair
    I32EnumAttrCase<"Split", 2, "split">,   // the same, full boxes first; tile-split-key-ranges makes two loops of it
    I32EnumAttrCase<"Full", 3, "full">,     // boxes in which every pair is allowed
    I32EnumAttrCase<"Border", 4, "border">, // live boxes that are not full
]>;
def Tile_KeyRangeAttr : EnumAttr<Tile_Dialect, Tile_KeyRange, "key_range">;

def Tile_ShapeAttr : Tile_Attr<"Shape", "shape"> {
  let summary = "one number per grid axis: the extents of a box, or the steps between its tokens";
  let parameters = (ins ArrayRefParameter<"int64_t">:$dims);
  let assemblyFormat = "`<` `[` $dims `]` `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Tokens of a box of these extents.
    int64_t volume() const;
  }];
}

def Tile_RoleKind : Tile_Enum<"RoleKind", "what the warps of a role are for",
    [I32EnumAttrCase<"Producer", 0, "producer">, I32EnumAttrCase<"Consumer", 1, "consumer">]>;

def Tile_WarpsAttr : Tile_Attr<"Warps", "warps"> {
  let summary = "the warps of a role, and the registers of each of their threads";
  let description = [{
    `#tile.warps<producer, 4, registers = 24>`: counts are at least 1; registers
    a multiple of 8 from 24 to 240, which is what machines that move registers
    between warps allow.
  }];
  let parameters = (ins EnumParameter<Tile_RoleKind>:$kind, "int64_t":$count, "int64_t":$registers);
  let assemblyFormat = "`<` $kind `,` $count `,` `registers` `=` $registers `>`";
  let genVerifyDecl = 1;
}

def Tile_LayoutAttr : Tile_Attr<"Layout", "layout"> {
  let summary = "where the elements of a tile are: in registers of lanes, or in rows of shared memory";
  let description = [{
    dialect/tile/Layout.h teaches it. An atom of rows by columns, and for each bit
    of a register's number and a lane's, or of a row and an offset in it, the rows
    and columns that it moves by:

    `#tile.layout<16x8, register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]]>`
    `#tile.layout<8x64, row = [[1, 8], [2, 16], [4, 32]], offset = [[0, 1], ...], pitch = 256>`

    Lists are flat: row and column of one bit behind the other. Moves lie within
    the atom.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$atom, ArrayRefParameter<"int64_t">:$registers,
      ArrayRefParameter<"int64_t">:$lanes, ArrayRefParameter<"int64_t">:$rows, ArrayRefParameter<"int64_t">:$offsets,
      "int64_t":$pitch);
  let hasCustomAssemblyFormat = 1; // moves are printed as pairs
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// What a register of a lane holds, from the lane's first element; registers are counted on over atoms.
    Move ofRegister(int64_t number) const;
    Move ofLane(int64_t lane) const;
    /// The element at an offset (in elements) of a row in memory.
    Move inMemory(int64_t row, int64_t offset) const;
    /// The inverse of ofRegister().
    std::optional<int64_t> registerOf(Move place) const;
    /// Of a lane, for a tile of so many columns.
    int64_t numRegisters(int64_t columns) const;
    /// Distances between the lanes that share a row: what a reduction goes over.
    ::llvm::SmallVector<int64_t> lanesOfOneRow() const;
    /// The bits of a row that change places of pieces: the first, and how many.
    std::pair<int64_t, int64_t> swizzle() const;
  }];
}

def Tile_PlanAttr : Tile_Attr<"Plan", "plan"> {
  let summary = "the planner's decision, as passes and people read it";
  let description = [{
    `rows` x `vectors` registers of `lanes` numbers, at most 16 rows and 8 to 64
    lanes, hold the accumulators of a product; `pack` names the operands that a
    first launch copies into the workspace, one copy per head: `none`, `widen`
    (keys and values as f32), or `pairs` (values as pairs of neighbours for
    products of bf16 pairs; with `none`, pairs of bf16 are made of values as
    they are read, which a window does whose values fill vectors). With `strip` there is no such launch: a task copies
    what it reads into a memory of its thread, a box of `strip` keys, where the
    next task on the last axis finds what it shares with this one. With
    `trimmed`, the query box is two vectors stacked on the first axis, and the
    key box holds the live keys of one of them: each has a list of its own.

    On a GPU `warps` of 16 queries share a query box and `stages` copies of key
    boxes, and addresses, strides and rows are multiples of `align` bytes; the
    register block follows from the instruction, and `rows` to `trimmed` say
    nothing. On a CPU these three are 0.

    Where a GPU keeps the scores of all keys at once, they are computed one key
    box at a time, and a block has memory for `capacity` keys; 0 says that there
    is no such memory, or no bound. `engine` is what multiplies: the target's
    widest, or with `fma` multiply-adds of single numbers.

    With `resident` blocks on each multiprocessor, a block takes tasks in turn
    until there are no more; with 0, each task has a block. A thread has at most
    `registers`, or as many as the assembler likes. With `one_walk`, a walk that
    is written as split stays one, and all of its boxes pay for the mask.

    A kernel may have variants for short grids: `variant` is the name of one, and
    `most` the longest extents of the queries that it is launched for, 2147483647
    where any will do. Without them the kernel takes every grid.
  }];
  let parameters = (ins
    StringRefParameter<"name of the template">:$template_name,
    "::muntin::tile::ShapeAttr":$query_box,
    "::muntin::tile::ShapeAttr":$query_step,
    "::muntin::tile::ShapeAttr":$key_box,
    DefaultValuedParameter<"int64_t", "0">:$rows,
    DefaultValuedParameter<"int64_t", "0">:$vectors,
    DefaultValuedParameter<"int64_t", "0">:$lanes,
    StringRefParameter<"packing">:$pack,
    StringRefParameter<"row of the target table">:$target,
    DefaultValuedParameter<"bool", "false">:$trimmed,
    OptionalParameter<"::muntin::tile::ShapeAttr">:$strip,
    DefaultValuedParameter<"int64_t", "0">:$warps,
    DefaultValuedParameter<"int64_t", "0">:$stages,
    DefaultValuedParameter<"int64_t", "0">:$align,
    DefaultValuedParameter<"int64_t", "0">:$capacity,
    StringRefParameter<"what multiplies", "\"\"">:$engine,
    DefaultValuedParameter<"int64_t", "0">:$resident,
    DefaultValuedParameter<"int64_t", "0">:$registers,
    DefaultValuedParameter<"bool", "false">:$one_walk,
    StringRefParameter<"of kernels for short grids", "\"\"">:$variant,
    OptionalParameter<"::muntin::tile::ShapeAttr">:$most);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // MUNTIN_TILE_ATTRS
