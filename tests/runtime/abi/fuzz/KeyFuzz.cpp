//===- KeyFuzz.cpp - libFuzzer on the key of a problem --------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Problem.h"
#include "tests/runtime/abi/fuzz/Fuzz.h"

using namespace muntin;
using namespace muntin::testing;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view text = textOf(data, size);
  if (const Result<Problem> problem = parseProblemKey(text))
    require(problemKey(*problem) == text, "a key that parses prints to itself");
  return 0;
}
