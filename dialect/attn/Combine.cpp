//===- Combine.cpp - all_of, any_of, not -----------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Classes are ordered Empty < Partial < Full, so all_of is their minimum, any_of
// their maximum and not the mirror image; each is a proof if the parts are.
// An all_of of bands is a band again and is treated as one.
//
// Invariant of hulls: an axis with step s > 1 lies in the residue class modulo s
// of the box that it was asked for.
//
//===----------------------------------------------------------------------===//

#include "dialect/attn/Attn.h"
#include "dialect/attn/AxisRules.h"

#include "llvm/ADT/STLExtras.h"

#include <numeric>

using namespace mlir;

namespace muntin::attn {

using Masks = ArrayRef<MaskAttrInterface>;

/// The rank that some of the masks demand.
static unsigned rankOf(Masks masks) {
  for (MaskAttrInterface mask : masks)
    if (unsigned rank = mask.getRank())
      return rank;
  return 0;
}

static bool allSeparable(Masks masks, unsigned rank) {
  return llvm::all_of(masks, [&](MaskAttrInterface mask) { return mask.separable(rank); });
}

//===----------------------------------------------------------------------===//
// Hulls
//===----------------------------------------------------------------------===//

static BoxAxis intersect(FoldingBuilder &f, const BoxAxis &a, const BoxAxis &b, const BoxAxis &from) {
  const int64_t step = commonPeriod(a.step, b.step);
  if (!step) // the classes meet in at most one token: the sparser hull is good enough
    return a.step > b.step ? a : b;
  Value first = f.max(a.origin, b.origin), last = f.min(f.last(a), f.last(b));
  if (a.step != b.step)
    first = f.alignUp(first, from.origin, step);
  return {first, step, f.countOf(first, last, step)};
}

/// The bounding run. An empty part may widen it; it stays in the grid.
static BoxAxis enclose(FoldingBuilder &f, const BoxAxis &a, const BoxAxis &b, const BoxAxis &) {
  const int64_t step = std::gcd(a.step, b.step);
  Value first = f.min(a.origin, b.origin), last = f.max(f.last(a), f.last(b));
  return {first, step, f.countOf(first, last, step)};
}

template <typename Live, typename Join>
static LiveSet joinHulls(OpBuilder &builder, Location loc, Masks masks, const Box &from, Live live, Join join) {
  FoldingBuilder f(builder, loc);
  LiveSet all = live(masks.front());
  for (MaskAttrInterface mask : masks.drop_front()) {
    const LiveSet one = live(mask);
    for (auto [axis, tokens] : llvm::enumerate(from))
      all.box[axis] = join(f, all.box[axis], one.box[axis], tokens);
  }
  all.exact &= masks.size() == 1;
  return all;
}

//===----------------------------------------------------------------------===//
// all_of
//===----------------------------------------------------------------------===//

unsigned AllOfAttr::getRank() const { return rankOf(getMasks()); }
bool AllOfAttr::separable(unsigned rank) const { return allSeparable(getMasks(), rank); }

std::optional<AxisRule> AllOfAttr::axisRule(unsigned axis) const {
  SmallVector<AxisRule> rules;
  for (MaskAttrInterface mask : getMasks()) {
    std::optional<AxisRule> rule = mask.axisRule(axis);
    if (!rule)
      return std::nullopt;
    rules.push_back(std::move(*rule));
  }
  return intersectRules(std::move(rules));
}

/// Is the mask a band on each of these axes?
static bool isBand(AllOfAttr mask, unsigned rank) {
  for (unsigned axis = 0; axis < rank; ++axis)
    if (!mask.axisRule(axis))
      return false;
  return true;
}

int64_t AllOfAttr::residuePeriod(unsigned axis) const {
  int64_t period = 1;
  for (MaskAttrInterface mask : getMasks()) {
    const int64_t common = commonPeriod(period, mask.residuePeriod(axis));
    period = common ? common : std::max(period, mask.residuePeriod(axis));
  }
  return period;
}

Value AllOfAttr::allows(OpBuilder &builder, Location loc, const MaskContext &context, ValueRange query,
                        ValueRange key) const {
  if (isBand(*this, query.size()))
    return detail::bandAllows(*this, builder, loc, context, query, key);
  FoldingBuilder f(builder, loc);
  Value all;
  for (MaskAttrInterface mask : getMasks())
    all = f.both(all, mask.allows(builder, loc, context, query, key));
  return all;
}

Value AllOfAttr::allowsOnAxis(OpBuilder &builder, Location loc, const MaskContext &context, unsigned axis, Value query,
                              Value key) const {
  if (axisRule(axis))
    return detail::bandAllowsOnAxis(*this, builder, loc, context, axis, query, key);
  FoldingBuilder f(builder, loc);
  Value all;
  for (MaskAttrInterface mask : getMasks())
    all = f.both(all, mask.allowsOnAxis(builder, loc, context, axis, query, key));
  return all;
}

LiveSet AllOfAttr::liveKeys(OpBuilder &builder, Location loc, const MaskContext &context, const Box &queries) const {
  if (isBand(*this, queries.size()))
    return detail::bandLive(*this, builder, loc, context, /*fromKeys=*/false, queries);
  auto live = [&](MaskAttrInterface mask) { return mask.liveKeys(builder, loc, context, queries); };
  return joinHulls(builder, loc, getMasks(), queries, live, intersect);
}

LiveSet AllOfAttr::liveQueries(OpBuilder &builder, Location loc, const MaskContext &context, const Box &keys) const {
  if (isBand(*this, keys.size()))
    return detail::bandLive(*this, builder, loc, context, /*fromKeys=*/true, keys);
  auto live = [&](MaskAttrInterface mask) { return mask.liveQueries(builder, loc, context, keys); };
  return joinHulls(builder, loc, getMasks(), keys, live, intersect);
}

Value AllOfAttr::classify(OpBuilder &builder, Location loc, const MaskContext &context, const Box &queries,
                          const Box &keys) const {
  if (isBand(*this, queries.size()))
    return detail::bandClassify(*this, builder, loc, context, queries, keys);
  FoldingBuilder f(builder, loc);
  Value least = f.constant(builder.getI32Type(), MaskClass::Full);
  for (MaskAttrInterface mask : getMasks())
    least = f.min(least, mask.classify(builder, loc, context, queries, keys));
  return least;
}

//===----------------------------------------------------------------------===//
// any_of
//===----------------------------------------------------------------------===//

unsigned AnyOfAttr::getRank() const { return rankOf(getMasks()); }

bool AnyOfAttr::separable(unsigned rank) const {
  return (rank == 1 || getMasks().size() == 1) && allSeparable(getMasks(), rank);
}

int64_t AnyOfAttr::residuePeriod(unsigned axis) const {
  int64_t period = 0;
  for (MaskAttrInterface mask : getMasks())
    period = std::gcd(period, mask.residuePeriod(axis));
  return period;
}

Value AnyOfAttr::allows(OpBuilder &builder, Location loc, const MaskContext &context, ValueRange query,
                        ValueRange key) const {
  FoldingBuilder f(builder, loc);
  Value any;
  for (MaskAttrInterface mask : getMasks())
    any = f.either(any, mask.allows(builder, loc, context, query, key));
  return any;
}

Value AnyOfAttr::allowsOnAxis(OpBuilder &builder, Location loc, const MaskContext &context, unsigned axis, Value query,
                              Value key) const {
  FoldingBuilder f(builder, loc);
  Value any;
  for (MaskAttrInterface mask : getMasks())
    any = f.either(any, mask.allowsOnAxis(builder, loc, context, axis, query, key));
  return any;
}

LiveSet AnyOfAttr::liveKeys(OpBuilder &builder, Location loc, const MaskContext &context, const Box &queries) const {
  auto live = [&](MaskAttrInterface mask) { return mask.liveKeys(builder, loc, context, queries); };
  return joinHulls(builder, loc, getMasks(), queries, live, enclose);
}

LiveSet AnyOfAttr::liveQueries(OpBuilder &builder, Location loc, const MaskContext &context, const Box &keys) const {
  auto live = [&](MaskAttrInterface mask) { return mask.liveQueries(builder, loc, context, keys); };
  return joinHulls(builder, loc, getMasks(), keys, live, enclose);
}

Value AnyOfAttr::classify(OpBuilder &builder, Location loc, const MaskContext &context, const Box &queries,
                          const Box &keys) const {
  FoldingBuilder f(builder, loc);
  Value most = f.constant(builder.getI32Type(), MaskClass::Empty);
  for (MaskAttrInterface mask : getMasks())
    most = f.max(most, mask.classify(builder, loc, context, queries, keys));
  return most;
}

//===----------------------------------------------------------------------===//
// not
//===----------------------------------------------------------------------===//

unsigned NotAttr::getRank() const { return getMask().getRank(); }
bool NotAttr::separable(unsigned rank) const { return rank == 1 && getMask().separable(rank); }
int64_t NotAttr::residuePeriod(unsigned) const { return 1; }

Value NotAttr::allows(OpBuilder &builder, Location loc, const MaskContext &context, ValueRange query,
                      ValueRange key) const {
  return FoldingBuilder(builder, loc).negate(getMask().allows(builder, loc, context, query, key));
}

Value NotAttr::allowsOnAxis(OpBuilder &builder, Location loc, const MaskContext &context, unsigned axis, Value query,
                            Value key) const {
  return FoldingBuilder(builder, loc).negate(getMask().allowsOnAxis(builder, loc, context, axis, query, key));
}

LiveSet NotAttr::liveKeys(OpBuilder &builder, Location loc, const MaskContext &context, const Box &) const {
  return detail::wholeGrid(builder, loc, context.keyExtents);
}

LiveSet NotAttr::liveQueries(OpBuilder &builder, Location loc, const MaskContext &context, const Box &) const {
  return detail::wholeGrid(builder, loc, context.queryExtents);
}

Value NotAttr::classify(OpBuilder &builder, Location loc, const MaskContext &context, const Box &queries,
                        const Box &keys) const {
  FoldingBuilder f(builder, loc);
  Value inner = getMask().classify(builder, loc, context, queries, keys);
  return f.sub(f.constant(inner.getType(), MaskClass::Full), inner);
}

} // namespace muntin::attn
