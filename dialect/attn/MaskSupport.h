//===- MaskSupport.h - the words of the mask interface ---------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile is a box of the grid. For a box of queries a mask names the keys worth
// visiting; for a box of queries and a box of keys it says whether no pair, every
// pair or some pairs are allowed. One axis, window 4 of 10 tokens:
//
//               keys 0123456789
//     query 2        ####......
//     query 3        .####.....    the box of queries 2..4
//     query 4        ..####....
//                    |----|        its live keys: origin 0, step 1, count 6
//                      ||          full:    keys 2..3
//                    ||  ||        partial: keys 0..1 and 4..5
//
// With dilation d, keys and queries fall into d residue classes that never meet.
// A box with step d holds tokens of one class, and so do its live keys.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ATTN_MASKSUPPORT_H
#define MUNTIN_ATTN_MASKSUPPORT_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"

#include <functional>
#include <optional>
#include <utility>

namespace muntin::attn {

using mlir::Location;
using mlir::OpBuilder;
using mlir::Value;
using mlir::ValueRange;

class FoldingBuilder;
class MaskAttrInterface;

/// One axis of a box of grid coordinates: origin, origin + step, ..., `count` of
/// them, all inside the grid. Values are i64 scalars. count may be <= 0 at run
/// time (an empty box).
struct BoxAxis {
  Value origin;
  int64_t step;
  Value count;
};
using Box = llvm::SmallVector<BoxAxis, 3>;

/// What a rule may know besides coordinates.
struct MaskContext {
  llvm::SmallVector<Value, 3> queryExtents, keyExtents; // i64 scalars
  /// Run-time data, provided by the lowering; only document() calls them.
  /// side: 0 query, 1 key. The segment number has the shape of the coordinates,
  /// which are passed on as allows() got them.
  std::function<Value(OpBuilder &, Location, int side, ValueRange coords)> segment;
  /// Least and greatest segment number of a box (integer scalars of one type);
  /// empty function or null values: unknown.
  std::function<std::pair<Value, Value>(OpBuilder &, Location, int side, const Box &)> segmentRange;
  /// Per axis, a modulus by which all queries and keys that are passed in are
  /// known to have one residue: where it is a multiple of a rule's period, as in
  /// tiles of one class, the rule leaves its residue test out. Empty: 1.
  llvm::SmallVector<int64_t, 3> commonResidue;
};

/// Hull of the live tokens. exact: every box on the hull's lattice that meets it
/// holds a live token.
struct LiveSet {
  Box box;
  bool exact;
};

enum MaskClass : int32_t { Empty = 0, Partial = 1, Full = 2 };

/// Coordinates are below 2^31 - 1, so this bounds nothing, and it fits i32.
constexpr int64_t kBeyondAnyExtent = (int64_t(1) << 31) - 1;

/// Tokens first, ..., last of an axis. Null: no bound on that side.
struct Run {
  Value first, last;
};

/// A band on one axis: query i attends to the keys of i's residue class that lie
/// in [keys(i).first, keys(i).last], and
///   - both bounds never decrease as i walks through its residue class;
///   - i itself lies in that run (every token may attend to itself).
/// So the keys of neighbouring queries leave no gap, which is why hulls are
/// exact, and the bounds of a box follow from its two ends.
///
/// Runs have at most `width` tokens, first to last, others' classes included; and first(i + n) <= first(i) + n +
/// `slack`.
struct AxisRule {
  using OfToken = std::function<Run(FoldingBuilder &, const MaskContext &, Value token)>;
  using OfTokens = std::function<Run(FoldingBuilder &, const MaskContext &, Value first, Value last)>;

  int64_t period = 1;
  /// The bounds are themselves tokens of the class and of the grid: no clipping.
  bool snug = false;
  OfToken keys;    ///< of one query; scalars or vectors
  OfToken queries; ///< of one key, with the same two properties; scalars
  /// Where period > 1: a run that holds the keys (queries) of all tokens from
  /// `first` to `last`, of whatever class.
  OfTokens keysOfDense, queriesOfDense;
  int64_t width = kBeyondAnyExtent, slack = 0;

  /// Tokens from the first to the last key of queries of one class, the last `span` tokens behind the first; at most.
  /// None if only the grid bounds them.
  std::optional<int64_t> mostTokens(int64_t span) const {
    return width < kBeyondAnyExtent ? std::optional(width + span + slack) : std::nullopt;
  }
};

namespace detail {
Value bandAllows(MaskAttrInterface mask, OpBuilder &builder, Location loc, const MaskContext &context, ValueRange query,
                 ValueRange key);
Value bandAllowsOnAxis(MaskAttrInterface mask, OpBuilder &builder, Location loc, const MaskContext &context,
                       unsigned axis, Value query, Value key);
LiveSet bandLive(MaskAttrInterface mask, OpBuilder &builder, Location loc, const MaskContext &context, bool fromKeys,
                 const Box &from);
std::optional<Box> bandCommon(MaskAttrInterface mask, OpBuilder &builder, Location loc, const MaskContext &context,
                              const Box &queries);
Value bandClassify(MaskAttrInterface mask, OpBuilder &builder, Location loc, const MaskContext &context,
                   const Box &queries, const Box &keys);
/// All tokens; not exact.
LiveSet wholeGrid(OpBuilder &builder, Location loc, llvm::ArrayRef<Value> extents);
} // namespace detail

} // namespace muntin::attn

#endif // MUNTIN_ATTN_MASKSUPPORT_H
