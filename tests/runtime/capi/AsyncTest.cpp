//===- AsyncTest.cpp - work, kernels and failures that come later *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/capi/Fixture.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <thread>

using namespace muntin;
using namespace std::chrono_literals;

namespace {

Session makeSession(const mtn_session_options &options) {
  auto session = Session::create(&options);
  EXPECT_TRUE(session.ok()) << session.error().message();
  return session.ok() ? std::move(*session) : Session();
}

bool becomesReady(const Session &session, const Attention &problem) {
  for (int i = 0; i < 10000; ++i) {
    const auto ready = session.isReady(problem);
    if (!ready.ok() || *ready)
      return ready.ok();
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

TEST(Streams, RunsAreQueuedAndEventsSayWhenTheyAreDone) {
  const Session session = makeSession(fakeOptions());
  auto stream = session.stream();
  ASSERT_TRUE(stream.ok()) << stream.error().message();
  auto event = session.event();
  ASSERT_TRUE(event.ok());
  EXPECT_TRUE(*event->reached()) << "not yet recorded";
  alignas(64) std::byte space[512];
  FakeRun first(1, 3, 9, 2, 1), second(2, 5, 4, 2, 2);
  Arguments a = first.arguments();
  a.workspace = space;
  a.stream = stream->get();
  Arguments b = second.arguments(); // its workspace comes from the session, which waits for it
  b.stream = stream->get();
  ASSERT_TRUE(session.forward(fakeProblem(), a).ok());
  ASSERT_TRUE(event->record(*stream).ok());
  ASSERT_TRUE(event->wait().ok());
  EXPECT_TRUE(*event->reached());
  EXPECT_EQ(first.wrong(), 0);
  ASSERT_TRUE(session.forward(fakeProblem(), b).ok());
  EXPECT_EQ(second.wrong(), 0);
  EXPECT_TRUE(stream->synchronize().ok());
}

TEST(Streams, HoldKernelsAndCallsUntilTheirRunsAreDone) {
  Session session = makeSession(fakeOptions());
  auto stream = session.stream();
  auto kernel = session.prepare(fakeProblem());
  ASSERT_TRUE(kernel.ok() && stream.ok());
  FakeRun run(1, 30, 90, 2, 1);
  Arguments arguments = run.arguments();
  alignas(64) static std::byte space[512];
  arguments.workspace = space;
  arguments.stream = stream->get();
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(kernel->run(arguments).ok());
  *kernel = Kernel();
  *stream = Stream();
  session = Session(); // waits for what is left
  EXPECT_EQ(run.wrong(), 0);
}

TEST(Streams, OfAnotherSessionAreRefused) {
  const Session one = makeSession(fakeOptions()), two = makeSession(fakeOptions());
  auto stream = one.stream();
  auto event = two.event();
  FakeRun run(1, 3, 9, 2, 1);
  Arguments arguments = run.arguments();
  arguments.stream = stream->get();
  const Outcome done = two.forward(fakeProblem(), arguments);
  EXPECT_EQ(done.code(), MTN_INVALID_ARGUMENT);
  EXPECT_NE(done.message().find("none of this session's"), std::string::npos) << done.message();
  EXPECT_EQ(event->record(*stream).code(), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_stream_destroy(two.get(), stream->get()), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_stream_wait(stream->get(), event->get()), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_event_record(nullptr, nullptr), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_event_query(event->get(), nullptr), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_stream_create(one.get(), nullptr), MTN_INVALID_ARGUMENT);
}

TEST(Background, PreparesAndSaysWhenItIsReady) {
  const Session session = makeSession(fakeOptions());
  EXPECT_FALSE(*session.isReady(fakeProblem("slow")));
  ASSERT_TRUE(session.prepareInBackground(fakeProblem("slow")).ok());
  EXPECT_FALSE(*session.isReady(fakeProblem("slow"))) << "it takes 50 ms";
  EXPECT_TRUE(becomesReady(session, fakeProblem("slow")));
  EXPECT_TRUE(session.prepareInBackground(fakeProblem("slow")).ok()) << "a second time: nothing to do";
  EXPECT_EQ(session.stats()->compiles, 1u);
  EXPECT_TRUE(session.prepare(fakeProblem("slow"), MTN_COMPILE_NEVER).ok());
  const Attention problem = fakeProblem();
  const mtn_problem view = problem.view();
  mtn_kernel *kernel = nullptr;
  EXPECT_EQ(mtn_prepare(session.get(), &view, MTN_BACKGROUND, &kernel), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_is_ready(session.get(), &view, nullptr), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(session.isReady({.mask = "circle()"}).error().code(), MTN_INVALID_ARGUMENT);
}

TEST(Background, FailuresAreLoggedAndToldToWhoAsks) {
  mtn_session_options options = fakeOptions();
  struct Lines {
    std::mutex mutex;
    std::string text;
  } lines;
  options.log = [](void *user, mtn_log_level, const char *message) {
    auto *to = static_cast<Lines *>(user);
    const std::lock_guard lock(to->mutex);
    to->text += message;
  };
  options.log_user = &lines;
  {
    const Session session = makeSession(options);
    ASSERT_TRUE(session.prepareInBackground(fakeProblem("fail")).ok());
    EXPECT_EQ(session.prepare(fakeProblem("fail")).error().code(), MTN_COMPILE_FAILED);
  } // the session waits for its threads
  EXPECT_NE(lines.text.find("background: stage lower: told to fail"), std::string::npos) << lines.text;
}

TEST(Background, SessionsEndWithCompilationsUnderWay) {
  const Session session = makeSession(fakeOptions());
  ASSERT_TRUE(session.prepareInBackground(fakeProblem("endless")).ok());
}

TEST(Cancelling, ReturnsAtOnceAndTheNextRequestStartsAnew) {
  const Session session = makeSession(fakeOptions());
  std::atomic<int> cancelled{0}, done{0};
  std::vector<std::thread> threads;
  for (const char *plan : {"endless1", "endless2", "endless2"})
    threads.emplace_back([&, plan] {
      cancelled += session.prepare(fakeProblem(plan)).error().code() == MTN_CANCELLED;
      ++done;
    });
  while (done < 3) {
    EXPECT_TRUE(session.cancel().ok());
    std::this_thread::sleep_for(1ms);
  }
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(cancelled, 3);
  EXPECT_TRUE(session.prepare(fakeProblem("slow")).ok());
  EXPECT_EQ(mtn_session_cancel(nullptr), MTN_INVALID_ARGUMENT);
}

TEST(Cancelling, ATimeoutEndsTheWait) {
  mtn_session_options options = fakeOptions();
  options.compile_timeout = 0.02;
  const Session session = makeSession(options);
  const auto late = session.prepare(fakeProblem("endless"));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code(), MTN_TIMED_OUT);
  EXPECT_NE(late.error().message().find("not ready after 0.02 seconds"), std::string::npos) << late.error().message();
  for (const double wrong : {-1.0, 1e300, std::nan("")}) {
    options.compile_timeout = wrong;
    EXPECT_EQ(Session::create(&options).error().code(), MTN_INVALID_ARGUMENT) << wrong;
  }
}

TEST(Callbacks, ProgressNamesProblemAndStage) {
  mtn_session_options options = fakeOptions();
  std::string seen;
  options.progress = [](void *user, const char *key, const char *stage) {
    *static_cast<std::string *>(user) += std::string(key).substr(0, 16) + " " + stage + ";";
  };
  options.progress_user = &seen;
  const Session session = makeSession(options);
  ASSERT_TRUE(session.prepare(fakeProblem()).ok());
  EXPECT_EQ(seen, "muntin-problem-1 link;");
}

struct HostMemory {
  std::atomic<int64_t> living{0}, given{0};
  bool none = false;
  static void *allocate(void *user, size_t bytes, size_t alignment) {
    auto *host = static_cast<HostMemory *>(user);
    if (host->none)
      return nullptr;
    ++host->living;
    ++host->given;
    return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  }
  static void release(void *user, void *memory) {
    --static_cast<HostMemory *>(user)->living;
    std::free(memory);
  }
};

TEST(Callbacks, WorkspacesAndScratchComeFromTheHost) {
  HostMemory host;
  mtn_session_options options = fakeOptions();
  options.allocate = HostMemory::allocate;
  options.allocator_user = &host;
  EXPECT_EQ(Session::create(&options).error().message(), "release is null, but allocate is not");
  options.release = HostMemory::release;
  {
    const Session session = makeSession(options);
    FakeRun run(1, 30, 9, 2, 1);
    ASSERT_TRUE(session.forward(fakeProblem(), run.arguments()).ok());
    EXPECT_EQ(run.wrong(), 0);
    EXPECT_GE(host.given, 2) << "a workspace, and scratch of a thread";
    host.none = true;
    EXPECT_EQ(session.forward(fakeProblem(), run.arguments()).code(), MTN_OUT_OF_MEMORY);
  }
  EXPECT_EQ(host.living, 0);
}

} // namespace
