//===- MultiplyAdds.cpp - both products without a matrix unit -------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The engine `fma`: what matrix units are measured against. Fragments lie as ever,
// and a lane computes its own numbers, each by one chain of multiply-adds in f32:
// scores along the head dimension, outputs along the keys. For outputs it needs its
// rows' probabilities of all keys of the box, which four lanes have: they meet in
// shared memory.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

constexpr int64_t kPieceBytes = 16;

/// Unit `unit`, of `count` numbers, of a tile's row, as f32.
Values Cta::loadNumbers(const SharedTile &tile, SplitRow row, Value unit, int64_t count) {
  const int64_t bytes = count * bytesOf(tile.element);
  auto type = VectorType::get({count}, tile.element);
  Value read = machine.load(type, unitPointer(tile, row, unit, bytes), bytes);
  if (!tile.element.isF32())
    read = arith::ExtFOp::create(b, loc, type.clone(b.getF32Type()), read);
  Values numbers;
  for (int64_t i = 0; i < count; ++i)
    numbers.push_back(vector::ExtractOp::create(b, loc, read, i));
  return numbers;
}

/// Of every 8 keys a lane has two, for each of its two queries.
void Cta::multiplyAddScores(tile::DotOp op, const SharedTile &query, const SharedTile &key) {
  awaitArrival({&query, &key});
  const int64_t count = kPieceBytes / bytesOf(query.element);
  Value ownQuery = f.add(f.mul(warp, 16), laneGroup), ownKey = f.mul(laneInGroup, 2);
  Values none(registersOf(op.getResult().getType()), number(0));
  registers[op.getResult()] = loop(constant(query.columns / count), none, [&](Value piece, ValueRange before) {
    Values sums(before);
    const Values left[] = {loadNumbers(query, {ownQuery}, piece, count),
                           loadNumbers(query, {ownQuery, 8}, piece, count)};
    for (size_t index = 0; index < sums.size(); index += 4) {
      for (size_t second = 0; second < 2; ++second) {
        const Values right = loadNumbers(key, {ownKey, int64_t(index * 2 + second)}, piece, count);
        for (int half = 0; half < 2; ++half)
          for (int64_t i = 0; i < count; ++i) {
            Value &sum = sums[index + 2 * half + second];
            sum = math::FmaOp::create(b, loc, left[half][i], right[i], sum);
          }
      }
    }
    return sums;
  });
}

/// A tile's registers, as its element type, into its rows.
void Cta::storeFragments(const SharedTile &tile, ArrayRef<Value> values) {
  const int64_t bytes = 2 * bytesOf(tile.element);
  for (size_t index = 0; index < values.size(); index += 2) {
    const SplitRow row{f.add(f.mul(warp, 16), laneGroup), index & 2 ? 8 : 0};
    Value unit = f.either(constant(index / 4 * 4), laneInGroup); // a pair of numbers
    Value pair = machine.packPair(tile.element, values[index], values[index + 1]);
    machine.store(pair, unitPointer(tile, row, unit, bytes), bytes);
  }
}

void Cta::multiplyAddProduct(tile::DotOp op, ArrayRef<Value> left, const SharedTile &value) {
  awaitArrival({&value});
  const int64_t top = sharedTop;
  const SharedTile probabilities = allocate(plan.getQueryBox().volume(), value.rows, value.element);
  sharedTop = top;
  machine.warpBarrier(); // a warp reads its own rows, and has read those of the box before
  storeFragments(probabilities, left);
  machine.warpBarrier();
  Value ownRow = f.add(f.mul(warp, 16), laneGroup);
  Values start =
      op.getAcc() ? registers.find(op.getAcc())->second : Values(registersOf(op.getResult().getType()), number(0));
  registers[op.getResult()] = loop(constant(value.rows / 2), start, [&](Value pair, ValueRange before) {
    Values sums(before);
    const Values rows[] = {loadNumbers(probabilities, {ownRow}, pair, 2),
                           loadNumbers(probabilities, {ownRow, 8}, pair, 2)};
    for (int64_t second = 0; second < 2; ++second) {
      const SplitRow key{f.mul(pair, 2), second};
      for (size_t index = 0; index < sums.size(); index += 4) {
        const Values right = loadNumbers(value, key, f.add(laneInGroup, int64_t(index)), 2);
        for (int half = 0; half < 2; ++half)
          for (int64_t i = 0; i < 2; ++i) {
            Value &sum = sums[index + 2 * half + i];
            sum = math::FmaOp::create(b, loc, rows[half][second], right[i], sum);
          }
      }
    }
    return sums;
  });
}
