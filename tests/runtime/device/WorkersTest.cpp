//===- WorkersTest.cpp - tasks over threads, and the cpu device *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/CpuDevice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

using namespace muntin;
using namespace muntin::runtime;

/// Memory that there is not is refused, not the end of the process.
extern "C" const char *__asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char *__tsan_default_options() { return "allocator_may_return_null=1"; }

namespace {

/// What a loop did: how often each task ran, how many bodies ran at once, on which threads.
struct Record {
  explicit Record(int64_t count) : runs(count) {}
  std::vector<std::atomic<int>> runs;
  std::atomic<int> inside{0}, most{0};
  std::mutex mutex;
  std::set<std::thread::id> threads;

  static void body(void *context, int64_t begin, int64_t end) {
    auto &record = *static_cast<Record *>(context);
    int seen = record.most;
    for (const int now = ++record.inside; now > seen && !record.most.compare_exchange_weak(seen, now);)
      ;
    {
      const std::lock_guard lock(record.mutex);
      record.threads.insert(std::this_thread::get_id());
    }
    for (int64_t i = begin; i < end; ++i)
      ++record.runs[i];
    --record.inside;
  }
  bool eachOnce() const {
    return std::ranges::all_of(runs, [](const std::atomic<int> &n) { return n == 1; });
  }
};

TEST(Workers, EachTaskRunsOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    Workers workers(threads, {});
    for (const int64_t count : {1, 2, 3, 7, 64, 1000, 12345})
      for (const int limit : {0, 1, 2, 100}) {
        Record record(count);
        workers.run(count, limit, Record::body, &record);
        EXPECT_TRUE(record.eachOnce()) << threads << " threads, " << count << " tasks, limit " << limit;
        EXPECT_LE(record.most, limit ? std::min(limit, threads) : threads);
      }
  }
}

TEST(Workers, OneThreadIsTheCaller) {
  Workers workers(4, {});
  Record record(1000);
  workers.run(1000, 1, Record::body, &record);
  EXPECT_EQ(record.threads, std::set{std::this_thread::get_id()});
}

TEST(Workers, ManyCallersAtOnce) {
  Workers workers(3, {});
  std::vector<std::thread> callers;
  std::atomic<int> right{0};
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&] {
      for (int k = 0; k < 50; ++k) {
        Record record(97);
        workers.run(97, 0, Record::body, &record);
        right += record.eachOnce();
      }
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(right, 8 * 50);
}

TEST(Workers, OfAForkedChildAreThreadsToo) {
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "the sanitizer ends children that start threads";
#endif
  Record before(8);
  Workers(4, {}).run(8, 0, Record::body, &before); // oneTBB's threads, which the child has not
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    std::atomic<int> inside{0};
    const auto meet = [](void *context, int64_t, int64_t) { // each waits for another
      auto &there = *static_cast<std::atomic<int> *>(context);
      for (++there; there < 2;)
        std::this_thread::yield();
    };
    Workers(4, {}).run(8, 0, meet, &inside);
    Record record(100);
    Workers(4, {}).run(100, 0, Record::body, &record);
    ::_exit(record.eachOnce() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Workers, TheHostsLoopIsUsed) {
  struct Host {
    int calls = 0;
    static void run(void *user, int64_t count, HostParallelFor::Body body, void *context) {
      ++static_cast<Host *>(user)->calls;
      std::thread other([&] { body(context, count / 2, count); }); // any partition, in any order
      other.join();
      body(context, 0, count / 2);
    }
  } host;
  Workers workers(4, {Host::run, &host});
  Record record(100), single(100);
  workers.run(100, 0, Record::body, &record);
  EXPECT_EQ(host.calls, 1);
  EXPECT_TRUE(record.eachOnce());
  workers.run(100, 1, Record::body, &single);
  EXPECT_EQ(host.calls, 1) << "one thread needs no loop";
  EXPECT_TRUE(single.eachOnce());
}

TEST(Scratch, IsAlignedKeptAndTheThreadsOwn) {
  ScratchPool pool({});
  const auto addressOf = [&](size_t bytes) { return ScratchPool::Lease(pool, bytes).data(); };
  void *small = addressOf(100);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(small) % 64, 0u);
  EXPECT_EQ(addressOf(64), small) << "kept for the next run";
  EXPECT_EQ(addressOf(0), nullptr);
  {
    const ScratchPool::Lease large(pool, 1 << 20), second(pool, 1 << 20); // a loop inside a loop
    EXPECT_EQ(reinterpret_cast<uintptr_t>(large.data()) % 64, 0u);
    EXPECT_NE(large.data(), second.data());
    std::memset(large.data(), 1, 1 << 20);
    void *other = nullptr;
    std::thread([&] { other = addressOf(100); }).join();
    EXPECT_NE(other, large.data());
  }
  EXPECT_EQ(addressOf(size_t(1) << 62), nullptr);
  EXPECT_EQ(addressOf(SIZE_MAX), nullptr);
  EXPECT_NE(addressOf(10), nullptr);
}

