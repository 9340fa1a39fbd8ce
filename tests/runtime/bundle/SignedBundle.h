//===- SignedBundle.h - bundles whose checksums are right --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As someone might write them who makes up a bundle, after the byte table of
// runtime/abi/README.md and without the code that writes bundles.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_BUNDLE_SIGNEDBUNDLE_H
#define MUNTIN_TESTS_RUNTIME_BUNDLE_SIGNEDBUNDLE_H

#include <cstdint>
#include <string>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace muntin::testing {

constexpr size_t kHeaderBytes = 48, kRecordBytes = 48;

inline void append(std::string &bytes, uint64_t number, int size) {
  for (int i = 0; i < size; ++i)
    bytes += static_cast<char>(number >> (8 * i));
}

inline uint64_t checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

/// A record; the tests change one field of a right one at a time.
struct Record {
  uint64_t keyOffset = 0, keyBytes = 0, packing = 0, offset = 0, storedBytes = 0, imageBytes = 0, sum = 0;

  std::string bytes() const {
    std::string text;
    append(text, keyOffset, 8);
    append(text, keyBytes, 4);
    append(text, packing, 4);
    for (const uint64_t field : {offset, storedBytes, imageBytes, sum})
      append(text, field, 8);
    return text;
  }
};

/// The header before an index and the images.
inline std::string signedBundle(uint64_t records, std::string_view index, std::string_view images,
                                uint64_t version = 1) {
  std::string bytes = "MUNTINBU";
  append(bytes, version, 4);
  append(bytes, records, 4);
  append(bytes, kHeaderBytes + index.size() + images.size(), 8);
  append(bytes, index.size(), 8);
  append(bytes, checksum(index), 8);
  append(bytes, checksum(bytes), 8);
  bytes += index;
  bytes += images;
  return bytes;
}

} // namespace muntin::testing

#endif // MUNTIN_TESTS_RUNTIME_BUNDLE_SIGNEDBUNDLE_H
