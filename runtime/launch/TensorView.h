//===- TensorView.h - memory that the caller owns, and where it lies *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_LAUNCH_TENSORVIEW_H
#define MUNTIN_RUNTIME_LAUNCH_TENSORVIEW_H

#include "runtime/abi/Image.h"
#include "runtime/abi/Result.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace muntin::runtime {

constexpr int kMaxDims = kMaxRank + 3; // batch, grid axes, head, element
constexpr int kNumTensors = 7;

enum class DataType : uint8_t { F32, F16, BF16, I32 };
int dataTypeBytes(DataType type);
const char *dataTypeName(DataType type);
DataType dataTypeOf(ElementType type);

struct TensorView {
  void *data = nullptr;
  DataType type = DataType::F32;
  int rank = 0;
  std::array<int64_t, kMaxDims> extents{}, strides{}; ///< in elements

  std::span<const int64_t> shape() const { return {extents.data(), static_cast<size_t>(rank)}; }
  std::span<const int64_t> steps() const { return {strides.data(), static_cast<size_t>(rank)}; }
  bool empty() const;
};

/// The bytes [low, high) that a tensor covers, counted from its data pointer.
struct ByteReach {
  int64_t low = 0, high = 0;
};
/// Nothing for a layout that spans 2^63 bytes or more. `tensor` is not empty; its pointer is not looked at.
std::optional<ByteReach> byteReach(const TensorView &tensor);

/// The bytes [begin, end) from the first to the last element of a tensor,
/// relative to address 0; wider than any address, so that nothing wraps.
struct ByteSpan {
  __int128 begin = 0, end = 0;
};
/// Nothing for a tensor whose span reaches 2^63 bytes or leaves the address space. `tensor` is not empty.
std::optional<ByteSpan> byteSpan(const TensorView &tensor);

/// True if it is proved that no two elements of `tensor` share memory: with the
/// axes sorted by stride, each steps over all that the smaller ones reach.
/// Layouts that are disjoint for a subtler reason are not recognised.
bool isInjective(const TensorView &tensor);

/// True if it is proved that `a` and `b` share no byte: their spans are
/// disjoint, or, in a buffer that interleaves both, they lie in different
/// residues of a common stride,
///
///   stride s     |  q   k   v  out |  q   k   v  out |  q ...
///
bool areDisjoint(const TensorView &a, const TensorView &b);

/// True for what a run writes.
constexpr bool isOutput(Tensor tensor) { return tensor == Tensor::Out || tensor == Tensor::Lse; }

/// The name in messages: "q", "kv_segments", ...
const char *tensorName(Tensor tensor);

/// One slot per tensor of the contract; lse and the segments may be missing.
using TensorSet = std::array<std::optional<TensorView>, kNumTensors>;
inline std::optional<TensorView> &at(TensorSet &set, Tensor tensor) { return set[static_cast<size_t>(tensor)]; }
inline const std::optional<TensorView> &at(const TensorSet &set, Tensor tensor) {
  return set[static_cast<size_t>(tensor)];
}

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_LAUNCH_TENSORVIEW_H
