//===- Random.cpp - numbers that are the same everywhere ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Random.h"
#include "compiler/Reference/Element.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace muntin::reference {

/// The output function of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
static uint64_t mix(uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static constexpr uint64_t kGolden = 0x9e3779b97f4a7c15u; // 2^64 divided by the golden ratio

uint64_t randomWord(uint64_t seed, uint64_t stream, uint64_t index) {
  const uint64_t key = mix(mix(seed + kGolden) + stream);
  return mix(key + (index + 1) * kGolden);
}

float randomNormal(uint64_t seed, Tensor tensor, int64_t index) {
  const auto stream = static_cast<uint64_t>(tensor);
  const uint64_t counter = 2 * static_cast<uint64_t>(index);
  // Box and Muller: u in (0, 1], so that its logarithm is finite; v in [0, 1).
  const double u = static_cast<double>((randomWord(seed, stream, counter) >> 11) + 1) * 0x1p-53;
  const double v = static_cast<double>(randomWord(seed, stream, counter + 1) >> 11) * 0x1p-53;
  return static_cast<float>(std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v));
}

void fillRandom(uint64_t seed, Tensor tensor, const TensorView &view, void *data, int64_t batch,
                const std::vector<int64_t> &grid, int64_t heads, int64_t depth) {
  const Coordinates extents = makeGrids(grid, grid).query;
  const int64_t tokens = tokenCount(extents);
  int64_t index = 0;
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t token = 0; token < tokens; ++token)
      for (int64_t head = 0; head < heads; ++head) {
        const int64_t first = view.offset(b, tokenAt(extents, token), head);
        for (int64_t d = 0; d < depth; ++d)
          writeElement(view.element, data, first + d, randomNormal(seed, tensor, index++));
      }
}

std::vector<int32_t> randomSegments(uint64_t seed, Tensor tensor, int64_t batch, int64_t tokens) {
  const auto stream = static_cast<uint64_t>(tensor);
  const uint64_t meanLength = static_cast<uint64_t>(std::max<int64_t>((tokens + 3) / 4, 1));
  std::vector<int32_t> segments(batch * tokens);
  for (int64_t b = 0; b < batch; ++b) {
    int32_t document = 0;
    for (int64_t token = 0; token < tokens; ++token) {
      const int64_t index = b * tokens + token;
      if (token > 0 && randomWord(seed, stream, index) % meanLength == 0)
        ++document;
      segments[index] = document;
    }
  }
  return segments;
}

} // namespace muntin::reference
