//===- ProblemTest.cpp - checks of problems and shapes --------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Problem.h"

#include <gtest/gtest.h>

#include <limits>

using namespace muntin;

namespace {

Problem problem2d() {
  Problem problem{.rank = 2, .target = "x86-64-v3"};
  problem.mask = *expandMask(*parseMask("neighborhood(window=7)"), 2);
  return problem;
}

std::string refusal(void (*change)(Problem &)) {
  Problem problem = problem2d();
  change(problem);
  return checkProblem(problem).message();
}

TEST(Problem, Refusals) {
  EXPECT_EQ(checkProblem(problem2d()).message(), "");
  EXPECT_EQ(refusal([](Problem &p) { p.rank = 4; }), "rank is 4, expected 1 to 3");
  EXPECT_EQ(refusal([](Problem &p) { p.headDim = 0; }), "head_dim is 0, expected 1 to 256");
  EXPECT_EQ(refusal([](Problem &p) { p.valueDim = 257; }), "value_dim is 257, expected 1 to 256");
  EXPECT_EQ(refusal([](Problem &p) { p.element = static_cast<ElementType>(9); }), "dtype is 9, expected 0 to 2");
  EXPECT_EQ(refusal([](Problem &p) { p.target = "x86-64-v5"; }),
            "target is 'x86-64-v5', expected one of host, sm_80, sm_90a, x86-64-v3, x86-64-v4, avx512-bf16, amx");
  EXPECT_EQ(refusal([](Problem &p) { p.target = "amx"; }), "target amx is not in this version");
  EXPECT_EQ(refusal([](Problem &p) { p.templateName = "my template"; }),
            "template has byte 0x20 at offset 2, expected printable characters without spaces");
  EXPECT_EQ(refusal([](Problem &p) { p.plan.assign(5000, 'x'); }), "plan has 5000 bytes, expected at most 4096");
  EXPECT_EQ(refusal([](Problem &p) { p.mask.stride = {1, 9}; }),
            "mask: stride on axis 1 is 9, expected at most the window, 7\n"
            "  neighborhood(window=7x7, dilation=1x1, stride=1x9, causal=0x0)\n"
            "                                                ^");
  EXPECT_EQ(refusal([](Problem &p) { p.mask = {.kind = MaskKind::Block, .size = {8}}; }),
            "mask is block(size=8), expected it expanded to rank 2, as block(size=8x8)");
}

TEST(Problem, BackwardIsNotBuilt) {
  Problem problem = problem2d();
  problem.operation = Operation::Backward;
  EXPECT_EQ(checkProblem(problem).code(), StatusCode::NotInThisVersion);
  EXPECT_EQ(checkProblem(problem).message(), "operation backward is not in this version");
}

TEST(Problem, ElementTypes) {
  for (const ElementType type : {ElementType::F32, ElementType::F16, ElementType::BF16})
    EXPECT_EQ(*parseElementType(elementTypeName(type)), type);
  EXPECT_EQ(elementTypeBytes(ElementType::F32), 4);
  EXPECT_EQ(elementTypeBytes(ElementType::F16), 2);
  EXPECT_EQ(elementTypeBytes(ElementType::BF16), 2);
  EXPECT_EQ(parseElementType("f64").status().message(), "dtype is 'f64', expected f32, f16 or bf16");
}

Shape shape2d() { return {.batch = 2, .heads = 4, .kvHeads = 2, .grid = {56, 57}, .kvGrid = {56, 57}}; }

std::string shapeRefusal(void (*change)(Shape &)) {
  Shape shape = shape2d();
  change(shape);
  return checkShape(problem2d(), shape).message();
}

TEST(Shape, Refusals) {
  EXPECT_EQ(checkShape(problem2d(), shape2d()).message(), "");
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.grid = {56}; }), "grid has rank 1, expected 2");
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.kvGrid[1] = -1; }), "kv_grid on axis 1 is -1, expected 0 to 2147483647");
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.grid[0] = int64_t(1) << 31; }),
            "grid on axis 0 is 2147483648, expected 0 to 2147483647");
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.batch = -2; }), "batch is -2, expected 0 to 2147483647");
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.kvHeads = 3; }), "heads is 4, expected a multiple of kv_heads, 3");
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.kvHeads = 0; }), "heads is 4, expected a multiple of kv_heads, 0");
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.grid = s.kvGrid = {int64_t(1) << 30, int64_t(1) << 30}; }),
            "q has more than 9223372036854775806 bytes");
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.grid = s.kvGrid = {56, 6}; }),
            "mask: window 7 times dilation 1 on axis 1 exceeds the extent, 6; window 6 is the greatest that fits\n"
            "  neighborhood(window=7x7, dilation=1x1, stride=1x1, causal=0x0)\n                      ^");
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.kvGrid = {57, 57}; }),
            "mask: neighborhood needs equal grids, got 56 queries and 57 keys on axis 0\n"
            "  neighborhood(window=7x7, dilation=1x1, stride=1x1, causal=0x0)\n  ^");
}

TEST(Shape, WithoutQueriesTheMaskIsNotChecked) {
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.batch = 0, s.grid = s.kvGrid = {3, 3}; }), "");
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.heads = 0, s.grid = s.kvGrid = {3, 3}; }), "");
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.heads = s.kvHeads = 0; }), "");
  EXPECT_EQ(shapeRefusal([](Shape &s) { s.grid = s.kvGrid = {0, 3}; }), "");
  EXPECT_NE(shapeRefusal([](Shape &s) { s.grid = s.kvGrid = {3, 3}; }), "");
}

TEST(Shape, WithoutKeysIsLegalExceptForTheNeighbourhood) {
  Shape shape = shape2d();
  shape.kvGrid = {0, 5};
  Problem problem = problem2d();
  EXPECT_FALSE(checkShape(problem, shape));
  problem.mask = {};
  EXPECT_TRUE(checkShape(problem, shape));
}

TEST(Shape, CountsSaturate) {
  Shape shape{.grid = {3, 4, 5}, .kvGrid = {0, kMaxExtent, kMaxExtent}};
  EXPECT_EQ(shape.queries(), 60);
  EXPECT_EQ(shape.keys(), 0);
  shape.kvGrid[0] = kMaxExtent;
  EXPECT_EQ(shape.keys(), std::numeric_limits<int64_t>::max());
  shape.kvGrid = {kMaxExtent, kMaxExtent, 0};
  EXPECT_EQ(shape.keys(), 0);
}

} // namespace
