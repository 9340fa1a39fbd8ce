//===- ProblemsFuzz.cpp - libFuzzer on lists of problems -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Problems.h"
#include "tools/muntin/Request.h"

#include <cstdlib>

using namespace muntin;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const Result<std::vector<Options>> problems = readProblems({}, {reinterpret_cast<const char *>(data), size});
  if (!problems)
    return 0;
  // What is accepted is a list that is not empty, and each problem has a key or is refused with a reason.
  if (problems->empty())
    std::abort();
  for (const Options &problem : *problems)
    if (const Result<Request> request = makeRequest(problem, {.shape = false}, nullptr, "x86-64-v3"); !request)
      if (request.status().message().empty())
        std::abort();
  return 0;
}
