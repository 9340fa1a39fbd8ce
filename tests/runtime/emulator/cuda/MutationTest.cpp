//===- MutationTest.cpp - one synchronisation instruction less ----- -*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/tool/Mutate.h"
#include "tests/runtime/emulator/cuda/WindowAttention.h"

namespace muntin::emulator::test {
namespace {

/// A mutation that rightly survives: its mnemonic, which of them it is (from 0), and why.
struct Survivor {
  std::string what;
  unsigned which;
  const char *reason;
};

using Run = std::string (WindowAttention::*)(Session &) const;

std::string noticed(const WindowAttention &problem, Run run, const std::string &text, unsigned architecture) {
  for (const AsyncMode mode : modes) {
    Options options;
    options.async = mode;
    options.seed = 1;
    options.check = CheckLevel::Race;
    options.stepLimit = 4'000'000;
    Session s(text, architecture, options);
    if (!s.loaded())
      return s.error;
    if (std::string why = (problem.*run)(s); !why.empty())
      return why;
  }
  return {};
}

/// Every mutation is noticed but the known survivors, and those survive.
void check(const std::string &file, const std::string &kernel, unsigned architecture, Run run,
           const WindowAttention &problem, const std::vector<Survivor> &survivors) {
  const std::vector<std::string> texts = ptxOf(file, architecture);
  if (texts.empty())
    GTEST_SKIP() << "*** SKIPPED: no nvcc here, and " << file << ".cu has no golden PTX ***";
  const auto module = Module::parse(texts[0]);
  ASSERT_TRUE(module.ok());
  ASSERT_EQ(noticed(problem, run, texts[0], architecture), "");
  std::map<std::string, unsigned> seen;
  size_t found = 0, all = 0;
  for (const Mutation &m : mutationsOf(**module, kernel)) {
    const unsigned which = seen[m.what]++;
    const std::string why = noticed(problem, run, m.text, architecture);
    const auto known = std::find_if(survivors.begin(), survivors.end(),
                                    [&](const Survivor &s) { return s.what == m.what && s.which == which; });
    EXPECT_EQ(why.empty(), known != survivors.end())
        << "line " << m.line << ", " << m.what << " (" << which << "): " << (why.empty() ? "not noticed" : why);
    found += !why.empty();
    ++all;
  }
  std::printf("%s: noticed %zu of %zu mutations\n", file.c_str(), found, all);
  EXPECT_GE(double(found), (architecture >= 90 ? 0.90 : 0.95) * double(all));
}

TEST(Mutation, FlashAttention2) {
  check("flash2", "flash2", 80, &WindowAttention::runFlash2, WindowAttention(150, 1, 70, 40), {});
}

// Ten key tiles: the producer's loop, which nvcc unrolls four times, fills each stage again and again.
TEST(Mutation, WarpSpecialisedAttention) {
  const char *drain = "the wait before the producer leaves: nothing follows it, and shared memory lives as long as the "
                      "consumers do";
  check("hopper", "attention", 90, &WindowAttention::runHopper, WindowAttention(600, 1, 400, 200),
        {{"passing mbarrier.try_wait.parity.shared::cta.b64", 5, drain},
         {"passing mbarrier.try_wait.parity.shared::cta.b64", 6, drain}});
}

} // namespace
} // namespace muntin::emulator::test
