//===- EntryTest.cpp - entries of the disk cache as bytes -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Entry.h"
#include "tests/runtime/abi/RandomImage.h"
#include "tests/runtime/abi/SignedEntry.h"

#include <gtest/gtest.h>

#include <set>

using namespace muntin;
using namespace muntin::testing;

namespace {

Entry randomEntry(Random &random) {
  return {randomText(random), static_cast<double>(pick(random, 0, 1000)) / 8, randomImage(random)};
}

TEST(Entry, RoundTrip) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Random random(seed);
    const Entry entry = randomEntry(random);
    const std::string bytes = serializeEntry(entry);
    const Result<Entry> again = deserializeEntry(bytes);
    ASSERT_TRUE(again) << "seed " << seed << ": " << again.status().message();
    ASSERT_EQ(*again, entry) << "seed " << seed;
    const Result<uint64_t> size = entryBytes(std::string_view(bytes).substr(bytes.size() - kEntryFooterBytes));
    ASSERT_TRUE(size.ok());
    ASSERT_EQ(*size, bytes.size());
  }
}

/// The bytes as README.md gives them; a change here is a change of the format.
TEST(Entry, BytesOfTheFormat) {
  Entry entry{.compiler = "ab", .compileSeconds = 1};
  entry.image.binaries = {{Binary::Kind::Ptx, "p", "text"}, {Binary::Kind::SharedObject, "s", "CODE"}};
  Image without = entry.image;
  without.binaries[1].bytes.clear();
  const std::string image = serializeImage(without);
  std::string record("\2\0\0\0\0\0\0\0ab\0\0\0\0\0\0\xf0\x3f", 18);
  for (int i = 0; i < 8; ++i)
    record += static_cast<char>(image.size() >> (8 * i));
  record += image;
  EXPECT_EQ(serializeEntry(entry), signedEntry("CODE", record));
}

TEST(Entry, EveryPrefixIsRefused) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Random random(seed);
    const std::string bytes = serializeEntry(randomEntry(random));
    for (size_t size = 0; size < bytes.size(); ++size)
      ASSERT_FALSE(deserializeEntry(std::string(bytes, 0, size))) << "seed " << seed << ", size " << size;
    EXPECT_FALSE(deserializeEntry(bytes + '\0'));
    EXPECT_FALSE(deserializeEntry('\0' + bytes));
  }
}

TEST(Entry, EveryFlippedBitIsRefused) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Random random(seed);
    std::string bytes = serializeEntry(randomEntry(random));
    for (size_t at = 0; at < bytes.size(); ++at)
      for (int bit = 0; bit < 8; ++bit) {
        bytes[at] ^= static_cast<char>(1 << bit);
        ASSERT_FALSE(deserializeEntry(bytes)) << "seed " << seed << ", bit " << bit << " of byte " << at;
        bytes[at] ^= static_cast<char>(1 << bit);
      }
    EXPECT_TRUE(deserializeEntry(bytes));
  }
}

TEST(Entry, OtherVersionsSayWhichTheyAre) {
  for (const char version : {'\0', '\2'}) {
    std::string bytes = serializeEntry({});
    bytes[bytes.size() - kEntryFooterBytes + 8] = version;
    const Status status = deserializeEntry(bytes).status();
    EXPECT_EQ(status.code(), StatusCode::NotInThisVersion);
    EXPECT_EQ(status.message(), "entry: format version " + std::to_string(version) + ", expected 1");
  }
}

/// Damage under a checksum that fits must not crash; what is read is what was written.
TEST(Entry, SignedDamage) {
  int refused = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    Random random(seed);
    const Entry entry = randomEntry(random);
    const std::string whole = serializeEntry(entry);
    std::string body = whole.substr(0, whole.size() - kEntryFooterBytes);
    for (int64_t count = pick(random, 1, 3); count > 0; --count)
      body[pick(random, 0, body.size() - 1)] = static_cast<char>(pick(random, 0, 255));
    const size_t cut = pick(random, 0, body.size()); // where the code is said to end
    const std::string bytes = signedEntry(body.substr(0, cut), body.substr(cut));
    if (const Result<Entry> read = deserializeEntry(bytes))
      ASSERT_EQ(serializeEntry(*read), bytes) << "seed " << seed;
    else
      ++refused;
  }
  EXPECT_GT(refused, 2000);
}

TEST(Entry, NamesFollowFromBothKeys) {
  EXPECT_EQ(entryFileName("", ""), entryFilePrefix("") + "99aa06d3014798d86001c324468d497f.kernel")
      << "XXH3, 128 bits, of nothing";
  std::set<std::string> names;
  for (const std::string key : {"", "a", "b", "ab"})
    for (const std::string compiler : {"", "a", "b", "ab"}) {
      const std::string name = entryFileName(key, compiler);
      EXPECT_TRUE(name.starts_with(entryFilePrefix(key)));
      EXPECT_TRUE(name.ends_with(kEntrySuffix));
      names.insert(name);
    }
  EXPECT_EQ(names.size(), 16u);
}

} // namespace
