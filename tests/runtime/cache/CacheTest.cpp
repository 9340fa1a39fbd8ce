//===- CacheTest.cpp - kernels in memory, found without a lock *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cache/KernelCache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace muntin;
using namespace muntin::runtime;

namespace {

struct Number {
  explicit Number(int value) : value(value) {}
  const int value;
};

auto is(int value) {
  return [value](const Number &number) { return number.value == value; };
}

TEST(PublishedMap, FindsWhatWasInsertedThoughHashesMeet) {
  PublishedMap<Number> map;
  for (int i = 0; i < 500; ++i)
    EXPECT_EQ(map.insert(static_cast<size_t>(i % 7), is(i), i).value, i);
  for (int i = 0; i < 500; ++i) {
    Number *found = map.find(static_cast<size_t>(i % 7), is(i));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->value, i);
    EXPECT_EQ(&map.insert(static_cast<size_t>(i % 7), is(i), i), found) << "inserted twice";
  }
  EXPECT_EQ(map.find(0, is(500)), nullptr);
}

TEST(PublishedMap, ReadersSeeWholeEntriesWhileItGrows) {
  constexpr int kEntries = 2000;
  PublishedMap<Number> map;
  std::atomic<int> published{0};
  std::atomic<bool> wrong{false};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t)
    readers.emplace_back([&] {
      while (published < kEntries)
        for (int i = 0, until = published; i < until; ++i) {
          const Number *found = map.find(static_cast<size_t>(i), is(i));
          if (!found || found->value != i)
            wrong = true;
        }
    });
  for (int i = 0; i < kEntries; ++i) {
    map.insert(static_cast<size_t>(i), is(i), i);
    published = i + 1;
  }
  for (std::thread &reader : readers)
    reader.join();
  EXPECT_FALSE(wrong);
}

TEST(PublishedMap, ManyWritersOneEntry) {
  PublishedMap<Number> map;
  std::vector<Number *> got(16);
  std::vector<std::thread> writers;
  for (size_t t = 0; t < got.size(); ++t)
    writers.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i)
        map.insert(static_cast<size_t>(i), is(i), i);
      got[t] = &map.insert(5, is(5), 5);
    });
  for (std::thread &writer : writers)
    writer.join();
  for (const Number *entry : got)
    EXPECT_EQ(entry, got[0]);
  int entries = 0;
  map.forEach([&](const Number &) { ++entries; });
  EXPECT_EQ(entries, 100);
}

constexpr std::string_view kTarget = "x86-64-v3";

TEST(KernelCache, OneProblemHowevereWritten) {
  KernelCache cache;
  const Request request{.rank = 2, .headDim = 64, .mask = "neighborhood(window=7)", .target = kTarget};
  const Result<CacheEntry *> entry = cache.find(request);
  ASSERT_TRUE(entry.ok()) << entry.status().message();
  Request other = request;
  other.mask = " neighborhood( stride=1, window = 7x7 )";
  other.rank = 0; // the mask's
  EXPECT_EQ(*cache.find(other), *entry);
  other.headDim = 0; // the default
  EXPECT_EQ(*cache.find(other), *entry);
  EXPECT_EQ(&cache.find((*entry)->key(), (*entry)->problem()), *entry);
  for (Request changed : {Request{.rank = 2, .mask = "neighborhood(window=5)", .target = kTarget},
                          Request{.element = ElementType::F16, .rank = 2, .mask = request.mask, .target = kTarget},
                          Request{.rank = 2, .headDim = 63, .mask = request.mask, .target = kTarget},
                          Request{.rank = 2, .valueDim = 63, .mask = request.mask, .target = kTarget},
                          Request{.rank = 2, .mask = request.mask, .target = kTarget, .plan = "x"},
                          Request{.rank = 2, .mask = request.mask, .target = "x86-64-v4"},
                          Request{.rank = 3, .mask = request.mask, .target = kTarget}}) {
    const Result<CacheEntry *> found = cache.find(changed);
    ASSERT_TRUE(found.ok()) << found.status().message();
    EXPECT_NE(*found, *entry) << (*found)->key();
  }
  EXPECT_EQ(cache.size(), 0u) << "entries without a kernel do not count";
}

TEST(KernelCache, WhatIsNoProblemIsRefusedEachTime) {
  KernelCache cache;
  for (int i = 0; i < 2; ++i)
    for (const Request &bad :
         {Request{.mask = "neighborhood(window=0)", .target = kTarget}, Request{.mask = "circle()", .target = kTarget},
          Request{.rank = 2, .mask = "causal()", .target = kTarget}, Request{.target = "z80"},
          Request{.headDim = -1, .target = kTarget}, Request{.headDim = 257, .target = kTarget},
          Request{.valueDim = 257, .target = kTarget}, Request{.target = kTarget, .plan = "two words"}})
      EXPECT_EQ(cache.find(bad).status().code(), StatusCode::InvalidArgument) << bad.mask << ' ' << bad.target;
  EXPECT_EQ(cache.find({.operation = Operation::Backward, .target = kTarget}).status().code(),
            StatusCode::NotInThisVersion);
}

} // namespace
