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

std::optional<ByteReach> byteReach(const TensorView &tensor) {
  // Each sum is a part of the span, so that one that does not fit in 64 bits belongs to a span that does not either.
  int64_t low = 0, high = 1;
  for (int axis = 0; axis < tensor.rank; ++axis) {
    int64_t reach;
    if (__builtin_mul_overflow(tensor.extents[axis] - 1, tensor.strides[axis], &reach))
      return std::nullopt;
    int64_t &side = reach < 0 ? low : high;
    if (__builtin_add_overflow(side, reach, &side))
      return std::nullopt;
  }
  const int64_t bytes = dataTypeBytes(tensor.type);
  int64_t span;
  if (__builtin_mul_overflow(low, bytes, &low) || __builtin_mul_overflow(high, bytes, &high) ||
      __builtin_sub_overflow(high, low, &span))
    return std::nullopt;
  return ByteReach{low, high};
}

std::optional<ByteSpan> byteSpan(const TensorView &tensor) {
  const std::optional<ByteReach> reach = byteReach(tensor);
  if (!reach)
    return std::nullopt;
  const __int128 base = reinterpret_cast<uintptr_t>(tensor.data);
  const ByteSpan span{base + reach->low, base + reach->high};
  const bool fits = span.begin >= 0 && span.end <= static_cast<__int128>(std::numeric_limits<uintptr_t>::max());
  return fits ? std::optional(span) : std::nullopt;
}

/// True if each axis, in this order, steps over all that those before it reach.
static bool eachStepsOver(const TensorView &tensor, std::span<const int> axes) {
  uint64_t reach = 0; // in elements
  for (const int axis : axes) {
    if (tensor.extents[axis] <= 1)
      continue;
    const auto stride = static_cast<uint64_t>(tensor.strides[axis]);
    const uint64_t magnitude = tensor.strides[axis] < 0 ? -stride : stride;
    uint64_t step;
    if (magnitude <= reach || __builtin_mul_overflow(magnitude, tensor.extents[axis] - 1, &step) ||
        __builtin_add_overflow(reach, step, &reach))
      return false;
  }
  return true;
}

bool isInjective(const TensorView &tensor) {
  std::array<int, kMaxDims> axes{};
  const auto end = axes.begin() + tensor.rank;
  std::iota(std::make_reverse_iterator(end), axes.rend(), 0); // last axis first: nearly all layouts are in this order
  if (eachStepsOver(tensor, {axes.begin(), end}))
    return true;
  std::sort(axes.begin(), end, [&](int left, int right) {
    const auto magnitude = [&](int axis) {
      const auto stride = static_cast<uint64_t>(tensor.strides[axis]);
      return tensor.strides[axis] < 0 ? -stride : stride;
    };
    return magnitude(left) < magnitude(right);
  });
  return eachStepsOver(tensor, {axes.begin(), end});
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
