//===- Dots.cpp - the two products -----------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both products have the same inner step: a few numbers (of different keys, or
// of one value row) are broadcast from memory and multiplied with vectors of
// queries, into a register block of `rows` x `blockVectors` accumulators.
//
//   scores:   S[key][queries] += K[key][d] * Q[d][queries]      loop over d
//   product:  O[d][queries]   += V[key][d] * P[key][queries]    loop over keys
//
// With bf16 products a number is a pair: (d, d + 1) of a key, or the same d of
// two neighbouring keys.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Task.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

/// Steps of the inner loop over columns that are written out, for all sums of a score together.
static constexpr int64_t kColumnUnroll = 4;

/// Multiply-adds in flight that keep two pipes busy: each takes 4 to 6 cycles.
static constexpr int64_t kAccumulators = 12;

/// Values of so many keys are multiplied before the next ones are: few enough that their rows stay in the first-level
/// cache while the columns are walked over. Rows of a tensor with heads last lie far apart and fall on few sets of the
/// cache; packed ones do not.
static constexpr int64_t kChunkInPlace = 32, kChunkPacked = 128;

/// x, y: vectors of pairs of bf16 in 32-bit words.
Value Task::pairProduct(Value acc, Value x, Value y) {
  int64_t lanes = blocking.lanes;
  if (blocking.bf16Dot == Bf16Dot::Native) {
    Type pairs = ir.vec(2 * lanes, ir.b.getBF16Type());
    Value a = vector::BitCastOp::create(ir.b, ir.loc, pairs, x), b = vector::BitCastOp::create(ir.b, ir.loc, pairs, y);
    return LLVM::CallIntrinsicOp::create(ir.b, ir.loc, acc.getType(),
                                         ir.b.getStringAttr("llvm.x86.avx512bf16.dpbf16ps.512"), ValueRange{acc, a, b})
        .getResult(0);
  }
  // A machine without the instruction: each half of a word is the upper half of an f32.
  auto half = [&](Value words, bool upper) -> Value {
    Value bits = upper ? ir.b.createOrFold<arith::AndIOp>(ir.loc, words, splatWord(0xffff0000u))
                       : ir.b.createOrFold<arith::ShLIOp>(ir.loc, words, splatWord(16));
    return arith::BitcastOp::create(ir.b, ir.loc, vecF32(), bits);
  };
  acc = ir.fma(half(x, true), half(y, true), acc);
  return ir.fma(half(x, false), half(y, false), acc);
}

Value Task::splatWord(uint32_t word) {
  return ir.splat(Value(arith::ConstantOp::create(ir.b, ir.loc, ir.b.getI32IntegerAttr(int32_t(word)))),
                  blocking.lanes);
}

/// The number, or the pair, at `pointer` in all lanes.
Value Task::broadcastWord(const KeyTile &keys, Value pointer, bool single) {
  if (keys.kind == KeyTile::Kind::F32)
    return ir.splat(ir.load(ir.f32(), pointer), blocking.lanes);
  if (single)
    return ir.splat(arith::ExtUIOp::create(ir.b, ir.loc, ir.i32(), ir.load(ir.i16(), pointer)), blocking.lanes);
  return ir.splat(ir.load(ir.i32(), pointer, /*align=*/2), blocking.lanes);
}

Value Task::multiplyAdd(const KeyTile &keys, Value acc, Value x, Value y) {
  return keys.kind == KeyTile::Kind::F32 ? ir.fma(x, y, acc) : pairProduct(acc, x, y);
}

