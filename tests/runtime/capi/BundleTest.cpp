//===- BundleTest.cpp - sessions on bundles, through the C interface *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/bundle/Bundle.h"
#include "runtime/abi/Target.h"
#include "tests/runtime/cache/TemporaryFolder.h"
#include "tests/runtime/capi/Fixture.h"

#include <atomic>
#include <optional>
#include <thread>

using namespace muntin;

namespace {

/// What the fake compiler makes of a problem.
std::string imageFor(const Attention &problem) {
  const mtn_session_options options = fakeOptions();
  const auto session = Session::create(&options);
  const mtn_problem view = problem.view();
  mtn_compile_result result = {};
  result.struct_size = sizeof result;
  EXPECT_EQ(mtn_compile(session->get(), &view, MTN_EMIT_IMAGE, nullptr, &result), MTN_OK) << mtn_last_error()->message;
  std::string image(result.output.data, result.output.size);
  mtn_blob_free(&result.output);
  return image;
}

std::string bundleFor(const std::vector<Attention> &problems) {
  std::vector<std::string> images;
  for (const Attention &problem : problems)
    images.push_back(imageFor(problem));
  return *runtime::writeBundle(std::move(images));
}

Attention on(const std::string &target, const std::string &plan = "") {
  Attention problem = fakeProblem(plan);
  problem.target = target;
  return problem;
}

/// The targets of this machine from the least to the best, which "host" is.
std::vector<std::string> targetsHere() {
  std::vector<std::string> names;
  for (const Target &target : targetTable())
    if (target.implemented && !target.forTests && machineSupports(target))
      names.emplace_back(target.name);
  return names;
}

class InBundle : public testing::Test {
protected:
  /// A session that finds no compiler.
  Session orphan(bool never = false, const std::string &cache = "") {
    mtn_session_options options = fakeOptions();
    options.compiler = "/nowhere/libmuntin-compiler.so";
    return open(options, never, cache);
  }
  static Session open(mtn_session_options options, bool never = false, const std::string &cache = "") {
    options.compile_never = never;
    options.cache = cache.empty() ? MTN_CACHE_OFF : MTN_CACHE_RW;
    options.cache_dir = cache.c_str();
    auto session = Session::create(&options);
    EXPECT_TRUE(session.ok()) << session.error().message();
    return std::move(*session);
  }
  static std::span<const std::byte> bytesOf(const std::string &bundle) {
    return std::as_bytes(std::span(bundle.data(), bundle.size()));
  }
  static Outcome run(const Session &session, const Attention &problem) {
    FakeRun run(2, 3, 5, 4, 2);
    Outcome done = session.forward(problem, run.arguments());
    if (done) {
      EXPECT_EQ(run.wrong(), 0);
    }
    return done;
  }
  static std::string targetOf(const Expected<Kernel> &kernel) {
    EXPECT_TRUE(kernel.ok()) << kernel.error().message();
    return kernel.ok() ? kernel->info()->target : "";
  }

  TemporaryFolder folder;
};

TEST_F(InBundle, AProblemNeedsNoCompiler) {
  const std::string bundle = bundleFor({fakeProblem("a"), fakeProblem("b")});
  overwrite(folder / "kernels.mtn", bundle);
  const Session fromFile = orphan(), fromMemory = orphan();
  ASSERT_TRUE(fromFile.addBundle(folder / "kernels.mtn").ok());
  ASSERT_TRUE(fromMemory.addBundle(bytesOf(bundle)).ok());
  for (const Session *session : {&fromFile, &fromMemory}) {
    for (const char *plan : {"a", "b", "a"})
      EXPECT_TRUE(run(*session, fakeProblem(plan)).ok());
    EXPECT_EQ(session->prepare(fakeProblem("a"))->info()->origin, MTN_FROM_BUNDLE);
    EXPECT_EQ(session->prepare(fakeProblem("a"))->info()->compile_seconds, 0);
    EXPECT_EQ(session->stats()->bundle_hits, 2u);
    EXPECT_EQ(run(*session, fakeProblem("c")).code(), MTN_UNAVAILABLE) << "there is no compiler";
  }
}

TEST_F(InBundle, WhatIsThereIsNeitherCompiledNorStored) {
  const std::string bundle = bundleFor({fakeProblem("a")});
  const std::string cache = folder / "cache";
  const Session session = open(fakeOptions(), false, cache);
  ASSERT_TRUE(session.addBundle(bytesOf(bundle)).ok());
  EXPECT_TRUE(run(session, fakeProblem("a")).ok());
  EXPECT_EQ(session.stats()->compiles, 0u);
  EXPECT_FALSE(std::filesystem::exists(cache));
  EXPECT_TRUE(run(session, fakeProblem("b")).ok());
  EXPECT_EQ(session.stats()->compiles, 1u);
}

TEST_F(InBundle, HoweverManyThreadsAskAnImageIsUnpackedOnce) {
  const std::string bundle = bundleFor({fakeProblem()});
  const Session session = orphan();
  ASSERT_TRUE(session.addBundle(bytesOf(bundle)).ok());
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (++ready; ready < 8;)
        std::this_thread::yield();
      EXPECT_TRUE(run(session, fakeProblem()).ok());
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(session.stats()->bundle_hits, 1u);
}

TEST_F(InBundle, BundlesMayComeWhileOthersAsk) {
  const std::string bundle = bundleFor({fakeProblem("a"), fakeProblem("b")});
  const Session session = orphan(true);
  std::atomic<int> found{0};
  std::vector<std::thread> threads;
  for (const char *plan : {"a", "b", "a", "b"})
    threads.emplace_back([&, plan] {
      for (int tries = 0; tries < 100000; ++tries, std::this_thread::yield())
        if (session.prepare(fakeProblem(plan)).ok()) {
          ++found;
          return;
        }
    });
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(session.addBundle(bytesOf(bundle)).ok());
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(found, 4);
  EXPECT_EQ(session.stats()->bundle_hits, 2u);
}

TEST_F(InBundle, AMissThatMayNotCompileNamesTheNearest) {
  Attention far = fakeProblem("a"), near = fakeProblem("a");
  far.headDim = 32;
  far.dtype = MTN_F16;
  near.headDim = 16;
  const std::string bundle = bundleFor({far, near});
  const Session session = open(fakeOptions());
  ASSERT_TRUE(session.addBundle(bytesOf(bundle)).ok());
  const auto refused = session.prepare(fakeProblem("a"), MTN_COMPILE_NEVER);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), MTN_UNAVAILABLE);
  const std::string &message = refused.error().message();
  EXPECT_NE(
      message.find("compiling is forbidden; the nearest in a bundle is 'muntin-problem-1 forward f32 rank=1 d=16"),
      std::string::npos)
      << message;
  EXPECT_TRUE(message.ends_with("with head-dim 16 instead of 8, value-dim 16 instead of 8")) << message;
}

