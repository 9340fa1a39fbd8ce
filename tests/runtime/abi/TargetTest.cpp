//===- TargetTest.cpp - the target table and detection --------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/GpuMachine.h"
#include "runtime/abi/Target.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

using namespace muntin;

namespace {

TEST(Target, TableHasTheNamesOfTheContract) {
  std::set<std::string_view> names;
  for (const Target &row : targetTable())
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
  for (const char *name : {"x86-64-v3", "x86-64-v4", "avx512-bf16", "amx", "sm_80", "sm_90a"})
    EXPECT_TRUE(names.contains(name)) << name;
}

TEST(Target, ImplementedRowsHaveTheNumbersThatPlansNeed) {
  for (const Target &row : targetTable()) {
    const Result<const Target *> found = findTarget(row.name);
    if (!row.implemented) {
      EXPECT_EQ(found.status().code(), StatusCode::NotInThisVersion) << row.name;
      continue;
    }
    ASSERT_TRUE(found) << row.name;
    EXPECT_EQ(*found, &row);
    if (row.gpu) {
      // A block of 128 queries with keys and values of 16 tokens at D = 256 must fit, or wide heads have no plan.
      EXPECT_GE(row.gpu->sharedBytes, (128 + 2 * 16) * 2 * 256) << row.name;
      EXPECT_EQ(row.lanes, 0) << row.name;
      EXPECT_FALSE(machineSupports(row)) << row.name;
      continue;
    }
    EXPECT_GT(row.lanes, 0) << row.name;
    EXPECT_GT(row.vectorRegisters, 0) << row.name;
    EXPECT_GE(row.l2Bytes, 4 * row.l1Bytes) << row.name;
    EXPECT_GE(row.l1Bytes, 32 * 1024) << row.name;
  }
}

TEST(Target, RowsForTestsDifferFromTheirModelInTheMachineOnly) {
  for (const char *name : {"x86-64-v4", "avx512-bf16"}) {
    const Target &model = **findTarget(name), &row = **findTarget(std::string(name) + "-on-v3");
    EXPECT_TRUE(row.forTests);
    EXPECT_STREQ(row.llvmCpu, "x86-64-v3");
    EXPECT_EQ(row.lanes, model.lanes);
    EXPECT_EQ(row.vectorRegisters, model.vectorRegisters);
    EXPECT_EQ(row.l1Bytes, model.l1Bytes);
    EXPECT_EQ(row.l2Bytes, model.l2Bytes);
    EXPECT_EQ(row.bf16Dot == Bf16Dot::Expanded, model.bf16Dot == Bf16Dot::Native);
    EXPECT_EQ(machineSupports(row), machineSupports(**findTarget("x86-64-v3")));
  }
}

TEST(Target, UnknownNamesListTheKnownOnes) {
  for (const char *name : {"", "x86-64-v5", "HOST", "x86-64-v3 "}) {
    const Result<const Target *> found = findTarget(name);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.status().code(), StatusCode::InvalidArgument);
    EXPECT_EQ(found.status().message(),
              std::string("target is '") + name +
                  "', expected one of host, sm_80, sm_90a, x86-64-v3, x86-64-v4, avx512-bf16, amx");
  }
}

TEST(Target, HostIsTheBestThatTheMachineSupports) {
  const Target *host = hostTarget();
  if (!host)
    GTEST_SKIP() << "this machine supports no target";
  EXPECT_TRUE(machineSupports(*host));
  EXPECT_TRUE(host->implemented);
  EXPECT_FALSE(host->forTests);
  EXPECT_EQ(*findTarget("host"), host);
  const auto &table = targetTable();
  for (const Target *row = host + 1; row < table.data() + table.size(); ++row)
    EXPECT_FALSE(row->implemented && !row->forTests && machineSupports(*row)) << row->name;
}

TEST(GpuMachine, ResidentBlocksFollowFromWhatIsScarce) {
  const GpuMachine &a100 = gpuMachines()[0];
  ASSERT_EQ(a100.architecture, 80);
  EXPECT_EQ(residentBlocks(a100, 8, 128, 48 * 1024), 2); // registers: 65536 / (8 x 32 x 128)
  EXPECT_EQ(residentBlocks(a100, 8, 129, 48 * 1024), 1); // 129 x 32 in units of 256
  EXPECT_EQ(residentBlocks(a100, 4, 32, 80 * 1024), 2);  // shared memory: 164 KiB / (80 + 1)
  EXPECT_EQ(residentBlocks(a100, 4, 32, 163 * 1024), 1);
  EXPECT_EQ(residentBlocks(a100, 4, 32, 164 * 1024), 0) << "does not fit";
  EXPECT_EQ(residentBlocks(a100, 4, 32, 0), 16); // 64 warps
  EXPECT_EQ(residentBlocks(a100, 1, 16, 0), 32); // blocks
}

TEST(Target, NoCpuExecutesGpuCode) {
  for (const Target &row : targetTable())
    if (std::string_view(row.name).starts_with("sm_"))
      EXPECT_FALSE(machineSupports(row)) << row.name;
}

} // namespace
