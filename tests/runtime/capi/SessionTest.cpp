//===- SessionTest.cpp - sessions and kernels through the C interface *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/capi/Fixture.h"

#include <atomic>
#include <barrier>
#include <fstream>
#include <thread>

using namespace muntin;

namespace {

class Sessions : public testing::Test {
protected:
  void SetUp() override {
    const mtn_session_options options = fakeOptions();
    auto created = Session::create(&options);
    ASSERT_TRUE(created.ok()) << created.error().message();
    session = std::move(*created);
    before = fakeCompilerCounts();
  }
  void TearDown() override {
    session = Session();
    EXPECT_EQ(fakeCompilerCounts().unfreed, 0);
  }
  int compiles() const { return fakeCompilerCounts().compiles - before.compiles; }

  Session session;
  FakeCompilerCounts before;
};

std::string mapsOfThisProcess() {
  std::ifstream file("/proc/self/maps");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(Sessions, RunsAProblemAndCompilesItOnce) {
  for (const int64_t keys : {1, 4, 5, 300}) // two variants, and other extents: one kernel
    for (const int64_t queries : {1, 7}) {
      FakeRun run(2, queries, keys, 6, 3);
      const Outcome done = session.forward(fakeProblem(), run.arguments());
      ASSERT_TRUE(done.ok()) << done.message();
      EXPECT_EQ(run.wrong(), 0) << queries << " queries, " << keys << " keys";
    }
  EXPECT_EQ(compiles(), 1);
  const auto stats = session.stats();
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats->compiles, 1u);
  EXPECT_EQ(stats->misses, 1u);
  EXPECT_EQ(stats->hits, 7u);
  EXPECT_EQ(stats->kernels, 1u);
}

TEST_F(Sessions, StridedTensorsAndGaps) {
  constexpr int64_t kTokens = 5, kDim = 8, kRow = 4 * kDim; // q, k, v and out share the rows of one buffer
  std::vector<float> packed(kTokens * kRow, 7);
  mtn_tensor parts[4];
  for (int i = 0; i < 4; ++i) {
    parts[i] = tensor(packed.data() + i * kDim, {1, kTokens, 1, kDim});
    parts[i].strides[1] = kRow;
  }
  const Arguments run{.q = parts[0], .k = parts[1], .v = parts[2], .out = parts[3], .scale = 1.0};
  const Outcome done = session.forward(fakeProblem(), run);
  ASSERT_TRUE(done.ok()) << done.message();
  for (size_t i = 0; i < packed.size(); ++i)
    EXPECT_EQ(packed[i], i % kRow >= 3 * kDim ? 7 * kTokens : 7) << i;
}

TEST_F(Sessions, ThirtyTwoThreadsOneCompilation) {
  constexpr int kThreads = 32;
  std::barrier start(kThreads);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      FakeRun run(1, 3, 9, 2, 1);
      start.arrive_and_wait();
      right += session.forward(fakeProblem("slow"), run.arguments()).ok() && run.wrong() == 0;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(right, kThreads);
  EXPECT_EQ(compiles(), 1);
  const auto stats = session.stats();
  EXPECT_EQ(stats->compiles, 1u);
  EXPECT_EQ(stats->hits + stats->misses, static_cast<uint64_t>(kThreads));
  EXPECT_LT(stats->waits, stats->misses) << "who compiles does not wait";
}

TEST_F(Sessions, DifferentProblemsCompileAtTheSameTime) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] { EXPECT_TRUE(session.prepare(fakeProblem("slow" + std::to_string(i))).ok()); });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(compiles(), 4);
  EXPECT_GT(fakeCompilerCounts().mostRunning, 1);
}

TEST_F(Sessions, AllWhoWaitHearOfAFailureAndTheNextTriesAgain) {
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      const auto kernel = session.prepare(fakeProblem("fail"));
      failures += !kernel && kernel.error().code() == MTN_COMPILE_FAILED &&
                  kernel.error().message() == "stage lower: told to fail" &&
                  kernel.error().reproducer() == "/nowhere/reproducer.mlir";
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(failures, 4);
  const int tried = compiles();
  EXPECT_FALSE(session.prepare(fakeProblem("fail")).ok());
  EXPECT_EQ(compiles(), tried + 1);
  EXPECT_EQ(session.stats()->compiles, 0u);
  EXPECT_EQ(session.stats()->failed_compiles, static_cast<uint64_t>(tried + 1));
}

