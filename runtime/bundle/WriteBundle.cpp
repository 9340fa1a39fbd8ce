//===- WriteBundle.cpp - writing bundles -------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Bytes.h"
#include "runtime/bundle/Bundle.h"
#include "runtime/bundle/Format.h"

#include <fmt/format.h>
#include <zstd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <map>

namespace muntin::runtime {

/// The packed bytes, or "" if they would not be fewer. One version of the library gives the same bytes on every day.
static std::string compressed(const std::string &bytes) {
  constexpr int kLevel = 19; // written once, read often
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), kLevel);
  packed.resize(ZSTD_isError(size) || size >= bytes.size() ? 0 : size);
  return packed;
}

/// By key, so that their order does not matter.
static Result<std::map<std::string, std::string>> byKey(std::vector<std::string> images) {
  std::map<std::string, std::string> sorted;
  for (std::string &bytes : images) {
    const Result<Image> image = deserializeImage(bytes);
    if (!image)
      return image.status();
    const auto [place, added] = sorted.try_emplace(image->problemKey, std::move(bytes));
    if (!added && place->second != bytes)
      return Status::invalid(fmt::format("there are two different images for '{}'", image->problemKey));
  }
  return sorted;
}

Result<std::string> writeBundle(std::vector<std::string> images) {
  const auto sorted = byKey(std::move(images));
  if (!sorted)
    return sorted.status();
  size_t indexBytes = sorted->size() * kBundleRecordBytes;
  for (const auto &[key, bytes] : *sorted)
    indexBytes += key.size();
  ByteWriter records;
  std::string keys, data;
  for (const auto &[key, bytes] : *sorted) {
    const std::string packed = compressed(bytes);
    const std::string &stored = packed.empty() ? bytes : packed;
    records.integer(sorted->size() * kBundleRecordBytes + keys.size(), 8);
    records.integer(key.size(), 4);
    records.integer(packed.empty() ? 0 : 1, 4);
    records.integer(kBundleHeaderBytes + indexBytes + data.size(), 8);
    records.integer(stored.size(), 8);
    records.integer(bytes.size(), 8);
    records.integer(XXH3_64bits(stored.data(), stored.size()), 8);
    keys += key;
    data += stored;
  }
  const std::string index = records.bytes + keys;
  ByteWriter file;
  file.bytes = kBundleMagic;
  file.integer(kBundleVersion, 4);
  file.integer(sorted->size(), 4);
  file.integer(kBundleHeaderBytes + index.size() + data.size(), 8);
  file.integer(index.size(), 8);
  file.integer(XXH3_64bits(index.data(), index.size()), 8);
  file.integer(XXH3_64bits(file.bytes.data(), file.bytes.size()), 8);
  return file.bytes + index + data;
}

} // namespace muntin::runtime
