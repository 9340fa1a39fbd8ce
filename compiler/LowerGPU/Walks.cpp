//===- Walks.cpp - which key boxes a block visits, and in which order -----===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Boxes are laid on the range from its first token on. A place is, per axis, how
// many tokens of the range lie before the box: below 2^31, so 32 bits. Where the
// mask gives the keys that all queries have in common as a box, and the range is
// exact, nothing is asked box by box:
//
//      range     +----+----+----+----+--+      full:    the boxes inside of the
//                |    |    |    |    |  |               common keys, two numbers
//                +----+----+----+----+--+               an axis, known before
//                |   #|####|####|#   |  |
//      common ## +----+----+----+----+--+      border:  all others; the walk jumps
//                |   #|####|####|#   |  |               over the full ones
//                +----+----+----+----+--+
//
// Otherwise each box of the range is classified as the walk comes to it.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

#include "compiler/Tile/ControlFlow.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

/// Places of the first box inside of `tokens` and of the first one beyond, on an axis of the range.
std::pair<Value, Value> Cta::boxesInside(const attn::BoxAxis &tokens, const attn::BoxAxis &range, int64_t extent) {
  Value before = f.div(f.sub(tokens.origin, range.origin), range.step);
  Value begin = f.mul(ceilQuotient(before, extent), extent);
  Value end = f.mul(f.div(f.add(before, f.max(tokens.count, 0)), extent), extent);
  return {narrow(begin), narrow(end)};
}

KeyWalk Cta::beginWalk(tile::ForKeyBoxesOp op) {
  using Range = tile::KeyRange;
  const Range kind = op.getRange();
  auto mask = cast<attn::MaskAttrInterface>(op.getMask());
  const attn::LiveSet live = kind == Range::All ? attn::LiveSet{allKeys(), true} : liveKeys(mask);
  const bool splits = kind == Range::Full || kind == Range::Border;
  const auto common = splits ? mask.commonKeys(b, loc, maskContext(), queries.box) : std::nullopt;
  KeyWalk walk{op, live.box};
  walk.asks = !live.exact || (splits && !common);
  for (unsigned axis = 0; axis < rank; ++axis) {
    Value begin = constant(0), end = narrow(walk.range[axis].count);
    if (splits && !walk.asks) {
      auto [fullBegin, fullEnd] = boxesInside((*common)[axis], walk.range[axis], op.getShape().getDims()[axis]);
      if (kind == Range::Full) {
        begin = fullBegin, end = fullEnd;
      } else {
        walk.fullBegin.push_back(fullBegin);
        walk.fullEnd.push_back(fullEnd);
      }
    }
    walk.begin.push_back(begin);
    walk.end.push_back(end);
  }
  return walk;
}

attn::Box Cta::boxAt(KeyWalk &walk, ValueRange place) {
  const bool whole = walk.op.getRange() == tile::KeyRange::Full && !walk.asks;
  attn::Box box;
  for (auto [axis, extent, first] : llvm::zip(walk.range, walk.op.getShape().getDims(), place)) {
    Value tokens = f.widen(first);
    Value count = whole ? f.constant(extent) : f.min(f.sub(axis.count, tokens), extent);
    box.push_back({f.add(axis.origin, f.mul(tokens, axis.step)), axis.step, count});
  }
  return box;
}

/// Row-major order; beyond the last box the first axis' place is at or beyond its end.
Values Cta::placeAfter(KeyWalk &walk, ValueRange place) {
  Values next(rank);
  Value carry; // to the next axis
  for (int axis = rank - 1; axis >= 0; --axis) {
    Value moved = f.add(place[axis], walk.op.getShape().getDims()[axis]);
    Value here = carry ? f.select(carry, moved, place[axis]) : moved;
    carry = axis ? f.notLess(here, walk.end[axis]) : Value();
    next[axis] = axis ? f.select(carry, walk.begin[axis], here) : here;
  }
  return next;
}

Value Cta::isInWalk(KeyWalk &walk, ValueRange place) { return f.less(place[0], walk.end[0]); }

/// The first place after `place` that the walk visits, or one beyond the last. Full boxes, where they are known, are a
/// run of each row that they are in: from its first the walk jumps to its last, and goes on from there.
Values Cta::visitedAfter(KeyWalk &walk, ValueRange place) {
  if (walk.asks)
    return seek(walk, placeAfter(walk, place));
  if (walk.fullBegin.empty())
    return placeAfter(walk, place);
  const int64_t extent = walk.op.getShape().getDims().back();
  auto isFull = [&](ValueRange at) {
    Value all;
    for (unsigned axis = 0; axis < rank; ++axis)
      all = f.both(all, f.both(f.notLess(at[axis], walk.fullBegin[axis]), f.less(at[axis], walk.fullEnd[axis])));
    return all;
  };
  if (rank == 1) {
    Values next = placeAfter(walk, place);
    return {f.select(isFull(next), walk.fullEnd[0], next[0])};
  }
  Value lastFull = f.sub(walk.fullEnd.back(), extent);
  return buildDoWhile(b, loc, place, [&](ValueRange at) {
    Values next = placeAfter(walk, at);
    Value full = isFull(next);
    next.back() = f.select(full, lastFull, next.back());
    return std::pair(full, next);
  });
}

