//===- EntryFormat.cpp - entries of the disk cache as bytes ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Bytes.h"
#include "runtime/abi/Entry.h"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>

namespace muntin {

static constexpr std::string_view kMagic("MUNTINEN", 8);
static constexpr uint32_t kVersion = 1;
static constexpr size_t kChecksumBytes = 16;

static Status damage(std::string_view what) { return {StatusCode::CheckFailed, fmt::format("entry: {}", what)}; }

/// 16 bytes that are the same on every machine.
static std::string hashOf(std::string_view bytes) {
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits(bytes.data(), bytes.size()));
  return {reinterpret_cast<const char *>(digest.digest), sizeof digest.digest};
}

static std::string hexHashOf(std::string_view bytes) {
  std::string text;
  for (const char c : hashOf(bytes))
    text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

/// The bytes with which the entry of `image` begins: those of its first shared object. Null if it has none.
static std::string *codeOf(Image &image) {
  const auto found = std::ranges::find(image.binaries, Binary::Kind::SharedObject, &Binary::kind);
  return found == image.binaries.end() ? nullptr : &found->bytes;
}

std::string serializeEntry(const Entry &entry) {
  Image image = entry.image;
  ByteWriter file;
  if (std::string *code = codeOf(image))
    file.bytes.swap(*code);
  const size_t codeBytes = file.bytes.size();
  file.text(entry.compiler);
  file.integer(std::bit_cast<uint64_t>(entry.compileSeconds), 8);
  file.text(serializeImage(image));
  const size_t recordBytes = file.bytes.size() - codeBytes;
  file.bytes += kMagic;
  file.integer(kVersion, 4);
  file.integer(0, 4);
  file.integer(codeBytes, 8);
  file.integer(recordBytes, 8);
  file.bytes += hashOf(file.bytes);
  return std::move(file.bytes);
}

namespace {
struct Footer {
  uint64_t codeBytes, recordBytes;
};
} // namespace

static Result<Footer> parseFooter(std::string_view bytes) {
  if (bytes.size() < kEntryFooterBytes)
    return damage(fmt::format("{} bytes, expected at least the footer's {}", bytes.size(), kEntryFooterBytes));
  ByteReader reader(bytes.substr(bytes.size() - kEntryFooterBytes));
  if (!reader.rest.starts_with(kMagic))
    return damage("its footer does not begin with MUNTINEN");
  reader.rest.remove_prefix(kMagic.size());
  if (const uint64_t version = reader.integer(4); version != kVersion)
    return Status(StatusCode::NotInThisVersion,
                  fmt::format("entry: format version {}, expected {}", version, kVersion));
  if (const uint64_t reserved = reader.integer(4); reserved != 0)
    return damage(fmt::format("reserved field is {}, expected 0", reserved));
  const uint64_t codeBytes = reader.integer(8), recordBytes = reader.integer(8);
  constexpr uint64_t kMost = uint64_t{1} << 62; // so that sums cannot overflow
  if (codeBytes > kMost || recordBytes > kMost)
    return damage(fmt::format("lengths of {} and {} bytes", codeBytes, recordBytes));
  return Footer{codeBytes, recordBytes};
}

Result<uint64_t> entryBytes(std::string_view bytes) {
  const Result<Footer> footer = parseFooter(bytes);
  if (!footer)
    return footer.status();
  return footer->codeBytes + footer->recordBytes + kEntryFooterBytes;
}

Result<Entry> deserializeEntry(std::string_view bytes) {
  const Result<Footer> footer = parseFooter(bytes);
  if (!footer)
    return footer.status();
  if (const uint64_t size = footer->codeBytes + footer->recordBytes + kEntryFooterBytes; size != bytes.size())
    return damage(fmt::format("{} bytes, expected {}", bytes.size(), size));
  if (bytes.substr(bytes.size() - kChecksumBytes) != hashOf(bytes.substr(0, bytes.size() - kChecksumBytes)))
    return damage("checksum does not match");

  ByteReader record(bytes.substr(footer->codeBytes, footer->recordBytes));
  Entry entry;
  entry.compiler = record.text();
  entry.compileSeconds = std::bit_cast<double>(record.integer(8));
  const std::string_view imageBytes = record.text();
  if (record.damaged || !record.rest.empty())
    return damage("fields do not fill the record, though its checksum matches");
  Result<Image> image = deserializeImage(imageBytes);
  if (!image)
    return image.status();
  entry.image = std::move(*image);
  std::string *code = codeOf(entry.image);
  if (code ? !code->empty() : footer->codeBytes > 0)
    return damage("its machine code is not where it belongs");
  if (code)
    *code = bytes.substr(0, footer->codeBytes);
  return entry;
}

std::string entryFilePrefix(std::string_view problemKey) { return hexHashOf(problemKey) + "-"; }

std::string entryFileName(std::string_view problemKey, std::string_view compiler) {
  return fmt::format("{}{}{}", entryFilePrefix(problemKey), hexHashOf(compiler), kEntrySuffix);
}

} // namespace muntin