/// One step over the columns: word number column + shift of each key.
Values Task::scoreStep(const KeyTile &keys, const Buffer &query, ArrayRef<Value> pointers, Value column, int64_t shift,
                       const Part &part, ValueRange acc, bool single) {
  Value word = ir.add(column, shift);
  Values vectors, next;
  Type type = ir.vec(blocking.lanes, keys.kind == KeyTile::Kind::F32 ? ir.f32() : ir.i32());
  for (int64_t j = 0; j < part.vectors; ++j)
    vectors.push_back(ir.load(type, at(query, word, part.group, part.first + j)));
  for (int64_t r = 0; r < blocking.rows; ++r) {
    Value key = broadcastWord(keys, ir.offset(pointers[r], ir.mul(word, 4)), single);
    for (int64_t j = 0; j < part.vectors; ++j)
      next.push_back(multiplyAdd(keys, acc[r * part.vectors + j], key, vectors[j]));
  }
  return next;
}

/// Scores of `rows` keys from number `first` on with a part of the queries. Their maxima are added to \p maxima.
void Task::emitScoreBlock(const KeyTile &keys, const Buffer &query, const Buffer &scores, Value first, const Part &part,
                          const std::optional<MaskWords> &forbidden, Value maxima) {
  bool pairs = keys.kind == KeyTile::Kind::Pairs;
  const int64_t words = keys.columns / (pairs ? 2 : 1);
  Values pointers;
  for (int64_t r = 0; r < blocking.rows; ++r) {
    auto key = [&](Value number) {
      return ir.offset(keys.base, ir.load(ir.i64(), ir.offset(keys.list, ir.mul(number, 8))));
    };
    pointers.push_back(key(ir.add(first, r)));
    // No machine guesses where the next block's keys lie. Asked for earlier, they would drive out what is in use.
    ir.prefetch(key(ir.add(first, r + blocking.rows)), words * 4, Ir::Cache::First);
  }
  auto place = [&](int64_t r, int64_t j) { return at(scores, ir.add(first, r), part.group, part.first + j); };
  // Few accumulators would wait for each other: columns then fall into sums of their own, added at the end.
  const int64_t block = blocking.rows * part.vectors, sums = block < kAccumulators ? 2 : 1;
  const int64_t unroll = kColumnUnroll / sums, unrolled = words / unroll * unroll;
  Value firstVector = ir.add(ir.mul(part.group, blocking.blockVectors), part.first);
  Values acc;
  for (int64_t r = 0; r < blocking.rows; ++r)
    for (int64_t j = 0; j < part.vectors; ++j)
      acc.push_back(forbidden ? startOf(*forbidden, ir.add(firstVector, j), ir.add(first, r))
                              : ir.splat(0.0f, blocking.lanes));
  acc.resize(sums * block, ir.splat(0.0f, blocking.lanes));
  auto step = [&](Value column, int64_t shift, Values &all, bool single) {
    auto mine = MutableArrayRef<Value>(all).slice(shift % sums * block, block);
    llvm::copy(scoreStep(keys, query, pointers, column, shift, part, ValueRange(mine), single), mine.begin());
  };
  acc = ir.loop(ir.constant(0), ir.constant(unrolled), unroll, acc, [&](Value column, ValueRange carried) {
    Values next(carried);
    for (int64_t u = 0; u < unroll; ++u)
      step(column, u, next, false);
    return next;
  });
  for (int64_t word = unrolled; word < words; ++word)
    step(ir.constant(unrolled), word - unrolled, acc, false);
  if (pairs && keys.columns % 2)
    step(ir.constant(unrolled), words - unrolled, acc, true);
  for (int64_t j = 0; j < part.vectors; ++j) {
    Value top;
    for (int64_t r = 0; r < blocking.rows; ++r) {
      int64_t n = r * part.vectors + j;
      Value sum = sums == 1 ? acc[n] : Value(arith::AddFOp::create(ir.b, ir.loc, acc[n], acc[block + n]));
      ir.store(sum, place(r, j));
      top = top ? combine(tile::ReduceKind::Max, top, sum) : sum;
    }
    if (maxima) {
      Value slot = inSlot(maxima, ir.add(firstVector, j));
      ir.store(combine(tile::ReduceKind::Max, ir.load(vecF32(), slot), top), slot);
    }
  }
}

