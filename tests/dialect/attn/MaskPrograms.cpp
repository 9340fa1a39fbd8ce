//===- MaskPrograms.cpp - what a mask emits, ready to run ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MaskPrograms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace muntin::attn;

namespace muntin::testing {

Coords Tokens::at(int64_t index) const {
  Coords token = tokenAt(count, index);
  for (size_t axis = 0; axis < rank(); ++axis)
    token[axis] = origin[axis] + step[axis] * token[axis];
  return token;
}

bool Tokens::contains(const Coords &token) const {
  for (size_t axis = 0; axis < rank(); ++axis) {
    const int64_t distance = token[axis] - origin[axis];
    if (distance < 0 || distance % step[axis] != 0 || distance / step[axis] >= count[axis])
      return false;
  }
  return true;
}

MLIRContext &testContext() {
  static MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<AttnDialect, arith::ArithDialect, func::FuncDialect, vector::VectorDialect>();
  return context;
}

MaskAttrInterface attributeOf(const Mask &mask) { return cast<MaskAttrInterface>(maskToAttr(&testContext(), mask)); }

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

/// A function whose arguments are the extents of both grids and then `lists`
/// lists of one number per axis.
struct MaskProgram::Emission {
  Emission(unsigned rank, unsigned lists)
      : rank(rank), builder(&testContext()), module(ModuleOp::create(builder.getUnknownLoc())) {
    builder.setInsertionPointToEnd(module->getBody());
    SmallVector<Type> inputs((lists + 2) * rank, builder.getI64Type());
    auto function =
        func::FuncOp::create(builder, builder.getUnknownLoc(), "f", builder.getFunctionType(inputs, TypeRange()));
    block = function.addEntryBlock();
    builder.setInsertionPointToEnd(block);
    context.queryExtents.assign(list(0).begin(), list(0).end());
    context.keyExtents.assign(list(1).begin(), list(1).end());
    context.segment = [this](OpBuilder &, Location, int side, ValueRange coords) {
      return host(side, coords, 1).front();
    };
    context.segmentRange = [this](OpBuilder &, Location, int side, const Box &box) {
      SmallVector<Value> inputs;
      rangeSteps.emplace_back();
      for (const BoxAxis &axis : box) {
        inputs.append({axis.origin, axis.count});
        rangeSteps.back().push_back(axis.step);
      }
      ResultRange range = host(int(2 + 2 * (rangeSteps.size() - 1)) + side, inputs, 2);
      return std::pair<Value, Value>(range[0], range[1]);
    };
  }

  ValueRange list(unsigned i) { return ValueRange(block->getArguments()).slice(i * rank, rank); }
  Box box(unsigned firstList, const Coords &step) {
    Box result;
    for (unsigned axis = 0; axis < rank; ++axis)
      result.push_back({list(firstList)[axis], step[axis], list(firstList + 1)[axis]});
    return result;
  }
  Location loc() { return builder.getUnknownLoc(); }

  MaskProgram finish(ArrayRef<Value> results) {
    MaskProgram program;
    program.evaluator = std::make_unique<Evaluator>(*block, results);
    program.module = std::move(module);
    program.rangeSteps = rangeSteps;
    return program;
  }

  /// A program whose result is a box.
  MaskProgram finishBox(const Box &box) {
    SmallVector<Value> results;
    Coords step;
    for (const BoxAxis &axis : box) {
      results.append({axis.origin, axis.count});
      step.push_back(axis.step);
    }
    MaskProgram program = finish(results);
    program.liveStep = step;
    return program;
  }

