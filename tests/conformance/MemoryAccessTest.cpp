//===- MemoryAccessTest.cpp - how kernels for GPUs touch memory -----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The emulator counts, for each instruction, wavefronts of shared memory and
// sectors of global memory beyond the least there could be. Of the products'
// operands and of the copies that bring them no wavefront may be one too many, for
// every head dimension and alignment of 4 bytes and more; where a row is a number
// of whole sectors, no sector either. Results are judged as everywhere.
//
//===----------------------------------------------------------------------===//

#include "tests/conformance/Judge.h"
#include "tests/support/Masks.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace muntin;
using namespace muntin::conformance;

namespace {

struct Access {
  std::string instruction;
  int64_t executed, wavefronts, extraWavefronts, sectors, extraSectors;
};

bool startsWith(const std::string &text, const char *with) { return text.rfind(with, 0) == 0; }

/// What the launches since the last time did.
std::vector<Access> takeProfile(const std::string &file) {
  std::vector<Access> accesses;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line, '{');) { // an object for each launch, and in it for each instruction
    if (!startsWith(line, "\"line\""))
      continue;
    const auto after = [&](const std::string &name) { return line.find("\"" + name + "\": ") + name.size() + 4; };
    const auto number = [&](const char *name) { return std::strtoll(line.c_str() + after(name), nullptr, 10); };
    const size_t text = after("instruction") + 1;
    accesses.push_back({line.substr(text, line.find('"', text) - text), number("executed"), number("wavefronts"),
                        number("wavefronts_extra"), number("sectors"), number("sectors_extra")});
  }
  std::ofstream(file, std::ios::trunc).flush();
  return accesses;
}

class MemoryAccess : public ::testing::Test {
protected:
  void SetUp() override {
    file = testing::TempDir() + "/muntin-profile-" + std::to_string(getpid());
    setenv("MUNTIN_EMULATOR_PROFILE", file.c_str(), 1);
    auto opened = openSession("emulator:sm_80");
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    device = std::move(*opened);
  }
  void TearDown() override { std::remove(file.c_str()); }

  /// Rows of D numbers, `gap` numbers apart: the gap decides the alignment.
  void expectNoConflicts(int64_t headDim, int64_t gap, const char *copies, bool words = false) {
    Problem problem;
    problem.rank = 1, problem.headDim = problem.valueDim = headDim;
    problem.element = words         ? ElementType::F32
                      : headDim % 3 ? ElementType::BF16
                                    : ElementType::F16; // addresses are those of either
    problem.mask = masks::sliding({40}, {40});
    problem.templateName = "border";
    Shape shape{.grid = {100}, .kvGrid = {100}};
    Case c = plainCase(problem, shape);
    for (Layout *layout : {&c.query, &c.key, &c.value, &c.out}) {
      const int64_t row = headDim + gap;
      layout->strides = {100 * row, row, row};
      layout->span = 99 * row + headDim;
    }
    const Verdict verdict = judge(*device, c);
    ASSERT_EQ(int(verdict.kind), int(Verdict::Kind::Passed)) << verdict.message << "\n" << describe(c);
    int64_t operands = 0, copied = 0;
    for (const Access &access : takeProfile(file)) {
      const bool copy = startsWith(access.instruction, "cp.async.c") && access.wavefronts > 0;
      operands += startsWith(access.instruction, "ldmatrix") ? access.executed : 0;
      if (copy && access.sectors) {
        EXPECT_TRUE(startsWith(access.instruction, copies)) << access.instruction;
        copied += access.executed;
        if (headDim % 16 == 0 && gap == 0)
          EXPECT_EQ(access.extraSectors, 0) << access.instruction << " of " << access.sectors << " sectors";
      }
      // Values of f32 are read by words; where rows are no multiple of 16 bytes, so is the output on its way out.
      const bool word = words && startsWith(copies, "cp.async.cg") && startsWith(access.instruction, "ld.shared.b32");
      if (copy || word || startsWith(access.instruction, "ldmatrix"))
        EXPECT_EQ(access.extraWavefronts, 0)
            << access.instruction << ", " << access.wavefronts << " wavefronts, D " << headDim << ", gap " << gap;
      if (startsWith(access.instruction, "st.global.v") && headDim % 16 == 0 && gap == 0)
        EXPECT_EQ(access.extraSectors, 0) << access.instruction << " of " << access.sectors << " sectors";
    }
    EXPECT_GT(operands, 0);
    EXPECT_GT(copied, 0);
  }

  std::string file;
  std::unique_ptr<Device> device;
};

} // namespace

TEST_F(MemoryAccess, UnitsOf16Bytes) {
  for (int64_t headDim = 8; headDim <= 256; headDim += 8)
    expectNoConflicts(headDim, 0, "cp.async.cg");
}

TEST_F(MemoryAccess, UnitsOf8Bytes) {
  for (int64_t headDim = 4; headDim <= 256; headDim += 12)
    expectNoConflicts(headDim, headDim % 8 ? 0 : 4, "cp.async.ca");
}

TEST_F(MemoryAccess, UnitsOf4Bytes) {
  for (int64_t headDim = 2; headDim <= 256; headDim += 14)
    expectNoConflicts(headDim, headDim % 4 ? 0 : 2, "cp.async.ca");
}

TEST_F(MemoryAccess, UnitsOfWords) {
  for (int64_t headDim : {4, 8, 12, 16, 20, 32, 48, 64, 72, 100, 128, 192})
    expectNoConflicts(headDim, 0, "cp.async.cg", /*words=*/true);
  for (int64_t headDim : {2, 6, 14, 30, 66})
    expectNoConflicts(headDim, 0, "cp.async.ca", /*words=*/true);
  for (int64_t headDim : {1, 3, 7, 9, 33, 65})
    expectNoConflicts(headDim, 0, "cp.async.ca", /*words=*/true);
}
