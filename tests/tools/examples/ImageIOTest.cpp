//===- ImageIOTest.cpp - photographs in, photographs out ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/examples/support/ImageIO.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace demo;
using testing::HasSubstr;

namespace {

const std::string kImages = MUNTIN_EXAMPLE_IMAGES;

class ImageIO : public testing::Test {
protected:
  ImageIO() : folder(std::filesystem::temp_directory_path() / ("muntin-image-test-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder);
  }
  ~ImageIO() override { std::filesystem::remove_all(folder); }
  std::string path(const char *name) const { return folder / name; }

  /// The first `size` bytes of an example image.
  std::string cut(const char *name, size_t size) {
    std::ifstream in(kImages + "/" + name, std::ios::binary);
    std::string bytes(size, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(size));
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }

  std::filesystem::path folder;
};

TEST_F(ImageIO, PngKeepsEightBits) {
  for (int64_t channels : {1, 3}) {
    Picture picture(5, 7, channels), back;
    for (size_t n = 0; n < picture.pixels.size(); ++n)
      picture.pixels[n] = static_cast<float>(n) / 255;
    ASSERT_EQ(writePng(path("a.png"), picture), "");
    ASSERT_EQ(readPicture(path("a.png"), back), "");
    EXPECT_EQ(back.height, 5);
    EXPECT_EQ(back.width, 7);
    EXPECT_EQ(back.channels, channels);
    EXPECT_EQ(back.pixels, picture.pixels);
  }
}

TEST_F(ImageIO, PngClipsWhatNoiseDid) {
  Picture picture(1, 3, 1), back;
  picture.pixels = {-0.5f, 0.5f, 1.5f};
  ASSERT_EQ(writePng(path("a.png"), picture), "");
  ASSERT_EQ(readPicture(path("a.png"), back), "");
  EXPECT_EQ(back.pixels, (std::vector<float>{0, 128 / 255.0f, 1}));
}

TEST_F(ImageIO, ExamplePhotographs) {
  Picture camera, chelsea;
  ASSERT_EQ(readPicture(kImages + "/camera.png", camera), "");
  EXPECT_EQ(camera.pixels.size(), 512u * 512u);
  ASSERT_EQ(readPicture(kImages + "/chelsea.jpg", chelsea), "");
  EXPECT_EQ(chelsea.pixels.size(), 300u * 451u * 3u);
  // A ginger cat: red above green above blue.
  double mean[3] = {};
  for (size_t n = 0; n < chelsea.pixels.size(); ++n)
    mean[n % 3] += chelsea.pixels[n];
  EXPECT_GT(mean[0], mean[1]);
  EXPECT_GT(mean[1], mean[2]);
}

TEST_F(ImageIO, DamagedFilesAreRefused) {
  Picture picture;
  for (const char *name : {"camera.png", "chelsea.jpg"})
    for (size_t size : {0, 2, 3, 8, 9, 100, 1000, 20000}) {
      const Error error = readPicture(cut(name, size), picture);
      EXPECT_THAT(error, HasSubstr(name)) << size;
    }
  EXPECT_THAT(readPicture(path("nothing.png"), picture), HasSubstr("No such file"));
  EXPECT_THAT(readPicture(folder, picture), HasSubstr("expected a PNG or JPEG file"));
  EXPECT_TRUE(picture.pixels.empty());
}

TEST_F(ImageIO, FailedWritesLeaveNothing) {
  EXPECT_THAT(writePng(path("missing/a.png"), Picture(1, 1, 1)), HasSubstr("No such file"));
  std::filesystem::create_directory(path("taken"));
  EXPECT_NE(writePng(path("taken"), Picture(1, 1, 1)), "");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST_F(ImageIO, NpyHeaderIsAligned) {
  Picture picture(2, 3, 1);
  picture.pixels = {1, 2, 3, 4, 5, 6};
  ASSERT_EQ(writeNpy(path("a.npy"), picture), "");
  std::ifstream in(path("a.npy"), std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  ASSERT_EQ(bytes.size() % 64, 24u);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_THAT(bytes, HasSubstr("'shape': (2, 3, 1)"));
  float last;
  std::memcpy(&last, &bytes[bytes.size() - 4], 4);
  EXPECT_EQ(last, 6);
}

TEST_F(ImageIO, CentreCrop) {
  Picture picture(5, 2, 1);
  picture.pixels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  const Picture crop = centreCrop(picture, 3);
  EXPECT_EQ(crop.height, 3);
  EXPECT_EQ(crop.width, 2);
  EXPECT_EQ(crop.pixels, (std::vector<float>{2, 3, 4, 5, 6, 7}));
}

} // namespace