/// The reduction that asks for the scores' maxima, if one does: they are taken while the scores are in registers.
static tile::ReduceOp maximaOf(Value scores) {
  for (mlir::Operation *user : scores.getUsers())
    if (auto reduce = dyn_cast<tile::ReduceOp>(user); reduce && reduce.getKind() == tile::ReduceKind::Max)
      return reduce;
  return {};
}

void Task::emitScores(tile::DotOp dot, tile::MaskOp mask) {
  const Buffer query = buffers.lookup(dot.getLhs());
  const KeyTile keys = keyTiles.lookup(dot.getRhs());
  const int64_t capacity = dot.getResult().getType().getShape()[1];
  Buffer scores = allocateBuffer(Buffer::Kind::F32, capacity, keys.keys.padded);
  scores.secondBegins = keys.keys.secondBegins;
  scores.firstEnds = keys.keys.firstEnds;
  attn::Box box = boxes.lookup(dot.getRhs().getDefiningOp<tile::LoadOp>().getBox());
  constexpr float forbidden = -std::numeric_limits<float>::infinity();
  std::optional<MaskWords> forbiddenPairs;
  if (mask)
    forbiddenPairs = words.count(mask) ? words.lookup(mask) : maskWords(mask);
  Value maxima;
  if (auto reduce = maximaOf(mask ? mask.getResult() : dot.getResult())) {
    maxima = rowTiles[reduce.getResult()] = rowSlot();
    forVectors([&](Value v) { ir.store(ir.splat(forbidden, blocking.lanes), inSlot(maxima, v)); });
  }

  // A group's queries stay in the first-level cache while the keys stream by.
  ir.loop(ir.constant(0), ir.constant(blocking.groups()), 1, [&](Value group) {
    auto blocks = [&](Value begin, Value end, const Part &part) {
      ir.loop(begin, end, blocking.rows,
              [&](Value first) { emitScoreBlock(keys, query, scores, first, part, forbiddenPairs, maxima); });
    };
    Value begin = ir.constant(0), end = keys.keys.padded;
    if (trim) {
      blocks(begin, keys.keys.secondBegins, {group, 0, 1});
      blocks(keys.keys.firstEnds, end, {group, 1, 1});
      begin = keys.keys.secondBegins;
      end = keys.keys.firstEnds;
    }
    blocks(begin, end, {group, 0, blocking.blockVectors});
  });
  // Keys that only fill up a block, or a pair, count for nothing. Without a mask they repeat keys that count, and
  // change no maximum.
  fillRows(scores, keys.keys.count, keys.keys.padded, forbidden);
  if (!mask && blocking.bf16Dot != Bf16Dot::None)
    forKeyRows(box, keys.keys, [&](Value row, ArrayRef<Value>) {
      fillRows(scores, ir.add(row, box.back().count), ir.add(row, keys.keys.rowLength), forbidden);
    });
  buffers[mask ? mask.getResult() : dot.getResult()] = scores;
}

/// O[d] += V[key][d] P[key] for keys first, ..., end - 1, `rows` columns d from `column` on, and a part of the
/// queries. The sums start as \p start gives them.
void Task::emitProductBlock(const KeyTile &keys, const Buffer &probs, const Buffer &out, Value first, Value end,
                            Value column, const Part &part, int64_t rows, function_ref<Value(Value, Value)> start) {
  bool pairs = keys.kind == KeyTile::Kind::Pairs;
  Type word = pairs ? ir.i32() : ir.f32();
  auto place = [&](int64_t r, int64_t j) { return at(out, ir.add(column, r), part.group, part.first + j); };
  Value firstVector = ir.add(ir.mul(part.group, blocking.blockVectors), part.first);
  Values sums;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t j = 0; j < part.vectors; ++j)
      sums.push_back(start(ir.add(column, r), ir.add(firstVector, j)));
  sums = ir.loop(first, end, pairs ? 2 : 1, sums, [&](Value key, ValueRange carried) {
    Value offset = ir.load(ir.i64(), ir.offset(keys.list, ir.mul(key, 8)));
    Value pointer = ir.offset(ir.offset(keys.base, offset), ir.mul(column, 4));
    Value row = pairs ? ir.div(key, ir.constant(2)) : key;
    Values weights, next;
    for (int64_t j = 0; j < part.vectors; ++j)
      weights.push_back(ir.load(ir.vec(blocking.lanes, word), at(probs, row, part.group, part.first + j)));
    for (int64_t r = 0; r < rows; ++r) {
      Value value = ir.splat(ir.load(word, ir.offset(pointer, 4 * r)), blocking.lanes);
      for (int64_t j = 0; j < part.vectors; ++j)
        next.push_back(multiplyAdd(keys, carried[r * part.vectors + j], value, weights[j]));
    }
    return next;
  });
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t j = 0; j < part.vectors; ++j)
      ir.store(sums[r * part.vectors + j], place(r, j));
}

