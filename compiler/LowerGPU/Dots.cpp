//===- Dots.cpp - both products -------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

void Cta::emitDot(tile::DotOp op) {
  const bool multiplyAdds = plan.getEngine() == "fma";
  const SharedTile &right = shared.find(op.getRhs())->second;
  if (op.getTransposed()) {
    const SharedTile &left = shared.find(op.getLhs())->second;
    return multiplyAdds ? multiplyAddScores(op, left, right) : emitScores(op, left, right);
  }
  const Values &left = registers.find(op.getLhs())->second;
  if (multiplyAdds)
    multiplyAddProduct(op, left, right);
  else if (right.element.isF32())
    emitProductOfWords(op, left, right);
  else
    emitProduct(op, left, right);
}

/// Four 8x8 matrices from row `row` and piece `piece` on; `laneRow` and `lanePiece` say which row each lane addresses.
/// Only the piece's low bits are swizzled: all else is a constant offset.
Values Cta::loadMatrices(const SharedTile &tile, Value laneRow, Value lanePiece, int64_t row, int64_t piece,
                         bool transposed) {
  const int64_t mixed = tile.mixedPieces() - 1;
  Value place = b.createOrFold<arith::XOrIOp>(loc, lanePiece, swizzleOf(tile, laneRow));
  place = b.createOrFold<arith::XOrIOp>(loc, place, constant(piece & mixed));
  Value address = f.add(f.add(tile.start, f.mul(laneRow, tile.pitch())), f.mul(place, 16));
  const int64_t offset = tile.base + row * tile.pitch() + 16 * (piece & ~mixed);
  return machine.loadMatrices(machine.sharedPointer(address, offset), transposed);
}

/// Rows of queries by rows of keys. Lanes 0-7, 8-15, 16-23, 24-31 address
///   of the queries   rows 0-7, rows 8-15, then the same rows in the next piece
///   of the keys      rows 0-7, the same in the next piece, then rows 8-15
void Cta::emitScores(tile::DotOp op, const SharedTile &query, const SharedTile &key) {
  awaitArrival({&query, &key});
  Value queryRow = f.add(f.mul(warp, 16), f.rem(lane, 16)), queryPiece = f.div(lane, 16);
  Value keyRow = f.add(f.mul(f.div(lane, 16), 8), f.rem(lane, 8)), keyPiece = f.rem(f.div(lane, 8), 2);
  const Values none(registersOf(op.getResult().getType()), number(0));
  Values sums = none, before;
  for (int64_t piece = 0; piece < query.pieces(); piece += 2) {
    if (piece && piece % piecesPerSum(query.element) == 0)
      before = addSums(before, std::exchange(sums, none));
    const Fragment left = fragmentOf(query.element, loadMatrices(query, queryRow, queryPiece, 0, piece, false));
    for (int64_t keys = 0; keys < key.rows; keys += 16) {
      const Fragment right = fragmentOf(key.element, loadMatrices(key, keyRow, keyPiece, keys, piece, false));
      for (int half = 0; half < 2; ++half) {
        auto sum = MutableArrayRef<Value>(sums).slice((keys / 8 + half) * 4, 4);
        llvm::copy(multiply(query.element, left, right.slice(2 * half, 2), Values(sum)), sum.begin());
      }
    }
  }
  registers[op.getResult()] = addSums(before, sums);
}

/// Rows of probabilities, as they lie in registers, by columns of values. Lanes address the rows of values as in the
/// queries above, and the matrices are transposed on the way.
void Cta::emitProduct(tile::DotOp op, ArrayRef<Value> left, const SharedTile &value) {
  awaitArrival({&value});
  Value valueRow = f.rem(lane, 16), valuePiece = f.div(lane, 16);
  Values sums =
      op.getAcc() ? registers.find(op.getAcc())->second : Values(registersOf(op.getResult().getType()), number(0));
  for (int64_t keys = 0; keys < value.rows; keys += 16) {
    Values probabilities;
    for (int64_t index = keys / 2; index < keys / 2 + 8; index += 2)
      probabilities.push_back(machine.packPair(value.element, left[index], left[index + 1]));
    for (int64_t piece = 0; piece < value.pieces(); piece += 2) {
      const Values right = loadMatrices(value, valueRow, valuePiece, keys, piece, true);
      for (int half = 0; half < 2; ++half) {
        auto sum = MutableArrayRef<Value>(sums).slice((piece + half) * 4, 4);
        llvm::copy(machine.multiply(value.element, probabilities, ArrayRef(right).slice(2 * half, 2), Values(sum)),
                   sum.begin());
      }
    }
  }
  registers[op.getResult()] = sums;
}
