//===- ImageTest.cpp - images as bytes ------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Image.h"
#include "tests/runtime/abi/RandomImage.h"
#include "tests/runtime/abi/SignedImage.h"

#include <gtest/gtest.h>

using namespace muntin;
using namespace muntin::testing;

namespace {

constexpr size_t kHeaderBytes = kImageHeaderBytes, kVersionAt = 8;

TEST(Image, RoundTrip) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Random random(seed);
    const Image image = randomImage(random);
    const Result<Image> again = deserializeImage(serializeImage(image));
    ASSERT_TRUE(again) << "seed " << seed << ": " << again.status().message();
    ASSERT_EQ(*again, image) << "seed " << seed;
  }
}

/// The first bytes as README.md gives them; a change here is a change of the format.
TEST(Image, BytesOfTheFormat) {
  Image image;
  image.problemKey = "k";
  image.binaries = {{Binary::Kind::Cubin, "t", "b"}};
  const std::string bytes = serializeImage(image);
  const std::string payload("\1\0\0\0\0\0\0\0k"   // problemKey
                            "\0\0\0\0\0\0\0\0"    // plan
                            "\0\0\0\0\0\0\0\0"    // variants
                            "\1\0\0\0\0\0\0\0"    // binaries
                            "\2\1\0\0\0\0\0\0\0t" // kind, target
                            "\1\0\0\0\0\0\0\0b",  // bytes
                            9 + 8 + 8 + 8 + 10 + 9);
  EXPECT_EQ(bytes, signedImage(payload));
}

TEST(Image, EveryPrefixIsRefused) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Random random(seed);
    const std::string bytes = serializeImage(randomImage(random));
    for (size_t size = 0; size < bytes.size(); ++size) {
      const Result<Image> image = deserializeImage(std::string(bytes, 0, size)); // its own heap block, for ASan
      ASSERT_FALSE(image) << "seed " << seed << ", size " << size;
      ASSERT_EQ(image.status().code(), StatusCode::CheckFailed);
    }
    EXPECT_FALSE(deserializeImage(bytes + '\0'));
  }
}

TEST(Image, EveryFlippedBitIsRefused) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Random random(seed);
    std::string bytes = serializeImage(randomImage(random));
    for (size_t at = 0; at < bytes.size(); ++at)
      for (int bit = 0; bit < 8; ++bit) {
        bytes[at] ^= static_cast<char>(1 << bit);
        ASSERT_FALSE(deserializeImage(bytes)) << "seed " << seed << ", bit " << bit << " of byte " << at;
        bytes[at] ^= static_cast<char>(1 << bit);
      }
    EXPECT_TRUE(deserializeImage(bytes));
  }
}

TEST(Image, OtherVersionsAreRefused) {
  for (const char version : {'\0', '\1', '\3'}) {
    std::string bytes = serializeImage({});
    bytes[kVersionAt] = version;
    EXPECT_EQ(deserializeImage(bytes).status().message(),
              "image: format version " + std::to_string(version) + ", expected 2");
  }
}

/// Damage under a checksum that fits must not crash; what is read is what was written.
TEST(Image, SignedDamage) {
  int refused = 0;
  for (uint64_t seed = 0; seed < 8000; ++seed) {
    Random random(seed);
    std::string payload = serializeImage(randomImage(random)).substr(kHeaderBytes);
    for (int64_t count = pick(random, 1, 3); count > 0; --count)
      payload[pick(random, 0, payload.size() - 1)] = static_cast<char>(pick(random, 0, 255));
    const std::string bytes = signedImage(payload);
    if (const Result<Image> image = deserializeImage(bytes))
      ASSERT_EQ(serializeImage(*image), bytes) << "seed " << seed;
    else
      ++refused;
  }
  EXPECT_GT(refused, 2000);
}

/// A false count must fail at once, not allocate.
TEST(Image, HugeCountsAreRefused) {
  const std::string payload = serializeImage({}).substr(kHeaderBytes);
  ASSERT_TRUE(deserializeImage(signedImage(payload)));
  for (size_t at = 0; at < payload.size(); at += 8) {
    std::string damaged = payload;
    damaged.replace(at, 8, std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8));
    EXPECT_FALSE(deserializeImage(signedImage(damaged))) << at;
  }
}

} // namespace