/// Of a walk that asks: the first place from `place` on that it visits.
Values Cta::seek(KeyWalk &walk, ValueRange place) {
  return buildWhile(
      b, loc, place,
      [&](ValueRange at) { return f.both(isInWalk(walk, at), f.negate(visits(walk.op, boxAt(walk, at)))); },
      [&](ValueRange at) { return placeAfter(walk, at); });
}

/// The first `count` places, one after the other.
Values Cta::firstPlaces(KeyWalk &walk, int64_t count) {
  Value some;
  for (unsigned axis = 0; axis < rank; ++axis)
    some = f.both(some, f.less(walk.begin[axis], walk.end[axis]));
  Values first = walk.begin;
  first[0] = f.select(some, first[0], walk.end[0]);
  if (count == 1 || !walk.asks) { // short to say again
    Values before = first, places = first;
    before.back() = f.sub(first.back(), walk.op.getShape().getDims().back());
    if (walk.asks)
      places = seek(walk, first);
    else if (!walk.fullBegin.empty())
      places = visitedAfter(walk, before);
    for (int64_t i = 1; i < count; ++i)
      llvm::append_range(places, visitedAfter(walk, ValueRange(places).take_back(rank)));
    return places;
  }
  Values none(count * rank, constant(0));
  return loop(constant(count), none, [&](Value index, ValueRange before) {
    Values next = placeAfter(walk, before.take_back(rank));
    for (auto [place, begin] : llvm::zip(next, first))
      place = f.select(f.equal(index, constant(0)), begin, place);
    Values places(before.drop_front(rank));
    llvm::append_range(places, seek(walk, next));
    return places;
  });
}

/// Where the box lies in the range of its walk; a box that stands alone is its own range.
Value Cta::firstPlace(const TileBox &box, unsigned axis) { return box.range.empty() ? constant(0) : box.places[axis]; }

/// Binds the boxes of this step and the next ones.
void Cta::bindBoxes(KeyWalk &walk, ValueRange places) {
  pipeline.boxes.clear();
  pipeline.exists.clear();
  const Attribute live = walk.op.getRange() == tile::KeyRange::All ? Attribute() : walk.op.getMask();
  for (; !places.empty(); places = places.drop_front(rank)) {
    ValueRange place = places.take_front(rank);
    const SmallVector<int64_t, 3> dims(walk.op.getShape().getDims());
    pipeline.boxes.push_back({boxAt(walk, place), dims, walk.range, Values(place), live});
    pipeline.exists.push_back(isInWalk(walk, place));
  }
}

LogicalResult Cta::emitForKeyBoxes(tile::ForKeyBoxesOp op) {
  KeyWalk walk = beginWalk(op);
  int64_t most = 0; // boxes that a copy runs ahead
  const bool copies = !op.getBody().getOps<tile::CopyOp>().empty();
  for (auto copy : op.getBody().getOps<tile::CopyOp>())
    most = std::max<int64_t>(most, copy.getAhead());
  const int64_t sharedBefore = sharedTop, groupsBefore = copyGroups, arrivedBefore = arrivedGroups;
  const int64_t numPlaces = (most + 1) * rank;
  Values state = firstPlaces(walk, most + 1);
  if (copies) {
    bindBoxes(walk, state);
    fillBuffers(op, most);
  }
  const auto ringsBefore = rings;
  state.push_back(constant(0)); // number of the step's buffers
  llvm::append_range(state, carriedBy(op.getInits()));
  LogicalResult result = success();
  auto step = [&](ValueRange before) {
    ValueRange places = before.take_front(numPlaces), tiles = before.drop_front(numPlaces + 1);
    bindBoxes(walk, places);
    boxes[op.getKeys()] = pipeline.boxes[0];
    bindCarried(op.getCarried(), tiles);
    if (copies)
      beginStep(before[numPlaces]);
    else if (!op.getBody().getOps<tile::LoadOp>().empty())
      machine.barrier(); // all have read what the next copies overwrite
    result = emitBlock(op.getBody().front());
    Values next(places.drop_front(rank));
    llvm::append_range(next, visitedAfter(walk, places.take_back(rank)));
    next.push_back(copies ? pipeline.nextBuffer : before[numPlaces]);
    llvm::append_range(next, succeeded(result) ? carriedBy(op.getYield().getValues()) : Values(tiles));
    return next;
  };
  Values last = buildWhile(b, loc, state, [&](ValueRange at) { return isInWalk(walk, at); }, step);
  sharedTop = sharedBefore;
  for (auto &[ring, before] : ringsBefore) // after the last step, or after none
    rings[ring].free &= before.free;
  // The walk may have had no box at all: what was on its way before may still be. One over all keys had some, as there
  // are keys.
  if (copies || op.getRange() != tile::KeyRange::All)
    copyGroups = groupsBefore, arrivedGroups = arrivedBefore;
  bindCarried(op.getResults(), ValueRange(last).drop_front(numPlaces + 1));
  return result;
}
