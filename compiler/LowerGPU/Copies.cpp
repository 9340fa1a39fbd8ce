//===- Copies.cpp - tiles in and out of shared memory ---------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row of a tile is a token's row of numbers, wherever in the grid its box puts
// it. Threads take units of the plan's alignment, one behind the other along the
// row: 16, 8 and 4 bytes are copied asynchronously, 2 by a load and a store. What
// the box or the row lacks becomes zeros and is not read.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

/// Loops over more units than this stay loops: an address for each round is held in registers across a walk. Where the
/// output's rows have more than kWideOutput bytes, or rounds end within rows, there are none to spare. (f32 take twice
/// the bytes, and need registers for what splits them.)
constexpr int64_t kMostUnrolled = 8, kWideOutput = 256;
constexpr int64_t kSharedAlignment = 128; // bytes: all banks once
constexpr int64_t kSwizzledRows = 8;      // swizzles repeat after so many
constexpr int64_t kBankRows = 8;          // pieces of so many rows are on all banks

//===----------------------------------------------------------------------===//
// Places in shared memory
//===----------------------------------------------------------------------===//

SharedTile Cta::allocate(tile::TileType type) {
  const int64_t columns = tile::paddedColumns(type.getShape()[1], bytesOf(type.getElementType()));
  SharedTile tile{sharedBase, sharedTop, type.getShape()[0], columns, type.getElementType(), type.getLayout()};
  sharedTop += llvm::alignTo(tile.rows * tile.pitch(), kSharedAlignment);
  sharedBytes = std::max(sharedBytes, sharedTop);
  return tile;
}

/// Of what no operation loads, in rows as if one did.
SharedTile Cta::allocate(int64_t rows, int64_t columns, Type element) {
  const tile::LayoutAttr layout = tile::sharedLayout(b.getContext(), columns, bytesOf(element), element.isF32());
  return allocate(tile::TileType::get(b.getContext(), {rows, columns}, element, layout));
}

/// Which pieces of a tile's row change places: the number is XORed with a piece's.
Value Cta::swizzleOf(const SharedTile &tile, Value row) {
  const auto [first, count] = tile.layout.swizzle();
  return f.rem(f.div(row, int64_t(1) << first), int64_t(1) << count);
}

/// Address of a unit of a row, from the tile's beginning.
Value Cta::unitAddress(const SharedTile &tile, Value row, Value unit, int64_t unitBytes) {
  const int64_t perPiece = 16 / unitBytes;
  Value piece = f.div(unit, perPiece), within = f.mul(f.rem(unit, perPiece), unitBytes);
  piece = b.createOrFold<arith::XOrIOp>(loc, piece, swizzleOf(tile, row));
  Value inRow = f.add(f.mul(piece, 16), within);
  return f.add(tile.start, f.add(f.mul(row, tile.pitch()), inRow));
}

/// The swizzle takes part in the low bits of a row only: the others are an offset.
Value Cta::unitPointer(const SharedTile &tile, SplitRow row, Value unit, int64_t unitBytes) {
  const int64_t swizzled = row.more % kSwizzledRows;
  Value low = swizzled ? f.either(row.first, constant(swizzled)) : row.first;
  return machine.sharedPointer(unitAddress(tile, low, unit, unitBytes),
                               tile.base + (row.more - swizzled) * tile.pitch());
}

//===----------------------------------------------------------------------===//
// Places in global memory
//===----------------------------------------------------------------------===//

/// Whether the place of a sum of rows, whose bits differ, is the sum of their places on each axis.
static bool placesAdd(const TileBox &box) {
  return llvm::all_of(box.dims, [](int64_t extent) { return llvm::isPowerOf2_64(extent); });
}

/// Where `row` is a constant, this is one.
static int64_t placeOf(int64_t row, const TileBox &box, unsigned axis) {
  for (int64_t extent : llvm::reverse(ArrayRef(box.dims).drop_front(axis + 1)))
    row /= extent;
  return axis == 0 ? row : row % box.dims[axis];
}

/// In a walk, what is left of the range behind the thread's place is subtracted once, and the box's place in a step.
Value Cta::tokenIsThere(const TileBox &box, SplitRow row) {
  const bool split = placesAdd(box), ofRange = split && !box.range.empty() && llvm::product_of(box.dims) % 16 == 0;
  Value whole = split || !row.more ? row.first : f.either(row.first, constant(row.more));
  Value common, ofRound; // axes on which all of a thread's rows lie at one place come first: asked once
  for (unsigned axis = 0; axis < rank; ++axis) {
    Value count = box.box[axis].count, places = place(whole, box.dims, axis);
    Value left = ofRange && !getConstantIntValue(count)
                     ? f.sub(f.sub(narrow(box.range[axis].count), places), box.places[axis])
                     : f.sub(narrow(count), places);
    const int64_t more = split ? placeOf(row.more, box, axis) : 0;
    Value &part = more ? ofRound : common;
    part = f.both(part, f.less(constant(more), left));
  }
  return f.both(common, ofRound);
}

