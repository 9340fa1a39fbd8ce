//===- ForkTest.cpp - what a forked child can do -----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/capi/Fixture.h"

#include <atomic>
#include <random>
#include <thread>

#include <pthread.h>
#include <signal.h>
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
template <typename Body> int inChild(const Body &body, void (*parent)() = [] {}) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    body();
    _exit(0);
  }
  parent();
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

/// New kernels, new spellings, failures, runs and sessions that come and go, until `end`.
void doEverything(const Session &session, int thread, const std::atomic<bool> &end) {
  for (int n = 0; !end; ++n) {
    if (n % 4 == 3) {
      FakeRun run(1, 3, 9, 2, 1);
      (void)sessionOn(3).forward(fakeProblem(), run.arguments());
    }
    FakeRun run(1, 3, 9, 2, 1);
    const std::string plan = n % 8 ? "" : "p" + std::to_string(thread) + "-" + std::to_string(n);
    (void)session.forward(fakeProblem(plan), run.arguments());
    (void)session.prepare(fakeProblem("fail"));
  }
}

/// What a child may do: what it inherited, and a session of its own. Both work, or say that they cannot.
void doWhatAChildMay(const Session &session) {
  FakeRun run(1, 3, 9, 2, 1);
  const Outcome inherited = session.forward(fakeProblem(), run.arguments());
  require(inherited.ok() ? run.wrong() == 0 : inherited.code() == MTN_UNAVAILABLE, "inherited");
  const Session own = sessionOn(2);
  const Outcome done = own.forward(fakeProblem("own"), run.arguments());
  require(done.ok() ? run.wrong() == 0 : done.code() == MTN_UNAVAILABLE, "own");
}

constexpr int kNap = SIGUSR1;
std::atomic<bool> wakeUp{false};
std::atomic<int> asleep{0};

/// Stands wherever the signal met it until the fork is over, as a thread does that has lost its processor. Not for
/// ever: fork() itself waits for who holds the allocator's locks.
void nap(int) {
  const int before = errno;
  ++asleep;
  for (int i = 0; i < 100 && !wakeUp; ++i)
    usleep(200);
  --asleep;
  errno = before;
}

/// Forks while other threads stand still somewhere in the first `microseconds` of their work.
int forkAmongSleepers(int microseconds) {
  const Session session = sessionOn(2);
  std::atomic<bool> end{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&, i] { doEverything(session, i, end); });
  usleep(static_cast<useconds_t>(microseconds));
  for (std::thread &thread : threads)
    pthread_kill(thread.native_handle(), kNap);
  for (int i = 0; i < 100 && asleep < 3; ++i)
    usleep(100);
  const int status = inChild([&] { doWhatAChildMay(session); }, [] { wakeUp = true; });
  end = true;
  for (std::thread &thread : threads)
    thread.join();
  return status;
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
    threads.emplace_back([&, i] { doEverything(session, i, end); });
  int works = 0;
  for (int i = 0; i < 40 && works == i; ++i) // one that hangs is enough
    works += inChild([&] { doWhatAChildMay(session); }) == 0;
  end = true;
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(works, 40);
}

TEST(Fork, WhereverOtherThreadsStandNothingHangs) {
  if (!kChildrenMayStartThreads)
    GTEST_SKIP() << "the sanitizer ends children that start threads";
  struct sigaction action{};
  action.sa_handler = nap;
  action.sa_flags = SA_RESTART;
  sigaction(kNap, &action, nullptr);
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  for (int i = 0; i < 100 && !HasFailure(); ++i) {
    const int microseconds = static_cast<int>(random() % 4000);
    // A process of its own each time, in which nothing was done yet.
    const int status = inChild([&] { _exit(forkAmongSleepers(microseconds) != 0); });
    EXPECT_EQ(status, 0) << "run " << i << " of seed " << seed << ", after " << microseconds << " microseconds";
  }
}

} // namespace
