//===- Pairs.h - how many pairs a mask keeps ----------------- -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_REFERENCE_PAIRS_H
#define MUNTIN_COMPILER_REFERENCE_PAIRS_H

#include "compiler/Reference/Attention.h"

#include <cstdint>

namespace muntin::reference {

/// Masks without a formula are counted by asking the element rule, at most so many times for one batch entry.
constexpr int64_t kMaxQuestions = int64_t(1) << 32;

/// Allowed (query, key) pairs of one batch entry and one head, exact. By formula where the mask is one rule per axis,
/// full, global, document, or the negation of one of these; else by asking, once for each run of keys along the last
/// axis on which no part of the mask changes, or for every pair where documents or dilations are part of it.
Result<int64_t> pairsKept(const Mask &mask, const Grids &grids, const Segments &segments = {});

/// The sum over batch and heads. `inputs` is read for its segment numbers only.
Result<int64_t> pairsKept(const Problem &problem, const Shape &shape, const Inputs &inputs = {});

} // namespace muntin::reference

#endif // MUNTIN_COMPILER_REFERENCE_PAIRS_H
