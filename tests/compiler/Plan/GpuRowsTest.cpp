//===- GpuRowsTest.cpp - plans for GPUs that hold all scores --------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/GpuPlan.h"
#include "tests/support/Masks.h"

#include "gtest/gtest.h"

namespace muntin::testing {
namespace {

Problem problemOf(const char *name, int rank, int64_t headDim, int64_t valueDim) {
  Problem problem;
  problem.rank = rank;
  problem.mask = *expandMask(masks::full(), rank);
  problem.element = ElementType::BF16;
  problem.headDim = headDim, problem.valueDim = valueDim;
  problem.target = "sm_80";
  problem.alignment = 2;
  problem.templateName = name;
  return problem;
}

Result<Decision> decide(const Problem &problem) { return makePlan(problem, **findTarget(problem.target)); }

/// The plan of the text, forced on a 1-D problem at D = 64; or why not.
std::string refusalOf(const std::string &text) {
  Problem problem = problemOf("", 1, 64, 64);
  problem.plan = text;
  const Result<Decision> decision = decide(problem);
  return decision ? "" : decision.status().message();
}

TEST(GpuRows, FitTheSharedMemoryAndReadBack) {
  const int64_t bound = (*findTarget("sm_80"))->gpu->sharedBytes;
  for (const char *name : {"row", "unfused", "naive"})
    for (int rank = 1; rank <= 3; ++rank)
      for (const auto &[headDim, valueDim] : {std::pair(64, 64), std::pair(256, 256), std::pair(1, 200)}) {
        Problem problem = problemOf(name, rank, headDim, valueDim);
        const Result<Decision> decision = decide(problem);
        ASSERT_TRUE(decision) << problemKey(problem) << ": " << decision.status().message();
        const Plan &plan = decision->winner().plan;
        EXPECT_LE(sharedBytes(problem, plan), bound) << plan.print();
        EXPECT_EQ(plan.templateName, name == std::string("naive") ? "unfused" : name);
        EXPECT_EQ(plan.engine, name == std::string("naive") ? "fma" : "");
        problem.templateName.clear();
        problem.plan = plan.print();
        const Result<Decision> again = decide(problem);
        ASSERT_TRUE(again) << again.status().message();
        EXPECT_EQ(again->winner().plan.print(), plan.print());
      }
}

TEST(GpuRows, HoldTheScoresThatSharedMemoryHasRoomFor) {
  const int64_t bound = (*findTarget("sm_80"))->gpu->sharedBytes;
  for (int64_t columns : {16, 64, 128, 256}) {
    const Problem problem = problemOf("row", 2, columns, columns);
    Plan plan = decide(problem)->winner().plan;
    EXPECT_EQ(plan.capacity % plan.keyCapacity(), 0);
    EXPECT_GE(plan.capacity, 900) << "D = " << columns;
    EXPECT_EQ(plan.tileKeys(), 0);
    plan.capacity += plan.keyCapacity();
    EXPECT_GT(sharedBytes(problem, plan), bound) << "there was room for another key box";
    plan.capacity = plan.keyCapacity(); // which stays in registers
    EXPECT_EQ(plan.tileKeys(), plan.keyCapacity());
  }
}

TEST(GpuRows, RefuseWhatDoesNotFit) {
  EXPECT_EQ(refusalOf("row,query=64,key=32,warps=4,stages=1"), "");
  EXPECT_EQ(refusalOf("row,query=64,key=32,warps=4,stages=1,capacity=64"), "");
  EXPECT_EQ(refusalOf("live,query=64,key=32,warps=4,stages=1,engine=fma"), "");
  const std::pair<const char *, const char *> refused[] = {
      {"row,query=64,key=32,warps=4,stages=1,capacity=40", "a multiple of the key box's 32 keys"},
      {"row,query=64,key=32,warps=4,stages=1,capacity=4096", "bytes of shared memory, the bound is 101376"},
      {"row,query=64,key=32,warps=4,stages=1,capacity=0", "capacity is '0', expected numbers from 1"},
      {"live,query=64,key=32,warps=4,stages=1,capacity=64", "a capacity goes with the template row"},
      {"row,query=64,key=32,warps=4,stages=1,engine=abacus", "engine is 'abacus', expected fma"},
      {"foo,query=64,key=32,warps=4,stages=1", "no template is called 'foo'; known are row, unfused, naive"},
      {"row,query=64,query=8,key=32,warps=4,stages=1", "'query' stands twice"},
  };
  for (const auto &[text, part] : refused)
    EXPECT_NE(refusalOf(text).find(part), std::string::npos) << text << ": " << refusalOf(text);
}

TEST(GpuRows, NaiveIsAPlanOfGpus) {
  Problem problem = problemOf("naive", 1, 64, 64);
  problem.target = "x86-64-v3", problem.alignment = 0;
  const Result<Decision> decision = decide(problem);
  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.status().code(), StatusCode::NotInThisVersion);
}

} // namespace
} // namespace muntin::testing