/// Bytes from a box's first token to that of a row.
Value Cta::distanceOf(const Operand &operand, const TileBox &box, Value row) {
  Value distance = f.constant(0);
  for (unsigned axis = 0; axis < rank; ++axis) {
    Value steps = widen(place(row, box.dims, axis));
    distance = f.add(distance, f.mul(steps, f.mul(operand.strides[axis], box.box[axis].step)));
  }
  return distance;
}

/// Address of a row's token, or of `inRow` bytes behind it. In this order what belongs to the thread and where the
/// range begins leave walks; the box's place or origin, below 2^32, costs two instructions an axis; and each bit of
/// what the threads share two more.
Value Cta::tokenAddress(const Operand &operand, const TileBox &box, SplitRow row, Value inRow) {
  const bool split = placesAdd(box);
  Value own = distanceOf(operand, box, split || !row.more ? row.first : f.either(row.first, constant(row.more)));
  if (inRow)
    own = f.add(own, widen(inRow));
  Value address = operand.base;
  for (auto [axis, range] : llvm::enumerate(box.range))
    address = machine.globalOffset(address, f.mul(range.origin, operand.strides[axis]));
  address = machine.globalOffset(address, own);
  for (unsigned axis = 0; axis < rank; ++axis) {
    if (box.range.empty())
      address = machine.globalOffset(address, narrow(box.box[axis].origin), operand.strides[axis]);
    else
      address = machine.globalOffset(address, box.places[axis], f.mul(operand.strides[axis], box.range[axis].step));
  }
  for (int64_t more = split ? row.more : 0; more; more &= more - 1)
    address = machine.globalOffset(address, distanceOf(operand, box, constant(more & -more)));
  return address;
}

//===----------------------------------------------------------------------===//
// In
//===----------------------------------------------------------------------===//

/// Units of a piece, where neighbouring threads take eight rows of one piece before the next: of an odd number of
/// pieces from row to row, of which some lie between the rows, these are on all banks, and units one behind the other
/// are not.
static int64_t unitsDownRows(const SharedTile &tile, int64_t unitBytes) {
  return tile.mixedPieces() == 1 && tile.pieces() % 8 ? 16 / unitBytes : 0;
}

/// body(row, unit of the row) for the units of `rows` rows that thread `number` of `threads` takes. `down`: as above.
void Cta::forEachUnit(Value number, int64_t threads, int64_t rows, int64_t unitsPerRow, int64_t down,
                      function_ref<void(SplitRow, Value)> body) {
  const int64_t units = rows * unitsPerRow, rounds = (units + threads - 1) / threads;
  auto unitAt = [&](Value index) -> std::pair<Value, Value> {
    if (!down)
      return {f.div(index, unitsPerRow), f.rem(index, unitsPerRow)};
    Value pieceOfRow = f.div(index, down), pieceOfRows = f.div(pieceOfRow, kBankRows);
    Value piece = f.rem(pieceOfRows, unitsPerRow / down);
    Value row = f.add(f.mul(f.div(pieceOfRows, unitsPerRow / down), kBankRows), f.rem(pieceOfRow, kBankRows));
    return {row, f.add(f.mul(piece, down), f.rem(index, down))};
  };
  auto unit = [&](Value index) {
    auto emit = [&] {
      auto [row, ofRow] = unitAt(index);
      body({row}, ofRow);
      return Values();
    };
    if (units % threads)
      when(f.less(index, constant(units)), {}, emit);
    else
      emit();
  };
  // Where a round is a number of whole rows, a thread stays in its column.
  const bool wholeRows = threads % (down ? kBankRows * unitsPerRow : unitsPerRow) == 0 && units % threads == 0;
  if (rounds > (wholeRows && outputColumns() * bytesOf(element()) <= kWideOutput ? kMostUnrolled : 1)) {
    loop(constant(rounds), {}, [&](Value round, ValueRange) {
      unit(f.add(number, f.mul(round, threads)));
      return Values();
    });
    return;
  }
  // The threads are a power of two, so that "or" adds, and says that nothing is carried.
  for (int64_t round = 0; round < rounds; ++round) {
    if (!wholeRows) {
      unit(f.either(number, constant(round * threads)));
      continue;
    }
    auto [row, ofRow] = unitAt(number);
    body({row, round * threads / unitsPerRow}, ofRow);
  }
}

/// The rows of a box on their way into a tile; the copies are not closed as a group yet.
void Cta::copyRows(const Operand &operand, const TileBox &box, const SharedTile &tile) {
  const int64_t unitBytes = plan.getAlign();
  forEachUnit(thread, threads(), tile.rows, tile.rowBytes() / unitBytes, unitsDownRows(tile, unitBytes),
              [&](SplitRow row, Value unit) {
                Value there = tokenIsThere(box, row);
                if (operand.columns < tile.columns)
                  there = f.both(there, f.less(unit, constant(operand.rowBytes() / unitBytes)));
                Value from = tokenAddress(operand, box, row, f.mul(unit, unitBytes));
                Value to = unitPointer(tile, row, unit, unitBytes);
                if (unitBytes >= 4)
                  return machine.copyAsync(to, from, unitBytes, there);
                Type word = b.getI16Type();
                Value none = f.constant(word, 0);
                Value read = when(there, none, [&] { return Values{machine.load(word, from, unitBytes)}; })[0];
                machine.store(read, to, unitBytes);
              });
}

