//===- LaunchTest.cpp - a hit allocates nothing and asks the system nothing ===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/capi/Fixture.h"

#include <cstdlib>
#include <new>

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {
thread_local int64_t allocations = 0;

void *counted(size_t size, size_t alignment) {
  ++allocations;
  const size_t rounded = (size + alignment) / alignment * alignment;
  if (void *memory = std::aligned_alloc(alignment, rounded))
    return memory;
  throw std::bad_alloc();
}
} // namespace

// Replace the program's allocator, that of libmuntin.so included, to count.
void *operator new(size_t size) { return counted(size, 16); }
void *operator new(size_t size, std::align_val_t alignment) { return counted(size, static_cast<size_t>(alignment)); }
void *operator new(size_t size, std::align_val_t alignment, const std::nothrow_t &) noexcept {
  return counted(size, static_cast<size_t>(alignment));
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }
void operator delete(void *memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void *memory, size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace muntin;

namespace {

/// A kernel that is in memory, and all ways to run it. One task, so that it runs on the caller.
class Hits : public testing::Test {
protected:
  void SetUp() override {
    auto created = Session::create(&options);
    ASSERT_TRUE(created.ok()) << created.error().message();
    session = std::move(*created);
    auto prepared = session.prepare(problem);
    ASSERT_TRUE(prepared.ok()) << prepared.error().message();
    kernel = std::move(*prepared);
    first.workspace = second.workspace = space;
    call = std::move(*kernel.call(first));
    mtn_pointers_init(&pointers);
    pointers.q = a.q.data();
    pointers.k = a.k.data();
    pointers.v = a.v.data();
    pointers.out = a.out.data();
    pointers.lse = a.lse.data();
    pointers.workspace = space.data();
    firstView = first.view();
    secondView = second.view();
    ASSERT_TRUE(everyWay()) << mtn_last_error()->message; // the threads' own scratch is there from now on
  }

  bool everyWay() const {
    return mtn_call_run(call.get(), &pointers) == MTN_OK && mtn_kernel_run(kernel.get(), &firstView) == MTN_OK &&
           mtn_forward(session.get(), &view, &firstView) == MTN_OK &&
           mtn_forward(session.get(), &view, &secondView) == MTN_OK;
  }

  alignas(64) std::byte memory[1024];
  const std::span<std::byte> space = memory;
  mtn_session_options options = fakeOptions(1);
  const Attention problem = fakeProblem();
  const mtn_problem view = problem.view();
  FakeRun a = FakeRun(1, 1, 9, 1, 1), b = FakeRun(1, 1, 5, 1, 1);
  Arguments first = a.arguments(), second = b.arguments(); ///< another shape
  mtn_arguments firstView, secondView;
  mtn_pointers pointers;
  Session session;
  Kernel kernel;
  Call call;
};

TEST_F(Hits, AllocateNothing) {
  const int64_t before = allocations;
  ASSERT_GT(before, 0) << "nothing is counted";
  ASSERT_TRUE(everyWay());
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(a.wrong() + b.wrong(), 0);
}

TEST_F(Hits, MakeNoSystemCall) {
  const auto inChild = [&](const auto &body) {
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT); // from now on anything but read, write and exit kills
      const bool well = body();
      syscall(SYS_exit, well ? 0 : 1);
    }
    int state = 0;
    waitpid(child, &state, 0);
    return state;
  };
  if (inChild([] { return true; }) != 0)
    GTEST_SKIP() << "this system has no seccomp";
  ASSERT_TRUE(WIFSIGNALED(inChild([] { return getppid() != 0; }))) << "the filter lets everything pass";
  const int state = inChild([&] { return everyWay(); });
  EXPECT_FALSE(WIFSIGNALED(state)) << "a hit made a system call";
  EXPECT_EQ(state, 0);
}

} // namespace
