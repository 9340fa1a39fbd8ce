//===- VariantsTest.cpp - plans for short grids -------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/Plan.h"
#include "tests/support/Masks.h"

#include "gtest/gtest.h"

#include <set>

namespace muntin::testing {
namespace {

constexpr const char *kTargets[] = {"x86-64-v3", "x86-64-v4", "avx512-bf16"};

Problem problemOf(int rank, const Mask &mask, const char *target) {
  Problem problem;
  problem.rank = rank;
  problem.mask = *expandMask(mask, rank);
  problem.element = rank == 2 ? ElementType::BF16 : ElementType::F32;
  problem.target = target;
  return problem;
}

Decision decide(const Problem &problem) {
  Result<Decision> decision = makePlan(problem, **findTarget(problem.target));
  EXPECT_TRUE(decision) << problemKey(problem) << ": " << decision.status().message();
  return decision ? std::move(*decision) : Decision();
}

/// The axis that a variant's grids are short on.
int shortAxis(const Plan &plan) {
  int found = -1;
  for (size_t axis = 0; axis < plan.most.size(); ++axis)
    if (plan.most[axis] != kAnyExtent) {
      EXPECT_EQ(found, -1) << "two short axes: " << plan.variant();
      found = int(axis);
    }
  return found;
}

using Decided = std::vector<std::pair<Problem, Decision>>;

const Decided &decided() {
  static const Decided all = [] {
    Decided made;
    const Mask masks[] = {
        masks::full(),         masks::sliding({3}, {3}), masks::sliding({kUnbounded}, {0}),
        masks::halo({8}, {3}), masks::neighborhood({7}), masks::anyOf({masks::sliding({9}, {0}), masks::global(4)})};
    for (const char *target : kTargets)
      for (int rank = 1; rank <= 3; ++rank)
        for (const Mask &mask : masks) {
          const Problem problem = problemOf(rank, mask, target);
          made.emplace_back(problem, decide(problem));
        }
    return made;
  }();
  return all;
}

TEST(Variants, AreForGridsThatAreShorterThanTheGeneralBox) {
  for (const auto &[problem, decision] : decided()) {
    SCOPED_TRACE(problemKey(problem));
    const Plan &general = decision.winner().plan;
    EXPECT_EQ(general.variant(), "general");
    ASSERT_LE(decision.variants.size(), 2u);
    std::set<std::string> names;
    for (const Candidate &candidate : decision.variants) {
      const Plan &plan = candidate.plan;
      const int axis = shortAxis(plan);
      ASSERT_GE(axis, 0) << plan.print();
      EXPECT_LT(plan.most[axis], general.queryBox[axis] * general.queryStep[axis]) << plan.variant();
      EXPECT_TRUE(names.insert(plan.variant()).second) << plan.variant();
      EXPECT_EQ(int(plan.most.size()), problem.rank);
      EXPECT_GT(candidate.cycles(), 0);
    }
  }
}

TEST(Variants, TheBoxLiesAlongTheLongAxis) {
  for (const char *target : kTargets) {
    const Decision decision = decide(problemOf(2, masks::sliding({3}, {3}), target));
    ASSERT_FALSE(decision.variants.empty()) << target;
    const Candidate &first = decision.variants.front();
    EXPECT_EQ(shortAxis(first.plan), 0);
    EXPECT_LE(first.plan.queryBox[0], first.plan.most[0]);
    EXPECT_GE(first.plan.queryBox[1], 8) << first.plan.print();
  }
}

/// A window of 7 wants 7 tokens on each axis, of which a general box of 8x4 wastes one.
TEST(Variants, AreNotMadeWhereTheMaskWantsLongGrids) {
  for (const char *target : kTargets) {
    EXPECT_TRUE(decide(problemOf(2, masks::neighborhood({7}), target)).variants.empty());
    EXPECT_TRUE(decide(problemOf(3, masks::neighborhood({5}), target)).variants.empty());
  }
}

TEST(Variants, AForcedTemplateOrPlanHasNone) {
  Problem problem = problemOf(2, masks::sliding({3}, {3}), "x86-64-v4");
  const Decision free = decide(problem);
  ASSERT_FALSE(free.variants.empty());
  problem.templateName = free.winner().plan.templateName;
  EXPECT_TRUE(decide(problem).variants.empty());
  problem.templateName.clear();
  problem.element = ElementType::F32;
  problem.plan = decide(problem).variants.front().plan.print(); // that of a variant, for every grid
  const Decision forced = decide(problem);
  EXPECT_TRUE(forced.variants.empty());
  EXPECT_EQ(forced.winner().plan.variant(), "general");
  EXPECT_EQ(forced.winner().plan.print(), problem.plan);
}

TEST(Variants, TheNameTellsTheLongestGrid) {
  Plan plan;
  EXPECT_EQ(plan.variant(), "general");
  plan.most = {16};
  EXPECT_EQ(plan.variant(), "short_16");
  plan.most = {2, kAnyExtent, kAnyExtent};
  EXPECT_EQ(plan.variant(), "short_2xNxN");
}

} // namespace
} // namespace muntin::testing
