//===- SignedImage.h - images whose checksum fits ---------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_ABI_SIGNEDIMAGE_H
#define MUNTIN_TESTS_RUNTIME_ABI_SIGNEDIMAGE_H

#include <string>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace muntin::testing {

constexpr size_t kImageHeaderBytes = 32;

/// A header as README.md gives it before any payload, as someone might write it who makes up an image.
inline std::string signedImage(std::string_view payload) {
  std::string bytes("MUNTINIM\2\0\0\0\0\0\0\0", 16);
  for (const uint64_t number : {uint64_t(payload.size()), XXH3_64bits(payload.data(), payload.size())})
    for (int i = 0; i < 8; ++i)
      bytes += static_cast<char>(number >> (8 * i));
  bytes += payload;
  return bytes;
}

} // namespace muntin::testing

#endif // MUNTIN_TESTS_RUNTIME_ABI_SIGNEDIMAGE_H
