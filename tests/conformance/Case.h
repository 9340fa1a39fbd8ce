//===- Case.h - one random problem --------------------------- -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A case follows from three numbers: the seed, the kernel's and the shape's.
// Cases of one kernel share the problem, and so must compile it once.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_CONFORMANCE_CASE_H
#define MUNTIN_TESTS_CONFORMANCE_CASE_H

#include "runtime/abi/Problem.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muntin::conformance {

struct CaseName {
  uint64_t seed = 0;
  int64_t kernel = 0, shape = 0;
};

/// What cases are drawn from. Lists are walked in step with the kernel's number, so that every pair occurs.
struct Scope {
  std::vector<std::string> targets = {""};
  std::vector<std::string> templates = {""}; ///< "": the planner chooses
  std::vector<ElementType> elements = {ElementType::F32, ElementType::F16, ElementType::BF16};
  std::optional<Mask> mask; ///< instead of random ones; ranks are those it allows
};

/// Where the elements of a tensor [batch, *grid, head(, depth)] lie in its memory.
struct Layout {
  std::vector<int64_t> strides; ///< batch, grid axes, head
  int64_t first = 0;            ///< element 0, ..., 0; negative strides reach before it
  int64_t span = 0;             ///< elements from the least to the greatest address used
  bool flushRight = false;      ///< against the guard behind; else against the one before
};

/// Through which door of the interface the kernel is called.
enum class Door { Forward, Kernel, Call };

struct Case {
  CaseName name;
  Problem problem;
  Shape shape;
  double scale = 1;
  double valueSize = 1; ///< standard deviation of the values
  Layout query, key, value, out;
  std::optional<Layout> lse;
  std::optional<std::vector<int32_t>> segments, kvSegments; ///< no kvSegments: the same
  Door door = Door::Forward;
  int threads = 1;
  bool compareThreads = false; ///< run again with other numbers of threads: not a bit may differ
};

Case makeCase(const CaseName &name, const Scope &scope);
/// A case without surprises: tensors without gaps, scale 1/sqrt(D), LSE wanted.
Case plainCase(const Problem &problem, const Shape &shape);
/// The problem alone, the same for every shape.
Problem makeProblem(uint64_t seed, int64_t kernel, const Scope &scope);
/// For people: mask, extents, layouts.
std::string describe(const Case &c);

} // namespace muntin::conformance

#endif // MUNTIN_TESTS_CONFORMANCE_CASE_H
