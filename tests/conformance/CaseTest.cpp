//===- CaseTest.cpp - random cases are legal and reach everything ---------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/conformance/Case.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <map>

using namespace muntin;
using namespace muntin::conformance;

static bool contains(const Mask &mask, MaskKind kind) {
  return mask.kind == kind || std::ranges::any_of(mask.children, [&](const Mask &m) { return contains(m, kind); });
}

static bool anyStride(const Case &c, const std::function<bool(int64_t)> &holds) {
  return std::ranges::any_of(c.query.strides, holds) || std::ranges::any_of(c.key.strides, holds);
}

TEST(Case, EachIsLegalAndFollowsFromItsName) {
  for (int64_t kernel = 0; kernel < 300; ++kernel)
    for (int64_t shape = 0; shape < 3; ++shape) {
      const Case c = makeCase({5, kernel, shape}, {.targets = {"x86-64-v3"}});
      const Status problem = checkProblem(c.problem), extents = checkShape(c.problem, c.shape);
      EXPECT_TRUE(problem.ok()) << problem.message() << describe(c);
      EXPECT_TRUE(extents.ok()) << extents.message() << describe(c);
      EXPECT_EQ(describe(c), describe(makeCase({5, kernel, shape}, {.targets = {"x86-64-v3"}})));
      EXPECT_EQ(problemKey(c.problem), problemKey(makeCase({5, kernel, 0}, {.targets = {"x86-64-v3"}}).problem));
    }
}

TEST(Case, TheyReachEverything) {
  const std::vector<MaskKind> kinds = {MaskKind::Full,  MaskKind::Causal, MaskKind::Neighborhood, MaskKind::Sliding,
                                       MaskKind::Block, MaskKind::Halo,   MaskKind::Global,       MaskKind::Document,
                                       MaskKind::AllOf, MaskKind::AnyOf,  MaskKind::Not};
  const Scope scope{.targets = {"a", "b"}, .templates = {"", "row", "live"}};
  std::map<std::string, int> seen;
  for (int64_t kernel = 0; kernel < 1000; ++kernel) {
    const Case c = makeCase({3, kernel, kernel % 7}, scope);
    ++seen["rank " + std::to_string(c.problem.rank)];
    ++seen[elementTypeName(c.problem.element)];
    ++seen[c.problem.templateName + " on " + c.problem.target];
    for (const MaskKind kind : kinds)
      seen["mask " + std::to_string(int(kind))] += contains(c.problem.mask, kind);
    ++seen["door " + std::to_string(int(c.door))];
    seen["D 1"] += c.problem.headDim == 1;
    seen["D 256"] += c.problem.headDim == 256;
    seen["D odd"] += c.problem.headDim % 2;
    seen["Dv differs"] += c.problem.valueDim != c.problem.headDim;
    seen["GQA"] += c.shape.heads > c.shape.kvHeads && c.shape.kvHeads > 1;
    seen["batch"] += c.shape.batch > 1;
    seen["extent 1"] += std::ranges::count(c.shape.grid, 1) > 0;
    seen["other key grid"] += c.shape.grid != c.shape.kvGrid;
    seen["no key"] += c.shape.keys() == 0;
    seen["no query"] += c.shape.queries() * c.shape.batch == 0;
    seen["scale 0"] += c.scale == 0;
    seen["scale negative"] += c.scale < 0;
    seen["scale large"] += c.scale * std::sqrt(double(c.problem.headDim)) > 99;
    seen["stride 0"] += anyStride(c, [](int64_t s) { return s == 0; });
    seen["stride negative"] += anyStride(c, [](int64_t s) { return s < 0; });
    seen["heads outside tokens"] += c.out.strides.back() > c.out.strides[c.out.strides.size() - 2];
    seen["flush left"] += !c.key.flushRight;
    seen["flush right"] += c.key.flushRight;
    seen["no lse"] += !c.lse;
    seen["own key segments"] += c.kvSegments.has_value();
    seen["threads compared"] += c.compareThreads;
    seen["several tiles"] += c.shape.queries() > 200;
  }
  for (const auto &[what, count] : seen)
    EXPECT_GE(count, 4) << what;
}
