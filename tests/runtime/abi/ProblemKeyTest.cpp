//===- ProblemKeyTest.cpp - the canonical text of a problem ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Rules.h"
#include "runtime/abi/Problem.h"
#include "runtime/abi/Target.h"
#include "tests/support/RandomMask.h"

#include <gtest/gtest.h>

#include <map>

using namespace muntin;
using namespace muntin::testing;

namespace {

constexpr const char *kKey = "muntin-problem-1 forward bf16 rank=2 d=64 dv=32 target=x86-64-v3 "
                             "mask=neighborhood(window=7x7, dilation=1x1, stride=1x1, causal=0x0)";

Problem randomProblem(Random &random) {
  const char *targets[] = {"x86-64-v3", "x86-64-v4", "avx512-bf16", "x86-64-v4-on-v3", "avx512-bf16-on-v3", "sm_80"};
  const char *templates[] = {"", "row", "window"};
  const char *plans[] = {"", "q=8x4,k=112"};
  Problem problem;
  problem.element = static_cast<ElementType>(pick(random, 0, 2));
  problem.rank = static_cast<int>(pick(random, 1, kMaxRank));
  problem.headDim = pick(random, 1, kMaxHeadDim);
  problem.valueDim = pick(random, 1, kMaxHeadDim);
  problem.target = targets[pick(random, 0, 5)];
  if (problem.target == "sm_80") {
    problem.alignment = rowAlignment(problem);
    problem.sharedBytes = pick(random, 0, 1) ? pick(random, 1024, 227 * 1024) : 0;
  }
  problem.templateName = templates[pick(random, 0, 2)];
  problem.plan = plans[pick(random, 0, 1)];
  const auto grid = randomGrid(random, problem.rank, 1, 20);
  problem.mask = randomMask(random, {.grid = grid, .kvGrid = grid, .depth = 4});
  return problem;
}

TEST(ProblemKey, Text) {
  Problem problem{.element = ElementType::BF16, .rank = 2, .headDim = 64, .valueDim = 32, .target = "x86-64-v3"};
  problem.mask = *expandMask(*parseMask("neighborhood(window=7)"), 2);
  EXPECT_EQ(problemKey(problem), kKey);
  problem.templateName = "border";
  problem.plan = "q=8x4";
  problem.mask = {};
  EXPECT_EQ(problemKey(problem),
            "muntin-problem-1 forward bf16 rank=2 d=64 dv=32 target=x86-64-v3 template=border plan=q=8x4 mask=full()");
}

TEST(ProblemKey, SharedMemoryIsAGpusAndHasBounds) {
  Problem problem{.element = ElementType::BF16, .target = "sm_80", .alignment = 16};
  EXPECT_EQ(problemKey(problem).find("shared"), std::string::npos);
  problem.sharedBytes = 163 * 1024;
  const std::string key = problemKey(problem);
  EXPECT_EQ(key, "muntin-problem-1 forward bf16 rank=1 d=64 dv=64 target=sm_80 align=16 shared=166912 mask=full()");
  EXPECT_EQ(parseProblemKey(key)->sharedBytes, 166912);
  const auto with = [&](const char *shared) {
    std::string other = key;
    return parseProblemKey(other.replace(other.find("166912"), 6, shared)).status().message();
  };
  for (const char *bad : {"1023", "232449", "-1"})
    EXPECT_NE(with(bad).find(std::string("shared is ") + bad + ", expected 1024 to 232448"), std::string::npos)
        << with(bad);
  EXPECT_NE(with("0").find("canonical"), std::string::npos) << with("0");
  EXPECT_NE(with("64K"), "");
  problem.target = "x86-64-v3";
  problem.alignment = 0;
  EXPECT_NE(checkProblem(problem).message().find("shared is 166912, expected 0 to 0"), std::string::npos);
}

TEST(ProblemKey, HostIsSpelledOut) {
  if (!hostTarget())
    GTEST_SKIP() << "this machine supports no target";
  Problem problem{.target = "host"};
  const std::string key = problemKey(problem);
  EXPECT_NE(key.find(std::string(" target=") + hostTarget()->name + " "), std::string::npos) << key;
  EXPECT_TRUE(parseProblemKey(key));
}

TEST(ProblemKey, RoundTrip) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Random random(seed);
    Problem problem = randomProblem(random);
    const std::string key = problemKey(problem);
    const Result<Problem> again = parseProblemKey(key);
    ASSERT_TRUE(again) << "seed " << seed << ": " << again.status().message();
    EXPECT_EQ(problemKey(*again), key) << "seed " << seed;
    problem.mask = canonicalMask(problem.mask);
    ASSERT_EQ(*again, problem) << "seed " << seed << ": " << key;
  }
}

