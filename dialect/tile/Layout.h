//===- Layout.h - where the elements of a tile are -------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile lies in units of some rows and columns, its atoms. Within an atom an
// element is found by the bits of numbers: of a register and the lane that has
// it, or of a row in memory and an offset in that row. Each bit stands for a move,
// and a number for the XOR of the moves of its bits. Atoms follow one another
// along the columns, with registers and offsets counted on; rows of atoms go to
// one warp after the other, or lie one behind the other.
//
// The accumulators of mma.m16n8, an atom of 16x8:
//
//      register = [[0, 1], [8, 0]]
//      lane     = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]]
//
//      register 3 of lane 13     3 = 11b       (0, 1) and (8, 0)
//                               13 = 01101b    (0, 2), (1, 0) and (2, 0)
//                               XOR            row 11, column 3
//
// Its left operand, an atom of 16x16, has the same lanes and one register bit
// more, [0, 8]: two atoms of accumulators are one of operands as they lie, and
// nothing moves between the products. The left operand of m16n8k8 in f32 has
// other lanes; with key 2 t called column t, and 2 t + 1 column t + 4, they are the
// same again, and registers 1 and 2 change places:
//
//      register = [[8, 0], [0, 1]]
//
// Rows of 128 bytes in shared memory, an atom of 8x64 of 16-bit numbers. A row on,
// the same offset belongs to the neighbouring piece of 16 bytes (the 128-byte
// swizzle), so that one piece of eight rows lies on all banks:
//
//      offset = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32]]
//      row    = [[1, 8], [2, 16], [4, 32]]
//
//      offset 8 of row 1         8 = 001000b   (0, 8)
//                                1 = 001b      (1, 8)
//                                XOR           row 1, column 0: row 1's first piece lies second
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TILE_LAYOUT_H
#define MUNTIN_TILE_LAYOUT_H

#include "dialect/tile/Tile.h"

namespace muntin::tile {

/// What each lane of a warp gets of products of 16 rows by 8 columns, mma.m16n8; with `words` in atoms of one product,
/// else of two, as many columns as the next product takes at once.
LayoutAttr accumulatorLayout(mlir::MLIRContext *context, bool words);
/// One number per row of that, the same in the four lanes of a row.
LayoutAttr rowLayout(mlir::MLIRContext *context);
/// The left operand of mma.m16n8k16, or with `words`, of m16n8k8 with its columns renamed as the header says.
LayoutAttr leftOperandLayout(mlir::MLIRContext *context, bool words);
/// Rows of `columns` numbers of `bytes` bytes in shared memory, which ldmatrix reads eight at a time, or with `words`,
/// a warp reads by single words at rows 2 t and columns g.
LayoutAttr sharedLayout(mlir::MLIRContext *context, int64_t columns, int64_t bytes, bool words);

/// Bytes from row to row of that: a swizzle keeps banks apart; for words, one piece of 16 bytes more than there is.
int64_t sharedPitch(int64_t columns, int64_t bytes, bool words);
/// Columns that a row is padded to, with zeros: two pieces.
int64_t paddedColumns(int64_t columns, int64_t bytes);

} // namespace muntin::tile

#endif // MUNTIN_TILE_LAYOUT_H