TEST_F(InBundle, ALesserTargetServesOnlyWhoMayNotCompile) {
  const std::vector<std::string> targets = targetsHere();
  if (targets.size() < 2)
    GTEST_SKIP() << "this machine has one target";
  std::vector<Attention> lesser;
  for (size_t i = 0; i + 1 < targets.size(); ++i)
    lesser.push_back(on(targets[i]));
  const std::string bundle = bundleFor(lesser), best = targets[targets.size() - 2];

  const Session may = open(fakeOptions());
  ASSERT_TRUE(may.addBundle(bytesOf(bundle)).ok());
  EXPECT_EQ(targetOf(may.prepare(fakeProblem(), MTN_COMPILE_NEVER)), best) << "the best of them";
  EXPECT_EQ(targetOf(may.prepare(fakeProblem())), targets.back()) << "compiled";
  EXPECT_EQ(may.stats()->compiles, 1u);
  EXPECT_EQ(targetOf(may.prepare(fakeProblem(), MTN_COMPILE_NEVER)), targets.back()) << "it is there now";

  const Session never = open(fakeOptions(), true);
  ASSERT_TRUE(never.addBundle(bytesOf(bundle)).ok());
  EXPECT_TRUE(run(never, fakeProblem()).ok());
  EXPECT_TRUE(*never.isReady(fakeProblem()));
  EXPECT_EQ(targetOf(never.prepare(fakeProblem())), best);
  EXPECT_EQ(never.stats()->compiles, 0u);
  EXPECT_EQ(never.stats()->bundle_hits, 1u);
}

TEST_F(InBundle, TheDisksOwnTargetIsBetterThanALesserOne) {
  const std::vector<std::string> targets = targetsHere();
  if (targets.size() < 2)
    GTEST_SKIP() << "this machine has one target";
  const std::string cache = folder / "cache", bundle = bundleFor({on(targets.front())});
  EXPECT_TRUE(run(open(fakeOptions(), false, cache), fakeProblem()).ok());
  const Session session = open(fakeOptions(), true, cache);
  ASSERT_TRUE(session.addBundle(bytesOf(bundle)).ok());
  const auto kernel = session.prepare(fakeProblem());
  EXPECT_EQ(targetOf(kernel), targets.back());
  EXPECT_EQ(kernel->info()->origin, MTN_FROM_DISK);
}

TEST_F(InBundle, TheFirstBundleIsAskedFirst) {
  Attention other = fakeProblem("a");
  const std::string first = bundleFor({other}), second = bundleFor({other, fakeProblem("b")});
  std::string broken = first;
  broken.back() = static_cast<char>(broken.back() ^ 1); // in the only image
  const Session session = orphan();
  ASSERT_TRUE(session.addBundle(bytesOf(broken)).ok()) << "an image is looked at when it is asked for";
  ASSERT_TRUE(session.addBundle(bytesOf(second)).ok());
  const Outcome refused = run(session, other);
  EXPECT_EQ(refused.code(), MTN_CHECK_FAILED);
  EXPECT_NE(refused.message().find("does not match its checksum"), std::string::npos) << refused.message();
  EXPECT_TRUE(run(session, fakeProblem("b")).ok()) << "the rest is as good as before";
}

TEST_F(InBundle, BadOnesAreRefused) {
  const Session session = orphan();
  const std::string bundle = bundleFor({fakeProblem()});
  overwrite(folder / "short.mtn", bundle.substr(0, bundle.size() / 2));
  const auto code = [&](const Outcome &outcome) { return outcome.code(); };
  EXPECT_EQ(code(session.addBundle(folder / "absent.mtn")), MTN_IO_ERROR);
  EXPECT_EQ(code(session.addBundle(folder / "short.mtn")), MTN_CHECK_FAILED);
  EXPECT_EQ(code(session.addBundle(bytesOf(bundle).first(bundle.size() - 1))), MTN_CHECK_FAILED);
  EXPECT_EQ(mtn_session_add_bundle_file(session.get(), nullptr), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_session_add_bundle_file(nullptr, "a"), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_session_add_bundle(session.get(), nullptr, 8), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_session_add_bundle(nullptr, bundle.data(), bundle.size()), MTN_INVALID_ARGUMENT);
  mtn_session_options options = fakeOptions();
  options.compile_never = 2;
  EXPECT_EQ(Session::create(&options).error().message(), "compile_never is 2, expected 0 or 1");
}

} // namespace
