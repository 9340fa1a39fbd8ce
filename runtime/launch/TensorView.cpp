//===- TensorView.cpp - memory that the caller owns, and where it lies *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/launch/TensorView.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>

namespace muntin::runtime {

int dataTypeBytes(DataType type) { return type == DataType::F32 || type == DataType::I32 ? 4 : 2; }

const char *dataTypeName(DataType type) {
  static constexpr const char *names[] = {"f32", "f16", "bf16", "i32"};
  return names[static_cast<size_t>(type)];
}

DataType dataTypeOf(ElementType type) {
  switch (type) {
  case ElementType::F32: return DataType::F32;
  case ElementType::F16: return DataType::F16;
  case ElementType::BF16: return DataType::BF16;
  }
  return DataType::F32;
}

const char *tensorName(Tensor tensor) {
  static constexpr const char *names[kNumTensors] = {"q", "k", "v", "out", "lse", "segments", "kv_segments"};
  return names[static_cast<size_t>(tensor)];
}

bool TensorView::empty() const {
  return std::ranges::any_of(shape(), [](int64_t extent) { return extent == 0; });
}

std::optional<ByteSpan> byteSpan(const TensorView &tensor) {
  // Extents are below 2^31 and strides below 2^63, so that six products cannot leave 128 bits.
  __int128 low = 0, high = 0;
  for (int axis = 0; axis < tensor.rank; ++axis) {
    const __int128 reach = static_cast<__int128>(tensor.extents[axis] - 1) * tensor.strides[axis];
    (reach < 0 ? low : high) += reach;
  }
  const __int128 bytes = dataTypeBytes(tensor.type);
  const __int128 base = reinterpret_cast<uintptr_t>(tensor.data);
  const ByteSpan span{base + low * bytes, base + (high + 1) * bytes};
  const bool fits = span.end - span.begin <= std::numeric_limits<int64_t>::max() && span.begin >= 0 &&
                    span.end <= static_cast<__int128>(std::numeric_limits<uintptr_t>::max());
  return fits ? std::optional(span) : std::nullopt;
}

bool isInjective(const TensorView &tensor) {
  std::array<int, kMaxDims> axes{};
  const auto end = axes.begin() + tensor.rank;
  std::iota(axes.begin(), end, 0);
  const auto magnitude = [&](int axis) {
    const __int128 stride = tensor.strides[axis];
    return stride < 0 ? -stride : stride;
  };
  std::sort(axes.begin(), end, [&](int left, int right) { return magnitude(left) < magnitude(right); });
  __int128 reach = 0;
  for (auto axis = axes.begin(); axis != end; ++axis) {
    if (tensor.extents[*axis] <= 1)
      continue;
    if (magnitude(*axis) <= reach)
      return false;
    reach += magnitude(*axis) * (tensor.extents[*axis] - 1);
  }
  return true;
}

/// Where the elements of `tensor` lie modulo `modulus` bytes: [begin, begin + length), begin in [0, modulus). Strides
/// that are multiples of the modulus do not matter.
static std::pair<__int128, __int128> residues(const TensorView &tensor, int64_t modulus) {
  const int64_t bytes = dataTypeBytes(tensor.type);
  __int128 low = reinterpret_cast<uintptr_t>(tensor.data), length = bytes;
  for (int axis = 0; axis < tensor.rank; ++axis) {
    const __int128 stride = static_cast<__int128>(tensor.strides[axis]) * bytes;
    if (tensor.extents[axis] <= 1 || stride % modulus == 0)
      continue;
    const __int128 reach = stride * (tensor.extents[axis] - 1);
    low += std::min<__int128>(reach, 0);
    length += reach < 0 ? -reach : reach;
  }
  const __int128 begin = low % modulus;
  return {begin < 0 ? begin + modulus : begin, length};
}

static bool separatedBy(const TensorView &a, const TensorView &b, int64_t modulus) {
  const auto [beginA, lengthA] = residues(a, modulus);
  const auto [beginB, lengthB] = residues(b, modulus);
  const __int128 gap = (beginB - beginA + modulus) % modulus; // from a's begin up to b's
  return lengthA <= gap && gap + lengthB <= modulus;
}

bool areDisjoint(const TensorView &a, const TensorView &b) {
  if (a.empty() || b.empty())
    return true;
  const std::optional<ByteSpan> spanA = byteSpan(a), spanB = byteSpan(b);
  if (!spanA || !spanB)
    return false;
  if (spanA->end <= spanB->begin || spanB->end <= spanA->begin)
    return true;
  for (const TensorView *tensor : {&a, &b})
    for (int axis = 0; axis < tensor->rank; ++axis) {
      int64_t modulus;
      if (tensor->extents[axis] <= 1 ||
          __builtin_mul_overflow(tensor->strides[axis], dataTypeBytes(tensor->type), &modulus) || modulus == 0 ||
          modulus == std::numeric_limits<int64_t>::min())
        continue;
      if (separatedBy(a, b, std::abs(modulus)))
        return true;
    }
  return false;
}

} // namespace muntin::runtime
