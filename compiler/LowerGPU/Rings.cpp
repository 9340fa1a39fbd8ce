//===- Rings.cpp - walks whose copies run ahead ---------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step knows its own box and the next ones, as far as its copies run ahead:
//
//      steps before the first:   copies of the first boxes, nothing else
//      a step:   await           the groups up to this box's have arrived, for all warps: a barrier
//                copy ahead n    the n-th next box, into the buffer that the barrier shows to be free
//                release
//
// Copies that stand together are one group. Groups arrive in order and every step
// begins as many, those of boxes beyond the last included, which bring zeros from
// nowhere; so an await knows by counting how many groups may still be on their way.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

#include "compiler/Tile/ControlFlow.h"

#include <limits>

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

void Cta::allocateRing(tile::RingOp op) {
  tile::TileType type = op.getRing().getType().getTile();
  Ring ring{allocate(type.getShape()[0], type.getShape()[1], type.getElementType(), isReadByWords(op.getRing()))};
  ring.bytes = sharedTop - ring.first.base;
  sharedTop += (plan.getStages() - 1) * ring.bytes;
  sharedBytes = std::max(sharedBytes, sharedTop);
  rings[op.getRing()] = ring;
}

/// The buffer `ahead` steps after this step's.
SharedTile Cta::bufferOf(const Ring &ring, int64_t ahead) {
  SharedTile tile = ring.first;
  const int64_t stages = plan.getStages();
  if (stages == 1)
    return tile;
  Value number = ahead == 0 || ahead == stages ? pipeline.buffer : bufferAfter(pipeline.buffer, ahead);
  tile.start = f.add(sharedBase, f.mul(number, ring.bytes));
  return tile;
}

Value Cta::bufferAfter(Value number, int64_t steps) {
  const int64_t stages = plan.getStages();
  if (stages == 1)
    return number;
  Value moved = f.add(number, steps);
  return f.select(f.less(moved, constant(stages)), moved, f.sub(moved, stages));
}

void Cta::showReleases() {
  machine.barrier();
  for (auto &ring : rings)
    ring.second.free = true;
}

//===----------------------------------------------------------------------===//
// Copies and awaits
//===----------------------------------------------------------------------===//

static bool endsGroup(tile::CopyOp op) { return !isa_and_nonnull<tile::CopyOp>(op->getNextNode()); }

void Cta::copyAhead(tile::CopyOp op) {
  Ring &ring = rings.find(op.getRing())->second;
  if (!ring.free)
    showReleases();
  const int64_t ahead = op.getAhead();
  copyRows(operands.find(op.getSource())->second, pipeline.boxes[ahead], bufferOf(ring, ahead));
  if (endsGroup(op)) {
    machine.closeCopies();
    ++pipeline.groupsOfStep;
  }
}

