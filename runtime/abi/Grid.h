//===- Grid.h - the extents of a grid --------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ABI_GRID_H
#define MUNTIN_ABI_GRID_H

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace muntin {

constexpr int kMaxRank = 3;

/// One extent per axis. Lies where it stands: a launch makes two of them and allocates nothing.
class Grid {
public:
  constexpr Grid() = default;
  constexpr Grid(std::initializer_list<int64_t> extents) : Grid(extents.begin(), extents.end()) {}
  Grid(const std::vector<int64_t> &extents) : Grid(extents.begin(), extents.end()) {}
  template <typename Iterator> constexpr Grid(Iterator begin, Iterator end) {
    for (; begin != end && size_ < values_.size(); ++begin)
      values_[size_++] = *begin;
  }

  constexpr size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr const int64_t *data() const { return values_.data(); }
  constexpr const int64_t *begin() const { return values_.data(); }
  constexpr const int64_t *end() const { return values_.data() + size_; }
  constexpr int64_t *begin() { return values_.data(); }
  constexpr int64_t *end() { return values_.data() + size_; }
  constexpr int64_t operator[](size_t axis) const { return values_[axis]; }
  constexpr int64_t &operator[](size_t axis) { return values_[axis]; }

  operator std::vector<int64_t>() const { return {begin(), end()}; }
  bool operator==(const Grid &other) const { return std::ranges::equal(*this, other); }

private:
  /// One more than the greatest rank: a list that is too long stays too long, so that it is refused.
  std::array<int64_t, kMaxRank + 1> values_{};
  size_t size_ = 0;
};

} // namespace muntin

#endif // MUNTIN_ABI_GRID_H