TEST_F(Sessions, WhatTheCompilerGetsWrongIsRefused) {
  struct Case {
    const char *plan;
    mtn_status code;
    const char *part;
  };
  for (const auto &[plan, code, part] :
       {Case{"damaged", MTN_CHECK_FAILED, ""}, Case{"alien", MTN_CHECK_FAILED, "instead of"},
        Case{"noentry", MTN_CHECK_FAILED, "fake_nothing"}, Case{"argument", MTN_CHECK_FAILED, "tensor 9"},
        Case{"foreign", MTN_UNAVAILABLE, "cannot run"}}) {
    const auto kernel = session.prepare(fakeProblem(plan));
    ASSERT_FALSE(kernel.ok()) << plan;
    EXPECT_EQ(kernel.error().code(), code) << plan << ": " << kernel.error().message();
    EXPECT_NE(kernel.error().message().find(part), std::string::npos) << kernel.error().message();
  }
  EXPECT_EQ(session.stats()->kernels, 0u);
  EXPECT_EQ(mapsOfThisProcess().find("/kernel-"), std::string::npos) << "a refused kernel stays mapped";
}

TEST_F(Sessions, CompileNever) {
  const auto refused = session.prepare(fakeProblem(), MTN_COMPILE_NEVER);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), MTN_UNAVAILABLE);
  EXPECT_EQ(compiles(), 0);
  ASSERT_TRUE(session.prepare(fakeProblem()).ok());
  EXPECT_TRUE(session.prepare(fakeProblem(), MTN_COMPILE_NEVER).ok());
  EXPECT_EQ(session.prepare(fakeProblem(), MTN_BACKGROUND).error().code(), MTN_INVALID_ARGUMENT) << "asks for a handle";
  EXPECT_EQ(session.prepare(fakeProblem(), 64).error().code(), MTN_INVALID_ARGUMENT);
}