TEST(Scratch, ComesFromTheHostAndGoesBack) {
  struct Host {
    int64_t living = 0, given = 0;
    static void *allocate(void *user, size_t bytes, size_t alignment) {
      auto *host = static_cast<Host *>(user);
      ++host->living;
      ++host->given;
      return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    }
    static void release(void *user, void *memory) {
      --static_cast<Host *>(user)->living;
      std::free(memory);
    }
  } host;
  {
    ScratchPool pool({Host::allocate, Host::release, &host});
    for (const size_t bytes : {100, 50, 5000})
      EXPECT_NE(ScratchPool::Lease(pool, bytes).data(), nullptr);
    EXPECT_EQ(host.given, 2);
    EXPECT_EQ(host.living, 1);
  }
  EXPECT_EQ(host.living, 0);
}

void addTask(const uint64_t *arguments, int64_t begin, int64_t end, void *scratch) {
  auto *sums = reinterpret_cast<std::atomic<int64_t> *>(arguments[0]);
  *static_cast<int64_t *>(scratch) = 0;
  for (int64_t i = begin; i < end; ++i)
    *static_cast<int64_t *>(scratch) += i;
  *sums += *static_cast<int64_t *>(scratch);
}

TEST(CpuDevice, LaunchesTasks) {
  const auto device = createCpuDevice({.threads = 3});
  std::atomic<int64_t> sum{0};
  const uint64_t arguments[] = {reinterpret_cast<uintptr_t>(&sum)};
  const Work work{.entry = reinterpret_cast<void *>(&addTask), .arguments = arguments, .tasks = 1000, .scratch = 8};
  ASSERT_TRUE(device->launch(work, nullptr, 0).ok());
  EXPECT_EQ(sum, 999 * 1000 / 2);
  EXPECT_EQ(device->info().threads, 3);
}

TEST(CpuDevice, RefusesWhatItHasNot) {
  const auto device = createCpuDevice({.threads = 1});
  int dummy = 0;
  const Work work{.entry = reinterpret_cast<void *>(&addTask), .tasks = 1, .scratch = int64_t(1) << 62};
  EXPECT_EQ(device->launch(work, nullptr, 0).code(), StatusCode::OutOfMemory);
  EXPECT_EQ(device->launch(work, &dummy, 0).code(), StatusCode::InvalidArgument) << "a stream of nobody";
  EXPECT_EQ(device->synchronize(&dummy).code(), StatusCode::InvalidArgument);
  EXPECT_EQ(device->destroyStream(&dummy).code(), StatusCode::InvalidArgument);
  EXPECT_EQ(device->allocate(size_t(1) << 62).status().code(), StatusCode::OutOfMemory);
  EXPECT_FALSE(device->accepts({.kind = Binary::Kind::Ptx, .target = "x86-64-v3"}));
  EXPECT_FALSE(device->accepts({.kind = Binary::Kind::SharedObject, .target = "sm_80"}));
}

TEST(CpuDevice, FillsElementsAndNoGap) {
  const auto device = createCpuDevice({.threads = 1});
  std::vector<uint16_t> memory(64, 0xffff);
  const int64_t extents[] = {2, 3, 2}, strides[] = {-20, 6, 1};
  ASSERT_TRUE(device->fill(&memory[24], 2, 0x1234, extents, strides, nullptr).ok());
  int written = 0;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 2; ++k)
        written += memory[24 - 20 * i + 6 * j + k] == 0x1234;
  EXPECT_EQ(written, 12);
  EXPECT_EQ(std::ranges::count(memory, 0x1234), 12);
}

TEST(CpuDevice, MemoryIsAligned) {
  const auto device = createCpuDevice({.threads = 1});
  for (const size_t bytes : {1, 63, 64, 1000}) {
    const Result<void *> memory = device->allocate(bytes);
    ASSERT_TRUE(memory.ok());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(*memory) % 64, 0u);
    device->release(*memory);
  }
}

} // namespace
