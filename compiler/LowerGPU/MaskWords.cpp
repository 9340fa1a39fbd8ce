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
// tests, where compares take 32, and 7 to 9 for each word of a row and an axis.
//
// Mostly there is a shorter way. A window of a few boxes bounds the range that the walk is
// in, whatever the grid, so that the run's bits in all its boxes fit a number, made before
// the walk. 4x4x4 keys, window 7, a range of at most 10 places, the bits of a lane with
// t = 0 and a run from place 2 to 8:
//
//      axis 0   16 a box   1111 1111 0000 0000 | 1111 1111 1111 1111 | 0000 0000 0000 1111   i64
//      axis 1    4 a box   1100 | 1111 | 0011
//      axis 2    2 a box   00 | 11 | 01                                (places 0 1 | 4 5 | 8 9)
//
// (the first place is the rightmost bit of a box; boxes are written in the order of the
// walk). A step shifts the box's bits down, and repeats them: one to three instructions.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

namespace {

constexpr int64_t kWordBits = 32, kMostBits = 64; // of a word; of a number that is shifted
constexpr int64_t kLaneBits = 2;                  // of a key's number that the lane brings, above the first

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

/// Ones from bit `first` to bit `end` - 1 of an i64.
Value Cta::bitsBetween(Value first, Value end) {
  auto above = [&](Value bit) { // it may be 64, and to shift so far at once is undefined
    Value half = f.div(bit, 2);
    Value ones = f.constant(-1);
    for (Value part : {half, f.sub(bit, half)})
      ones = arith::ShLIOp::create(b, loc, ones, widen(part));
    return ones;
  };
  return arith::XOrIOp::create(b, loc, above(first), above(end)); // first <= end
}

/// Word `number` of the bits that an axis allows.
Value Cta::axisWord(const TileBox &keys, unsigned axis, const PlaceRun &run, int64_t columns, int64_t number) {
  const AxisField field = fieldOf(keys, axis, columns);
  const int64_t end = field.below() + field.bits(), bitsOfBox = int64_t(1) << end; // the run repeats itself after them
  const int64_t extent = int64_t(1) << (field.beyond - field.first), ofRow = columns >> kLaneBits;
  uint32_t copies = 0;
  for (int64_t bit = 0; bit < kWordBits; bit += bitsOfBox)
    copies |= uint32_t(1) << bit;
  const bool once = bitsOfBox >= std::min(kWordBits, ofRow);
  const int64_t word = number % std::max<int64_t>(1, bitsOfBox / kWordBits); // whole words repeat, too
  Value place = firstPlace(keys, axis);
  Value before = bitsOfBox < extent ? f.div(place, extent / bitsOfBox) : f.mul(place, bitsOfBox / extent);
  auto bitOf = [&](Value place) {
    return f.mul(columnsBefore(f, field, place, keyPlace(keys, axis, 0)), int64_t(1) << field.below());
  };
  auto shifted = [&](Value place) {
    Value bits = f.sub(bitOf(place), before);
    return machine.shiftLeft(constant(-1), f.max(once ? f.sub(bits, kWordBits * word) : bits, 0));
  };
  Value bits;
  const int64_t ofRange = run.most ? (*run.most + extent - 1) / extent * bitsOfBox : kMostBits + 1;
  if (ofRow <= kWordBits && ofRange <= kMostBits) {
    Value all = bitsBetween(bitOf(run.low), bitOf(run.end));
    if (ofRange <= kWordBits)
      bits = arith::ShRUIOp::create(b, loc, narrow(all), before);
    else
      bits = narrow(arith::ShRUIOp::create(b, loc, all, f.widen(before)));
  } else {
    Value beyond = b.createOrFold<arith::XOrIOp>(loc, shifted(run.end), constant(-1));
    bits = f.both(shifted(run.low), beyond);
  }
  return once ? bits : f.mul(f.both(bits, constant((int64_t(1) << bitsOfBox) - 1)), int32_t(copies));
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
