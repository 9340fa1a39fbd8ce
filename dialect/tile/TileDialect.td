//===- TileDialect.td - the tile dialect -------------------*- tablegen -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TILE_DIALECT
#define MUNTIN_TILE_DIALECT

include "mlir/IR/OpBase.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::muntin::tile";
  let summary = "how the work of an attention kernel is cut into tiles";
  let description = [{
    A kernel in this dialect says what happens to tiles, never how a machine
    holds them: load the rows of a box, multiply two tiles, reduce rows, walk
    over the key boxes of a mask. Element-wise work is written with `arith` and
    `math` on tile types. A tile's first axis is queries (or keys, for tiles of
    keys and values), its second is columns (or keys, for scores).

    A kernel does the work of one query box of one head; which one is the
    business of the launch.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

class Tile_Op<string opMnemonic, list<Trait> traits = []> : Op<Tile_Dialect, opMnemonic, traits>;

#endif // MUNTIN_TILE_DIALECT
