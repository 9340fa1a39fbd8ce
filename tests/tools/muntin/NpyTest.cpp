//===- NpyTest.cpp - NumPy's array files ----------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Npy.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

using namespace muntin;

namespace {
/// A folder of its own for each test.
class NpyTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "muntin-npy-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string &name) const { return (folder_ / name).string(); }
  std::string write(const std::string &bytes) const {
    const std::string file = path("array.npy");
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }
  size_t files() const {
    return static_cast<size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator()));
  }

  std::filesystem::path folder_;
};

/// A file of `version` with this dict.
std::string file(int version, const std::string &dict, const std::string &data) {
  std::string bytes("\x93NUMPY", 6);
  bytes += {static_cast<char>(version), '\0'};
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    bytes += static_cast<char>(dict.size() >> (8 * i) & 255);
  return bytes + dict + data;
}

const std::string kFour(16, '\0'); ///< the data of four f32

std::string dict(const std::string &descr, const std::string &order, const std::string &shape) {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}
} // namespace

TEST_F(NpyTest, ReadsEveryVersionAndType) {
  const std::pair<const char *, NpyType> types[] = {{"'<f4'", NpyType::F32},  {"'<i4'", NpyType::I32},
                                                    {"'<f2'", NpyType::F16},  {"'<V2'", NpyType::BF16},
                                                    {"'|V2'", NpyType::BF16}, {"'bfloat16'", NpyType::BF16}};
  for (int version = 1; version <= 3; ++version)
    for (const auto &[descr, type] : types) {
      const std::string data = std::string("0123456789abcdefghijklmn").substr(0, 6 * npyTypeBytes(type));
      Result<NpyArray> array = readNpy(write(file(version, dict(descr, "False", "(2, 3)"), data)));
      ASSERT_TRUE(array.ok()) << array.status().message();
      EXPECT_EQ(array->header.type, type);
      EXPECT_EQ(array->header.shape, (std::vector<int64_t>{2, 3}));
      EXPECT_EQ(std::string(array->data.begin(), array->data.end()), data);
    }
}

TEST_F(NpyTest, ReadsShapesAsPythonPrintsThem) {
  const std::pair<const char *, std::vector<int64_t>> shapes[] = {
      {"(4,)", {4}}, {"(2, 2)", {2, 2}}, {"(1,4,)", {1, 4}}, {"( 4 , 1 )", {4, 1}}};
  for (const auto &[text, shape] : shapes) {
    Result<NpyHeader> header = parseNpyHeader(dict("'<f4'", "False", text));
    ASSERT_TRUE(header.ok()) << text << ": " << header.status().message();
    EXPECT_EQ(header->shape, shape);
  }
  EXPECT_EQ(parseNpyHeader(dict("'<f4'", "False", "()"))->elements(), 1u);
  EXPECT_EQ(parseNpyHeader(dict("'<f4'", "False", "(3, 0)"))->elements(), 0u);
}

TEST_F(NpyTest, RefusesWithReason) {
  const std::tuple<std::string, std::string, const char *> cases[] = {
      {dict("'<f4'", "True", "(4,)"), kFour, "Fortran order"},
      {dict("'|O'", "False", "(4,)"), kFour, "object dtype"},
      {dict("'>f4'", "False", "(4,)"), kFour, "big-endian"},
      {dict("'<f8'", "False", "(2,)"), kFour, "has dtype '<f8'"},
      {dict("[('a', '<f4')]", "False", "(4,)"), kFour, "structured dtype"},
      {dict("'<f4'", "False", "(2684354560,)"), kFour, "wants 10737418240 bytes of data, it holds 16"},
      {dict("'<f4'", "False", "(4294967296, 4294967296)"), kFour, "overflows"},
      {dict("'<f4'", "False", "(4294967296, 0, 4294967296)"), "", "overflows"},
      {dict("'<f4'", "False", "(99999999999999999999,)"), kFour, "2^63"},
      {dict("'<f4'", "False", "(-1,)"), "", "extents of 0 or more"},
      {dict("'<f4'", "False", "(4)"), kFour, "not closed"},
      {dict("'<f4'", "False", "(5,)"), kFour, "truncated"},
      {dict("'<f4'", "False", "(3,)"), kFour, "too long"},
      {dict("'<f4'", "0", "(4,)"), kFour, "neither True nor False"},
      {"{'descr': '<f4', 'fortran_order': False}\n", kFour, "is missing"},
      {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (4,)}", kFour, "repeated key 'descr'"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4,)} x", kFour, "text after the dict"},
      {"", kFour, "no dict"}};
  for (const auto &[header, data, words] : cases) {
    Result<NpyArray> array = readNpy(write(file(1, header, data)));
    ASSERT_FALSE(array.ok()) << header;
    EXPECT_NE(array.status().message().find(words), std::string::npos) << array.status().message();
    EXPECT_NE(array.status().message().find(path("array.npy")), std::string::npos) << "the message names the file";
  }
}

