//===- PlanTest.cpp - candidates, the choice, and its text -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/Plan.h"

#include "compiler/Plan/CostModel.h"
#include "tests/support/Masks.h"

#include "gtest/gtest.h"

namespace muntin::testing {
namespace {

Problem problemOf(int rank, const Mask &mask, const char *target) {
  Problem problem;
  problem.rank = rank;
  problem.mask = *expandMask(mask, rank);
  problem.target = target;
  return problem;
}

Result<Decision> decide(const Problem &problem) { return makePlan(problem, **findTarget(problem.target)); }

Result<Plan> parse(const Problem &problem, const std::string &text) {
  return parsePlan(text, problem, **findTarget(problem.target));
}

constexpr const char *kTargets[] = {"x86-64-v3", "x86-64-v4", "avx512-bf16"};

const Mask kMasks[] = {masks::full(), masks::neighborhood({7}), masks::neighborhood({5}, {2}, {2}),
                       masks::anyOf({masks::sliding({9}, {0}), masks::global(4)})};

struct Case {
  Problem problem;
  Decision decision;
};

/// Each target, rank and mask, decided once.
const std::vector<Case> &cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> made;
    for (const char *target : kTargets)
      for (int rank = 1; rank <= 3; ++rank)
        for (const Mask &mask : kMasks) {
          Problem problem = problemOf(rank, mask, target);
          problem.element = rank == 2 ? ElementType::BF16 : ElementType::F32;
          Result<Decision> decision = decide(problem);
          EXPECT_TRUE(decision) << problemKey(problem) << ": " << decision.status().message();
          if (decision)
            made.push_back({problem, std::move(*decision)});
        }
    EXPECT_EQ(made.size(), std::size(kTargets) * 3 * std::size(kMasks));
    return made;
  }();
  return all;
}

/// A box must fill whole register blocks, and the accumulators, the vectors and one broadcast the registers.
TEST(Plan, CandidatesFitTheRegisters) {
  for (const auto &[problem, decision] : cases()) {
    const Target &target = **findTarget(problem.target);
    for (const Candidate &candidate : decision.candidates) {
      const Plan &plan = candidate.plan;
      SCOPED_TRACE(problemKey(problem) + ": " + plan.print());
      EXPECT_EQ(plan.lanes, target.lanes);
      EXPECT_EQ(plan.queries() % (plan.lanes * plan.blockVectors), 0);
      EXPECT_LE((plan.rows + 1) * plan.blockVectors + 1, target.vectorRegisters);
    }
  }
}

TEST(Plan, TheBestEligibleCandidateWins) {
  for (const auto &[problem, decision] : cases()) {
    EXPECT_TRUE(decision.winner().refused.empty());
    for (const Candidate &candidate : decision.candidates)
      if (candidate.refused.empty())
        EXPECT_LE(decision.winner().cycles(), candidate.cycles()) << candidate.plan.print();
      else
        EXPECT_EQ(candidate.plan.templateName, "window") << candidate.refused;
  }
}

TEST(Plan, TheTextIsReadBack) {
  for (const auto &[problem, decision] : cases()) {
    const Plan &plan = decision.winner().plan;
    Problem asked = problem;
    asked.plan = plan.print();
    const Result<Decision> again = decide(asked);
    ASSERT_TRUE(again) << again.status().message();
    EXPECT_EQ(again->winner().plan.print(), plan.print());
    EXPECT_EQ(again->winner().plan.queryStep, plan.queryStep);
  }
}

/// Where the tasks could pack as well, which of the two it is belongs to the text.
TEST(Plan, WhoPacksIsReadBack) {
  Problem problem = problemOf(2, masks::neighborhood({7}), "avx512-bf16");
  problem.element = ElementType::BF16;
  for (const char *per : {"task", "head"}) {
    const std::string text = std::string("window,query=8x4,key=10x10,hulls=2,block=8x2,pack=pairs,per=") + per;
    const Result<Plan> plan = parse(problem, text);
    ASSERT_TRUE(plan) << plan.status().message();
    EXPECT_EQ(plan->strip.empty(), per == std::string("head"));
    EXPECT_EQ(plan->print(), text);
    EXPECT_EQ(parse(problem, plan->print())->strip, plan->strip);
  }
}

