//===- Layout.cpp - where the elements of a tile are ----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/tile/Layout.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace muntin::tile;

constexpr int64_t kPieceBytes = 16; // what ldmatrix takes of a row
constexpr int64_t kBankRows = 8;    // so many at once, which are all banks

//===----------------------------------------------------------------------===//
// The algebra
//===----------------------------------------------------------------------===//

static Move moveOf(ArrayRef<int64_t> bases, int64_t number) {
  Move move;
  for (size_t bit = 0; 2 * bit < bases.size(); ++bit)
    if (number >> bit & 1)
      move = {move.row ^ bases[2 * bit], move.column ^ bases[2 * bit + 1]};
  return move;
}

Move LayoutAttr::ofRegister(int64_t number) const {
  const int64_t perAtom = int64_t(1) << (getRegisters().size() / 2);
  Move move = moveOf(getRegisters(), number % perAtom);
  return {move.row, move.column + number / perAtom * getAtom()[1]};
}

Move LayoutAttr::ofLane(int64_t lane) const { return moveOf(getLanes(), lane); }

Move LayoutAttr::inMemory(int64_t row, int64_t offset) const {
  const Move ofRow = moveOf(getRows(), row % getAtom()[0]), inRow = moveOf(getOffsets(), offset % getAtom()[1]);
  return {(ofRow.row ^ inRow.row) + row / getAtom()[0] * getAtom()[0],
          (ofRow.column ^ inRow.column) + offset / getAtom()[1] * getAtom()[1]};
}

std::optional<int64_t> LayoutAttr::registerOf(Move place) const {
  const int64_t perAtom = int64_t(1) << (getRegisters().size() / 2), atom = place.column / getAtom()[1];
  for (int64_t number = atom * perAtom; number < (atom + 1) * perAtom; ++number)
    if (ofRegister(number) == place)
      return number;
  return std::nullopt;
}

int64_t LayoutAttr::numRegisters(int64_t columns) const {
  const int64_t atoms = (columns + getAtom()[1] - 1) / getAtom()[1];
  return atoms << (getRegisters().size() / 2);
}

SmallVector<int64_t> LayoutAttr::lanesOfOneRow() const {
  SmallVector<int64_t> distances;
  for (size_t bit = 0; 2 * bit < getLanes().size(); ++bit)
    if (getLanes()[2 * bit] == 0)
      distances.push_back(int64_t(1) << bit);
  return distances;
}

std::pair<int64_t, int64_t> LayoutAttr::swizzle() const {
  int64_t first = 0, count = 0;
  for (size_t bit = 0; 2 * bit < getRows().size(); ++bit)
    if (getRows()[2 * bit + 1])
      first = count++ ? first : int64_t(bit);
  return {first, count};
}

//===----------------------------------------------------------------------===//
// Those of instructions
//===----------------------------------------------------------------------===//

static const int64_t kFragmentLanes[] = {0, 2, 0, 4, 1, 0, 2, 0, 4, 0};

LayoutAttr muntin::tile::accumulatorLayout(MLIRContext *context, bool words) {
  if (words)
    return LayoutAttr::get(context, {16, 8}, {0, 1, 8, 0}, kFragmentLanes, {}, {}, 0);
  return LayoutAttr::get(context, {16, 16}, {0, 1, 8, 0, 0, 8}, kFragmentLanes, {}, {}, 0);
}

LayoutAttr muntin::tile::rowLayout(MLIRContext *context) {
  return LayoutAttr::get(context, {16, 1}, {8, 0}, {0, 0, 0, 0, 1, 0, 2, 0, 4, 0}, {}, {}, 0);
}

LayoutAttr muntin::tile::leftOperandLayout(MLIRContext *context, bool words) {
  if (words)
    return LayoutAttr::get(context, {16, 8}, {8, 0, 0, 1}, kFragmentLanes, {}, {}, 0);
  return LayoutAttr::get(context, {16, 16}, {0, 1, 8, 0, 0, 8}, kFragmentLanes, {}, {}, 0);
}

int64_t muntin::tile::paddedColumns(int64_t columns, int64_t bytes) {
  return llvm::alignTo(columns, 2 * kPieceBytes / bytes);
}

int64_t muntin::tile::sharedPitch(int64_t columns, int64_t bytes, bool words) {
  return paddedColumns(columns, bytes) * bytes + (words ? kPieceBytes : 0);
}

LayoutAttr muntin::tile::sharedLayout(MLIRContext *context, int64_t columns, int64_t bytes, bool words) {
  const int64_t perPiece = kPieceBytes / bytes, pitch = sharedPitch(columns, bytes, words);
  if (words) { // its pieces are odd in number
    SmallVector<int64_t> offsets;
    for (int64_t column = 1; column < perPiece; column *= 2)
      offsets.append({0, column});
    return LayoutAttr::get(context, {1, perPiece}, {}, {}, {}, offsets, pitch);
  }
  // Eight rows at one piece are to lie on all banks. Of 2, 4 or 8 times an odd number of pieces, the rest of eight rows
  // begins again on the same banks after as many, one piece further on.
  const int64_t pieces = pitch / kPieceBytes, mixed = std::min<int64_t>(pieces & -pieces, kBankRows);
  SmallVector<int64_t> offsets, rows;
  for (int64_t column = 1; column < mixed * perPiece; column *= 2)
    offsets.append({0, column});
  for (int64_t row = 1; row < kBankRows; row *= 2)
    rows.append({row, row * mixed / kBankRows * perPiece});
  return LayoutAttr::get(context, {kBankRows, mixed * perPiece}, {}, {}, rows, offsets, pitch);
}
