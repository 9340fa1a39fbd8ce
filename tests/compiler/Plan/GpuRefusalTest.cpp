//===- GpuRefusalTest.cpp - who is refused hears what works ----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/GpuPlan.h"
#include "tests/support/Masks.h"

#include "gtest/gtest.h"

#include <functional>
#include <regex>

namespace muntin::testing {
namespace {

Problem problemOf(const std::string &name, ElementType element, int64_t headDim, int64_t valueDim, int64_t shared,
                  const Mask &mask = masks::full()) {
  Problem problem;
  problem.mask = *expandMask(mask, 1);
  problem.element = element;
  problem.headDim = headDim, problem.valueDim = valueDim;
  problem.target = "sm_80";
  problem.alignment = element == ElementType::F32 ? 4 : 2;
  problem.templateName = name;
  problem.sharedBytes = shared;
  return problem;
}

/// Why the problem is refused, or "".
std::string refusalOf(const Problem &problem) {
  const Result<Decision> decision = makePlan(problem, **findTarget(problem.target));
  EXPECT_TRUE(decision || decision.status().code() == StatusCode::InvalidArgument) << decision.status().message();
  return decision ? "" : decision.status().message();
}

/// The problem changed as the message advises, once for each advice.
std::vector<Problem> advised(const Problem &problem, const std::string &message) {
  static const std::regex kAdvice("(shared|template|head_dim|value_dim|plan) '?([^';]*?)'?( with value_dim ([0-9]+))?");
  const std::string start = "; nearest that works: ", separator = ", or ";
  std::vector<Problem> problems;
  size_t at = message.find(start);
  if (at == std::string::npos)
    return problems;
  std::string list = message.substr(at + start.size());
  list = list.substr(0, list.find("; "));
  for (at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(separator, at), list.size());
    const std::string advice = list.substr(at, end - at);
    at = end + separator.size();
    std::smatch words;
    EXPECT_TRUE(std::regex_match(advice, words, kAdvice)) << advice;
    Problem changed = problem;
    if (words[1] == "shared")
      changed.sharedBytes = std::stoll(words[2]);
    else if (words[1] == "template")
      changed.templateName = words[2];
    else if (words[1] == "plan")
      changed.plan = words[2];
    else if (words[1] == "value_dim")
      changed.valueDim = std::stoll(words[2]);
    else
      changed.headDim = std::stoll(words[2]);
    if (words[1] == "head_dim" && (words[4].matched || problem.headDim == problem.valueDim))
      changed.valueDim = words[4].matched ? std::stoll(words[4]) : changed.headDim;
    problems.push_back(std::move(changed));
  }
  return problems;
}

} // namespace

TEST(GpuRefusal, NamesFieldValueBoundAndWhatWorks) {
  EXPECT_EQ(refusalOf(problemOf("", ElementType::F32, 256, 256, 20480)),
            "shared is 20480: a kernel with head_dim 256 and value_dim 256 in f32 needs at least 99840 bytes of shared "
            "memory, the bound is 20480; nearest that works: shared 99840, or head_dim 48");
  EXPECT_EQ(refusalOf(problemOf("window", ElementType::F16, 64, 64, 0)),
            "template is 'window': the live keys of a query box, which lie in memory all at once, grow with the grid "
            "under full(); nearest that works: template stages");
  EXPECT_EQ(refusalOf(problemOf("window", ElementType::F32, 256, 256, 0, masks::sliding({500}, {500}))),
            "template is 'window': it needs 2296320 bytes of shared memory, the bound is 101376; nearest that works: "
            "template stages");
}

TEST(GpuRefusal, WhateverItNamesWorks) {
  int refused = 0, tried = 0;
  for (const char *name : {"", "row", "unfused", "naive", "online", "live", "border", "stages", "roles", "window"})
    for (const ElementType element : {ElementType::F32, ElementType::BF16})
      for (const auto &[headDim, valueDim] : {std::pair(256, 256), std::pair(256, 64), std::pair(40, 200)})
        for (const int64_t shared : {0, 1024, 12000, 40000, 70000})
          for (const Mask &mask : {masks::full(), masks::sliding({90}, {0})}) {
            const Problem problem = problemOf(name, element, headDim, valueDim, shared, mask);
            const std::string message = refusalOf(problem);
            if (message.empty())
              continue;
            ++refused;
            for (const Problem &other : advised(problem, message)) {
              ++tried;
              EXPECT_EQ(refusalOf(other), "") << problemKey(problem) << ": " << message;
            }
          }
  EXPECT_GT(refused, 100);
  EXPECT_GT(tried, refused) << "hardly anything was advised";
}

TEST(GpuRefusal, AForcedPlanHearsOfANearerOne) {
  const auto forced = [](const char *plan, const Mask &mask = masks::full()) {
    Problem problem = problemOf("", ElementType::BF16, 256, 256, 0, mask);
    problem.plan = plan;
    const std::string message = refusalOf(problem);
    for (const Problem &other : advised(problem, message))
      EXPECT_EQ(refusalOf(other), "") << message;
    return message;
  };
  const std::tuple<const char *, Mask, const char *> refused[] = {
      {"stages,query=64,key=64,warps=4,stages=4", masks::full(),
       "it needs 294912 bytes of shared memory, the bound is 101376; nearest that works: plan "
       "'stages,query=64,key=32,warps=4,stages=2'; a plan"},
      {"row,query=64,key=32,warps=4,stages=1,capacity=4096", masks::full(),
       "it needs 1097728 bytes of shared memory, the bound is 101376; nearest that works: plan "
       "'row,query=64,key=32,warps=4,stages=1,capacity=192'; a plan"},
      {"window,query=128,key=240,warps=8,stages=1", masks::sliding({10}, {0}),
       "nearest that works: plan 'window,query=32,key=42,warps=2,stages=1'; a plan"},
      {"border,query=64,key=64,warps=4,stages=1", masks::full(), "nearest that works: plan"},
      {"border,query=64,key=64,warps=4,stages=2", masks::full(), "the template border has one stage, got 2"},
      {"stages,query=64,key=64,warps=4,stages=5", masks::full(), "the template stages has 1 to 4 stages, got 5"},
      {"border,query=64,key=64,warps=8,stages=1", masks::full(),
       "the query box wants powers of two as extents, 16 tokens for each of at most 8 warps; got 64, which is 64 "
       "tokens, "
       "and warps=8"},
      {"border,query=64,key=24,warps=4,stages=1", masks::full(), "at least 16 tokens, got 24"},
      {"border,query=8x8,key=32,warps=4,stages=1", masks::full(), "rank 1, got query=8x8 and key=32"},
      {"border,query=64,key=32,warps=4,stages=1,registers=300", masks::full(), "registers are 32 to 255, got 300"},
      {"border,query=64,key=32,warps=4,stages=1,resident=33", masks::full(), "resident blocks are 1 to 32, got 33"},
      {"window,query=64,key=16,warps=4,stages=1", masks::sliding({128}, {0}),
       "the live keys of a query box, which are 192, got 16"},
      {"window,query=64,key=16,warps=4,stages=1", masks::full(), "grow with the grid"},
  };
  for (const auto &[plan, mask, words] : refused)
    EXPECT_NE(forced(plan, mask).find(words), std::string::npos) << forced(plan, mask);
}

} // namespace muntin::testing
