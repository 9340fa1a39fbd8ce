//===- GlobalMask.cpp - the first tokens see everything --------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// i < tokens or j < tokens, on row-major indices of each side's own grid. The
// index never decreases with a coordinate, so a box's least is its first corner
// and its greatest its last.
//
//===----------------------------------------------------------------------===//

#include "dialect/attn/Attn.h"
#include "dialect/attn/FoldingBuilder.h"

using namespace mlir;

namespace muntin::attn {

unsigned GlobalAttr::getRank() const { return 0; }
bool GlobalAttr::separable(unsigned rank) const { return rank == 1; }
int64_t GlobalAttr::residuePeriod(unsigned) const { return 1; }

/// Is the token at these coordinates one of the first `tokens`? Row-major
/// indices are i64: a grid has less than 2^63 tokens (checkShape).
static Value isGlobal(FoldingBuilder &f, ArrayRef<Value> extents, ValueRange coords, int64_t tokens) {
  if (coords.size() == 1) {
    Value token = coords.front();
    return f.less(token, f.constant(token.getType(), std::min(tokens, kBeyondAnyExtent)));
  }
  Value index = f.widen(coords.front());
  for (auto [coord, extent] : llvm::drop_begin(llvm::zip(coords, extents)))
    index = f.add(f.mul(index, f.as(extent, index.getType())), f.widen(coord));
  return f.less(index, f.constant(index.getType(), tokens));
}

Value GlobalAttr::allows(OpBuilder &builder, Location loc, const MaskContext &context, ValueRange query,
                         ValueRange key) const {
  FoldingBuilder f(builder, loc);
  return f.either(isGlobal(f, context.queryExtents, query, getTokens()),
                  isGlobal(f, context.keyExtents, key, getTokens()));
}

Value GlobalAttr::allowsOnAxis(OpBuilder &builder, Location loc, const MaskContext &context, unsigned, Value query,
                               Value key) const {
  return allows(builder, loc, context, query, key);
}

/// The bounding box of the first `tokens` of a grid, or the whole grid if `all`.
///
///   4x5 grid, 7 tokens      #####   ceil(7 / 5) rows of the first axis, and of
///                           ##...   the second at most its extent
static Box globalBox(FoldingBuilder &f, ArrayRef<Value> extents, int64_t tokens, Value all) {
  Box box;
  for (auto [axis, extent] : llvm::enumerate(extents)) {
    Value rowSize = f.constant(1);
    for (Value inner : extents.drop_front(axis + 1))
      rowSize = f.mul(rowSize, inner);
    rowSize = f.max(rowSize, 1); // an empty grid must not divide by zero
    Value rows = f.div(f.add(f.sub(rowSize, 1), tokens), rowSize);
    box.push_back({f.constant(0), 1, f.select(all, extent, f.min(rows, extent))});
  }
  return box;
}

static Value firstIsGlobal(FoldingBuilder &f, ArrayRef<Value> extents, const Box &box, int64_t tokens) {
  return isGlobal(f, extents, llvm::map_to_vector(box, [](const BoxAxis &axis) { return axis.origin; }), tokens);
}

static Value lastIsGlobal(FoldingBuilder &f, ArrayRef<Value> extents, const Box &box, int64_t tokens) {
  return isGlobal(f, extents, llvm::map_to_vector(box, [&](const BoxAxis &axis) { return f.last(axis); }), tokens);
}

LiveSet GlobalAttr::liveKeys(OpBuilder &builder, Location loc, const MaskContext &context, const Box &queries) const {
  FoldingBuilder f(builder, loc);
  Value all = firstIsGlobal(f, context.queryExtents, queries, getTokens());
  return {globalBox(f, context.keyExtents, getTokens(), all), /*exact=*/queries.size() == 1};
}

LiveSet GlobalAttr::liveQueries(OpBuilder &builder, Location loc, const MaskContext &context, const Box &keys) const {
  FoldingBuilder f(builder, loc);
  Value all = firstIsGlobal(f, context.keyExtents, keys, getTokens());
  return {globalBox(f, context.queryExtents, getTokens(), all), /*exact=*/keys.size() == 1};
}

Value GlobalAttr::classify(OpBuilder &builder, Location loc, const MaskContext &context, const Box &queries,
                           const Box &keys) const {
  FoldingBuilder f(builder, loc);
  ArrayRef<Value> qs = context.queryExtents, ks = context.keyExtents;
  const int64_t n = getTokens();
  Value some = f.either(firstIsGlobal(f, qs, queries, n), firstIsGlobal(f, ks, keys, n));
  Value full = f.either(lastIsGlobal(f, qs, queries, n), lastIsGlobal(f, ks, keys, n));
  return f.maskClass(f.negate(some), full);
}

} // namespace muntin::attn