  unsigned rank;
  OpBuilder builder;
  OwningOpRef<ModuleOp> module;
  Block *block;
  MaskContext context;
  std::vector<Coords> rangeSteps;

private:
  ResultRange host(int index, ValueRange inputs, unsigned results) {
    SmallVector<Type> types(results, builder.getI64Type());
    auto cast = UnrealizedConversionCastOp::create(builder, loc(), types, inputs);
    cast->setAttr("host", builder.getI64IntegerAttr(index));
    return cast.getResults();
  }
};

MaskProgram MaskProgram::allows(MaskAttrInterface mask, unsigned rank) {
  Emission e(rank, 2);
  return e.finish(mask.allows(e.builder, e.loc(), e.context, e.list(2), e.list(3)));
}

MaskProgram MaskProgram::allowsByAxes(MaskAttrInterface mask, unsigned rank) {
  Emission e(rank, 2);
  Value all;
  for (unsigned axis = 0; axis < rank; ++axis) {
    Value one = mask.allowsOnAxis(e.builder, e.loc(), e.context, axis, e.list(2)[axis], e.list(3)[axis]);
    all = all ? arith::AndIOp::create(e.builder, e.loc(), all, one).getResult() : one;
  }
  return e.finish(all);
}

MaskProgram MaskProgram::live(MaskAttrInterface mask, bool fromKeys, const Coords &step) {
  Emission e(step.size(), 2);
  const Box from = e.box(2, step);
  const LiveSet live = fromKeys ? mask.liveQueries(e.builder, e.loc(), e.context, from)
                                : mask.liveKeys(e.builder, e.loc(), e.context, from);
  MaskProgram program = e.finishBox(live.box);
  program.exact = live.exact;
  return program;
}

std::optional<MaskProgram> MaskProgram::common(MaskAttrInterface mask, const Coords &step) {
  Emission e(step.size(), 2);
  const std::optional<Box> box = mask.commonKeys(e.builder, e.loc(), e.context, e.box(2, step));
  if (!box)
    return std::nullopt;
  return e.finishBox(*box);
}

MaskProgram MaskProgram::classify(MaskAttrInterface mask, const Coords &queryStep, const Coords &keyStep) {
  Emission e(queryStep.size(), 4);
  return e.finish(mask.classify(e.builder, e.loc(), e.context, e.box(2, queryStep), e.box(4, keyStep)));
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

/// Segment numbers of a token, and of a box for each box that was asked about:
/// in the order of their indices in the IR.
std::vector<HostFunction> MaskProgram::hostFunctions(const Grids &grids) const {
  const size_t rank = grids.rank();
  auto segmentOf = [&grids](int side, const Coords &token) {
    return side ? grids.keySegments[flatIndex(grids.key, token)] : grids.querySegments[flatIndex(grids.query, token)];
  };
  std::vector<HostFunction> host;
  for (int side : {0, 1})
    host.push_back([=](const int64_t *token, int64_t *segment) { *segment = segmentOf(side, {token, token + rank}); });
  for (const Coords &step : rangeSteps)
    for (int side : {0, 1})
      host.push_back([=](const int64_t *box, int64_t *range) {
        Tokens tokens{Coords(rank), step, Coords(rank)};
        for (size_t axis = 0; axis < rank; ++axis)
          tokens.origin[axis] = box[2 * axis], tokens.count[axis] = box[2 * axis + 1];
        range[0] = INT32_MAX, range[1] = INT32_MIN;
        for (int64_t i = 0; i < tokens.size(); ++i) {
          const int64_t segment = segmentOf(side, tokens.at(i));
          range[0] = std::min(range[0], segment), range[1] = std::max(range[1], segment);
        }
      });
  return host;
}

const int64_t *MaskProgram::run(const Grids &grids, std::initializer_list<const Coords *> inputs) {
  arguments.assign(grids.query.begin(), grids.query.end());
  arguments.insert(arguments.end(), grids.key.begin(), grids.key.end());
  for (const Coords *list : inputs)
    arguments.insert(arguments.end(), list->begin(), list->end());
  return evaluator->usesHost() ? evaluator->run(arguments, hostFunctions(grids)) : evaluator->run(arguments);
}

bool MaskProgram::allows(const Grids &grids, const Coords &query, const Coords &key) {
  return *run(grids, {&query, &key});
}

Tokens MaskProgram::live(const Grids &grids, const Tokens &from) {
  const int64_t *numbers = run(grids, {&from.origin, &from.count});
  Tokens live{Coords(grids.rank()), liveStep, Coords(grids.rank())};
  for (size_t axis = 0; axis < grids.rank(); ++axis) {
    live.origin[axis] = numbers[2 * axis];
    live.count[axis] = std::max<int64_t>(0, numbers[2 * axis + 1]);
  }
  return live;
}

MaskClass MaskProgram::classify(const Grids &grids, const Tokens &queries, const Tokens &keys) {
  return MaskClass(*run(grids, {&queries.origin, &queries.count, &keys.origin, &keys.count}));
}

} // namespace muntin::testing
