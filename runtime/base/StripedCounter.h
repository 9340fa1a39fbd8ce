//===- StripedCounter.h - a count that threads add to without meeting *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_BASE_STRIPEDCOUNTER_H
#define MUNTIN_RUNTIME_BASE_STRIPEDCOUNTER_H

#include <array>
#include <atomic>
#include <cstdint>

namespace muntin::runtime {

/// Each thread adds to one of a few numbers, each in a cache line of its own.
class StripedCounter {
public:
  void add() {
    static std::atomic<size_t> threads{0};
    thread_local const size_t stripe = threads.fetch_add(1, std::memory_order_relaxed) % kStripes;
    stripes_[stripe].value.fetch_add(1, std::memory_order_relaxed);
  }
  uint64_t sum() const {
    uint64_t total = 0;
    for (const Stripe &stripe : stripes_)
      total += stripe.value.load(std::memory_order_relaxed);
    return total;
  }

private:
  static constexpr size_t kStripes = 16;
  struct alignas(64) Stripe {
    std::atomic<uint64_t> value{0};
  };
  std::array<Stripe, kStripes> stripes_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_BASE_STRIPEDCOUNTER_H
