//===- FuzzTest.cpp - broken PTX does not break the process --------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A short run on random mutants with fixed seeds, everywhere; MUNTIN_FUZZ_SECONDS makes it longer. The sanitizer builds
// run libFuzzer's targets as well (Fuzz.cpp).
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Mutants.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>

namespace muntin::emulator::test {
namespace {

TEST(Fuzz, ChangedTokens) {
  const char *given = std::getenv("MUNTIN_FUZZ_SECONDS");
  const double seconds = given ? std::atof(given) : 3;
  const auto start = std::chrono::steady_clock::now();
  std::mt19937_64 random(12345);
  unsigned count[3] = {};
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds) {
    std::vector<uint8_t> script(1 + 5 * (1 + random() % 3));
    for (uint8_t &byte : script)
      byte = static_cast<uint8_t>(random());
    ++count[static_cast<int>(runMutant(script))];
  }
  std::printf("seed 12345: %u refused, %u faulted, %u ran\n", count[0], count[1], count[2]);
  EXPECT_GT(count[static_cast<int>(MutantEnd::Ran)], 0u);
}

} // namespace
} // namespace muntin::emulator::test
