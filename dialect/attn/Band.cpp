//===- Band.cpp - masks with one run of keys per query and axis ------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The mask interface for bands, from the rule of each axis. As the bounds of a
// query's run never decrease within a residue class, a box of queries i0..i1 and
// a box of keys j0..j1 of one class have
//
//   no pair      if j1 < first(i0) or last(i1) < j0
//   every pair   if first(i1) <= j0 and j1 <= last(i0)
//   live keys    first(i0) .. last(i1)
//
//===----------------------------------------------------------------------===//

#include "dialect/attn/Attn.h"
#include "dialect/attn/AxisRules.h"

using namespace mlir;

namespace muntin::attn::detail {

/// Is the residue of the axis still to be compared?
static bool testsResidue(const MaskContext &context, const AxisRule &rule, unsigned axis) {
  const int64_t known = axis < context.commonResidue.size() ? context.commonResidue[axis] : 1;
  return known % rule.period != 0;
}

/// run.first <= token <= run.last; null if the run has no bounds.
static Value isInside(FoldingBuilder &f, Value first, Value token, Value last) {
  Value low = first ? f.notLess(token, first) : Value();
  return f.both(low, last ? f.notGreater(token, last) : Value());
}

//===----------------------------------------------------------------------===//
// The element rule
//===----------------------------------------------------------------------===//

static Value allowsOnAxis(FoldingBuilder &f, const MaskContext &context, const AxisRule &rule, unsigned axis,
                          Value query, Value key) {
  const Run run = rule.keys(f, context, query);
  Value inside = isInside(f, run.first, key, run.last);
  if (testsResidue(context, rule, axis))
    inside = f.both(f.equal(f.rem(key, rule.period), f.rem(query, rule.period)), inside);
  return inside;
}

Value bandAllowsOnAxis(MaskAttrInterface mask, OpBuilder &builder, Location loc, const MaskContext &context,
                       unsigned axis, Value query, Value key) {
  FoldingBuilder f(builder, loc);
  Value allowed = allowsOnAxis(f, context, *mask.axisRule(axis), axis, query, key);
  return allowed ? allowed : f.condition(query.getType(), true);
}

Value bandAllows(MaskAttrInterface mask, OpBuilder &builder, Location loc, const MaskContext &context, ValueRange query,
                 ValueRange key) {
  FoldingBuilder f(builder, loc);
  Value allowed;
  for (unsigned axis = 0; axis < query.size(); ++axis)
    allowed = f.both(allowed, allowsOnAxis(f, context, *mask.axisRule(axis), axis, query[axis], key[axis]));
  return allowed ? allowed : f.condition(query.front().getType(), true);
}

//===----------------------------------------------------------------------===//
// Live tokens
//===----------------------------------------------------------------------===//

/// The tokens of a run that the grid has, on the lattice of `step` through `origin`.
static BoxAxis tokensOf(FoldingBuilder &f, Run run, bool snug, Value extent, Value origin, int64_t step) {
  if (!snug) {
    Value end = f.sub(extent, 1);
    run.first = run.first ? f.max(run.first, 0) : f.constant(0);
    run.last = run.last ? f.min(run.last, end) : end;
    if (step > 1)
      run.first = f.alignUp(run.first, origin, step);
  }
  return {run.first, step, f.countOf(run.first, run.last, step)};
}

static BoxAxis liveOnAxis(FoldingBuilder &f, const MaskContext &context, const AxisRule &rule, unsigned axis,
                          bool fromKeys, const BoxAxis &from) {
  const bool oneClass = from.step % rule.period == 0;
  const Run run = runOfTokens(f, context, rule, fromKeys, from.origin, f.last(from), from.step);
  return tokensOf(f, run, rule.snug, (fromKeys ? context.queryExtents : context.keyExtents)[axis], from.origin,
                  oneClass ? rule.period : 1);
}

LiveSet bandLive(MaskAttrInterface mask, OpBuilder &builder, Location loc, const MaskContext &context, bool fromKeys,
                 const Box &from) {
  FoldingBuilder f(builder, loc);
  LiveSet live{{}, true};
  for (auto [axis, tokens] : llvm::enumerate(from)) {
    const AxisRule rule = *mask.axisRule(axis);
    live.box.push_back(liveOnAxis(f, context, rule, axis, fromKeys, tokens));
    live.exact &= tokens.step == rule.period;
  }
  return live;
}

/// Bounds never decrease, so the run of the last query begins last and that of the first ends first.
std::optional<Box> bandCommon(MaskAttrInterface mask, OpBuilder &builder, Location loc, const MaskContext &context,
                              const Box &queries) {
  FoldingBuilder f(builder, loc);
  Box common;
  for (auto [axis, tokens] : llvm::enumerate(queries)) {
    const std::optional<AxisRule> rule = mask.axisRule(axis);
    if (!rule || tokens.step % rule->period != 0)
      return std::nullopt;
    const Run run{rule->keys(f, context, f.last(tokens)).first, rule->keys(f, context, tokens.origin).last};
    common.push_back(tokensOf(f, run, rule->snug, context.keyExtents[axis], tokens.origin, rule->period));
  }
  return common;
}

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

namespace {
struct AxisClass {
  Value empty, full; ///< null: empty is not proven; full is
};
} // namespace

static AxisClass classifyAxis(FoldingBuilder &f, const MaskContext &context, const AxisRule &rule, unsigned axis,
                              const BoxAxis &queries, const BoxAxis &keys) {
  Value q0 = queries.origin, q1 = f.last(queries), k0 = keys.origin, k1 = f.last(keys);
  const Run live = runOfTokens(f, context, rule, /*fromKeys=*/false, q0, q1, queries.step);
  AxisClass result;
  if (live.first)
    result.empty = f.less(k1, live.first);
  if (live.last)
    result.empty = f.either(result.empty, f.less(live.last, k0));
  // Boxes of several classes hold a pair that the residues forbid, unless they hold one token: not worth a test.
  if (queries.step % rule.period != 0 || keys.step % rule.period != 0) {
    result.full = f.condition(q0.getType(), false);
    return result;
  }
  const Run first = rule.keys(f, context, q0), last = rule.keys(f, context, q1);
  if (last.first)
    result.full = f.notLess(k0, last.first);
  if (first.last)
    result.full = f.both(result.full, f.notGreater(k1, first.last));
  if (testsResidue(context, rule, axis)) {
    Value same = f.equal(f.rem(q0, rule.period), f.rem(k0, rule.period));
    result.empty = f.either(result.empty, f.negate(same));
    result.full = f.both(result.full, same);
  }
  return result;
}

Value bandClassify(MaskAttrInterface mask, OpBuilder &builder, Location loc, const MaskContext &context,
                   const Box &queries, const Box &keys) {
  FoldingBuilder f(builder, loc);
  AxisClass all;
  for (unsigned axis = 0; axis < queries.size(); ++axis) {
    const AxisClass one = classifyAxis(f, context, *mask.axisRule(axis), axis, queries[axis], keys[axis]);
    all.empty = f.either(all.empty, one.empty);
    all.full = f.both(all.full, one.full);
  }
  Type i64 = builder.getI64Type();
  return f.maskClass(all.empty ? all.empty : f.condition(i64, false), all.full ? all.full : f.condition(i64, true));
}

LiveSet wholeGrid(OpBuilder &builder, Location loc, ArrayRef<Value> extents) {
  FoldingBuilder f(builder, loc);
  LiveSet live{{}, false};
  for (Value extent : extents)
    live.box.push_back({f.constant(0), 1, extent});
  return live;
}

} // namespace muntin::attn::detail