void Cta::copyIn(tile::LoadOp op) {
  tile::TileType type = op.getTile().getType();
  SharedTile tile = allocate(type);
  if (op.getBox().getDefiningOp<tile::QueryBoxOp>())
    reserveOutput(tile);
  copyRows(operands.find(op.getSource())->second, boxes.lookup(op.getBox()), tile);
  machine.closeCopies();
  tile.group = ++copyGroups;
  if (op.getFactor())
    scale(tile, scalars.lookup(op.getFactor()));
  shared[op.getTile()] = tile;
}

/// Where the factor is not 1, each thread multiplies what it has copied.
void Cta::scale(const SharedTile &tile, Value factor) {
  Value changes = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, factor, number(1));
  when(changes, {}, [&] {
    machine.awaitCopies(0);
    const int64_t unitBytes = plan.getAlign();
    auto type = VectorType::get({unitBytes / bytesOf(tile.element)}, tile.element), wide = type.clone(b.getF32Type());
    forEachUnit(thread, threads(), tile.rows, tile.rowBytes() / unitBytes, unitsDownRows(tile, unitBytes),
                [&](SplitRow row, Value unit) {
                  Value pointer = unitPointer(tile, row, unit, unitBytes);
                  Value read = machine.load(type, pointer, unitBytes);
                  Value numbers = type == wide ? read : arith::ExtFOp::create(b, loc, wide, read);
                  Value factors = vector::BroadcastOp::create(b, loc, wide, factor);
                  Value scaled = arith::MulFOp::create(b, loc, numbers, factors);
                  machine.store(type == wide ? scaled : arith::TruncFOp::create(b, loc, type, scaled), pointer,
                                unitBytes);
                });
    return Values();
  });
}

/// All of `tiles` are there, for all threads.
void Cta::awaitArrival(ArrayRef<const SharedTile *> tiles) {
  int64_t last = 0;
  for (const SharedTile *tile : tiles)
    last = std::max(last, tile->group);
  if (last <= arrivedGroups)
    return;
  machine.awaitCopies(copyGroups - last);
  machine.barrier();
  arrivedGroups = last;
}

//===----------------------------------------------------------------------===//
// Out
//===----------------------------------------------------------------------===//

/// Columns of the kernel's output, 0 if it has none.
int64_t Cta::outputColumns() {
  BlockArgument out = tile::operandNamed(kernel, "out");
  return out ? cast<tile::GridTensorType>(out.getType()).getColumns() : 0;
}

/// The output leaves through the memory of the queries, which nobody reads any more.
void Cta::reserveOutput(const SharedTile &query) {
  outputBase = sharedTop = query.base;
  allocate(query.rows, std::max(outputColumns(), query.columns), query.element);
}

void Cta::copyOut(tile::StoreOp op, const Operand &operand) {
  const Values &values = registers.find(op.getTile())->second;
  const int64_t top = sharedTop;
  sharedTop = outputBase;
  const SharedTile tile = allocate(plan.getQueryBox().volume(), operand.columns, operand.element);
  sharedTop = top;
  if (copyGroups > arrivedGroups || !rings.empty())
    machine.awaitCopies(0);
  machine.barrier(); // all have read the queries
  storeFragments(tile, values);
  machine.warpBarrier(); // a warp writes its own rows
  const int64_t unitBytes = plan.getAlign();
  Type unitType = b.getIntegerType(unsigned(8 * std::min<int64_t>(unitBytes, 8)));
  if (unitBytes == 16)
    unitType = VectorType::get({2}, unitType);
  forEachUnit(lane, 32, 16, operand.rowBytes() / unitBytes, 0, [&](SplitRow ofWarp, Value unit) {
    const SplitRow row{f.either(f.mul(warp, 16), ofWarp.first), ofWarp.more};
    when(tokenIsThere(queries, row), {}, [&] {
      Value read = machine.load(unitType, unitPointer(tile, row, unit, unitBytes), unitBytes);
      machine.store(read, tokenAddress(operand, queries, row, f.mul(unit, unitBytes)), unitBytes);
      return Values();
    });
  });
}

/// One number per row, by the first of the four lanes that have it. A null tensor takes nothing.
void Cta::storeRow(tile::StoreOp op, const Operand &operand) {
  const Values &values = registers.find(op.getTile())->second;
  Value wanted = f.both(machine.isNotNull(frame.tensor(Tensor::Lse)), f.equal(laneInGroup, constant(0)));
  for (int half = 0; half < 2; ++half) {
    const SplitRow row{f.either(f.mul(warp, 16), laneGroup), 8 * half};
    when(f.both(wanted, tokenIsThere(queries, row)), {}, [&] {
      machine.store(values[half], tokenAddress(operand, queries, row), 4);
      return Values();
    });
  }
}
