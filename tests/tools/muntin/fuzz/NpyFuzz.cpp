//===- NpyFuzz.cpp - libFuzzer on the headers of array files --------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Npy.h"

#include <cstdlib>

using namespace muntin;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const Result<NpyHeader> header = parseNpyHeader({reinterpret_cast<const char *>(data), size});
  if (!header)
    return 0;
  // What is accepted has a size that can be compared with a file's, and is written as it was read.
  const std::string bytes = printNpyHeader(*header);
  const Result<NpyHeader> again = parseNpyHeader(std::string_view(bytes).substr(10));
  if (header->elements() > (uint64_t(1) << 60) || !again || !(*again == *header))
    std::abort(); // how libFuzzer learns of it
  return 0;
}
