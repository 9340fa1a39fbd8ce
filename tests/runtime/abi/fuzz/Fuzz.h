//===- Fuzz.h - what the fuzzers share --------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_ABI_FUZZ_FUZZ_H
#define MUNTIN_TESTS_RUNTIME_ABI_FUZZ_FUZZ_H

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace muntin::testing {

inline void require(bool holds, const char *what) {
  if (holds)
    return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort(); // how libFuzzer learns of it
}

inline std::string_view textOf(const uint8_t *data, size_t size) {
  return {reinterpret_cast<const char *>(data), size};
}

} // namespace muntin::testing

#endif // MUNTIN_TESTS_RUNTIME_ABI_FUZZ_FUZZ_H
