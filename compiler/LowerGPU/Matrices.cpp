//===- Matrices.cpp - scores of all keys, in memory -----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A matrix holds fragments as they lie in registers, one key box behind the other:
// for each warp, and each 8 keys, four numbers of each lane. A lane reads what it
// wrote itself, so nobody waits for anybody, and a warp's 512 bytes are contiguous:
// no two lanes meet at a bank, and sectors of global memory are full.
//
//      box 0:  warp 0:  keys 0-7   lane 0  lane 1 ... lane 31    16 bytes each
//                       keys 8-15  lane 0  lane 1 ... lane 31
//                       ...
//              warp 1:  ...
//      box 1:  ...
//
// In the workspace the matrices of blocks lie one behind the other; one of a single
// task lies in shared memory.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

#include "compiler/Tile/Recipe.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

constexpr int64_t kGroupBytes = 512; // four numbers of each lane of a warp

/// Of a block's scores at one key box.
static int64_t bytesAtBox(tile::PlanAttr plan) { return 4 * plan.getQueryBox().volume() * plan.getKeyBox().volume(); }
int64_t Cta::matrixBytes() { return bytesAtBox(plan); }

Formula muntin::gpu::matricesFormula(tile::PlanAttr plan) {
  Formula boxes = Formula::apply(Formula::Op::Mul, tasksFormula(plan), keyBoxesFormula(plan));
  return Formula::apply(Formula::Op::Mul, std::move(boxes), Formula::constant(bytesAtBox(plan)));
}

/// In row-major order, as the walk over all keys visits them.
Value Cta::keyBoxNumber(const TileBox &keys) {
  Value number = constant(0);
  for (unsigned axis = 0; axis < rank; ++axis) {
    Value boxesOnAxis = narrow(ceilQuotient(keyExtents[axis], keys.dims[axis]));
    number = f.add(f.mul(number, boxesOnAxis), f.div(narrow(keys.box[axis].origin), keys.dims[axis]));
  }
  return number;
}

void Cta::bindMatrix(Value argument) {
  Value bytes = f.constant(matrixBytes());
  for (auto [axis, extent] : llvm::enumerate(plan.getKeyBox().getDims()))
    bytes = f.mul(bytes, ceilQuotient(keyExtents[axis], extent));
  Value block = widen(task);
  matrices[argument] = {machine.globalOffset(frame.workspace(), f.mul(block, bytes))};
}

void Cta::allocateMatrix(tile::ScratchOp op) {
  const int64_t boxes = op.getCapacity() / plan.getKeyBox().volume();
  matrices[op.getMatrix()] = {{}, sharedTop};
  sharedTop += boxes * matrixBytes();
  sharedBytes = std::max(sharedBytes, sharedTop);
}

/// Calls `body` with the pointer of each four registers of the lane.
void Cta::forEachGroup(Value matrix, Value keys, function_ref<void(Value, size_t)> body) {
  const Matrix &at = matrices.find(matrix)->second;
  const int64_t groups = plan.getKeyBox().volume() / 8;
  Value number = keyBoxNumber(boxes.find(keys)->second);
  Value ofLane = f.add(f.mul(warp, groups * kGroupBytes), f.mul(lane, kGroupBytes / 32));
  for (int64_t group = 0; group < groups; ++group) {
    if (at.base) {
      Value distance = f.add(f.mul(f.widen(number), matrixBytes()), f.add(f.widen(ofLane), group * kGroupBytes));
      body(machine.globalOffset(at.base, distance), 4 * group);
    } else {
      Value address = f.add(sharedBase, f.add(f.mul(number, matrixBytes()), ofLane));
      body(machine.sharedPointer(address, at.sharedBase + group * kGroupBytes), 4 * group);
    }
  }
}

void Cta::loadMatrix(tile::LoadMatrixOp op) {
  auto four = VectorType::get({4}, b.getF32Type());
  Values values;
  forEachGroup(op.getSource(), op.getKeys(), [&](Value pointer, size_t) {
    Value read = machine.load(four, pointer, kGroupBytes / 32);
    for (int64_t i = 0; i < 4; ++i)
      values.push_back(vector::ExtractOp::create(b, loc, read, i));
  });
  registers[op.getTile()] = values;
}

void Cta::storeMatrix(tile::StoreMatrixOp op) {
  auto four = VectorType::get({4}, b.getF32Type());
  const Values &values = registers.find(op.getTile())->second;
  forEachGroup(op.getTarget(), op.getKeys(), [&](Value pointer, size_t first) {
    Value written = vector::FromElementsOp::create(b, loc, four, ArrayRef(values).slice(first, 4));
    machine.store(written, pointer, kGroupBytes / 32);
  });
}