/// A quarter of the second-level cache, or the hull where that is larger; values have a width of their own.
TEST(Plan, AStripIsAsLongAsTheCacheAllows) {
  for (const int64_t valueDim : {8, 64, 200, 256}) {
    SCOPED_TRACE(valueDim);
    Problem problem = problemOf(2, masks::neighborhood({13}), "avx512-bf16");
    problem.element = ElementType::BF16;
    problem.headDim = 48, problem.valueDim = valueDim;
    const Result<Plan> plan = parse(problem, "window,query=8x4,key=20x16,block=8x2,pack=pairs,per=task");
    ASSERT_TRUE(plan) << plan.status().message();
    ASSERT_EQ(plan->strip.size(), 2u);
    EXPECT_GE(plan->strip[0], 20);
    EXPECT_GE(plan->strip[1], 16);
    EXPECT_EQ(plan->strip[1] % 2, 0);
    const int64_t pairBytes = 4 * valueDim * plan->strip[0], cache = (*findTarget(problem.target))->l2Bytes / 4;
    EXPECT_LE(plan->strip[1] / 2, std::max<int64_t>(8, cache / pairBytes));
    EXPECT_GT((plan->strip[1] / 2 + 1) * pairBytes, cache);
  }
}

TEST(Plan, ErrorsNameTheBound) {
  const Problem window = problemOf(2, masks::neighborhood({7}), "x86-64-v3");
  struct {
    const char *text, *message;
  } const refusals[] = {
      {"window,query=6x4,key=12x10,block=4x3,colour=1x1", "unknown word 'colour'"},
      {"window,query=6xx4,key=12x10,block=4x3", "'6xx4' is not a list of numbers"},
      {"window,query=0x4,key=12x10,block=4x3", "'0x4' is not a list of numbers"},
      {"window,query=24,key=12x10,block=4x3", "needs query and key of rank 2"},
      {"window,query=6x4,key=12x10,block=4", "a block of two numbers"},
      {"window,query=5x4,key=12x10,block=4x3", "queries must be a multiple of 24"},
      {"window,query=6x4,key=12x10,block=3x3", "rows even and at most 16"},
      {"window,query=6x4,key=12x10,block=18x3", "rows even and at most 16"},
      {"window,query=6x4,key=11x10,block=4x3", "does not hold the live keys"},
      {"window,query=6x4,key=all,block=4x3", "'key all' goes with the templates row and unfused"},
      {"window,query=6x4,key=9x10,hulls=2,block=4x3", "two hulls want"},
      {"window,query=4x4,key=8x10,hulls=3,block=6x2", "unknown word 'hulls'"},
      {"window,query=4x4,key=7x10,hulls=2,block=6x2", "does not hold the live keys"},
      {"row,query=6x4,key=12x10,block=4x3", "'key all' goes with the templates row and unfused"},
  };
  for (const auto &[text, message] : refusals) {
    const Result<Plan> plan = parse(window, text);
    ASSERT_FALSE(plan) << text;
    EXPECT_EQ(plan.status().code(), StatusCode::InvalidArgument);
    EXPECT_NE(plan.status().message().find(message), std::string::npos) << plan.status().message();
  }
  EXPECT_TRUE(parse(window, "window,query=6x4,key=12x10,block=4x3"));
  EXPECT_TRUE(parse(window, "window,query=4x4,key=8x10,hulls=2,block=6x2"));
}

/// Each of two vectors has a hull of its own where the mask is an AND of one rule per axis, and only there.
TEST(Plan, HullsPerVectorWantASeparableMask) {
  const auto offered = [](const Mask &mask) {
    const Result<Decision> decision = decide(problemOf(2, mask, "x86-64-v4"));
    return std::any_of(decision->candidates.begin(), decision->candidates.end(),
                       [](const Candidate &candidate) { return candidate.plan.trimmed; });
  };
  EXPECT_TRUE(offered(masks::neighborhood({7})));
  const Result<Mask> either = parseMask("any_of(neighborhood(window=7), sliding(left=2, right=2))");
  ASSERT_TRUE(either);
  EXPECT_FALSE(offered(*either));
}

TEST(Plan, AForcedTemplateThatDoesNotFitIsRefused) {
  Problem problem = problemOf(1, masks::full(), "x86-64-v3");
  problem.templateName = "window";
  const Result<Decision> decision = decide(problem);
  ASSERT_FALSE(decision);
  EXPECT_NE(decision.status().message().find("grow with the grid"), std::string::npos) << decision.status().message();
}

TEST(Plan, WindowsWantTheWholeRowAndDenseProblemsDoNot) {
  const Result<Decision> window = decide(problemOf(2, masks::neighborhood({7}), "x86-64-v3"));
  ASSERT_TRUE(window);
  EXPECT_EQ(window->winner().plan.templateName, "window");
  const Result<Decision> dense = decide(problemOf(1, masks::full(), "x86-64-v3"));
  ASSERT_TRUE(dense);
  EXPECT_EQ(dense->winner().plan.templateName, "border");
}

TEST(Plan, KeysOfPairsArePaddedToEvenRows) {
  Plan plan;
  plan.keyBox = {12, 9};
  EXPECT_EQ(plan.keyCapacity(), 12 * 10);
  plan.keyBox = {};
  EXPECT_EQ(plan.keyCapacity(), 0) << "all keys of the grid";
}

} // namespace
} // namespace muntin::testing
