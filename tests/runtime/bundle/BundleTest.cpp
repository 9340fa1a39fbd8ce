//===- BundleTest.cpp - bundles as bytes -------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/bundle/Bundle.h"
#include "tests/runtime/abi/RandomImage.h"
#include "tests/runtime/bundle/SignedBundle.h"
#include "tests/runtime/cache/TemporaryFolder.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <map>

#include <sys/mman.h>
#include <unistd.h>

using namespace muntin;
using namespace muntin::runtime;
using namespace muntin::testing;
namespace fs = std::filesystem;

namespace {

/// An image of `key` with so many bytes of code.
std::string imageOf(const std::string &key, size_t codeBytes = 0) {
  Random random(key.size() + codeBytes);
  Image image = randomImage(random);
  image.problemKey = key;
  image.binaries.push_back({.target = "x86-64-v3", .bytes = std::string(codeBytes, 'c')});
  return serializeImage(image);
}

std::vector<std::string> someImages() {
  return {imageOf("b"), imageOf("a", 3000), imageOf("key-c", 300), imageOf("d")};
}

std::string bundleOf(const std::vector<std::string> &images) {
  const Result<std::string> bytes = writeBundle(images);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? *bytes : "";
}

/// Opens a bundle and reads all of it.
Status readAllOf(const Result<Bundle> &bundle) {
  if (!bundle)
    return bundle.status();
  for (size_t i = 0; i < bundle->size(); ++i)
    if (const Result<Image> image = bundle->image(bundle->item(i)); !image)
      return image.status();
  return {};
}

TEST(Bundle, HasEveryImageUnderItsKey) {
  const std::vector<std::string> images = someImages();
  const std::string bytes = bundleOf(images);
  const TemporaryFolder folder;
  overwrite(folder / "a.mtn", bytes);
  for (const Result<Bundle> &bundle : {Bundle::openMemory(bytes), Bundle::openFile(folder / "a.mtn")}) {
    ASSERT_TRUE(bundle.ok()) << bundle.status().message();
    EXPECT_EQ(bundle->size(), images.size());
    for (const std::string &image : images) {
      const auto expected = deserializeImage(image);
      const auto item = bundle->find(expected->problemKey);
      ASSERT_TRUE(item.has_value());
      const auto found = bundle->image(*item);
      ASSERT_TRUE(found.ok()) << found.status().message();
      EXPECT_EQ(*found, *expected);
      EXPECT_EQ(item->imageBytes, image.size());
    }
    for (const char *absent : {"", "aa", "0", "z", "key-"})
      EXPECT_FALSE(bundle->find(absent).has_value()) << absent;
  }
  const auto big = Bundle::openMemory(bytes)->find("a");
  EXPECT_TRUE(big->compressed);
  EXPECT_LT(big->storedBytes, big->imageBytes);
}

/// What lies behind the index cannot even be read.
TEST(Bundle, OpeningAndFindingTouchNoImage) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<std::string> images;
  for (int i = 0; i < 200; ++i)
    images.push_back(imageOf(std::to_string(i) + std::string(100, 'k'), 100));
  const std::string bytes = bundleOf(images);
  const size_t dataStart = Bundle::openMemory(bytes)->item(0).offset, offset = page - dataStart % page;
  auto *memory = static_cast<char *>(
      ::mmap(nullptr, bytes.size() + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  std::ranges::copy(bytes, memory + offset); // so that the images begin with a page
  ASSERT_EQ(::mprotect(memory + offset + dataStart, bytes.size() - dataStart, PROT_NONE), 0);
  const auto bundle = Bundle::openMemory({memory + offset, bytes.size()});
  ASSERT_TRUE(bundle.ok());
  EXPECT_TRUE(bundle->find("77" + std::string(100, 'k')).has_value());
  EXPECT_FALSE(bundle->find("x").has_value());
  ::munmap(memory, bytes.size() + page);
}

TEST(Bundle, HasTheSameBytesInAnyOrder) {
  std::vector<std::string> images = someImages();
  std::ranges::sort(images);
  const std::string bytes = bundleOf(images);
  while (std::ranges::next_permutation(images).found)
    ASSERT_TRUE(bundleOf(images) == bytes);
  images.push_back(images.front());
  EXPECT_TRUE(bundleOf(images) == bytes) << "what stands twice is written once";
  images.push_back(imageOf("a", 7));
  const Result<std::string> two = writeBundle(images);
  ASSERT_FALSE(two.ok());
  EXPECT_EQ(two.status().message(), "there are two different images for 'a'");
  EXPECT_FALSE(writeBundle({"no image"}).ok());
}

TEST(Bundle, MayBeEmpty) {
  const std::string bytes = bundleOf({});
  EXPECT_EQ(bytes, signedBundle(0, "", ""));
  const auto bundle = Bundle::openMemory(bytes);
  ASSERT_TRUE(bundle.ok());
  EXPECT_FALSE(bundle->find("a").has_value());
}

/// Bundle of one image under `key`, packed or as it is.
std::string madeUp(const std::string &key, const std::string &image, const std::string &packed = "") {
  const std::string &stored = packed.empty() ? image : packed;
  const Record record{.keyOffset = kRecordBytes,
                      .keyBytes = key.size(),
                      .packing = !packed.empty(),
                      .offset = kHeaderBytes + kRecordBytes + key.size(),
                      .storedBytes = stored.size(),
                      .imageBytes = image.size(),
                      .sum = checksum(stored)};
  return signedBundle(1, record.bytes() + key, stored);
}

TEST(Bundle, IsWhatTheByteTableSays) {
  const std::string image = imageOf("a", 300);
  std::string packed(ZSTD_compressBound(image.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), image.data(), image.size(), 19));
  EXPECT_TRUE(bundleOf({image}) == madeUp("a", image, packed));
  EXPECT_TRUE(readAllOf(Bundle::openMemory(madeUp("a", image))).ok()) << "an image may lie there as it is";
}

TEST(Bundle, EveryFlippedByteIsFound) {
  const std::string whole = bundleOf(someImages());
  std::string bytes = whole;
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << i % 8));
    EXPECT_FALSE(readAllOf(Bundle::openMemory(bytes)).ok()) << "byte " << i;
    bytes[i] = whole[i];
  }
  EXPECT_TRUE(readAllOf(Bundle::openMemory(bytes)).ok());
}

