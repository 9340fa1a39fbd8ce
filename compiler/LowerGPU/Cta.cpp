//===- Cta.cpp - one query box of one head, operation by operation --------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Cta.h"

#include "compiler/LowerGPU/LaneSums.h"
#include "compiler/Tile/ControlFlow.h"
#include "compiler/Tile/Recipe.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace muntin;
using namespace muntin::gpu;

constexpr int64_t kWarpThreads = 32;
constexpr int64_t kColumnsBesidePlace = 128; // of the output: half as many registers

Cta::Cta(OpBuilder &builder, func::FuncOp kernel, tile::PlanAttr plan, StringRef name)
    : b(builder), loc(kernel.getLoc()), kernel(kernel), plan(plan), rank(plan.getQueryBox().getDims().size()),
      laneSums(findLaneSums(kernel)), frame(builder, loc, name, kWarpThreads * plan.getWarps(), plan.getRegisters()),
      machine(builder, loc), f(builder, loc) {}

void Cta::nameThread(Value number) {
  thread = f.rem(number, threads()); // says how large it can be
  lane = f.rem(thread, kWarpThreads), warp = f.div(thread, kWarpThreads);
  laneGroup = f.div(lane, 4), laneInGroup = f.rem(lane, 4);
}

LogicalResult Cta::emit() {
  nameThread(machine.threadNumber());
  sharedBase = machine.sharedBase();
  for (unsigned axis = 0; axis < rank; ++axis) {
    queryExtents.push_back(frame.symbol(Symbol(unsigned(Symbol::Query0) + axis)));
    keyExtents.push_back(frame.symbol(Symbol(unsigned(Symbol::Key0) + axis)));
  }
  LogicalResult result = success();
  if (plan.getResident() == 0) {
    task = machine.blockNumber();
    result = emitTask();
  } else { // the block takes every so many-th task
    Value tasks = narrow(frame.value(tasksFormula(plan)));
    buildLoop(b, loc, machine.blockNumber(), tasks, machine.numBlocks(), {}, [&](Value number, ValueRange) {
      machine.barrier(); // all have stored the last task's output
      task = number;
      result = emitTask();
      return Values();
    });
  }
  if (succeeded(result))
    frame.finish(sharedBytes);
  return result;
}

