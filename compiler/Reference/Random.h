//===- Random.h - numbers that are the same everywhere ------- -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input for --random and for tests. A number depends on the seed, the tensor and
// the element's row-major logical index, never on strides, threads or the order
// of evaluation. README.md says the same in prose, for other languages.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_REFERENCE_RANDOM_H
#define MUNTIN_COMPILER_REFERENCE_RANDOM_H

#include "compiler/Reference/Attention.h"
#include "runtime/abi/Image.h"

#include <cstdint>
#include <vector>

namespace muntin::reference {

/// 64 random bits. The words of a stream are those of SplitMix64 started at its key.
uint64_t randomWord(uint64_t seed, uint64_t stream, uint64_t index);

/// Standard normal, rounded to f32.
float randomNormal(uint64_t seed, Tensor tensor, int64_t index);

/// Fills the tensor [batch, *grid, heads, depth] that `view` describes; gaps stay as they are.
void fillRandom(uint64_t seed, Tensor tensor, const TensorView &view, void *data, int64_t batch,
                const std::vector<int64_t> &grid, int64_t heads, int64_t depth);

/// int32 [batch, tokens]: documents of about a quarter of the tokens each, numbered from 0 in every batch entry.
std::vector<int32_t> randomSegments(uint64_t seed, Tensor tensor, int64_t batch, int64_t tokens);

} // namespace muntin::reference

#endif // MUNTIN_COMPILER_REFERENCE_RANDOM_H