TEST_F(Sessions, AKernelTellsWhatItIs) {
  const auto kernel = session.prepare(fakeProblem());
  ASSERT_TRUE(kernel.ok());
  const auto info = kernel->info();
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(std::string(info->key).rfind("muntin-problem-1 forward f32 rank=1 d=8 dv=8", 0), 0u) << info->key;
  EXPECT_STREQ(info->plan, R"({"template":"fake"})");
  EXPECT_EQ(info->origin, MTN_FROM_COMPILER);
  EXPECT_EQ(info->num_variants, 2u);
  EXPECT_GT(info->compile_seconds, 0);
  ASSERT_EQ(info->num_stages, 4u);
  EXPECT_STREQ(info->stages[0].stage, "open");
  EXPECT_STREQ(info->stages[1].stage, "parse");
  EXPECT_EQ(info->stages[1].seconds, 0.25);
  EXPECT_STREQ(info->stages[3].stage, "load");

  EXPECT_EQ(*kernel->variant({.heads = 2, .grid = {10}, .kvGrid = {4}}), "few");
  EXPECT_EQ(*kernel->variant({.heads = 2, .grid = {10}, .kvGrid = {5}}), "general");
  EXPECT_EQ(*kernel->variant({.heads = 0, .grid = {10}}), "none");
  EXPECT_EQ(*kernel->workspace({.batch = 3, .heads = 4, .kvHeads = 2, .grid = {10}}), 64u + 3 * 2 * 8 * 4);
  EXPECT_EQ(*kernel->workspace({.batch = 0, .grid = {10}}), 0u);
  EXPECT_EQ(*kernel->processedPairs({.batch = 3, .heads = 4, .kvHeads = 2, .grid = {10}, .kvGrid = {7}}),
            3u * 4 * 10 * 7);
  EXPECT_EQ(*kernel->processedPairs({.grid = {0}}), 0u);
  EXPECT_EQ(kernel->workspace({.heads = 3, .kvHeads = 2, .grid = {10}}).error().code(), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(kernel->variant({.grid = {-1}}).error().code(), MTN_INVALID_ARGUMENT);
}

TEST_F(Sessions, AShapeThatNoVariantTakesIsRefused) {
  const auto kernel = session.prepare(fakeProblem("guards"));
  ASSERT_TRUE(kernel.ok()) << kernel.error().message();
  EXPECT_EQ(*kernel->variant({.heads = 2, .grid = {10}, .kvGrid = {4}}), "few");
  const auto refused = kernel->variant({.heads = 2, .grid = {10}, .kvGrid = {5}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(refused.error().message(), "grid 10 and kv_grid 5: key0 is 5, expected at most 4 for this kernel's plan; "
                                       "nearest that works: fewer tokens, or template online");
}

TEST_F(Sessions, HandlesMayGoInAnyOrderAndUnloadTheCode) {
  auto kernel = session.prepare(fakeProblem());
  ASSERT_TRUE(kernel.ok());
  FakeRun run(1, 3, 9, 2, 1);
  auto call = kernel->call(run.arguments());
  ASSERT_TRUE(call.ok()) << call.error().message();
  EXPECT_NE(mapsOfThisProcess().find("/kernel-"), std::string::npos);
  session = Session();
  *kernel = Kernel();
  mtn_pointers pointers;
  mtn_pointers_init(&pointers);
  pointers.q = run.q.data();
  pointers.k = run.k.data();
  pointers.v = run.v.data();
  pointers.out = run.out.data();
  pointers.lse = run.lse.data();
  alignas(64) char workspace[256];
  ASSERT_LE(*call->workspace(), sizeof workspace);
  pointers.workspace = workspace;
  const Outcome done = call->run(pointers);
  ASSERT_TRUE(done.ok()) << done.message();
  EXPECT_EQ(run.wrong(), 0);
  *call = Call();
  EXPECT_EQ(mapsOfThisProcess().find("/kernel-"), std::string::npos);
}

TEST_F(Sessions, ImagesOfEarlierCompilationsAreLoaded) {
  const Attention problem = fakeProblem();
  const mtn_problem view = problem.view();
  mtn_compile_result image = {};
  image.struct_size = sizeof image;
  ASSERT_EQ(mtn_compile(session.get(), &view, MTN_EMIT_IMAGE, nullptr, &image), MTN_OK) << mtn_last_error()->message;
  EXPECT_EQ(image.num_stages, 3u);
  EXPECT_EQ(session.stats()->kernels, 0u);

  mtn_kernel *kernel = nullptr;
  ASSERT_EQ(mtn_load_image(session.get(), image.output.data, image.output.size, &kernel), MTN_OK);
  mtn_kernel_info info = {};
  info.struct_size = sizeof info;
  ASSERT_EQ(mtn_kernel_get_info(kernel, &info), MTN_OK);
  EXPECT_EQ(info.origin, MTN_FROM_IMAGE);
  EXPECT_EQ(info.compile_seconds, 0);
  mtn_kernel_release(kernel);
  EXPECT_TRUE(session.prepare(problem, MTN_COMPILE_NEVER).ok()) << "later calls find it";
  EXPECT_EQ(compiles(), 1);

  image.output.data[image.output.size / 2] ^= 1;
  kernel = nullptr;
  EXPECT_EQ(mtn_load_image(session.get(), image.output.data, image.output.size, &kernel), MTN_CHECK_FAILED);
  EXPECT_EQ(kernel, nullptr);
  mtn_blob_free(&image.output);
  EXPECT_EQ(image.output.data, nullptr);
}

TEST_F(Sessions, OtherStagesComeAsTheyAre) {
  const Attention problem = fakeProblem();
  const mtn_problem view = problem.view();
  mtn_blob key = {};
  ASSERT_EQ(mtn_problem_key(&view, &key), MTN_OK);
  const mtn_shape shape = Extents{.grid = {99}}.view();
  mtn_compile_result plan = {};
  plan.struct_size = sizeof plan;
  ASSERT_EQ(mtn_compile(session.get(), &view, MTN_EMIT_PLAN, &shape, &plan), MTN_OK);
  EXPECT_EQ(std::string(plan.output.data), "text of " + std::string(key.data) + " for 99");
  mtn_blob_free(&plan.output);
  mtn_blob_free(&key);
  EXPECT_EQ(mtn_compile(session.get(), &view, static_cast<mtn_emit>(7), nullptr, &plan), MTN_INVALID_ARGUMENT);
}

TEST_F(Sessions, ManySessionsLeaveNothing) {
  const mtn_session_options options = fakeOptions(1);
  for (int i = 0; i < 200; ++i) {
    auto other = Session::create(&options);
    ASSERT_TRUE(other.ok());
    FakeRun run(1, 2, 3, 1, 1);
    ASSERT_TRUE(other->forward(fakeProblem(), run.arguments()).ok());
    ASSERT_EQ(run.wrong(), 0);
  }
  EXPECT_EQ(mapsOfThisProcess().find("/kernel-"), std::string::npos);
}

} // namespace
