//===- ForkTest.cpp - what a forked child can do -----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/capi/Fixture.h"

#include <atomic>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

using namespace muntin;

namespace {

/// ThreadSanitizer ends a child of a process with threads as soon as it starts one.
#if __has_feature(thread_sanitizer)
constexpr bool kChildrenMayStartThreads = false;
#else
constexpr bool kChildrenMayStartThreads = true;
#endif

/// The exit status of a child that does `body`; 14, SIGALRM, if it hangs.
template <typename Body> int inChild(const Body &body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

/// In a child: not gtest's, whose failures nobody would see.
void require(bool holds, const char *what) {
  if (holds)
    return;
  std::fprintf(stderr, "child: %s; last error: %s\n", what, mtn_last_error()->message);
  _exit(1);
}

Session sessionOn(int threads) {
  const mtn_session_options options = fakeOptions(threads);
  return std::move(*Session::create(&options));
}

TEST(Fork, TheChildRunsWhatItInheritedAndMakesNothing) {
  Session session = sessionOn(4);
  FakeRun before(3, 30, 9, 4, 2);
  ASSERT_TRUE(session.forward(fakeProblem(), before.arguments()).ok()); // on four threads, which the child has not
  auto kernel = session.prepare(fakeProblem());
  auto stream = session.stream();
  const int status = inChild([&] {
    FakeRun run(3, 30, 9, 4, 2);
    require(session.forward(fakeProblem(), run.arguments()).ok() && run.wrong() == 0, "forward");
    FakeRun other(2, 8, 9, 4, 2);
    require(kernel->run(other.arguments()).ok() && other.wrong() == 0, "kernel");
    require(session.prepare(fakeProblem("slow")).error().code() == MTN_UNAVAILABLE, "a new kernel");
    require(!*session.isReady(fakeProblem("slow")), "is ready");
    Arguments later = other.arguments();
    later.stream = stream->get();
    require(session.forward(fakeProblem(), later).code() == MTN_UNAVAILABLE, "stream");
    session = Session(); // of the parent's threads it waits for none
  });
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(session.forward(fakeProblem(), before.arguments()).ok()) << "the parent goes on";
}

TEST(Fork, ASessionOfTheChildWorksInFull) {
  if (!kChildrenMayStartThreads)
    GTEST_SKIP() << "the sanitizer ends children that start threads";
  const Session session = sessionOn(4);
  FakeRun before(1, 3, 9, 2, 1);
  ASSERT_TRUE(session.forward(fakeProblem(), before.arguments()).ok());
  const int status = inChild([] {
    const Session own = sessionOn(1);
    FakeRun run(1, 3, 9, 2, 1);
    require(own.forward(fakeProblem(), run.arguments()).ok() && run.wrong() == 0, "forward");
    require(own.stats()->compiles == 1, "it compiles");
    const auto stream = own.stream();
    require(stream.ok() && stream->synchronize().ok(), "stream");
  });
  EXPECT_EQ(status, 0);
}

TEST(Fork, InTheMiddleOfEverythingNothingHangs) {
  if (!kChildrenMayStartThreads)
    GTEST_SKIP() << "the sanitizer ends children that start threads";
  const Session session = sessionOn(2);
  std::atomic<bool> end{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&, i] { // new kernels, new spellings, failures, runs
      for (int n = 0; !end; ++n) {
        FakeRun run(1, 3, 9, 2, 1);
        const std::string plan = n % 8 ? "" : "p" + std::to_string(i) + "-" + std::to_string(n);
        (void)session.forward(fakeProblem(plan), run.arguments());
        (void)session.prepare(fakeProblem("fail"));
      }
    });
  int works = 0;
  for (int i = 0; i < 40 && works == i; ++i) // one that hangs is enough
    works += inChild([&] {
               FakeRun run(1, 3, 9, 2, 1);
               const Outcome inherited = session.forward(fakeProblem(), run.arguments());
               require(inherited.ok() ? run.wrong() == 0 : inherited.code() == MTN_UNAVAILABLE, "inherited");
               const Session own = sessionOn(1);
               const Outcome done = own.forward(fakeProblem("own"), run.arguments());
               require(done.ok() ? run.wrong() == 0 : done.code() == MTN_UNAVAILABLE, "own");
             }) == 0;
  end = true;
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(works, 40);
}

} // namespace