TEST_F(NpyTest, RefusesWhatIsNoArrayFile) {
  EXPECT_NE(readNpy(path("none.npy")).status().message().find("cannot be opened"), std::string::npos);
  EXPECT_NE(readNpy(folder_.string()).status().message().find("not a regular file"), std::string::npos);
  EXPECT_NE(readNpy(write("")).status().message().find("not a NumPy file"), std::string::npos);
  EXPECT_NE(readNpy(write("PK\x03\x04 0123456789")).status().message().find("not a NumPy file"), std::string::npos);
  EXPECT_NE(readNpy(write(file(4, "{}", ""))).status().message().find("version 4.0"), std::string::npos);
  // A header of 4 GB by its length field alone.
  EXPECT_NE(readNpy(write(std::string("\x93NUMPY\x02\0\xff\xff\xff\xff", 12))).status().message().find("4294967295"),
            std::string::npos);
}

TEST_F(NpyTest, EveryTruncationIsRefused) {
  const std::string whole = file(2, dict("'<f4'", "False", "(2, 2)"), kFour);
  ASSERT_TRUE(readNpy(write(whole)).ok());
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(readNpy(write(whole.substr(0, size))).ok()) << "first " << size << " bytes";
}

TEST_F(NpyTest, WhatIsWrittenIsRead) {
  for (const std::vector<int64_t> &shape : {std::vector<int64_t>{}, {3}, {0, 2}, {2, 3, 4}}) {
    const NpyHeader header{NpyType::F32, shape};
    std::vector<float> data(header.elements());
    for (size_t i = 0; i < data.size(); ++i)
      data[i] = 0.5f * static_cast<float>(i);
    Result<OutputFile> out = OutputFile::create(path("out.npy"));
    ASSERT_TRUE(out.ok());
    ASSERT_TRUE(writeNpy(*out, shape, data.data()).ok());
    ASSERT_TRUE(out->commit().ok());
    Result<NpyArray> array = readNpy(path("out.npy"));
    ASSERT_TRUE(array.ok()) << array.status().message();
    EXPECT_EQ(array->header, header);
    ASSERT_EQ(array->data.size(), data.size() * sizeof(float));
    if (!data.empty())
      EXPECT_EQ(std::memcmp(array->data.data(), data.data(), array->data.size()), 0);
    EXPECT_EQ(printNpyHeader(header).size() % 64, 0u);
  }
}

TEST_F(NpyTest, NoPartialFile) {
  std::ofstream(path("out")) << "old";
  {
    Result<OutputFile> out = OutputFile::create(path("out"));
    ASSERT_TRUE(out.ok());
    ASSERT_TRUE(out->write("half").ok());
    EXPECT_EQ(files(), 2u) << "written beside its place";
  }
  EXPECT_EQ(files(), 1u) << "removed without commit";
  std::string text;
  std::ifstream(path("out")) >> text;
  EXPECT_EQ(text, "old");
  ASSERT_TRUE(writeWholeFile(path("out"), "new").ok());
  std::ifstream(path("out")) >> text;
  EXPECT_EQ(text, "new");
  EXPECT_EQ(files(), 1u);
}

TEST_F(NpyTest, LinksAndSpecialFilesStay) {
  ASSERT_TRUE(writeWholeFile(path("real"), "1").ok());
  std::filesystem::create_symlink("real", path("link"));
  ASSERT_TRUE(writeWholeFile(path("link"), "22").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
  EXPECT_EQ(std::filesystem::file_size(path("real")), 2u);
  ASSERT_TRUE(writeWholeFile("/dev/null", "x").ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_FALSE(writeWholeFile(folder_.string(), "x").ok());
  EXPECT_FALSE(writeWholeFile(path("no/such/folder"), "x").ok());
}

/// Mutations of a good file, always the same ones: no crash, and what is accepted is consistent.
TEST_F(NpyTest, MutatedFiles) {
  std::mt19937 random(20240918);
  const std::string good = file(1, dict("'<f4'", "False", "(2, 2)"), kFour);
  const std::string letters = "(),{}:'\" \n0123456789<>|OVfi-TrueFalse[]x\x93\xff";
  int accepted = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = good;
    for (unsigned edits = 1 + random() % 4; edits > 0; --edits) {
      const size_t at = random() % bytes.size();
      const char letter = random() % 4 == 0 ? static_cast<char>(random()) : letters[random() % letters.size()];
      switch (random() % 3) {
      case 0: bytes[at] = letter; break;
      case 1: bytes.insert(at, 1, letter); break;
      default: bytes.erase(at, 1);
      }
    }
    Result<NpyArray> array = readNpy(write(bytes));
    if (!array) {
      EXPECT_FALSE(array.status().message().empty());
      continue;
    }
    ++accepted;
    EXPECT_EQ(array->data.size(), array->header.elements() * npyTypeBytes(array->header.type));
    EXPECT_LE(array->data.size(), bytes.size());
  }
  EXPECT_GT(accepted, 0) << "the mutations reach the reader's end";
  EXPECT_LT(accepted, 5000);
}
