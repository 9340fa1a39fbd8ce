//===- Alignment.cpp - how wide a kernel may copy ----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/launch/Alignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace muntin::runtime {

constexpr uint64_t kWidest = 16;
constexpr Tensor kCopied[] = {Tensor::Query, Tensor::Key, Tensor::Value, Tensor::Out};

/// The widest unit that divides a number of bytes; what is beyond 64 bits does not matter to it.
static int64_t unitOf(uint64_t bytes) { return static_cast<int64_t>(std::gcd(kWidest, bytes % kWidest)); }

/// Of a tensor's rows and of the steps between them.
static int64_t layoutAlignment(const TensorView &tensor) {
  const auto bytes = static_cast<uint64_t>(dataTypeBytes(tensor.type));
  int64_t alignment = kWidest;
  for (int axis = 0; axis < tensor.rank; ++axis) {
    const bool last = axis + 1 == tensor.rank;
    if (last || tensor.extents[axis] > 1)
      alignment = std::min(alignment,
                           unitOf(bytes * static_cast<uint64_t>(last ? tensor.extents[axis] : tensor.strides[axis])));
  }
  return alignment;
}

static int64_t pointerAlignment(const void *pointer) { return unitOf(reinterpret_cast<uintptr_t>(pointer)); }

int64_t alignmentOf(const TensorSet &tensors) {
  int64_t alignment = kWidest;
  for (const Tensor which : kCopied)
    if (const std::optional<TensorView> &tensor = at(tensors, which))
      alignment = std::min({alignment, layoutAlignment(*tensor), pointerAlignment(tensor->data)});
  return alignment;
}

static Status tooNarrow(Tensor tensor, const char *what, int64_t got, int64_t wanted) {
  return Status::invalid(fmt::format("alignment: {} has {} in multiples of {} bytes, but the kernel wants {}; "
                                     "prepare one with alignment {}",
                                     tensorName(tensor), what, got, wanted, got));
}

Status checkLayoutAlignment(const TensorSet &tensors, int64_t alignment) {
  if (alignment == 0)
    return {};
  for (const Tensor which : kCopied)
    if (const std::optional<TensorView> &tensor = at(tensors, which))
      if (const int64_t got = layoutAlignment(*tensor); got % alignment != 0)
        return tooNarrow(which, "rows or strides", got, alignment);
  return {};
}

Status checkPointerAlignment(const Pointers &pointers, int64_t alignment) {
  if (alignment == 0)
    return {};
  for (const Tensor which : kCopied)
    if (const int64_t got = pointerAlignment(pointers[static_cast<size_t>(which)]); got % alignment != 0)
      return tooNarrow(which, "an address", got, alignment);
  return {};
}

} // namespace muntin::runtime
