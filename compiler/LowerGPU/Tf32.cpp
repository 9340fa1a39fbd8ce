//===- Tf32.cpp - products of f32 -----------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tensor cores take f32 without its low 13 bits (tf32). So a number x is split
// into what tf32 holds, rounded, and the rest, which may be negative:
//
//      x    = 1.0110100111|1101110010011b x 2^e
//      high = 1.0110101000|                          half of the last place added, the rest cut off
//      rest =           - .|0010001101101b           x - high, exact: 12 digits, tf32 holds 11
//
// and a product is three: high rest' + rest high' + high high'. What is left out is
// rest rest', at most 2^-22 of x x', and the last digit of each rest, 2^-23. Cutting
// off without rounding spares an addition per number and costs three times that:
// README.md has the errors that were measured. Rounding makes numbers beyond
// (1 - 2^-12) of the largest f32 infinite.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

#include <limits>

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

constexpr int64_t kHalfPlace = 0x1000, kHeldByTf32 = ~int64_t(0x1fff);

Fragment Fragment::slice(size_t first, size_t count) const {
  auto of = [&](const Values &all) { return Values(all.empty() ? ArrayRef(all) : ArrayRef(all).slice(first, count)); };
  return {of(numbers), of(rest)};
}

/// An operand of a product; f32 are split.
Fragment Cta::fragmentOf(Type element, const Values &registers) {
  if (!element.isF32())
    return {registers, {}};
  auto as = [&](Type type, Value value) { return b.createOrFold<arith::BitcastOp>(loc, type, value); };
  Fragment fragment;
  for (Value number : registers) {
    Value rounded = f.add(as(b.getI32Type(), number), kHalfPlace);
    Value high = arith::AndIOp::create(b, loc, rounded, constant(kHeldByTf32));
    Value rest = arith::SubFOp::create(b, loc, as(b.getF32Type(), number), as(b.getF32Type(), high));
    fragment.numbers.push_back(high);
    fragment.rest.push_back(as(b.getI32Type(), rest));
  }
  return fragment;
}

/// sum + left right; of f32 the small products first.
Values Cta::multiply(Type element, const Fragment &left, const Fragment &right, ValueRange sum) {
  Values result(sum);
  if (!left.rest.empty()) {
    result = machine.multiply(element, left.numbers, right.rest, result);
    result = machine.multiply(element, left.rest, right.numbers, result);
  }
  return machine.multiply(element, left.numbers, right.numbers, result);
}

/// Matrix units cut off the digits that a sum has too many instead of rounding it, and each step does. 16 bits do not
/// mind; sums of f32 start from zero after so many pieces, and are added outside.
int64_t Cta::piecesPerSum(Type element) {
  constexpr int64_t kColumnsPerSum = 64; // scores of 20 are then cut by 1e-5 at most
  return element.isF32() ? kColumnsPerSum * bytesOf(element) / 16 : std::numeric_limits<int64_t>::max();
}

Values Cta::addSums(ArrayRef<Value> before, ArrayRef<Value> sums) {
  Values total(sums);
  if (!before.empty())
    for (auto [sum, first] : llvm::zip_equal(total, before))
      sum = arith::AddFOp::create(b, loc, first, sum);
  return total;
}

/// Register `index` of an accumulator, or of none, and a sum. Where the accumulator is a tile times a number per row,
/// as in online softmax, it is multiplied here: one instruction, and no second accumulator in registers.
Value Cta::addTo(Value accumulator, int64_t index, tile::TileType into, Value sum) {
  if (!accumulator)
    return sum;
  if (auto scaled = accumulator.getDefiningOp<arith::MulFOp>())
    return machine.multiplyAddHere(elementOf(scaled.getLhs(), index, into), elementOf(scaled.getRhs(), index, into),
                                   sum);
  return arith::AddFOp::create(b, loc, elementOf(accumulator, index, into), sum);
}

/// Rows of probabilities, as they lie in registers, by columns of values, in f32. Of eight keys a lane has 2 t and
/// 2 t + 1, where the left operand wants columns t and t + 4. A sum does not mind the order of its terms: column t
/// is called key 2 t, column t + 4 key 2 t + 1, and the rows of values are read in that order. The pitch is an odd
/// number of pieces, so that the rows 2 t of the four t start 8 banks apart:
///
///      bank of (row, column g)     g = 0 ... 7      pitch 4 words modulo 32
///      t = 0     row 0             0 ... 7
///      t = 1     row 2             8 ... 15
///      t = 2     row 4             16 ... 23
///      t = 3     row 6             24 ... 31
///
/// The sum over a box starts from zero and is added to the others outside of the tensor cores, which cut off the digits
/// that a sum has too many instead of rounding: over thousands of keys, that would add up.
void Cta::emitProductOfWords(tile::DotOp op, ArrayRef<Value> left, const SharedTile &value) {
  awaitArrival({&value});
  SmallVector<Fragment> probabilities; // of eight keys each
  for (int64_t index = 0; index < value.rows / 2; index += 4)
    probabilities.push_back(fragmentOf(value.element, Values(left.slice(index, 4))));
  Value address = f.add(f.add(value.start, f.mul(laneInGroup, 2 * value.pitch())), f.mul(laneGroup, 4));
  Values sums;
  for (int64_t column = 0; column < value.columns; column += 8) {
    Values sum(4, number(0));
    for (auto [step, eight] : llvm::enumerate(probabilities)) {
      Values rows;
      for (int64_t row : {0, 1}) {
        const int64_t offset = value.base + (8 * int64_t(step) + row) * value.pitch() + 4 * column;
        rows.push_back(machine.load(b.getI32Type(), machine.sharedPointer(address, offset), 4));
      }
      sum = multiply(value.element, eight, fragmentOf(value.element, rows), sum);
    }
    for (Value more : sum)
      sums.push_back(addTo(op.getAcc(), int64_t(sums.size()), op.getResult().getType(), more));
  }
  registers[op.getResult()] = sums;
}
