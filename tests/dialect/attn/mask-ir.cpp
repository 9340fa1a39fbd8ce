//===- mask-ir.cpp - prints what a mask emits ------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   mask-ir <mask attribute> <rank> allows|allows-lanes|live-keys|live-queries|classify [step]
//
// A function of the extents of both grids and the coordinates (boxes) of queries
// and keys, canonicalized. allows-lanes: query coordinates are lanes of i32, the
// key is one token. step is that of every box on every axis; 1 if left out.
//
//===----------------------------------------------------------------------===//

#include "dialect/attn/Attn.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace muntin::attn;

int maskIRMain(int argc, char **argv);

namespace {
struct Request {
  MaskAttrInterface mask;
  unsigned rank;
  StringRef method;
  int64_t step;

  SmallVector<Type> inputs(OpBuilder &builder) const;
  SmallVector<Value> emit(OpBuilder &builder, ValueRange arguments) const;
};
} // namespace

static Type lanesType(OpBuilder &builder) { return VectorType::get(8, builder.getI32Type()); }

/// Extents of queries, extents of keys, then query coordinates and key
/// coordinates, or (origin, count) per axis of one box or two.
SmallVector<Type> Request::inputs(OpBuilder &builder) const {
  const unsigned lists = method == "classify" ? 6 : 4;
  SmallVector<Type> types(lists * rank, builder.getI64Type());
  if (method == "allows-lanes") {
    std::fill_n(types.begin() + 2 * rank, rank, lanesType(builder));
    std::fill_n(types.begin() + 3 * rank, rank, builder.getI32Type());
  }
  return types;
}

SmallVector<Value> Request::emit(OpBuilder &builder, ValueRange arguments) const {
  const Location loc = builder.getUnknownLoc();
  auto list = [&](unsigned i) { return arguments.slice(i * rank, rank); };
  auto box = [&](unsigned firstList) {
    Box box;
    for (unsigned axis = 0; axis < rank; ++axis)
      box.push_back({arguments[firstList * rank + 2 * axis], step, arguments[firstList * rank + 2 * axis + 1]});
    return box;
  };
  MaskContext context;
  context.queryExtents.assign(list(0).begin(), list(0).end());
  context.keyExtents.assign(list(1).begin(), list(1).end());
  if (method == "allows")
    return {mask.allows(builder, loc, context, list(2), list(3))};
  if (method == "allows-lanes") {
    SmallVector<Value> key;
    for (Value token : list(3))
      key.push_back(vector::BroadcastOp::create(builder, loc, lanesType(builder), token));
    return {mask.allows(builder, loc, context, list(2), key)};
  }
  if (method == "classify")
    return {mask.classify(builder, loc, context, box(2), box(4))};
  const LiveSet live = method == "live-keys" ? mask.liveKeys(builder, loc, context, box(2))
                                             : mask.liveQueries(builder, loc, context, box(2));
  llvm::outs() << "// " << (live.exact ? "exact" : "hull") << ", step";
  SmallVector<Value> results;
  for (const BoxAxis &axis : live.box) {
    llvm::outs() << ' ' << axis.step;
    results.append({axis.origin, axis.count});
  }
  llvm::outs() << '\n';
  return results;
}

int maskIRMain(int argc, char **argv) {
  MLIRContext context;
  context.loadDialect<AttnDialect, arith::ArithDialect, func::FuncDialect, vector::VectorDialect>();
  if (argc < 4) {
    llvm::errs() << "usage: mask-ir <mask> <rank> allows|allows-lanes|live-keys|live-queries|classify [step]\n";
    return 2;
  }
  Request request{dyn_cast_or_null<MaskAttrInterface>(parseAttribute(argv[1], &context)), unsigned(std::atoi(argv[2])),
                  argv[3], argc > 4 ? std::atoi(argv[4]) : 1};
  if (!request.mask)
    return 2;

  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, builder.getUnknownLoc(), "mask",
                                       builder.getFunctionType(request.inputs(builder), TypeRange()));
  builder.setInsertionPointToEnd(function.addEntryBlock());
  const SmallVector<Value> results = request.emit(builder, function.getArguments());
  func::ReturnOp::create(builder, builder.getUnknownLoc(), results);
  function.setFunctionType(builder.getFunctionType(request.inputs(builder), TypeRange(ValueRange(results))));

  PassManager passes(&context);
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  if (failed(passes.run(*module)))
    return 4;
  function.print(llvm::outs());
  llvm::outs() << '\n';
  return 0;
}
