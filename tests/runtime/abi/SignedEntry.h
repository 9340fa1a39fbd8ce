//===- SignedEntry.h - entries whose checksum fits --------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_ABI_SIGNEDENTRY_H
#define MUNTIN_TESTS_RUNTIME_ABI_SIGNEDENTRY_H

#include <string>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace muntin::testing {

/// A footer as README.md gives it behind any code and record, as someone might write it who makes up an entry.
inline std::string signedEntry(std::string_view code, std::string_view record) {
  std::string bytes = std::string(code) + std::string(record) + std::string("MUNTINEN\1\0\0\0\0\0\0\0", 16);
  for (const uint64_t number : {uint64_t(code.size()), uint64_t(record.size())})
    for (int i = 0; i < 8; ++i)
      bytes += static_cast<char>(number >> (8 * i));
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  for (const uint64_t half : {hash.high64, hash.low64})
    for (int i = 7; i >= 0; --i)
      bytes += static_cast<char>(half >> (8 * i));
  return bytes;
}

} // namespace muntin::testing

#endif // MUNTIN_TESTS_RUNTIME_ABI_SIGNEDENTRY_H
