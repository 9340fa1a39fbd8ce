//===- TensorViewTest.cpp - spans and overlaps against counting bytes *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/launch/TensorView.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

using namespace muntin;
using namespace muntin::runtime;

namespace {

/// An address that nothing is read from.
void *address(int64_t value) { return reinterpret_cast<void *>(value); }

TensorView view(int64_t at, DataType type, std::vector<int64_t> extents, std::vector<int64_t> strides) {
  TensorView tensor{.data = address(at), .type = type, .rank = static_cast<int>(extents.size())};
  std::ranges::copy(extents, tensor.extents.begin());
  std::ranges::copy(strides, tensor.strides.begin());
  return tensor;
}

/// Every byte of every element; an address that comes twice is in `doubled`.
std::set<int64_t> bytesOf(const TensorView &tensor, bool &doubled) {
  std::set<int64_t> bytes;
  doubled = false;
  std::array<int64_t, kMaxDims> index{};
  while (true) {
    int64_t at = reinterpret_cast<intptr_t>(tensor.data);
    for (int axis = 0; axis < tensor.rank; ++axis)
      at += index[axis] * tensor.strides[axis] * dataTypeBytes(tensor.type);
    for (int i = 0; i < dataTypeBytes(tensor.type); ++i)
      doubled |= !bytes.insert(at + i).second;
    int axis = tensor.rank - 1;
    while (axis >= 0 && ++index[axis] == tensor.extents[axis])
      index[axis--] = 0;
    if (axis < 0)
      return bytes;
  }
}

TEST(TensorView, ClaimsAreProofs) {
  std::mt19937 random(1);
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  const auto any = [&] {
    const int rank = static_cast<int>(pick(1, 3));
    TensorView tensor = view(1000 + 2 * pick(0, 60), pick(0, 1) ? DataType::F32 : DataType::F16, {}, {});
    tensor.rank = rank;
    for (int axis = 0; axis < rank; ++axis) {
      tensor.extents[axis] = pick(1, 4);
      tensor.strides[axis] = pick(-12, 24);
    }
    return tensor;
  };
  int injective = 0, interleaved = 0;
  for (int i = 0; i < 20000; ++i) {
    const TensorView a = any(), b = any();
    bool doubledA, doubledB;
    const std::set<int64_t> bytesA = bytesOf(a, doubledA), bytesB = bytesOf(b, doubledB);
    const std::optional<ByteSpan> span = byteSpan(a);
    ASSERT_TRUE(span);
    ASSERT_EQ(static_cast<int64_t>(span->begin), *bytesA.begin());
    ASSERT_EQ(static_cast<int64_t>(span->end), *bytesA.rbegin() + 1);
    const bool meet = std::ranges::any_of(bytesA, [&](int64_t byte) { return bytesB.contains(byte); });
    if (isInjective(a)) {
      ++injective;
      ASSERT_FALSE(doubledA) << i;
    }
    if (areDisjoint(a, b)) {
      ASSERT_FALSE(meet) << i;
      interleaved += *bytesA.rbegin() > *bytesB.begin() && *bytesB.rbegin() > *bytesA.begin();
    } else {
      const bool apart = *bytesA.rbegin() < *bytesB.begin() || *bytesB.rbegin() < *bytesA.begin();
      ASSERT_FALSE(apart) << i << ": disjoint spans are always recognised";
    }
  }
  EXPECT_GT(injective, 1000);
  EXPECT_GT(interleaved, 100);
}

TEST(TensorView, RecognisesTheLayoutsThatPeopleUse) {
  // q, k, v and out of 4 heads of 8, packed into one row per token: [B, N, 4, H, D].
  const int64_t row = 4 * 4 * 8;
  std::vector<TensorView> packed;
  for (int i = 0; i < 4; ++i)
    packed.push_back(view(4096 + 4 * 32 * i, DataType::F32, {2, 10, 4, 8}, {10 * row, row, 8, 1}));
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(isInjective(packed[i]));
    for (int j = 0; j < 4; ++j)
      EXPECT_EQ(areDisjoint(packed[i], packed[j]), i != j);
  }
  // Heads before tokens, and an image with padded rows.
  EXPECT_TRUE(isInjective(view(0, DataType::F32, {2, 10, 4, 8}, {320, 8, 80, 1})));
  EXPECT_TRUE(isInjective(view(0, DataType::F32, {1, 7, 9, 2, 8}, {0, 200, 20, 8, 1})));
  EXPECT_FALSE(isInjective(view(0, DataType::F32, {2, 3}, {0, 1}))) << "a broadcast";
  EXPECT_FALSE(isInjective(view(0, DataType::F32, {4, 8}, {7, 1})));
}

TEST(TensorView, SpansThatNoMemoryHas) {
  EXPECT_FALSE(byteSpan(view(0, DataType::F32, {3}, {INT64_MAX})));
  EXPECT_FALSE(byteSpan(view(0, DataType::F32, {2, 2}, {INT64_MAX / 8, INT64_MIN / 8})));
  EXPECT_FALSE(byteSpan(view(16, DataType::F32, {10}, {-1}))) << "below address 0";
  EXPECT_FALSE(byteSpan(view(-16, DataType::F32, {10}, {1}))) << "beyond the last address";
  EXPECT_TRUE(byteSpan(view(4096, DataType::F32, {10}, {INT64_MAX / 128})));
}

} // namespace
