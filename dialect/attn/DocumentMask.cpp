//===- DocumentMask.cpp - equal segment numbers ----------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/attn/Attn.h"
#include "dialect/attn/FoldingBuilder.h"

using namespace mlir;

namespace muntin::attn {

unsigned DocumentAttr::getRank() const { return 0; }
bool DocumentAttr::separable(unsigned) const { return false; }
int64_t DocumentAttr::residuePeriod(unsigned) const { return 1; }

Value DocumentAttr::allows(OpBuilder &builder, Location loc, const MaskContext &context, ValueRange query,
                           ValueRange key) const {
  FoldingBuilder f(builder, loc);
  return f.equal(context.segment(builder, loc, 0, query), context.segment(builder, loc, 1, key));
}

Value DocumentAttr::allowsOnAxis(OpBuilder &, Location, const MaskContext &, unsigned, Value, Value) const {
  llvm_unreachable("document() is not separable");
}

// Segment numbers come in any order: every token may be live.
LiveSet DocumentAttr::liveKeys(OpBuilder &builder, Location loc, const MaskContext &context, const Box &) const {
  return detail::wholeGrid(builder, loc, context.keyExtents);
}

LiveSet DocumentAttr::liveQueries(OpBuilder &builder, Location loc, const MaskContext &context, const Box &) const {
  return detail::wholeGrid(builder, loc, context.queryExtents);
}

Value DocumentAttr::classify(OpBuilder &builder, Location loc, const MaskContext &context, const Box &queries,
                             const Box &keys) const {
  FoldingBuilder f(builder, loc);
  Value unknown = f.constant(builder.getI32Type(), MaskClass::Partial);
  if (!context.segmentRange)
    return unknown;
  auto [q0, q1] = context.segmentRange(builder, loc, 0, queries);
  auto [k0, k1] = context.segmentRange(builder, loc, 1, keys);
  if (!q0 || !q1 || !k0 || !k1)
    return unknown;
  Value disjoint = f.either(f.less(q1, k0), f.less(k1, q0));
  Value constant = f.both(f.equal(q0, q1), f.equal(k0, k1));
  return f.maskClass(disjoint, f.both(constant, f.equal(q0, k0)));
}

} // namespace muntin::attn