TEST(Bundle, EveryPrefixIsRefused) {
  const std::string whole = bundleOf(someImages());
  const TemporaryFolder folder;
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string exact = whole.substr(0, size); // so that a sanitizer sees a read beyond it
    ASSERT_FALSE(Bundle::openMemory(exact).ok()) << size;
    if (size % 16 == 0) {
      overwrite(folder / "a.mtn", exact);
      ASSERT_FALSE(Bundle::openFile(folder / "a.mtn").ok()) << size;
    }
  }
  EXPECT_FALSE(Bundle::openMemory(whole + "x").ok());
}

TEST(Bundle, SaysWhatIsWrong) {
  const auto refusal = [](const Result<Bundle> &bundle) {
    EXPECT_FALSE(bundle.ok());
    return bundle.status().message();
  };
  EXPECT_EQ(refusal(Bundle::openMemory("MUNTINBU")), "bundle memory: has 8 bytes, expected at least 48");
  EXPECT_EQ(refusal(Bundle::openMemory(std::string(48, 'x'))), "bundle memory: does not begin with MUNTINBU");
  EXPECT_EQ(refusal(Bundle::openMemory(signedBundle(0, "", "", 2))), "bundle memory: format version 2, expected 1");
  EXPECT_EQ(Bundle::openMemory(signedBundle(0, "", "", 2)).status().code(), StatusCode::NotInThisVersion);
  EXPECT_EQ(refusal(Bundle::openMemory(signedBundle(2, std::string(90, 'r'), ""))),
            "bundle memory: 2 records in an index of 90 bytes");
  const TemporaryFolder folder;
  EXPECT_EQ(Bundle::openFile(folder / "absent").status().code(), StatusCode::IoError);
  EXPECT_NE(refusal(Bundle::openFile(folder.path)).find("is no regular file"), std::string::npos);
}

/// Nothing leads outside, though every checksum is right.
TEST(Bundle, AMadeUpIndexIsRefused) {
  const std::string image = imageOf("b", 300);
  const Record right{.keyOffset = kRecordBytes,
                     .keyBytes = 1,
                     .offset = kHeaderBytes + kRecordBytes + 1,
                     .storedBytes = image.size(),
                     .imageBytes = image.size(),
                     .sum = checksum(image)};
  const auto status = [&](const Record &record) {
    return readAllOf(Bundle::openMemory(signedBundle(1, record.bytes() + "b", image)));
  };
  EXPECT_TRUE(status(right).ok());
  const std::map<std::string, uint64_t Record::*> fields = {
      {"key offset", &Record::keyOffset}, {"key bytes", &Record::keyBytes},       {"packing", &Record::packing},
      {"offset", &Record::offset},        {"stored bytes", &Record::storedBytes}, {"image bytes", &Record::imageBytes}};
  for (const auto &[name, field] : fields)
    for (const uint64_t wrong : {uint64_t{0}, right.*field + 1, right.*field - 1, uint64_t{1} << 31, ~uint64_t{0},
                                 ~uint64_t{0} - right.*field, uint64_t{1} << 63}) {
      Record record = right;
      record.*field = wrong;
      if (record.bytes() != right.bytes()) {
        EXPECT_FALSE(status(record).ok()) << name << ' ' << wrong;
      }
    }
}

TEST(Bundle, RecordsOutOfOrderAreRefused) {
  const auto index = [](std::string_view keys) {
    std::string records;
    for (size_t i = 0; i < 2; ++i)
      records += Record{.keyOffset = 2 * kRecordBytes + i, .keyBytes = 1, .offset = kHeaderBytes + 2 * kRecordBytes + 2}
                     .bytes();
    return records + std::string(keys);
  };
  EXPECT_TRUE(Bundle::openMemory(signedBundle(2, index("ab"), "")).ok());
  EXPECT_FALSE(Bundle::openMemory(signedBundle(2, index("ba"), "")).ok());
  EXPECT_FALSE(Bundle::openMemory(signedBundle(2, index("aa"), "")).ok());
}

TEST(Bundle, AnImageOfAnotherProblemIsRefused) {
  EXPECT_EQ(readAllOf(Bundle::openMemory(madeUp("a", imageOf("other")))).message(),
            "bundle memory: the image of 'a' is for 'other'");
}

TEST(Bundle, AFileThatShrinksIsAnError) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.mtn", bytes = bundleOf(someImages());
  overwrite(path, bytes);
  const auto bundle = Bundle::openFile(path);
  ASSERT_TRUE(bundle.ok());
  overwrite(path, bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(readAllOf(bundle).code(), StatusCode::CheckFailed);
  fs::remove(path);
  overwrite(path, bytes);
  const auto again = Bundle::openFile(path);
  fs::rename(path, folder / "elsewhere");
  overwrite(path, "another");
  EXPECT_TRUE(readAllOf(again).ok()) << "the file that was opened, whatever its name is now";
}

} // namespace