TEST(ProblemKey, EveryWayOfWritingAMaskGivesOneKey) {
  const char *spellings[] = {"any_of(sliding(left=64, right=64), global(tokens=4))",
                             "any_of(global(tokens=4), sliding(right=64x64, left=64))",
                             "not(not(any_of(any_of(global(tokens=4)), all_of(full(), sliding(left=64, right=64)))))"};
  for (const char *spelling : spellings) {
    Problem problem{.rank = 2, .target = "x86-64-v3"};
    problem.mask = *expandMask(*parseMask(spelling), 2);
    EXPECT_EQ(problemKey(problem), "muntin-problem-1 forward f32 rank=2 d=64 dv=64 target=x86-64-v3 "
                                   "mask=any_of(global(tokens=4), sliding(left=64x64, right=64x64))");
  }
}

/// From few atoms, so that many have one meaning.
Mask smallMask(Random &random, int depth) {
  const char *atoms[] = {"full()",
                         "causal()",
                         "document()",
                         "global(tokens=1)",
                         "neighborhood(window=3)",
                         "neighborhood(window=3, dilation=1, stride=1, causal=0)",
                         "sliding(left=0, right=2)"};
  if (depth == 0 || chance(random, 30))
    return *expandMask(*parseMask(atoms[pick(random, 0, 6)]), 1);
  Mask mask{.kind = static_cast<MaskKind>(pick(random, int(MaskKind::AllOf), int(MaskKind::Not)))};
  for (int64_t count = mask.kind == MaskKind::Not ? 1 : pick(random, 1, 2); count > 0; --count)
    mask.children.push_back(smallMask(random, depth - 1));
  return mask;
}

/// What a mask of rank 1 says: its legal extents, whether it needs segments, and which pairs of 5 tokens it allows.
std::string meaning(const Mask &mask) {
  std::string text = needsSegments(mask) ? "segments " : "";
  for (const int64_t keys : {1, 3, 4, 5})
    for (const int64_t queries : {1, 3, 5})
      text += checkMaskExtents(mask, std::vector{queries}, std::vector{keys}).ok() ? '+' : '-';
  const std::vector<int64_t> grid = {5};
  const reference::Grids grids = reference::makeGrids(grid, grid);
  const int32_t numbers[] = {0, 0, 1, 1, 0};
  for (int64_t query = 0; query < 5; ++query)
    for (int64_t key = 0; key < 5; ++key)
      text += reference::allows(mask, grids, reference::tokenAt(grids.query, query), reference::tokenAt(grids.key, key),
                                {numbers, numbers})
                  ? 'x'
                  : '.';
  return text;
}

