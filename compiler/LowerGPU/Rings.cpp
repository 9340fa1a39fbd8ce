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
// begins as many, empty ones included; so an await knows by counting how many
// groups may still be on their way.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

void Cta::allocateRing(tile::RingOp op) {
  Ring ring{allocate(op.getRing().getType().getTile())};
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
  Value number = pipeline.buffer;
  if (ahead % stages)
    number = ahead == 1 && pipeline.nextBuffer ? pipeline.nextBuffer : bufferAfter(number, ahead);
  tile.start = f.add(sharedBase, f.mul(number, ring.bytes));
  return tile;
}

Value Cta::bufferAfter(Value number, int64_t steps) {
  const int64_t stages = plan.getStages();
  if (stages == 1)
    return number;
  Value moved = f.add(number, steps);
  if (llvm::isPowerOf2_64(stages))
    return f.rem(moved, stages);
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

/// The box so many steps after this one, if there is one.
void Cta::copyBox(tile::CopyOp op, int64_t ahead, bool exists) {
  auto copy = [&] {
    const Ring &ring = rings.find(op.getRing())->second;
    copyRows(operands.find(op.getSource())->second, pipeline.boxes[ahead], bufferOf(ring, ahead));
    return Values();
  };
  if (exists)
    copy();
  else
    when(pipeline.exists[ahead], {}, copy);
}

static bool endsGroup(tile::CopyOp op) { return !isa_and_nonnull<tile::CopyOp>(op->getNextNode()); }

void Cta::copyAhead(tile::CopyOp op) {
  Ring &ring = rings.find(op.getRing())->second;
  if (!ring.free)
    showReleases();
  copyBox(op, op.getAhead(), /*exists=*/op.getAhead() == 0);
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

/// `buffer`: number of the buffers that the step reads.
void Cta::beginStep(Value buffer) {
  pipeline.buffer = buffer;
  pipeline.nextBuffer = bufferAfter(buffer, 1);
  pipeline.groupsOfStep = 0;
  pipeline.arrived = std::numeric_limits<int64_t>::min(); // nothing is known to
  for (auto &ring : rings)
    ring.second.free = false;
}

/// The copies of the steps before the first: all that bring a box there is, groups as in every step from the first copy
/// on.
void Cta::fillBuffers(tile::ForKeyBoxesOp op, int64_t most) {
  pipeline.buffer = constant(0);
  bool begun = false; // groups before the first copy say nothing
  pipeline.nextBuffer = Value();
  for (int64_t step = -most; step < 0; ++step)
    for (auto copy : op.getBody().getOps<tile::CopyOp>()) {
      Ring &ring = rings.find(copy.getRing())->second;
      if (const int64_t box = step + int64_t(copy.getAhead()); box >= 0) {
        if (!ring.free)
          showReleases();
        copyBox(copy, box, /*exists=*/false);
        begun = true;
      }
      if (begun && endsGroup(copy))
        machine.closeCopies();
    }
}