LogicalResult Cta::emitTask() {
  chooseBox();
  Value some; // a residue class may have fewer boxes than its number of tasks
  for (const attn::BoxAxis &axis : queries.box)
    if (axis.step > 1)
      some = f.both(some, f.less(f.constant(0), axis.count));
  LogicalResult result = success();
  auto body = [&] {
    bindArguments();
    result = emitBlock(kernel.getBody().front());
    return Values();
  };
  if (some)
    when(some, {}, body);
  else
    body();
  return result;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

Operand Cta::operandOf(Tensor tensor, tile::GridTensorType type, Value ofHead) {
  auto stride = [&](unsigned axis) { return f.mul(frame.stride(tensor, axis), bytesOf(type.getElementType())); };
  Operand operand{frame.tensor(tensor), {}, type.getElementType(), type.getColumns()};
  for (unsigned axis = 0; axis < rank; ++axis)
    operand.strides.push_back(stride(1 + axis));
  Value start = f.add(f.mul(batch, stride(0)), f.mul(ofHead, stride(1 + rank)));
  operand.base = machine.globalOffset(operand.base, start);
  return operand;
}

/// Said where it is used, and what follows from the thread's number said again behind walks: else both would be held in
/// registers across them. Wide outputs leave none for the block's place either: it costs 60 instructions a block.
Operand Cta::targetOf(tile::StoreOp store) {
  if (store->getParentOp() == kernel) {
    nameThread(machine.threadNumberAgain());
    if (plan.getResident() == 0 && outputColumns() > kColumnsBesidePlace && !placeIsSaidAgain) {
      task = machine.blockNumberAgain();
      for (Value &extent : queryExtents)
        extent = machine.again(extent);
      chooseBox();
      placeIsSaidAgain = true;
    }
  }
  auto argument = cast<BlockArgument>(store.getTarget());
  return operandOf(tile::operandName(argument) == "lse" ? Tensor::Lse : Tensor::Out,
                   cast<tile::GridTensorType>(argument.getType()), head);
}

void Cta::bindArguments() {
  for (BlockArgument argument : kernel.getArguments()) {
    if (argument.use_empty())
      continue;
    StringRef name = tile::operandName(argument);
    auto type = dyn_cast<tile::GridTensorType>(argument.getType());
    if (argument.getType().isF32())
      scalars.map(argument, arith::TruncFOp::create(b, loc, b.getF32Type(), frame.scale()).getResult());
    else if (type && name == "query")
      operands[argument] = operandOf(Tensor::Query, type, head);
    else if (type && name == "key")
      operands[argument] = operandOf(Tensor::Key, type, kvHead);
    else if (type && name == "value")
      operands[argument] = operandOf(Tensor::Value, type, kvHead);
    else if (isa<tile::MatrixType>(argument.getType()))
      bindMatrix(argument);
    else if (auto extras = dyn_cast<tile::ExtrasType>(argument.getType());
             extras && extras.getContent() == "segments") {
      auto ofBatch = [&](Tensor tensor) {
        return machine.globalOffset(frame.tensor(tensor), f.mul(f.mul(batch, frame.stride(tensor, 0)), 4));
      };
      querySegments = ofBatch(Tensor::Segments);
      keySegments = ofBatch(Tensor::KvSegments);
    }
  }
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

LogicalResult Cta::emitBlock(Block &block) {
  for (mlir::Operation &op : block.without_terminator())
    if (failed(emitOp(op)))
      return failure();
  return success();
}

LogicalResult Cta::emitOp(mlir::Operation &op) {
  auto dimsOf = [](tile::ShapeAttr shape) { return SmallVector<int64_t, 3>(shape.getDims()); };
  for (Type type : op.getResultTypes())
    if (auto tile = dyn_cast<tile::TileType>(type); tile && !tile.hasStaticShape())
      return op.emitOpError(
          "makes a tile of all keys, which has no lowering to PTX; tile-walk-rows makes walks of them");
    else if (tile && !tile.getLayout())
      return op.emitOpError("makes a tile without a layout; tile-assign-layouts says where its elements are");
  if (auto query = dyn_cast<tile::QueryBoxOp>(op)) {
    boxes[query.getBox()] = queries;
  } else if (auto live = dyn_cast<tile::LiveKeysOp>(op)) {
    boxes[live.getKeys()] = {liveKeys(cast<attn::MaskAttrInterface>(live.getMask())).box, dimsOf(plan.getKeyBox())};
  } else if (auto all = dyn_cast<tile::AllKeysOp>(op)) {
    boxes[all.getBox()] = {allKeys(), dimsOf(plan.getKeyBox())};
  } else if (auto walk = dyn_cast<tile::ForKeyBoxesOp>(op)) {
    if (failed(emitForKeyBoxes(walk)))
      return failure();
    completeSums(walk);
  } else if (auto load = dyn_cast<tile::LoadOp>(op)) {
    copyIn(load);
  } else if (auto ring = dyn_cast<tile::RingOp>(op)) {
    allocateRing(ring);
  } else if (auto copy = dyn_cast<tile::CopyOp>(op)) {
    auto walk = dyn_cast<tile::ForKeyBoxesOp>(copy->getParentOp());
    if (!walk || copy.getBox() != walk.getKeys())
      return copy.emitOpError("is not of its walk's box, which has no lowering to PTX");
    copyAhead(copy);
  } else if (auto await = dyn_cast<tile::AwaitOp>(op)) {
    awaitRing(await);
  } else if (auto release = dyn_cast<tile::ReleaseOp>(op)) {
    rings.find(release.getRing())->second.free = false;
  } else if (auto store = dyn_cast<tile::StoreOp>(op)) {
    const Operand target = targetOf(store);
    isRow(store.getTile()) ? storeRow(store, target) : copyOut(store, target);
  } else if (auto scratch = dyn_cast<tile::ScratchOp>(op)) {
    allocateMatrix(scratch);
  } else if (auto loadScores = dyn_cast<tile::LoadMatrixOp>(op)) {
    loadMatrix(loadScores);
  } else if (auto storeScores = dyn_cast<tile::StoreMatrixOp>(op)) {
    storeMatrix(storeScores);
  } else if (auto dot = dyn_cast<tile::DotOp>(op)) {
    emitDot(dot);
  } else if (auto mask = dyn_cast<tile::MaskOp>(op)) {
    emitMask(mask);
  } else if (auto reduction = dyn_cast<tile::ReduceOp>(op)) {
    reduce(reduction);
  } else if (auto split = dyn_cast<tile::SplitScaleOp>(op)) {
    splitScale(split);
  } else if (auto count = dyn_cast<tile::CountOp>(op)) {
    countPairs(count);
  } else if (op.getNumResults() == 1 && isa<tile::TileType>(op.getResult(0).getType())) {
    emitElementwise(op);
  } else if (isa<tile::TileDialect>(op.getDialect())) {
    return op.emitOpError("has no lowering to PTX yet");
  } else {
    b.clone(op, scalars);
  }
  return success();
}

void Cta::splitScale(tile::SplitScaleOp op) {
  auto compare = [&](arith::CmpFPredicate predicate, Value x, Value y) -> Value {
    return arith::CmpFOp::create(b, loc, predicate, x, y);
  };
  Value scale = scalars.lookup(op.getScale()), zero = number(0), one = number(1);
  Value negative = compare(arith::CmpFPredicate::OLT, scale, zero);
  Value null = compare(arith::CmpFPredicate::OEQ, scale, zero);
  Value sign = f.select(null, zero, f.select(negative, number(-1), one));
  Value size =
      arith::MulFOp::create(b, loc, arith::MulFOp::create(b, loc, scale, sign), number(1.44269504f)); // log2(e)
  scalars.map(op.getSign(), sign);
  scalars.map(op.getSize(), f.select(null, one, size));
}

/// Pairs are counted as they are multiplied, padding included.
void Cta::countPairs(tile::CountOp op) {
  int64_t keys = 1;
  for (int64_t extent : boxes.lookup(op.getKeys()).dims)
    keys *= extent;
  keys = (keys + 15) / 16 * 16;
  when(f.equal(thread, constant(0)), {}, [&] {
    machine.atomicAdd(frame.counter(), f.constant(keys * plan.getQueryBox().volume()));
    return Values();
  });
}

//===----------------------------------------------------------------------===//
// Tiles in registers
//===----------------------------------------------------------------------===//

bool Cta::isRow(Value value) {
  auto tile = dyn_cast<tile::TileType>(value.getType());
  return tile && tile.getShape().size() == 1;
}

int64_t Cta::registersOf(tile::TileType type) {
  return type.getLayout().numRegisters(type.getShape().size() == 1 ? 1 : type.getShape()[1]);
}

/// Of the tensors that are multiplied.
Type Cta::element() {
  for (Type type : kernel.getArgumentTypes())
    if (auto tensor = dyn_cast<tile::GridTensorType>(type))
      return tensor.getElementType(); // the queries'
  return b.getF32Type();              // it multiplies nothing: any will do
}

/// What register `index` of a tile of type `into` is computed from: of a tile of the same layout the same register, of
/// one number per row that of the row, and a number for all.
Value Cta::elementOf(Value tile, int64_t index, tile::TileType into) {
  auto type = dyn_cast<tile::TileType>(tile.getType());
  if (!type)
    return scalars.lookupOrDefault(tile);
  const Values &values = registers.find(tile)->second;
  if (type.getLayout() == into.getLayout())
    return values[index];
  tile::Move place = into.getLayout().ofRegister(index);
  if (type.getShape().size() == 1)
    place.column = 0;
  return values[*type.getLayout().registerOf(place)];
}

void Cta::emitElementwise(mlir::Operation &op) {
  Value tile = op.getResult(0);
  const auto type = cast<tile::TileType>(tile.getType());
  Values results;
  for (int64_t index = 0; index < registersOf(type); ++index) {
    Values inputs;
    for (Value operand : op.getOperands())
      inputs.push_back(elementOf(operand, index, type));
    if (isa<tile::BroadcastOp, tile::ConvertOp>(op)) // rounding waits for the product, which packs pairs
      results.push_back(inputs[0]);
    else if (isa<math::Exp2Op>(op))
      results.push_back(machine.exp2(inputs[0]));
    else if (isa<math::Log2Op>(op))
      results.push_back(machine.log2(inputs[0]));
    else
      results.push_back(
          b.create(OperationState(loc, op.getName(), inputs, {b.getF32Type()}, op.getAttrs()))->getResult(0));
  }
  registers[tile] = results;
}

Value Cta::combine(tile::ReduceKind kind, Value x, Value y) {
  if (kind == tile::ReduceKind::Max)
    return arith::MaxNumFOp::create(b, loc, x, y);
  return arith::AddFOp::create(b, loc, x, y);
}

/// Of all lanes that share a row.
Value Cta::acrossLanes(tile::ReduceKind kind, Value number, tile::LayoutAttr layout) {
  const auto distances = layout.lanesOfOneRow();
  for (int64_t distance : llvm::reverse(distances))
    number = combine(kind, number, machine.shuffleXor(number, int32_t(distance)));
  return number;
}

/// Registers in pairs, then pairs of pairs, then the lanes of a row, unless they keep their sums.
void Cta::reduce(tile::ReduceOp op) {
  const Values &source = registers.find(op.getSource())->second;
  const tile::LayoutAttr from = op.getSource().getType().getLayout(), to = op.getResult().getType().getLayout();
  Values rows;
  for (int64_t number = 0; number < registersOf(op.getResult().getType()); ++number) {
    Values left;
    for (size_t index = 0; index < source.size(); ++index)
      if (from.ofRegister(int64_t(index)).row == to.ofRegister(number).row)
        left.push_back(source[index]);
    while (left.size() > 1) {
      Values next;
      for (size_t i = 0; i + 1 < left.size(); i += 2)
        next.push_back(combine(op.getKind(), left[i], left[i + 1]));
      if (left.size() % 2)
        next.push_back(left.back());
      left = next;
    }
    rows.push_back(laneSums.contains(op.getResult()) ? left[0] : acrossLanes(op.getKind(), left[0], from));
  }
  registers[op.getResult()] = rows;
}

/// What the lanes have summed apart, and is not summed on by the next walk.
void Cta::completeSums(tile::ForKeyBoxesOp walk) {
  for (auto [carried, result] : llvm::zip(walk.getCarried(), walk.getResults()))
    if (laneSums.contains(carried) && !laneSums.contains(result))
      for (Value &part : registers[result])
        part = acrossLanes(tile::ReduceKind::Add, part, cast<tile::TileType>(result.getType()).getLayout());
}

//===----------------------------------------------------------------------===//
// Small things
//===----------------------------------------------------------------------===//

Value Cta::constant(int64_t value) { return f.constant(b.getI32Type(), value); }
Value Cta::number(float value) { return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value)); }

Values Cta::loop(Value end, ValueRange carried, function_ref<Values(Value, ValueRange)> body) {
  return buildLoop(b, loc, constant(0), end, constant(1), carried, body);
}

Values Cta::when(Value condition, ValueRange otherwise, function_ref<Values()> then) {
  return buildWhen(b, loc, condition, otherwise, then);
}
