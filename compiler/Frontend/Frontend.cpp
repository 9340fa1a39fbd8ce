//===- Frontend.cpp - from a problem to the attn dialect -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Frontend.h"

#include "dialect/attn/Attn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace muntin::compiler {

static Type elementTypeOf(Builder &builder, ElementType element) {
  switch (element) {
  case ElementType::F32: return builder.getF32Type();
  case ElementType::F16: return builder.getF16Type();
  case ElementType::BF16: return builder.getBF16Type();
  }
  llvm_unreachable("an element type without an MLIR type");
}

OwningOpRef<ModuleOp> buildAttnModule(MLIRContext &context, const Problem &problem) {
  context.loadDialect<attn::AttnDialect, func::FuncDialect>();
  const Location loc = UnknownLoc::get(&context);
  auto mask = dyn_cast_or_null<attn::MaskAttrInterface>(attn::maskToAttr(&context, problem.mask));
  if (!mask) {
    emitError(loc) << "the mask of the problem is not legal on a grid of rank " << problem.rank;
    return {};
  }

  OpBuilder builder(&context);
  const Type element = elementTypeOf(builder, problem.element);
  // batch, grid and, but for segments, heads
  auto tensor = [&](Type type, int dynamicAxes, std::optional<int64_t> depth = {}) -> Type {
    SmallVector<int64_t> shape(dynamicAxes, ShapedType::kDynamic);
    if (depth)
      shape.push_back(*depth);
    return RankedTensorType::get(shape, type);
  };
  const Type byHeadDim = tensor(element, problem.rank + 2, problem.headDim);
  const Type byValueDim = tensor(element, problem.rank + 2, problem.valueDim);
  const Type lse = tensor(builder.getF32Type(), problem.rank + 2);

  SmallVector<Type> inputs{byHeadDim, byHeadDim, byValueDim, builder.getF32Type()};
  if (attn::needsSegments(mask))
    inputs.append(2, tensor(builder.getI32Type(), problem.rank + 1));

  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, loc, "forward", builder.getFunctionType(inputs, {byValueDim, lse}));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  ValueRange args = body->getArguments();
  Value querySegments = args.size() > 4 ? args[4] : Value(), keySegments = args.size() > 4 ? args[5] : Value();
  auto forward = attn::ForwardOp::create(builder, loc, byValueDim, lse, args[0], args[1], args[2], args[3],
                                         querySegments, keySegments, mask);
  func::ReturnOp::create(builder, loc, forward.getResults());
  return module;
}

} // namespace muntin::compiler