/// Groups are numbered from this step's first; those of steps before have negative numbers.
void Cta::awaitRing(tile::AwaitOp op) {
  tile::CopyOp copy = tile::copyFor(op);
  int64_t groupsPerStep = 0, ofStep = 0;
  for (auto other : op->getBlock()->getOps<tile::CopyOp>()) {
    if (other == copy)
      ofStep = groupsPerStep;
    groupsPerStep += endsGroup(other);
  }
  const int64_t group = ofStep - int64_t(copy.getAhead()) * groupsPerStep;
  if (group > pipeline.arrived) {
    machine.awaitCopies(pipeline.groupsOfStep - 1 - group);
    showReleases();
    pipeline.arrived = group;
    arrivedGroups = copyGroups; // what was begun before the walk came first
  }
  shared[op.getTile()] = bufferOf(rings.find(op.getRing())->second, 0);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

attn::Box Cta::boxAt(KeyWalk &walk, ValueRange place) {
  attn::Box box;
  for (auto [axis, extent, first] : llvm::zip(walk.range, walk.op.getShape().getDims(), place)) {
    Value tokens = f.widen(first);
    box.push_back({f.add(axis.origin, f.mul(tokens, axis.step)), axis.step, f.min(f.sub(axis.count, tokens), extent)});
  }
  return box;
}

/// Row-major order; beyond the last box the first axis' place is at or beyond its count.
Values Cta::placeAfter(KeyWalk &walk, ValueRange place) {
  Values next(rank);
  Value carry; // to the next axis
  for (int axis = rank - 1; axis >= 0; --axis) {
    Value moved = f.add(place[axis], walk.op.getShape().getDims()[axis]);
    Value here = carry ? f.select(carry, moved, place[axis]) : moved;
    Value beyond = f.notLess(here, narrow(walk.range[axis].count));
    next[axis] = axis == 0 ? here : f.select(beyond, constant(0), here);
    carry = beyond;
  }
  return next;
}

Value Cta::isInWalk(KeyWalk &walk, ValueRange place) { return f.less(place[0], narrow(walk.range[0].count)); }

/// The first place from `place` on that the walk visits, or one beyond the last.
Values Cta::seek(KeyWalk &walk, ValueRange place) {
  if (walk.op.getRange() == tile::KeyRange::All)
    return Values(place);
  return buildWhile(
      b, loc, place,
      [&](ValueRange at) { return f.both(isInWalk(walk, at), f.negate(visits(walk.op, boxAt(walk, at)))); },
      [&](ValueRange at) { return placeAfter(walk, at); });
}

/// The first `count` places, one after the other.
Values Cta::firstPlaces(KeyWalk &walk, int64_t count) {
  Value some;
  for (const attn::BoxAxis &axis : walk.range)
    some = f.both(some, f.less(f.constant(0), axis.count));
  Values begin(rank, constant(0));
  begin[0] = f.select(some, begin[0], narrow(f.max(walk.range[0].count, 0)));
  if (count == 1)
    return seek(walk, begin);
  Values none(count * rank, constant(0));
  return loop(constant(count), none, [&](Value index, ValueRange before) {
    Values next = placeAfter(walk, before.take_back(rank));
    for (auto [place, first] : llvm::zip(next, begin))
      place = f.select(f.equal(index, constant(0)), first, place);
    Values places(before.drop_front(rank));
    llvm::append_range(places, seek(walk, next));
    return places;
  });
}

/// The copies of the steps before the first: all that bring a box there is, groups as in every step.
void Cta::fillBuffers(tile::ForKeyBoxesOp op, int64_t most) {
  for (int64_t step = -most; step < 0; ++step)
    for (auto copy : op.getBody().getOps<tile::CopyOp>()) {
      Ring &ring = rings.find(copy.getRing())->second;
      if (const int64_t box = step + int64_t(copy.getAhead()); box >= 0) {
        if (!ring.free)
          showReleases();
        copyRows(operands.find(copy.getSource())->second, pipeline.boxes[box], bufferOf(ring, box));
      }
      if (endsGroup(copy))
        machine.closeCopies();
    }
}

LogicalResult Cta::emitPipelinedWalk(tile::ForKeyBoxesOp op) {
  const bool all = op.getRange() == tile::KeyRange::All;
  KeyWalk walk{op, all ? allKeys() : liveKeys(cast<attn::MaskAttrInterface>(op.getMask()))};
  const auto dims = SmallVector<int64_t, 3>(op.getShape().getDims());
  int64_t most = 0; // boxes that a copy runs ahead
  for (auto copy : op.getBody().getOps<tile::CopyOp>())
    most = std::max<int64_t>(most, copy.getAhead());
  const int64_t groupsBefore = copyGroups, arrivedBefore = arrivedGroups, numPlaces = (most + 1) * rank;
  auto bindBoxes = [&](ValueRange places) {
    pipeline.boxes.clear();
    for (int64_t i = 0; i <= most; ++i) {
      ValueRange place = places.slice(i * rank, rank);
      TileBox &keys = pipeline.boxes.emplace_back(TileBox{boxAt(walk, place), dims, walk.range});
      for (Value first : place)
        keys.places.push_back(f.widen(first));
    }
  };
  Values state = firstPlaces(walk, most + 1);
  bindBoxes(state);
  pipeline.buffer = constant(0);
  fillBuffers(op, most);
  state.push_back(pipeline.buffer);
  llvm::append_range(state, carriedBy(op.getInits()));
  LogicalResult result = success();
  auto step = [&](ValueRange before) {
    ValueRange places = before.take_front(numPlaces), tiles = before.drop_front(numPlaces + 1);
    bindBoxes(places);
    pipeline.buffer = before[numPlaces];
    pipeline.groupsOfStep = 0;
    pipeline.arrived = std::numeric_limits<int64_t>::min(); // nothing is known to
    for (auto &ring : rings)
      ring.second.free = false;
    boxes[op.getKeys()] = pipeline.boxes[0];
    bindCarried(op.getCarried(), tiles);
    Values next(places.drop_front(rank));
    llvm::append_range(next, seek(walk, placeAfter(walk, places.take_back(rank))));
    next.push_back(bufferAfter(before[numPlaces], 1));
    result = emitBlock(op.getBody().front());
    llvm::append_range(next, succeeded(result) ? carriedBy(op.getYield().getValues()) : Values(tiles));
    return next;
  };
  Values last = buildWhile(
      b, loc, state, [&](ValueRange at) { return isInWalk(walk, at); }, step);
  machine.awaitCopies(0); // zeros of boxes beyond the last, before their buffers get something else
  for (auto &ring : rings)
    ring.second.free = false;
  copyGroups = groupsBefore, arrivedGroups = arrivedBefore;
  bindCarried(op.getResults(), ValueRange(last).drop_front(numPlaces + 1));
  return result;
}
