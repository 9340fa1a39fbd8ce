//===- Attention.h - attention in double precision ----------- -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The answer that every kernel is judged by:
//
//   s_j = scale q.k_j                         for every key j that the mask allows
//   O   = sum_j p_j v_j,  p_j = exp(s_j) / sum_i exp(s_i)
//   LSE = log sum_j exp(s_j)                  natural logarithm
//   T^2 = sum_j p_j^2 v_j^2                   per element: the size that O would have if the v_j did not cancel
//
// A query without keys has O = 0 and LSE = -inf. NaN and infinity in the input are computed with.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_REFERENCE_ATTENTION_H
#define MUNTIN_COMPILER_REFERENCE_ATTENTION_H

#include "compiler/Reference/Rules.h"
#include "runtime/abi/Problem.h"

#include <cstdint>
#include <vector>

namespace muntin::reference {

/// A tensor [B, *grid, H, D] or, for LSE, [B, *grid, H]. Strides count elements: batch, grid axes, head (rank + 2
/// numbers, any sign, 0 allowed); the last axis of a tensor with D is contiguous.
struct TensorView {
  const void *data = nullptr;
  ElementType element = ElementType::F32;
  std::vector<int64_t> strides;

  int64_t offset(int64_t batch, const Coordinates &token, int64_t head) const;
};

/// Row-major strides of [batch, *grid, heads, depth]; depth 1 gives those of LSE.
std::vector<int64_t> contiguousStrides(const std::vector<int64_t> &grid, int64_t heads, int64_t depth);

struct Inputs {
  TensorView query, key, value;
  double scale = 1.0;
  /// int32 [B, tokens], row-major, for document(); null keys: the same numbers as the queries.
  const int32_t *segments = nullptr;
  const int32_t *kvSegments = nullptr;
};

/// The keys that a query may attend to, as flat indices; every key is asked.
std::vector<int64_t> allowedKeys(const Mask &mask, const Grids &grids, const Coordinates &query,
                                 const Segments &segments);
/// The numbers of one batch entry.
Segments segmentsOf(const Shape &shape, const Inputs &inputs, int64_t batch);

struct Row {
  std::vector<double> out;    ///< Dv numbers
  std::vector<double> spread; ///< T^2, Dv numbers
  double lse = 0;
  double scoreSize = 0; ///< max_j |scale| sum_d |q_d k_jd|: what the rounding of a score is proportional to
};

/// One query of one head against `keys`.
Row attendRow(const Problem &problem, const Shape &shape, const Inputs &inputs, int64_t batch, int64_t head,
              const Coordinates &query, const std::vector<int64_t> &keys);

/// All rows, row-major in [B, *grid, H]. `problem` and `shape` are checked. Threads do not change a bit; 0 takes
/// as many as the machine has.
std::vector<Row> attend(const Problem &problem, const Shape &shape, const Inputs &inputs, int threads = 0);

} // namespace muntin::reference

#endif // MUNTIN_COMPILER_REFERENCE_ATTENTION_H