void Task::emitProduct(tile::DotOp dot) {
  const KeyTile keys = keyTiles.lookup(dot.getRhs());
  Value lhs = dot.getLhs();
  if (auto convert = lhs.getDefiningOp<tile::ConvertOp>(); convert && !buffers.count(lhs))
    lhs = convert.getSource();
  bool pairs = keys.kind == KeyTile::Kind::Pairs;
  Buffer probs =
      buffers.count(dot.getLhs()) ? buffers.lookup(dot.getLhs()) : (pairs ? materializePairs(lhs) : materialize(lhs));
  if (inColumns(dot.getResult()))
    return emitColumnProduct(dot, keys, probs);
  const int64_t capacity = dot.getRhs().getType().getShape()[0];
  const int64_t keyChunk = keys.packed ? kChunkPacked : kChunkInPlace;
  const int64_t columns = keys.columns;
  Value acc = dot.getAcc(), root = acc ? rootBuffer(acc) : Value();
  Buffer out{Buffer::Kind::F32, {}, ir.constant(columns), ir.constant(columns)};
  if (root)
    out = buffers.lookup(root);
  else
    out.base = frame.scratch(4 * columns * blocking.queries());
  using Start = function_ref<Value(Value, Value)>;
  auto fresh = [&](Value column, Value vector) {
    return acc ? evaluate(acc, column, vector) : ir.splat(0.0f, blocking.lanes);
  };
  auto soFar = [&](Value column, Value vector) { return ir.load(vecF32(), at(out, column, vector)); };
  auto chunk = [&](Value first, Value end, const Part &part, Start start) {
    const int64_t block = blocking.rows * part.vectors,
                  rows = block < kAccumulators ? 2 * blocking.rows : blocking.rows;
    const int64_t whole = columns / rows * rows;
    end = ir.min(ir.add(first, keyChunk), end);
    ir.loop(ir.constant(0), ir.constant(whole), rows,
            [&](Value column) { emitProductBlock(keys, probs, out, first, end, column, part, rows, start); });
    if (whole != columns)
      emitProductBlock(keys, probs, out, first, end, ir.constant(whole), part, columns - whole, start);
  };
  const bool many = ShapedType::isDynamic(capacity) || capacity > keyChunk || trim; // which rounds to register blocks
  ir.loop(ir.constant(0), ir.constant(blocking.groups()), 1, [&](Value group) {
    const Part all{group, 0, blocking.blockVectors};
    Value begin = ir.constant(0), end = keys.keys.count;
    if (trim) {
      begin = ir.min(keys.keys.secondBegins, end);
      end = ir.min(keys.keys.firstEnds, end);
    }
    chunk(begin, end, all, fresh);
    auto goOn = [&](Value from, Value to, const Part &part) {
      ir.loop(from, to, keyChunk, [&](Value first) { chunk(first, to, part, soFar); });
    };
    if (many)
      goOn(ir.add(begin, keyChunk), end, all);
    if (trim) {
      goOn(ir.constant(0), begin, {group, 0, 1});
      goOn(end, keys.keys.count, {group, 1, 1});
    }
  });
  buffers[dot.getResult()] = out;
}
