//===- AxisRules.h - the bands of the mask algebra -------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ATTN_AXISRULES_H
#define MUNTIN_ATTN_AXISRULES_H

#include "dialect/attn/FoldingBuilder.h"

namespace muntin::attn {

/// i - left <= j <= i + right; kUnbounded on a side: no bound there.
AxisRule slidingRule(int64_t left, int64_t right);

/// The query's block of `size` keys, and `halo` more on both sides.
AxisRule haloRule(int64_t size, int64_t halo);

/// The neighbourhood, see README.md.
AxisRule neighborhoodRule(unsigned axis, int64_t window, int64_t dilation, int64_t stride, bool causal);

/// What all rules allow, as one rule. None if the common period is out of reach.
std::optional<AxisRule> intersectRules(llvm::SmallVector<AxisRule> rules);

/// lcm(a, b), or 0 if it is 2^31 or more.
int64_t commonPeriod(int64_t a, int64_t b);

/// What `rule` says about the tokens first, first + step, ..., last: a run that
/// holds their keys (fromKeys: their queries).
Run runOfTokens(FoldingBuilder &f, const MaskContext &context, const AxisRule &rule, bool fromKeys, Value first,
                Value last, int64_t step);

} // namespace muntin::attn

#endif // MUNTIN_ATTN_AXISRULES_H
