//===- AxisRules.cpp - the bands of the mask algebra -----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Coordinates may be i32, and extents reach 2^31 - 1: sums that may pass 2^31
// are clamped, or stay below 2^32 and are compared unsigned.
//
//===----------------------------------------------------------------------===//

#include "dialect/attn/AxisRules.h"

#include "runtime/abi/Mask.h"

#include <numeric>

using namespace mlir;

namespace muntin::attn {

//===----------------------------------------------------------------------===//
// sliding, block, halo
//===----------------------------------------------------------------------===//

AxisRule slidingRule(int64_t left, int64_t right) {
  auto window = [](int64_t before, int64_t after) {
    return [before, after](FoldingBuilder &f, const MaskContext &, Value token) {
      Run run;
      if (before < kBeyondAnyExtent)
        run.first = f.sub(token, before);
      if (after < kBeyondAnyExtent)
        run.last = f.addClamped(token, after);
      return run;
    };
  };
  AxisRule rule;
  rule.keys = window(left, right);
  rule.queries = window(right, left);
  if (left < kBeyondAnyExtent && right < kBeyondAnyExtent)
    rule.width = std::min(left + 1 + right, kBeyondAnyExtent);
  return rule;
}

AxisRule haloRule(int64_t size, int64_t halo) {
  size = std::min(size, kBeyondAnyExtent);
  halo = std::min(halo, kBeyondAnyExtent);
  AxisRule rule;
  rule.width = std::min(size + 2 * halo, kBeyondAnyExtent);
  rule.slack = size - 1; // from the last query of a block to the first of the next
  rule.keys = [=](FoldingBuilder &f, const MaskContext &, Value query) {
    Value block = f.roundDown(query, size);
    return Run{f.sub(block, halo), f.addClamped(block, size - 1 + halo)};
  };
  // The blocks that begin at or before key + halo and end at or after key - halo.
  rule.queries = [=](FoldingBuilder &f, const MaskContext &, Value key) {
    Value first = f.roundDown(halo ? f.max(f.sub(key, halo), 0) : key, size);
    return Run{first, f.add(f.roundDown(f.add(key, halo), size), size - 1)};
  };
  return rule;
}

//===----------------------------------------------------------------------===//
// neighborhood
//===----------------------------------------------------------------------===//

namespace {
/// The neighbourhood inside one residue group: `p` and `q` number the queries
/// and keys of the group, `length` is L, their number.
struct Group {
  int64_t window, stride;
  bool causal;

  /// a, the first key of the window of query p. It never decreases with p, nor
  /// with the length.
  Value windowStart(FoldingBuilder &f, Value p, Value length) const {
    Value leader = p;
    if (stride > 1) {
      // At most p + stride < 2^32: compared unsigned.
      Value centre = f.add(f.roundDown(p, stride), causal ? stride - 1 : stride / 2);
      leader = f.minUnsigned(centre, f.sub(length, 1));
    }
    Value start = f.max(f.sub(leader, causal ? window - 1 : window / 2), 0);
    return causal ? start : f.min(start, f.sub(length, window));
  }

  /// The first query that attends to key q.
  Value firstQuery(FoldingBuilder &f, Value q) const {
    if (causal)
      return q;
    const int64_t right = window / 2 + window % 2 - 1, offset = stride - stride / 2 - 1;
    Value start = f.roundDown(f.add(q, offset - right), stride);
    return f.select(f.less(q, f.constant(window)), f.constant(0), start);
  }

  /// One beyond the last query that attends to key q.
  Value endQuery(FoldingBuilder &f, Value q, Value length) const {
    if (causal) {
      // The stride group that holds q + window - 1 is the last; the last group of all is cut short.
      Value end = f.roundDown(f.add(q, window), stride);
      Value more = f.notLess(f.add(q, window), length);
      return f.min(f.select(more, f.add(end, stride), end), length);
    }
    const int64_t offset = stride - stride / 2 - 1;
    Value end = f.roundDown(f.add(q, window / 2 + offset + 1), stride);
    return f.select(f.notLess(q, f.sub(length, window)), length, end);
  }
};

/// A residue group of one axis, in grid coordinates.
struct Dilated {
  Group group;
  int64_t dilation;
  unsigned axis;

  Value extent(FoldingBuilder &f, const MaskContext &context, Type type) const {
    return f.as(context.queryExtents[axis], type);
  }
  /// How many tokens of the axis have the residue g: ceil((n - g) / d).
  Value lengthOf(FoldingBuilder &f, Value extent, Value residue) const {
    return dilation == 1 ? extent : f.add(f.div(f.sub(f.sub(extent, 1), residue), dilation), 1);
  }

  Run keys(FoldingBuilder &f, const MaskContext &context, Value query) const {
    Value g = f.rem(query, dilation);
    Value length = lengthOf(f, extent(f, context, query.getType()), g);
    Value first = f.add(f.mul(group.windowStart(f, f.div(query, dilation), length), dilation), g);
    return {first, group.causal ? query : f.add(first, dilation * (group.window - 1))};
  }

  Run queries(FoldingBuilder &f, const MaskContext &context, Value key) const {
    Value g = f.rem(key, dilation), q = f.div(key, dilation);
    Value length = lengthOf(f, extent(f, context, key.getType()), g);
    Value first = f.add(f.mul(group.firstQuery(f, q), dilation), g);
    Value last = f.sub(group.endQuery(f, q, length), 1);
    return {first, f.add(f.mul(last, dilation), g)};
  }

