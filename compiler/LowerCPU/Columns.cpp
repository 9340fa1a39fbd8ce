//===- Columns.cpp - probabilities times values, lanes along columns ------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where a task reads one box of live keys, and its output's columns fill vectors,
// the output is not kept transposed:
//
//   O[query][columns] += P[query][key] * V[key][columns]
//
// The probabilities of a few queries are broadcast, rows of values are read as
// they lie. The queries of a block are then free to differ in their keys: those
// of one row of the box see fewer rows of the hull than the box does, and only
// these are multiplied. (Scores, whose lanes are all queries of a vector, are
// computed for the whole hull.) A window of 7 rows, a box of 4:
//
//      row of the hull    0 1 2 3 4 5 6 7 8 9
//      row of the box  0  x x x x x x x . . .
//                      1  . x x x x x x x . .
//                      2  . . x x x x x x x .
//                      3  . . . x x x x x x x
//
// Nothing is transposed at the end either, and pairs of bf16 values need no copy:
// two rows, 32 columns each, become two vectors of pairs by an instruction each,
// in halves of eight columns (so the order of columns is put right at the end):
//
//      one  0 1 2 3 8 9 10 11 16 ...      other  4 5 6 7 12 13 14 15 20 ...
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Packing.h"
#include "compiler/LowerCPU/Task.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

/// Values of so many keys are multiplied with all queries before the next ones are, unless the box has few more; in
/// place, rows of a tensor with heads last fall on few sets of the first-level cache.
static constexpr int64_t kWholeBox = 256, kChunk = 128, kChunkInPlace = 64;

bool muntin::cpu::readsOneBoxOfLiveKeys(func::FuncOp kernel) {
  return llvm::hasSingleElement(kernel.getOps<tile::LiveKeysOp>()) && kernel.getOps<tile::AllKeysOp>().empty() &&
         kernel.getOps<tile::ForKeyBoxesOp>().empty();
}

/// The product and the tiles that are computed from it or with it, element by element; none if something else reads or
/// makes one.
static llvm::DenseSet<Value> elementwiseWith(Value product) {
  llvm::DenseSet<Value> tiles;
  SmallVector<Value> work{product};
  while (!work.empty()) {
    Value tile = work.pop_back_val();
    auto type = dyn_cast<tile::TileType>(tile.getType());
    if (!type || type.getShape().size() == 1 || !tiles.insert(tile).second)
      continue;
    mlir::Operation *source = tile.getDefiningOp();
    auto elementwise = [](mlir::Operation *op) {
      return isa<tile::ConvertOp>(op) || op->hasTrait<OpTrait::Elementwise>();
    };
    if (tile != product && !elementwise(source) && !isa<tile::BroadcastOp>(source))
      return {};
    if (tile != product)
      llvm::append_range(work, source->getOperands());
    for (mlir::Operation *user : tile.getUsers()) {
      if (elementwise(user))
        llvm::append_range(work, user->getResults());
      else if (!isa<tile::StoreOp>(user))
        return {};
    }
  }
  return tiles;
}

llvm::DenseSet<Value> muntin::cpu::tilesInColumns(func::FuncOp kernel, int64_t lanes) {
  if (readsOneBoxOfLiveKeys(kernel))
    for (auto dot : kernel.getOps<tile::DotOp>())
      if (!dot.getTransposed() && !dot.getAcc() && dot.getResult().getType().getShape()[1] % lanes == 0)
        return elementwiseWith(dot.getResult());
  return {};
}

/// Of an output with so many columns, the queries of a block; a block of few vectors has more.
int64_t Task::queriesOfBlock(int64_t columns) {
  const int64_t widest = llvm::max_element(vectorsOfBlocks(columns))[0];
  return std::min<int64_t>(blocking.lanes, widest == 1 ? 16 : widest == 2 ? 8 : 4);
}

/// The vectors of each block of columns: alike, and even where two are made at once.
SmallVector<int64_t> Task::vectorsOfBlocks(int64_t columns) {
  const int64_t most = blocking.lanes >= 16 ? 4 : valuesInHalves() ? 2 : 3;
  SmallVector<int64_t> blocks;
  for (int64_t left = columns / blocking.lanes; left > 0; left -= blocks.back()) {
    const int64_t more = llvm::divideCeil(left, most), alike = llvm::divideCeil(left, more);
    blocks.push_back(more > 1 && valuesInHalves() ? alike / 2 * 2 : alike);
  }
  return blocks;
}

Value Task::columnsAt(const Buffer &buffer, Value query, Value column) {
  return ir.offset(buffer.base, ir.mul(ir.add(ir.mul(query, buffer.capacity), column), 4));
}

