//===- DeviceTest.cpp - what random problems would rarely show ------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs on the device that MUNTIN_TEST_DEVICE names, with the real compiler.
//
//===----------------------------------------------------------------------===//

#include "tests/conformance/Judge.h"
#include "tests/support/Masks.h"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>
#include <thread>

using namespace muntin;
using namespace muntin::conformance;

static const std::vector<std::string> kTemplates = {"",       "row",    "unfused", "online", "live",
                                                    "border", "stages", "roles",   "window"};

namespace {
class DeviceTest : public ::testing::Test {
protected:
  void SetUp() override {
    const char *name = std::getenv("MUNTIN_TEST_DEVICE");
    auto opened = openSession(name ? name : "cpu");
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    device = std::move(*opened);
  }
  void expectRight(const Case &c) {
    const Verdict verdict = judge(*device, c);
    EXPECT_EQ(int(verdict.kind), int(Verdict::Kind::Passed)) << verdict.message << "\n" << describe(c);
  }
  uint64_t processed(const Case &c) {
    const auto pairs = device->processedPairs(c, {});
    EXPECT_TRUE(pairs.ok()) << (pairs ? "" : pairs.status().message());
    return pairs ? *pairs : 0;
  }
  std::unique_ptr<Device> device;
};
} // namespace

static Problem problemOf(Mask mask, int rank, int64_t headDim = 32, int64_t valueDim = 32) {
  Problem problem;
  problem.rank = rank, problem.headDim = headDim, problem.valueDim = valueDim;
  problem.mask = std::move(mask);
  problem.target = "host";
  return problem;
}

static Shape shapeOf(std::vector<int64_t> grid, int64_t heads = 1) {
  return {.heads = heads, .kvHeads = 1, .grid = grid, .kvGrid = grid};
}

TEST_F(DeviceTest, ABandWithGlobalTokensVisitsLinearlyManyPairs) {
  const Mask mask = masks::anyOf({masks::sliding({32}, {32}), masks::global(4)});
  for (const char *name : {"", "live", "border"}) {
    Problem problem = problemOf(mask, 1);
    problem.templateName = name;
    expectRight(plainCase(problem, shapeOf({1000})));
    const uint64_t small = processed(plainCase(problem, shapeOf({2048})));
    const uint64_t large = processed(plainCase(problem, shapeOf({8192})));
    EXPECT_LT(large, 5 * small) << name; // linear: 4 times; quadratic: 16 times
    EXPECT_LT(small, 2048u * 2048 / 4) << name;
  }
}

TEST_F(DeviceTest, AWindowVisitsItsNeighbourhood) {
  const Problem problem = problemOf(masks::neighborhood({7, 7}, {1, 1}, {1, 1}, {0, 0}), 2);
  const Case c = plainCase(problem, shapeOf({56, 56}));
  expectRight(c);
  EXPECT_LT(processed(c), 56 * 56 * 400u); // of 3136 keys 49 are kept; a box of 8x8 queries has a hull of 196
}

TEST_F(DeviceTest, AnotherShapeCompilesNothing) {
  const Problem problem = problemOf(masks::neighborhood({3, 3}, {1, 1}, {1, 1}, {0, 0}), 2);
  for (const auto &grid : std::vector<std::vector<int64_t>>{{3, 3}, {17, 5}, {40, 33}, {3, 200}})
    for (const int64_t heads : {1, 3}) {
      Case c = plainCase(problem, shapeOf(grid, heads));
      c.scale = static_cast<double>(heads) / 7;
      expectRight(c);
    }
  EXPECT_EQ(device->compiles(), 1u);
}

TEST_F(DeviceTest, NoQueriesAndNoKeys) {
  const Problem problem = problemOf(masks::sliding({3}, {3}), 1);
  Shape noQuery = shapeOf({0}), noKey = shapeOf({50}), noBatch = shapeOf({50}), nothing = shapeOf({0});
  noQuery.kvGrid = {20}, noKey.kvGrid = {0}, noBatch.batch = 0;
  for (const Shape &shape : {noQuery, noKey, noBatch, nothing})
    expectRight(plainCase(problem, shape));
  // Bounds against extents are not checked where there is no query.
  expectRight(plainCase(problemOf(masks::neighborhood({9}), 1), nothing));
}

TEST_F(DeviceTest, RowsWithoutKeysInEveryTemplate) {
  // Nobody; the first hundred queries; the last hundred; the first eight.
  const std::vector<Mask> masks = {masks::negation(masks::full()), masks::negation(masks::sliding({99}, {kUnbounded})),
                                   masks::negation(masks::sliding({kUnbounded}, {99})),
                                   masks::allOf({masks::block({16}), masks::negation(masks::global(8))})};
  for (const Mask &mask : masks)
    for (const std::string &name : kTemplates)
      for (const double scale : {0.2, 0.0, -0.3}) {
        Problem problem = problemOf(mask, 1, 8, 8);
        problem.templateName = name;
        Case c = plainCase(problem, shapeOf({200}));
        c.scale = scale;
        const Verdict verdict = judge(*device, c);
        EXPECT_NE(int(verdict.kind), int(Verdict::Kind::Failed)) << verdict.message << "\n" << describe(c);
      }
}

/// Most queries see none of the global tokens through their window: the hull of the keys is less than empty.
TEST_F(DeviceTest, PartsOfAMaskWithoutCommonKeys) {
  for (const Mask &mask : {masks::allOf({masks::global(4), masks::sliding({3}, {3})}),
                           masks::allOf({masks::global(30), masks::neighborhood({8}, {1}, {5})})})
    for (const std::string &name : kTemplates)
      for (const char *target : {"x86-64-v3", "avx512-bf16-on-v3"}) {
        Problem problem = problemOf(mask, 1);
        problem.templateName = name, problem.target = target, problem.element = ElementType::BF16;
        const Verdict verdict = judge(*device, plainCase(problem, shapeOf({171})));
        EXPECT_NE(int(verdict.kind), int(Verdict::Kind::Failed)) << verdict.message << " with " << name;
      }
}

TEST_F(DeviceTest, ScoresFarBeyondExp) {
  for (const ElementType element : {ElementType::F32, ElementType::F16, ElementType::BF16})
    for (const double scale : {50.0, -1000.0}) {
      Problem problem = problemOf(masks::full(), 1);
      problem.element = element;
      Case c = plainCase(problem, shapeOf({150}));
      c.scale = scale;
      expectRight(c);
    }
}

TEST_F(DeviceTest, AnUnknownTemplateIsRefusedByName) {
  Problem problem = problemOf(masks::full(), 1);
  problem.templateName = "nope";
  const Verdict verdict = judge(*device, plainCase(problem, shapeOf({9})));
  EXPECT_EQ(int(verdict.kind), int(Verdict::Kind::Refused)) << verdict.message;
  EXPECT_NE(verdict.message.find("nope"), std::string::npos) << verdict.message;
  EXPECT_NE(verdict.message.find("border"), std::string::npos) << "names those there are: " << verdict.message;
}

TEST_F(DeviceTest, ManyThreadsCompileOnce) {
  const Case c = plainCase(problemOf(masks::sliding({5}, {2}), 1), shapeOf({70}));
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { expectRight(c); });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(device->compiles(), 1u);
}