TEST(ProblemKey, ProblemsOfOneKeyMeanTheSame) {
  std::map<std::string, Problem> seen;
  int shared = 0;
  for (uint64_t seed = 0; seed < 20000; ++seed) {
    Random random(seed);
    Problem problem = randomProblem(random);
    problem.rank = 1;
    problem.element = static_cast<ElementType>(pick(random, 0, 1));
    problem.headDim = problem.valueDim = pick(random, 1, 2);
    problem.target = "x86-64-v3";
    problem.mask = smallMask(random, 3);
    const auto [first, isNew] = seen.emplace(problemKey(problem), problem);
    if (isNew || first->second == problem)
      continue;
    ++shared;
    ASSERT_EQ(meaning(problem.mask), meaning(first->second.mask))
        << "seed " << seed << ": " << printMask(problem.mask) << " and " << printMask(first->second.mask);
    problem.mask = first->second.mask;
    ASSERT_EQ(problem, first->second) << "seed " << seed;
  }
  EXPECT_GT(shared, 5000);
}

std::string refusal(std::string_view text) {
  const Result<Problem> problem = parseProblemKey(text);
  return problem ? "parsed" : problem.status().message();
}

struct Edit {
  const char *from, *to, *message;
};

TEST(ProblemKey, Refusals) {
  const Edit edits[] = {
      {"muntin-problem-1", "muntin-problem-2", "problem key: expected 'muntin-problem-1', got 'muntin-problem-2'"},
      {"forward", "sideways", "problem key: operation is 'sideways', expected forward or backward"},
      {"forward", "backward", "operation backward is not in this version"},
      {"bf16", "f64", "dtype is 'f64', expected f32, f16 or bf16"},
      {"rank=2", "rank=two", "problem key: rank is 'two', expected a number"},
      {"rank=2 ", "", "problem key: expected rank=..., got 'd=64 dv=32 target=x86-64-v3 mask'"},
      {"d=64", "d=99999999999999999999", "problem key: d is '99999999999999999999', expected a number"},
      {"d=64", "d=0", "head_dim is 0, expected 1 to 256"},
      {" mask=", " mask=x",
       "mask: unknown mask 'xneighborhood', expected one of full, causal, neighborhood, sliding, "
       "block, halo, global, document, all_of, any_of, not\n"
       "  xneighborhood(window=7x7, dilation=1x1, stride=1x1, causal=0x0)\n  ^"},
      {" mask=", " plan=", "problem key: expected mask=..., got 'dilation=1x1, stride=1x1, causal'"},
      {"target=x86-64-v3", "target=host", "target is 'host', expected it spelled out, as "},
      {"d=64", "d=064", "problem key: not in canonical form, expected "},
      {"rank=2 ", "rank=2  ", "problem key: expected d=..., got ' d=64 dv=32 target=x86-64-v3 mas'"},
      {"7x7", "7", "mask is neighborhood(window=7, "},
      {"7x7, ", "7x7,", "problem key: not in canonical form, expected "},
      {" mask=", " template= mask=", "problem key: not in canonical form, expected "},
  };
  ASSERT_EQ(refusal(kKey), "parsed");
  for (const Edit &edit : edits) {
    std::string text = kKey;
    text.replace(text.find(edit.from), std::string_view(edit.from).size(), edit.to);
    const std::string message = refusal(text);
    EXPECT_EQ(message.substr(0, std::string_view(edit.message).size()), edit.message) << message;
  }
  EXPECT_EQ(refusal(""), "problem key: expected 'muntin-problem-1', got ''");
}

/// Damages keys at random: what still parses is canonical.
TEST(ProblemKey, Mutations) {
  int parsed = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    Random random(seed);
    std::string text = problemKey(randomProblem(random));
    for (int64_t count = pick(random, 1, 2); count > 0; --count) {
      const size_t at = pick(random, 0, text.size() - 1);
      if (chance(random, 50))
        text[at] = "0123456789 x=,()"[pick(random, 0, 15)];
      else
        text.erase(at, 1);
    }
    if (const Result<Problem> problem = parseProblemKey(text)) {
      ++parsed;
      ASSERT_EQ(problemKey(*problem), text) << "seed " << seed;
    }
  }
  EXPECT_GT(parsed, 100); // both sides are exercised
  EXPECT_LT(parsed, 3500);
}

} // namespace
