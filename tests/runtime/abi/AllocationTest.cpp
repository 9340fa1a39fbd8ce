//===- AllocationTest.cpp - what runs at each launch allocates nothing ----===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Image.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {
thread_local int64_t allocations = 0;
} // namespace

// Replaces the program's allocator, to count.
void *operator new(size_t size) {
  ++allocations;
  if (void *memory = std::malloc(size ? size : 1))
    return memory;
  throw std::bad_alloc();
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }

using namespace muntin;

namespace {

template <typename Call> int64_t allocationsOf(Call call) {
  const int64_t before = allocations;
  call();
  return allocations - before;
}

TEST(Allocation, CountsAllocations) {
  EXPECT_GT(allocationsOf([] { (void)parseMask("neighborhood(window=7)"); }), 0);
}

TEST(Allocation, NoneAtALaunch) {
  Problem problem{.rank = 2, .target = "x86-64-v3"};
  problem.mask = *expandMask(*parseMask("any_of(neighborhood(window=7), not(global(tokens=4)))"), 2);
  const Shape shape{.batch = 2, .heads = 4, .kvHeads = 2, .grid = {56, 57}, .kvGrid = {56, 57}};
  const Formula formula = Formula::apply(Formula::Op::CeilDiv, Formula::symbol(Symbol::Query0), Formula::constant(4));
  EXPECT_EQ(allocationsOf([&] {
              ASSERT_TRUE(checkShape(problem, shape).ok());
              ASSERT_TRUE(formula.evaluate(shape).ok());
            }),
            0);
}

} // namespace
