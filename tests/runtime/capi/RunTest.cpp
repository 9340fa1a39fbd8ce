//===- RunTest.cpp - threads, workspaces, empty problems, bad input *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/capi/Fixture.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <thread>

using namespace muntin;

namespace {

Session makeSession(const mtn_session_options &options) {
  auto session = Session::create(&options);
  if (!session)
    ADD_FAILURE() << session.error().message();
  return session ? std::move(*session) : Session();
}

TEST(Runs, TheSameBitsForAnyNumberOfThreads) {
  std::vector<float> first;
  for (const int threads : {1, 2, 3, 8}) {
    const Session session = makeSession(fakeOptions(threads));
    for (const int limit : {0, 1, 2}) {
      FakeRun run(3, 101, 57, 4, 2);
      Arguments arguments = run.arguments();
      arguments.threads = limit;
      ASSERT_TRUE(session.forward(fakeProblem(), arguments).ok());
      EXPECT_EQ(run.wrong(), 0);
      if (first.empty())
        first = run.out;
      EXPECT_EQ(std::memcmp(first.data(), run.out.data(), first.size() * sizeof(float)), 0);
    }
  }
}

TEST(Runs, TheHostsParallelLoop) {
  struct Host {
    int calls = 0;
    static void loop(void *user, int64_t count, mtn_parallel_body body, void *context) {
      ++static_cast<Host *>(user)->calls;
      std::vector<std::thread> threads;
      for (int64_t i = 0; i < count; i += 7)
        threads.emplace_back([=] { body(context, i, std::min(count, i + 7)); });
      for (std::thread &thread : threads)
        thread.join();
    }
  } host;
  mtn_session_options options = fakeOptions();
  options.parallel_for = Host::loop;
  options.parallel_for_user = &host;
  const Session session = makeSession(options);
  FakeRun run(1, 20, 9, 2, 2);
  ASSERT_TRUE(session.forward(fakeProblem(), run.arguments()).ok());
  EXPECT_EQ(run.wrong(), 0);
  EXPECT_EQ(host.calls, 2) << "one for each launch";
}

TEST(Runs, TheWorkspaceIsExplicit) {
  const Session session = makeSession(fakeOptions());
  FakeRun run(1, 3, 9, 2, 1);
  const Arguments arguments = run.arguments();
  const auto kernel = session.prepare(fakeProblem());
  const size_t wanted = *kernel->workspace({.heads = 2, .kvHeads = 1, .grid = {3}, .kvGrid = {9}});
  alignas(64) std::byte memory[1024];
  mtn_arguments view = arguments.view();
  view.flags = 0;
  EXPECT_EQ(mtn_kernel_run(kernel->get(), &view), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_last_error()->message, "workspace is null, but the kernel wants " + std::to_string(wanted) + " bytes");
  view.workspace = memory;
  view.workspace_size = wanted - 1;
  EXPECT_EQ(mtn_kernel_run(kernel->get(), &view), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(run.out[0], -1) << "nothing is written by a refused run";
  view.workspace_size = wanted;
  EXPECT_EQ(mtn_kernel_run(kernel->get(), &view), MTN_OK);
  EXPECT_EQ(run.wrong(), 0);
}

TEST(Runs, EmptyProblemsNeedNoCompiler) {
  mtn_session_options options = fakeOptions();
  options.compiler = "/nowhere/libmuntin-compiler.so";
  const Session session = makeSession(options);
  for (const auto &[batch, queries, heads] : {std::array{0, 3, 2}, std::array{1, 0, 2}, std::array{1, 3, 0}}) {
    FakeRun run(batch, queries, 9, heads, 1);
    EXPECT_TRUE(session.forward(fakeProblem(), run.arguments()).ok());
  }
  FakeRun noKey(2, 3, 0, 4, 2);
  ASSERT_TRUE(session.forward(fakeProblem(), noKey.arguments()).ok());
  EXPECT_TRUE(std::ranges::all_of(noKey.out, [](float x) { return x == 0 && !std::signbit(x); }));
  EXPECT_TRUE(std::ranges::all_of(noKey.lse, [](float x) { return x == -std::numeric_limits<float>::infinity(); }));

  FakeRun run(1, 3, 9, 2, 1);
  const Outcome done = session.forward(fakeProblem(), run.arguments());
  EXPECT_EQ(done.code(), MTN_UNAVAILABLE);
  EXPECT_NE(done.message().find("/nowhere/libmuntin-compiler.so"), std::string::npos) << done.message();
}

TEST(Runs, ACallTakesOtherPointers) {
  const Session session = makeSession(fakeOptions());
  const auto kernel = session.prepare(fakeProblem());
  FakeRun first(1, 3, 9, 2, 1);
  const auto call = kernel->call(first.arguments());
  ASSERT_TRUE(call.ok());
  alignas(64) char workspace[1024];
  FakeRun run(1, 3, 9, 2, 1);
  std::ranges::reverse(run.v);
  mtn_pointers pointers;
  mtn_pointers_init(&pointers);
  pointers.q = run.q.data();
  pointers.k = run.k.data();
  pointers.v = run.v.data();
  pointers.out = run.out.data();
  pointers.lse = run.lse.data();
  pointers.workspace = workspace;
  ASSERT_TRUE(call->run(pointers).ok());
  EXPECT_EQ(run.wrong(), 0);
  EXPECT_EQ(first.out[0], -1);

  const auto refused = [&](auto change, const char *part) {
    mtn_pointers bad = pointers;
    change(bad);
    const Outcome done = call->run(bad);
    EXPECT_EQ(done.code(), MTN_INVALID_ARGUMENT);
    EXPECT_NE(done.message().find(part), std::string::npos) << done.message();
  };
  refused([](mtn_pointers &p) { p.q = nullptr; }, "q: the data pointer is null");
  refused([](mtn_pointers &p) { p.out = const_cast<void *>(p.v); }, "out overlaps v");
  refused([](mtn_pointers &p) { p.segments = reinterpret_cast<const int32_t *>(p.q); }, "segments is given");
  refused([](mtn_pointers &p) { p.workspace = nullptr; }, "workspace is null");
  refused([](mtn_pointers &p) { p.struct_size = 0; }, "struct_size is 0");
}

TEST(Runs, BadInputHasFieldValueAndBound) {
  const Session session = makeSession(fakeOptions());
  struct Case {
    std::function<void(Attention &, Arguments &)> spoil;
    mtn_status code;
    const char *part;
  };
  const double nan = std::nan("");
  for (const auto &[spoil, code, part] : std::vector<Case>{
           {[](Attention &p, Arguments &) { p.mask = "neighborhood(window=0)"; }, MTN_INVALID_ARGUMENT, "window"},
           {[](Attention &p, Arguments &) { p.mask = "neighborhood(window=99)"; }, MTN_INVALID_ARGUMENT, "window"},
           {[](Attention &p, Arguments &) { p.mask = "circle()"; }, MTN_INVALID_ARGUMENT, "circle"},
           {[](Attention &p, Arguments &) { p.mask = "full() x"; }, MTN_INVALID_ARGUMENT, "^"},
           {[](Attention &p, Arguments &) { p.rank = 4; }, MTN_INVALID_ARGUMENT, "rank is 4, expected 1 to 3"},
           {[](Attention &p, Arguments &) { p.rank = 2; }, MTN_INVALID_ARGUMENT, "q has 4 dimensions, expected 5"},
           {[](Attention &p, Arguments &) { p.headDim = 16; }, MTN_INVALID_ARGUMENT, "expected 16"},
           {[](Attention &p, Arguments &) { p.headDim = 257; }, MTN_INVALID_ARGUMENT, "257"},
           {[](Attention &p, Arguments &) { p.dtype = MTN_I32; }, MTN_INVALID_ARGUMENT, "dtype is 3"},
           {[](Attention &p, Arguments &) { p.dtype = MTN_F16; }, MTN_INVALID_ARGUMENT, "element type f32"},
           {[](Attention &p, Arguments &) { p.target = "z80"; }, MTN_INVALID_ARGUMENT, "z80"},
           {[](Attention &p, Arguments &) { p.target = "amx"; }, MTN_NOT_IN_THIS_VERSION, "amx"},
           {[](Attention &p, Arguments &) { p.operation = MTN_BACKWARD; }, MTN_NOT_IN_THIS_VERSION, "backward"},
           {[](Attention &p, Arguments &) { p.operation = static_cast<mtn_operation>(2); }, MTN_INVALID_ARGUMENT,
            "operation is 2"},
           {[=](Attention &, Arguments &a) { a.scale = nan; }, MTN_INVALID_ARGUMENT, "scale is nan"},
           {[](Attention &, Arguments &a) { a.threads = -1; }, MTN_INVALID_ARGUMENT, "threads is -1"},
           {[](Attention &, Arguments &a) { a.q.dtype = static_cast<mtn_dtype>(9); }, MTN_INVALID_ARGUMENT,
            "q: dtype is 9"},
           {[](Attention &, Arguments &a) { a.q.ndim = 7; }, MTN_INVALID_ARGUMENT, "q: ndim is 7, expected 0 to 6"},
           {[](Attention &, Arguments &a) { a.k.ndim = -1; }, MTN_INVALID_ARGUMENT, "k: ndim is -1"},
           {[](Attention &, Arguments &a) { a.out.data = a.q.data; }, MTN_INVALID_ARGUMENT, "out overlaps q"}}) {
    FakeRun run(1, 3, 9, 2, 1);
    Attention problem = fakeProblem();
    Arguments arguments = run.arguments();
    spoil(problem, arguments);
    const Outcome done = session.forward(problem, arguments);
    EXPECT_EQ(done.code(), code) << part << ": " << done.message();
    EXPECT_NE(done.message().find(part), std::string::npos) << done.message() << " lacks " << part;
  }
}

TEST(Runs, NullHandlesAndStructures) {
  const Session session = makeSession(fakeOptions());
  const Attention problem = fakeProblem();
  const mtn_problem view = problem.view();
  EXPECT_EQ(mtn_session_create(nullptr, nullptr), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_forward(nullptr, &view, nullptr), MTN_INVALID_ARGUMENT);
  EXPECT_STREQ(mtn_last_error()->message, "session is null");
  EXPECT_EQ(mtn_forward(session.get(), nullptr, nullptr), MTN_INVALID_ARGUMENT);
  EXPECT_STREQ(mtn_last_error()->message, "problem is null");
  EXPECT_EQ(mtn_forward(session.get(), &view, nullptr), MTN_INVALID_ARGUMENT);
  EXPECT_STREQ(mtn_last_error()->message, "arguments is null");
  EXPECT_EQ(mtn_kernel_run(nullptr, nullptr), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_call_run(nullptr, nullptr), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_load_image(session.get(), nullptr, 0, nullptr), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_targets(nullptr, nullptr), MTN_INVALID_ARGUMENT);
  mtn_session_destroy(nullptr);
  mtn_kernel_release(nullptr);
  mtn_call_release(nullptr);
  mtn_blob_free(nullptr);
  EXPECT_STREQ(mtn_status_name(static_cast<mtn_status>(99)), "unknown status");
  EXPECT_STREQ(mtn_status_name(MTN_OUT_OF_MEMORY), "out of memory");
}

TEST(Runs, TheLastErrorIsTheThreadsOwn) {
  const Session session = makeSession(fakeOptions());
  EXPECT_EQ(mtn_kernel_run(nullptr, nullptr), MTN_INVALID_ARGUMENT);
  std::thread([] { EXPECT_STREQ(mtn_last_error()->message, ""); }).join();
  EXPECT_STREQ(mtn_last_error()->message, "kernel is null");
}

TEST(Structures, OfOtherVersions) {
  const Session session = makeSession(fakeOptions());
  struct Longer {
    mtn_problem problem;
    int64_t added;
  } longer = {fakeProblem().view(), 0};
  const Attention kept = fakeProblem();
  longer.problem = kept.view();
  longer.problem.struct_size = sizeof longer;
  EXPECT_EQ(mtn_prepare(session.get(), &longer.problem, 0, nullptr), MTN_OK) << mtn_last_error()->message;
  longer.added = 1;
  EXPECT_EQ(mtn_prepare(session.get(), &longer.problem, 0, nullptr), MTN_NOT_IN_THIS_VERSION);
  longer.problem.struct_size = 3;
  EXPECT_EQ(mtn_prepare(session.get(), &longer.problem, 0, nullptr), MTN_INVALID_ARGUMENT);
  longer.problem.struct_size = SIZE_MAX;
  EXPECT_EQ(mtn_prepare(session.get(), &longer.problem, 0, nullptr), MTN_INVALID_ARGUMENT);

  mtn_problem shorter = kept.view();
  shorter.struct_size = offsetof(mtn_problem, plan); // the program knows no plan
  shorter.plan = reinterpret_cast<const char *>(1);
  EXPECT_EQ(mtn_prepare(session.get(), &shorter, 0, nullptr), MTN_OK) << mtn_last_error()->message;

  mtn_session_stats stats;
  std::memset(&stats, 0xff, sizeof stats);
  stats.struct_size = offsetof(mtn_session_stats, misses);
  ASSERT_EQ(mtn_session_get_stats(session.get(), &stats), MTN_OK);
  EXPECT_EQ(stats.compiles, 1u);
  EXPECT_EQ(stats.misses, UINT64_MAX) << "written beyond the caller's structure";
  EXPECT_EQ(stats.struct_size, offsetof(mtn_session_stats, misses));
}

TEST(SessionOptions, AreChecked) {
  const auto refused = [](auto change, mtn_status code, const char *part) {
    mtn_session_options options = fakeOptions();
    change(options);
    const auto session = Session::create(&options);
    ASSERT_FALSE(session.ok());
    EXPECT_EQ(session.error().code(), code);
    EXPECT_NE(session.error().message().find(part), std::string::npos) << session.error().message();
  };
  refused([](auto &o) { o.device = "tpu"; }, MTN_INVALID_ARGUMENT, "device is 'tpu'");
  refused([](auto &o) { o.device = "cuda:99"; }, MTN_UNAVAILABLE, ""); // no driver, or not so many devices
  refused([](auto &o) { o.device = "cuda:x"; }, MTN_INVALID_ARGUMENT, "device is 'cuda:x'");
  refused([](auto &o) { o.device = "emulator:sm_70"; }, MTN_INVALID_ARGUMENT, "sm_70");
  refused([](auto &o) { o.device = "emulator:x86-64-v3"; }, MTN_INVALID_ARGUMENT, "x86-64-v3");
  refused([](auto &o) { o.device = "emulator:sm_90a"; }, MTN_NOT_IN_THIS_VERSION, "sm_90a");
  refused([](auto &o) { o.threads = -1; }, MTN_INVALID_ARGUMENT, "threads is -1");
  refused([](auto &o) { o.threads = 5000; }, MTN_INVALID_ARGUMENT, "threads is 5000");
  refused([](auto &o) { o.log_level = 5; }, MTN_INVALID_ARGUMENT, "log_level is 5");
}

TEST(SessionOptions, TheLogGoesToTheCaller) {
  mtn_session_options options = fakeOptions();
  std::vector<std::string> lines;
  options.log = [](void *user, mtn_log_level level, const char *message) {
    static_cast<std::vector<std::string> *>(user)->push_back(std::to_string(level) + " " + message);
  };
  options.log_user = &lines;
  options.log_level = MTN_LOG_INFO;
  const Session session = makeSession(options);
  ASSERT_TRUE(session.prepare(fakeProblem()).ok());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "3 compiler library " + std::string(FAKE_COMPILER));
  EXPECT_NE(lines[1].find("compiled 'muntin-problem-1"), std::string::npos);
}

TEST(Devices, AreListed) {
  const Session session = makeSession(fakeOptions(2));
  const auto device = session.device();
  ASSERT_TRUE(device.ok());
  EXPECT_STREQ(device->name, "cpu");
  EXPECT_STRNE(device->description, "");
  EXPECT_EQ(device->threads, 2);
  const mtn_target_info *targets = nullptr;
  size_t count = 0;
  ASSERT_EQ(mtn_targets(&targets, &count), MTN_OK);
  const auto row = [&](const char *name) {
    return std::find_if(targets, targets + count, [&](const mtn_target_info &t) { return !std::strcmp(t.name, name); });
  };
  ASSERT_NE(row("amx"), targets + count);
  EXPECT_FALSE(row("amx")->implemented);
  EXPECT_FALSE(row("sm_80")->supported);
  const auto hosts = std::count_if(targets, targets + count, [](const mtn_target_info &t) { return t.host; });
  EXPECT_EQ(hosts, *device->target ? 1 : 0);
  if (*device->target) {
    EXPECT_TRUE(row(device->target)->host);
    EXPECT_TRUE(row(device->target)->supported);
  }
  const char *compiler = nullptr;
  ASSERT_EQ(mtn_session_get_compiler(session.get(), &compiler), MTN_OK);
  EXPECT_STREQ(compiler, FAKE_COMPILER);
}

TEST(Devices, TheAssemblerIsNamedAndItsOptionWinsOverTheVariable) {
  const auto named = [](const char *option) {
    mtn_session_options options = fakeOptions(1);
    options.ptxas = option;
    mtn_blob blob = {};
    EXPECT_EQ(mtn_session_get_assembler(makeSession(options).get(), &blob), MTN_OK);
    const std::string name(blob.data ? blob.data : "", blob.size);
    mtn_blob_free(&blob);
    return name;
  };
  ::unsetenv("MUNTIN_PTXAS");
  EXPECT_EQ(named(nullptr), "fake assembler, best");
  ::setenv("MUNTIN_PTXAS", "/theirs", 1);
  EXPECT_EQ(named(nullptr), "fake assembler, /theirs");
  EXPECT_EQ(named("/ours"), "fake assembler, /ours");
  EXPECT_EQ(named("off"), "");
  ::setenv("MUNTIN_PTXAS", "missing", 1);
  const Session session = makeSession(fakeOptions(1));
  mtn_blob blob = {};
  EXPECT_EQ(mtn_session_get_assembler(session.get(), &blob), MTN_UNAVAILABLE);
  EXPECT_EQ(mtn_session_get_assembler(session.get(), nullptr), MTN_INVALID_ARGUMENT);
  ::unsetenv("MUNTIN_PTXAS");
}

} // namespace
