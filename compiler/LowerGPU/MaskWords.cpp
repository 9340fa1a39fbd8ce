//===- MaskWords.cpp - a lane's row of pairs as bits ----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of 64 keys a lane has 16 in a row: 8 j + 2 t + e. Their number in this order,
// 2 j + e, is that of their bit in a word. Where the extents of a box are powers
// of two, the bits of a key's number are dealt out to the axes, and so are those of
// the bit's number:
//
//      8x8 keys       j j j | t t e      bit  j j j | e      axis 0 | axis 1
//      4x4x4 keys     j j | j t | t e    bit  j j | j | e    axis 0 | axis 1 | axis 2
//
// So what a run of places allows on an axis is a run of bits, the same for all that
// the other axes say: (-1 << low) & ~(-1 << end), times a number with a one where each
// copy of the run begins. The axes' words are ANDed, and each score tests its bit; ptxas
// moves seven bits into predicates at once. For 64 keys that is 8 instructions for
// tests, where compares take 32, and 7 to 10 for each word of a row and an axis.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

namespace {

constexpr int64_t kWordBits = 32, kLaneBits = 2; // of a word; of a key's number that the lane brings, above the first

/// The bits of a key's number that say its place on an axis, and those of a lane's bits.
struct AxisField {
  int64_t first, beyond; ///< of the key's number
  bool single() const { return first > 0 || beyond == 0; }
  /// Places from one of a lane's columns to the next, columns 2 j and 2 j + 1 aside: a power of two, this one.
  int64_t stride() const { return std::clamp<int64_t>(1 + kLaneBits, first, beyond) - first; }
  int64_t below() const { return std::max<int64_t>(first - kLaneBits, std::min<int64_t>(first, 1)); }
  int64_t bits() const { return beyond - first - stride() + (single() ? 0 : 1); }
};

} // namespace

static AxisField fieldOf(const TileBox &keys, unsigned axis, int64_t columns) {
  int64_t inner = 1;
  for (int64_t extent : ArrayRef(keys.dims).drop_front(axis + 1))
    inner *= extent;
  return {llvm::Log2_64(inner), llvm::Log2_64(axis == 0 ? columns : inner * keys.dims[axis])};
}

/// How many of a lane's columns have places before `place`, were the box as long as it takes. `ofLane` is the place of
/// the lane's first column.
static Value columnsBefore(attn::FoldingBuilder &f, const AxisField &field, Value place, Value ofLane) {
  const int64_t stride = int64_t(1) << field.stride();
  Value count;
  for (int64_t odd = 0; odd < (field.single() ? 1 : 2); ++odd) {
    Value columns = f.div(f.add(f.sub(place, ofLane), stride - 1 - odd), stride);
    count = count ? f.add(count, columns) : columns;
  }
  return count;
}

/// Word `number` of the bits that an axis allows.
Value Cta::axisWord(const TileBox &keys, unsigned axis, const PlaceRun &run, int64_t columns, int64_t number) {
  const AxisField field = fieldOf(keys, axis, columns);
  const int64_t end = field.below() + field.bits(); // the run repeats itself after 2^end bits
  uint32_t copies = 0;
  for (int64_t bit = 0; bit < kWordBits; bit += int64_t(1) << end)
    copies |= uint32_t(1) << bit;
  const bool once = (int64_t(1) << end) >= std::min(kWordBits, columns >> kLaneBits);
  Value before = f.mul(f.div(firstPlace(keys, axis), int64_t(1) << field.stride()), field.single() ? 1 : 2);
  auto shifted = [&](Value place) {
    Value count = columnsBefore(f, field, place, keyPlace(keys, axis, 0));
    Value bits = f.mul(f.sub(count, before), int64_t(1) << field.below());
    return machine.shiftLeft(constant(-1), f.max(once ? f.sub(bits, kWordBits * number) : bits, 0));
  };
  Value beyond = b.createOrFold<arith::XOrIOp>(loc, shifted(run.end), constant(-1));
  Value bits = f.both(shifted(run.low), beyond);
  return once ? bits : f.mul(f.both(bits, constant((int64_t(1) << (int64_t(1) << end)) - 1)), int32_t(copies));
}

/// The scores with minus infinity outside of the runs.
void Cta::maskWords(attn::MaskAttrInterface mask, const attn::MaskContext &context, const TileBox &keys,
                    MutableArrayRef<Value> scores) {
  const int64_t columns = 2 * int64_t(scores.size()), ofRow = columns >> kLaneBits;
  Value forbidden = number(-std::numeric_limits<float>::infinity()), none = constant(0);
  for (int row = 0; row < 2; ++row) {
    PlaceRun runs[3];
    for (unsigned axis = 0; axis < rank; ++axis)
      runs[axis] = runOfPlaces(mask, context, keys, axis, row);
    for (int64_t first = 0; first < ofRow; first += kWordBits) {
      Value word;
      for (unsigned axis = 0; axis < rank; ++axis)
        word = f.both(word, axisWord(keys, axis, runs[axis], columns, first / kWordBits));
      for (int64_t bit = first; bit < std::min(ofRow, first + kWordBits); ++bit) {
        Value &score = scores[bit / 2 * 4 + 2 * row + bit % 2];
        Value one = f.both(word, constant(int32_t(uint32_t(1) << (bit - first))));
        score = f.select(f.compare(attn::FoldingBuilder::Predicate::ne, one, none), score, forbidden);
      }
    }
  }
}