/// Vectors of a key's values, or of a pair of keys', from `column` on.
Values Task::valueWords(const KeyTile &keys, Value key, int64_t column, int64_t vectors) {
  const int64_t lanes = blocking.lanes;
  const bool pairs = keys.kind == KeyTile::Kind::Pairs;
  auto row = [&](Value number, int64_t bytes) {
    Value offset = ir.load(ir.i64(), ir.offset(keys.list, ir.mul(number, 8)));
    return ir.offset(ir.offset(keys.base, offset), column * bytes);
  };
  Values words;
  if (!pairs || keys.packed) {
    Value at = row(key, 4);
    for (int64_t j = 0; j < vectors; ++j)
      words.push_back(ir.load(ir.vec(lanes, pairs ? ir.i32() : ir.f32()), ir.offset(at, 4 * lanes * j)));
    return words;
  }
  Value own = row(key, 2), partner = row(ir.add(key, 1), 2);
  auto load = [&](Value at, int64_t count) {
    return ir.load(ir.vec(count, ir.i16()), ir.offset(at, 2 * lanes * int64_t(words.size())));
  };
  while (int64_t(words.size()) + 1 < vectors) {
    Value x = load(own, 2 * lanes), y = load(partner, 2 * lanes);
    Value both[2];
    for (int64_t half : {0, 1}) {
      SmallVector<int64_t> order;
      for (int64_t column = 4 * half; column < 2 * lanes; column += column % 4 == 3 ? 5 : 1)
        order.append({column, 2 * lanes + column});
      both[half] = vector::BitCastOp::create(ir.b, ir.loc, ir.vec(lanes, ir.i32()),
                                             vector::ShuffleOp::create(ir.b, ir.loc, x, y, order));
    }
    words.append({both[0], both[1]});
  }
  if (int64_t(words.size()) < vectors)
    words.push_back(pairWords(ir, load(own, lanes), load(partner, lanes)));
  return words;
}

/// The key behind the last of the range that is copied; what is not will be.
Value Task::endOfCopies(const ValueCopies &copies, const KeyRange &range) {
  Value slot = ir.offset(copies.state, ir.mul(range.part, 16)), behind = ir.offset(slot, 8);
  Value first = ir.load(ir.i64(), slot), end = ir.load(ir.i64(), behind);
  Value none = ir.less(range.end, ir.add(range.first, 1));
  // Copies that do not reach the range are forgotten.
  Value reach = ir.b.createOrFold<arith::AndIOp>(ir.loc, ir.less(first, ir.add(range.first, 1)),
                                                 ir.less(range.first, ir.add(end, 1)));
  ir.store(ir.select(none, first, ir.select(reach, first, range.first)), slot);
  ir.store(ir.select(none, end, ir.select(reach, ir.max(end, range.end), range.end)), behind);
  return ir.select(reach, ir.min(end, range.end), range.first);
}

/// A block of O, of the queries from `query` on; \p fresh: nothing was added so far.
void Task::emitColumnBlock(const KeyTile &keys, const Buffer &probs, const Buffer &out, const KeyRanges &ranges,
                           const ValueCopies *copies, Value query, const ColumnBlock &block, bool fresh) {
  const int64_t lanes = blocking.lanes;
  const bool pairs = keys.kind == KeyTile::Kind::Pairs;
  auto place = [&](int64_t r, int64_t j) {
    return columnsAt(out, ir.add(query, r), ir.constant(block.column + j * lanes));
  };
  Values sums;
  for (int64_t r = 0; r < block.queries; ++r)
    for (int64_t j = 0; j < block.vectors; ++j)
      sums.push_back(fresh ? ir.splat(0.0f, lanes) : ir.load(vecF32(), place(r, j)));
  Value vector = ir.div(query, ir.constant(lanes)), lane = ir.rem(query, ir.constant(lanes));
  const int64_t keysOfStep = pairs ? 2 : 1;
  Type words = ir.vec(lanes, pairs ? ir.i32() : ir.f32());
  auto copyOf = [&](Value key, int64_t j) {
    Value number = ir.div(ir.sub(key, copies->first), ir.constant(keysOfStep));
    return ir.offset(ir.offset(copies->base, ir.mul(number, 4 * lanes * block.vectors)), 4 * lanes * j);
  };
  auto step = [&](Value key, const Values &values, ValueRange carried) {
    Values next;
    Value weights = ir.offset(at(probs, ir.div(key, ir.constant(keysOfStep)), vector), ir.mul(lane, 4));
    for (int64_t r = 0; r < block.queries; ++r) {
      Value weight = ir.splat(ir.load(pairs ? ir.i32() : ir.f32(), ir.offset(weights, 4 * r)), lanes);
      for (int64_t j = 0; j < block.vectors; ++j)
        next.push_back(multiplyAdd(keys, carried[r * block.vectors + j], weight, values[j]));
    }
    return next;
  };
  auto copied = [&](Value key, ValueRange carried) {
    Values values;
    for (int64_t j = 0; j < block.vectors; ++j)
      values.push_back(ir.load(words, copyOf(key, j)));
    return step(key, values, carried);
  };
  auto inPlace = [&](Value key, ValueRange carried) {
    const Values values = valueWords(keys, key, block.column, block.vectors);
    for (int64_t j = 0; copies && j < block.vectors; ++j)
      ir.store(values[j], copyOf(key, j));
    return step(key, values, carried);
  };
  sums = ir.loop(ir.constant(0), ranges.count, 1, sums, [&](Value number, ValueRange before) -> Values {
    const KeyRange range = ranges.range(number);
    Values carried(before);
    Value first = range.first;
    if (copies) {
      Value end = endOfCopies(*copies, range);
      carried = ir.loop(first, end, keysOfStep, carried, copied);
      first = end;
    }
    return ir.loop(first, range.end, keysOfStep, carried, inPlace);
  });
  for (int64_t r = 0; r < block.queries; ++r)
    for (int64_t j = 0; j < block.vectors; ++j)
      ir.store(sums[r * block.vectors + j], place(r, j));
}

