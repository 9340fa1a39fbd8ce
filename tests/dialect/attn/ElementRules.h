//===- ElementRules.h - the law of masks, in plain C++ ---------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written from dialect/attn/README.md alone; it shares nothing with the dialect
// and nothing with the reference interpreter.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_DIALECT_ATTN_ELEMENTRULES_H
#define MUNTIN_TESTS_DIALECT_ATTN_ELEMENTRULES_H

#include "runtime/abi/Mask.h"

namespace muntin::testing {

using Coords = std::vector<int64_t>;

struct Grids {
  Coords query, key;                               ///< extents
  std::vector<int64_t> querySegments, keySegments; ///< one per token, row-major

  size_t rank() const { return query.size(); }
};

int64_t tokenCount(const Coords &extents);
int64_t flatIndex(const Coords &extents, const Coords &token);
Coords tokenAt(const Coords &extents, int64_t index);

/// May query `i` attend to key `j`? `mask` is expanded and legal.
bool allows(const Mask &mask, const Grids &grids, const Coords &i, const Coords &j);

} // namespace muntin::testing

#endif // MUNTIN_TESTS_DIALECT_ATTN_ELEMENTRULES_H