  /// The token of the highest residue in row `row`, kept inside the grid. Rows
  /// are what tokens with equal quotients by the dilation form.
  Value endOfRow(FoldingBuilder &f, Value row, Value extent) const {
    return f.min(f.add(f.mul(row, dilation), dilation - 1), f.sub(extent, 1));
  }

  // Groups have two lengths, n div d and perhaps one more.
  Run keysOfDense(FoldingBuilder &f, const MaskContext &context, Value first, Value last) const {
    Value n = extent(f, context, first.getType());
    Value longest = f.add(f.div(f.sub(n, 1), dilation), 1);
    Value low = f.mul(group.windowStart(f, f.div(first, dilation), f.div(n, dilation)), dilation);
    if (group.causal)
      return {low, last};
    Value high = f.add(group.windowStart(f, f.div(last, dilation), longest), group.window - 1);
    return {low, endOfRow(f, high, n)};
  }

  Run queriesOfDense(FoldingBuilder &f, const MaskContext &context, Value first, Value last) const {
    Value n = extent(f, context, first.getType());
    Value longest = f.add(f.div(f.sub(n, 1), dilation), 1), q = f.div(last, dilation);
    Value end = f.max(group.endQuery(f, q, f.div(n, dilation)), group.endQuery(f, q, longest));
    Value low = group.causal ? first : f.mul(group.firstQuery(f, f.div(first, dilation)), dilation);
    return {low, endOfRow(f, f.sub(end, 1), n)};
  }
};
} // namespace

AxisRule neighborhoodRule(unsigned axis, int64_t window, int64_t dilation, int64_t stride, bool causal) {
  const Dilated rule{{window, stride, causal}, dilation, axis};
  AxisRule result;
  result.period = dilation;
  result.snug = true;
  result.width = dilation * (window - 1) + 1;
  result.slack = dilation * (stride - 1);
  result.keys = [rule](auto &f, const MaskContext &c, Value query) { return rule.keys(f, c, query); };
  result.queries = [rule](auto &f, const MaskContext &c, Value key) { return rule.queries(f, c, key); };
  result.keysOfDense = [rule](auto &f, const MaskContext &c, Value first, Value last) {
    return rule.keysOfDense(f, c, first, last);
  };
  result.queriesOfDense = [rule](auto &f, const MaskContext &c, Value first, Value last) {
    return rule.queriesOfDense(f, c, first, last);
  };
  return result;
}

//===----------------------------------------------------------------------===//
// Rules about runs of tokens, and several rules at once
//===----------------------------------------------------------------------===//

Run runOfTokens(FoldingBuilder &f, const MaskContext &context, const AxisRule &rule, bool fromKeys, Value first,
                Value last, int64_t step) {
  if (step % rule.period != 0)
    return (fromKeys ? rule.queriesOfDense : rule.keysOfDense)(f, context, first, last);
  const AxisRule::OfToken &ofToken = fromKeys ? rule.queries : rule.keys;
  return {ofToken(f, context, first).first, ofToken(f, context, last).last};
}

int64_t commonPeriod(int64_t a, int64_t b) {
  const int64_t factor = b / std::gcd(a, b);
  return a > kBeyondAnyExtent / factor ? 0 : a * factor;
}

static Run intersect(FoldingBuilder &f, Run a, Run b) {
  return {a.first && b.first ? f.max(a.first, b.first) : (a.first ? a.first : b.first),
          a.last && b.last ? f.min(a.last, b.last) : (a.last ? a.last : b.last)};
}

std::optional<AxisRule> intersectRules(SmallVector<AxisRule> rules) {
  if (rules.size() == 1)
    return rules.front();
  AxisRule result;
  result.snug = true;
  for (const AxisRule &rule : rules) {
    result.period = commonPeriod(result.period, rule.period);
    if (!result.period)
      return std::nullopt;
    result.snug &= rule.snug && rule.period == rules.front().period;
    result.width = std::min(result.width, rule.width);
    result.slack = std::max(result.slack, rule.slack); // the later of two firsts moves as one of them
  }
  auto overRules = [rules](auto runOf) {
    return [rules, runOf](FoldingBuilder &f, const MaskContext &c, auto... tokens) {
      Run run;
      for (const AxisRule &rule : rules)
        run = intersect(f, run, runOf(rule, f, c, tokens...));
      return run;
    };
  };
  result.keys = overRules([](auto &rule, auto &f, auto &c, Value query) { return rule.keys(f, c, query); });
  result.queries = overRules([](auto &rule, auto &f, auto &c, Value key) { return rule.queries(f, c, key); });
  result.keysOfDense = overRules([](auto &rule, auto &f, auto &c, Value first, Value last) {
    return runOfTokens(f, c, rule, /*fromKeys=*/false, first, last, /*step=*/1);
  });
  result.queriesOfDense = overRules([](auto &rule, auto &f, auto &c, Value first, Value last) {
    return runOfTokens(f, c, rule, /*fromKeys=*/true, first, last, /*step=*/1);
  });
  return result;
}

} // namespace muntin::attn