void Task::emitColumnProduct(tile::DotOp dot, const KeyTile &keys, const Buffer &probs) {
  const int64_t columns = keys.columns, lanes = blocking.lanes, tileKeys = dot.getRhs().getType().getShape()[0];
  const int64_t mostKeys = tileKeys * (plan.getTrimmed() ? 2 : 1);
  const bool copy = valuesInHalves() && rank > 1, whole = mostKeys <= kWholeBox;
  const int64_t chunk = whole ? kWholeBox : keys.packed || copy ? kChunk : kChunkInPlace;
  const Buffer out{Buffer::Kind::Columns, frame.scratch(4 * columns * blocking.queries()), ir.constant(columns),
                   ir.constant(columns)};
  const attn::Box &box = boxes.lookup(dot.getRhs().getDefiningOp<tile::LoadOp>().getBox());
  ValueCopies copies;
  if (copy) {
    const int64_t widest = llvm::max_element(vectorsOfBlocks(columns))[0];
    copies.base = frame.scratch(chunk / 2 * widest * lanes * 4);
    copies.state = frame.scratch(16 * (chunk + 1));
  }
  auto multiply = [&](Value first, bool fresh) {
    Value end = ir.min(ir.add(first, chunk), keys.keys.count), parts = ir.constant(1);
    if (rank == 3 && blockPlaces) {
      Value plane = ir.max(ir.mul(box[1].count, keys.keys.rowLength), ir.constant(1));
      parts = ir.sub(ir.ceilDiv(end, plane), ir.div(first, plane));
    }
    copies.first = first;
    int64_t column = 0;
    for (int64_t vectors : vectorsOfBlocks(columns)) {
      const ColumnBlock block{queriesOfBlock(columns), column, vectors};
      if (copy)
        ir.loop(ir.constant(0), parts, 1, [&](Value part) {
          Value slot = ir.offset(copies.state, ir.mul(part, 16));
          ir.store(ir.constant(1), slot);
          ir.store(ir.constant(0), ir.offset(slot, 8));
        });
      ir.loop(ir.constant(0), ir.mul(presentVectors, lanes), block.queries, [&](Value query) {
        emitColumnBlock(keys, probs, out, keysOfQueries(box, keys.keys, query, block.queries, first, end),
                        copy ? &copies : nullptr, query, block, fresh);
      });
      column += vectors * lanes;
    }
  };
  multiply(ir.constant(0), /*fresh=*/true);
  if (!whole)
    ir.loop(ir.constant(chunk), keys.keys.count, chunk, [&](Value first) { multiply(first, /*fresh=*/false); });
  buffers[dot.getResult()] = out;
}

/// A row of numbers for each query.
void Task::storeQueries(Value tile, const Operand &operand, Value addresses) {
  const int64_t lanes = blocking.lanes, bytes = bytesOf(operand.element);
  ir.loop(ir.constant(0), ir.mul(presentVectors, lanes), 1, [&](Value query) {
    Value address = ir.load(ir.i64(), ir.offset(addresses, ir.mul(query, 8)));
    Value row = LLVM::IntToPtrOp::create(ir.b, ir.loc, ir.ptr(), address);
    auto numbers = [&](int64_t column) { return convert(evaluate(tile, ir.constant(column), query), operand.element); };
    int64_t column = 0;
    for (; valuesInHalves() && column + 2 * lanes <= operand.columns; column += 2 * lanes) {
      SmallVector<int64_t> order;
      for (int64_t lane = 0; lane < lanes; lane += 4)
        for (int64_t vector : {0, 1})
          for (int64_t i = 0; i < 4; ++i)
            order.push_back(vector * lanes + lane + i);
      Value both = vector::ShuffleOp::create(ir.b, ir.loc, numbers(column), numbers(column + lanes), order);
      ir.store(both, ir.offset(row, column * bytes), bytes);
    }
    for (; column < operand.columns; column += lanes)
      ir.store(numbers(column), ir.offset(row, column * bytes), bytes);
  });
}
