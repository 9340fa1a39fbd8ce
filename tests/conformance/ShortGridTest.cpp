//===- ShortGridTest.cpp - grids on both sides of what chooses a variant ===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/conformance/Judge.h"
#include "tests/support/Masks.h"

#include <gtest/gtest.h>
#include <muntin/muntin.hpp>

#include <set>

namespace muntin::conformance {
namespace {

struct Family {
  int rank;
  Mask mask;
  std::vector<int64_t> extents; ///< of the short axis
  int64_t other;                ///< of the others
};

std::vector<Family> families() {
  const std::vector<int64_t> few = {1, 2, 3, 4, 5, 6, 7, 9}, sequences = {1, 8, 9, 16, 17, 24, 25, 32, 33, 48, 49, 65};
  const Mask past = masks::sliding({kUnbounded, 2, 2}, {0, 2, 2});
  return {{1, masks::full(), sequences, 0},
          {1, masks::anyOf({masks::causal(), masks::global(2)}), sequences, 0},
          {2, masks::sliding({3, 2}, {3, 2}), few, 37},
          {2, masks::anyOf({masks::block({4, 4}), masks::global(3)}), few, 21},
          {3, past, few, 9},
          {3, masks::neighborhood({1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}), few, 11}};
}

/// The grid short on each axis in turn, of three on the first: no others have variants.
std::vector<std::vector<int64_t>> gridsOf(const Family &family) {
  std::vector<std::vector<int64_t>> grids;
  for (int axis = 0; axis < (family.rank == 3 ? 1 : family.rank); ++axis)
    for (const int64_t extent : family.extents) {
      std::vector<int64_t> grid(family.rank, family.other);
      grid[axis] = extent;
      grids.push_back(grid);
    }
  return grids;
}

/// Names of the variants, and which of them the grids reach.
class Variants {
public:
  Variants(Session &session, const Problem &problem) {
    const Attention attention{.dtype = mtn_dtype(problem.element),
                              .rank = problem.rank,
                              .headDim = problem.headDim,
                              .valueDim = problem.valueDim,
                              .mask = printMask(problem.mask),
                              .target = problem.target};
    Expected<Kernel> prepared = session.prepare(attention);
    EXPECT_TRUE(prepared) << problem.target;
    if (prepared)
      kernel.emplace(std::move(*prepared));
  }
  void meet(const std::vector<int64_t> &grid) {
    if (const Expected<std::string> name = kernel->variant({.grid = grid}))
      met.insert(*name);
  }
  void expectAllMet() const {
    const Expected<mtn_kernel_info> info = kernel->info();
    ASSERT_TRUE(info);
    EXPECT_EQ(met.size(), info->num_variants);
    EXPECT_TRUE(met.contains("general"));
  }
  std::optional<Kernel> kernel;
  std::set<std::string> met;
};

/// Without the rows that stand in for AVX-512 where there is none, if there is.
std::vector<std::string> targetsOf(const Device &device) {
  std::vector<std::string> found;
  const std::vector<std::string> all = device.targets();
  for (const std::string &target : all) {
    const size_t end = target.find("-on-v3");
    if (end == std::string::npos || std::find(all.begin(), all.end(), target.substr(0, end)) == all.end())
      found.push_back(target);
  }
  return found;
}

TEST(ShortGrids, AreRightOnBothSidesOfEveryGuard) {
  Result<std::unique_ptr<Device>> device = openSession("cpu");
  ASSERT_TRUE(device) << device.status().message();
  Expected<Session> session = Session::create();
  ASSERT_TRUE(session);
  size_t variants = 0;
  for (const std::string &target : targetsOf(**device))
    for (const Family &family : families()) {
      Problem problem;
      problem.rank = family.rank, problem.mask = family.mask, problem.target = target;
      problem.headDim = 24, problem.valueDim = 20;
      problem.element = family.rank == 3 ? ElementType::F32 : ElementType::BF16;
      SCOPED_TRACE(target + " " + printMask(family.mask));
      Variants names(*session, problem);
      ASSERT_TRUE(names.kernel);
      for (const std::vector<int64_t> &grid : gridsOf(family)) {
        names.meet(grid);
        const Case c = plainCase(problem, {.heads = 2, .kvHeads = 1, .grid = grid, .kvGrid = grid});
        const Verdict verdict = judge(**device, c);
        EXPECT_EQ(int(verdict.kind), int(Verdict::Kind::Passed)) << verdict.message << "\n" << describe(c);
      }
      names.expectAllMet();
      variants += names.met.size();
    }
  EXPECT_GT(variants, targetsOf(**device).size() * families().size()) << "there were none to choose from";
}

/// The guard speaks of the queries; keys may be many.
TEST(ShortGrids, FewQueriesMayMeetManyKeys) {
  Result<std::unique_ptr<Device>> device = openSession("cpu");
  ASSERT_TRUE(device) << device.status().message();
  for (const std::string &target : (*device)->targets())
    for (const auto &[grid, kvGrid] :
         {std::pair(std::vector<int64_t>{5}, std::vector<int64_t>{700}), {{1, 40}, {23, 31}}}) {
      Problem problem;
      problem.rank = int(grid.size()), problem.target = target, problem.headDim = problem.valueDim = 24;
      problem.mask = problem.rank == 1 ? masks::full() : masks::sliding({3, 3}, {3, 3});
      const Case c = plainCase(problem, {.heads = 2, .kvHeads = 2, .grid = grid, .kvGrid = kvGrid});
      const Verdict verdict = judge(**device, c);
      EXPECT_EQ(int(verdict.kind), int(Verdict::Kind::Passed)) << verdict.message << "\n" << describe(c);
    }
}

} // namespace
} // namespace muntin::conformance
