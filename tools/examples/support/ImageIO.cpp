//===- ImageIO.cpp - PNG through libpng, JPEG through libjpeg-turbo -------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImageIO.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <unistd.h>

#include <jpeglib.h>
#include <png.h>

namespace demo {

namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE *)>;

/// Beyond this a header is taken for damage: 16384 x 16384 pixels.
constexpr int64_t kMaxPixels = int64_t(1) << 28;

Error systemError(const std::string &path) { return path + ": " + std::strerror(errno); }

Error checkSize(const std::string &path, int64_t height, int64_t width) {
  if (height > 0 && width > 0 && height <= kMaxPixels / width)
    return {};
  return path + ": expected 1 to " + std::to_string(kMaxPixels) + " pixels, got " + std::to_string(width) + "x" +
         std::to_string(height);
}

Picture fromBytes(const std::vector<uint8_t> &bytes, int64_t height, int64_t width, int64_t channels) {
  Picture picture(height, width, channels);
  std::transform(bytes.begin(), bytes.end(), picture.pixels.begin(), [](uint8_t byte) { return byte / 255.0f; });
  return picture;
}

Error readPng(const std::string &path, std::FILE *file, Picture &picture) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  const auto fail = [&] {
    const Error error = path + ": " + image.message;
    png_image_free(&image);
    return error;
  };
  if (!png_image_begin_read_from_stdio(&image, file))
    return fail();
  if (Error error = checkSize(path, image.height, image.width); !error.empty()) {
    png_image_free(&image);
    return error;
  }
  const bool colour = image.format & PNG_FORMAT_FLAG_COLOR;
  image.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  std::vector<uint8_t> bytes(PNG_IMAGE_SIZE(image));
  const png_color black = {};
  if (!png_image_finish_read(&image, &black, bytes.data(), 0, nullptr))
    return fail();
  picture = fromBytes(bytes, image.height, image.width, colour ? 3 : 1);
  return {};
}

/// libjpeg reports errors through a callback that must not return.
struct JpegErrors {
  jpeg_error_mgr manager; ///< first: libjpeg hands back a pointer to it
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
};

void leaveJpeg(j_common_ptr codec) {
  auto *errors = reinterpret_cast<JpegErrors *>(codec->err);
  errors->manager.format_message(codec, errors->message);
  std::longjmp(errors->escape, 1);
}

/// No object with a destructor may be created between setjmp and longjmp: `bytes` is the caller's.
bool decodeJpeg(const std::string &path, std::FILE *file, jpeg_decompress_struct &codec, JpegErrors &errors,
                std::vector<uint8_t> &bytes, Error &error) {
  if (setjmp(errors.escape))
    return false;
  jpeg_create_decompress(&codec);
  jpeg_stdio_src(&codec, file);
  jpeg_read_header(&codec, TRUE);
  error = checkSize(path, codec.image_height, codec.image_width);
  if (!error.empty())
    return true;
  codec.out_color_space = codec.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&codec);
  const size_t rowBytes = size_t(codec.output_width) * codec.output_components;
  bytes.resize(rowBytes * codec.output_height);
  while (codec.output_scanline < codec.output_height) {
    JSAMPROW row = bytes.data() + rowBytes * codec.output_scanline;
    jpeg_read_scanlines(&codec, &row, 1);
  }
  // A cut or damaged stream is decoded with grey filler and counted as a warning; that is no photograph.
  if (codec.err->num_warnings > 0)
    codec.err->error_exit(reinterpret_cast<j_common_ptr>(&codec));
  jpeg_finish_decompress(&codec);
  return true;
}

Error readJpeg(const std::string &path, std::FILE *file, Picture &picture) {
  jpeg_decompress_struct codec = {};
  JpegErrors errors = {};
  codec.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = leaveJpeg;
  errors.manager.output_message = [](j_common_ptr) {};
  std::vector<uint8_t> bytes;
  Error error;
  if (!decodeJpeg(path, file, codec, errors, bytes, error))
    error = path + ": " + errors.message;
  if (error.empty())
    picture = fromBytes(bytes, codec.output_height, codec.output_width, codec.output_components);
  jpeg_destroy_decompress(&codec);
  return error;
}

/// Lets `write` fill a file beside `path` and moves it there only when complete.
Error writeThenRename(const std::string &path, const std::function<Error(std::FILE *)> &write) {
  const std::string temporary = path + ".tmp-" + std::to_string(getpid());
  File file(std::fopen(temporary.c_str(), "wb"), std::fclose);
  if (!file)
    return systemError(temporary);
  Error error = write(file.get());
  if (std::fclose(file.release()) != 0 && error.empty())
    error = systemError(temporary);
  if (error.empty() && std::rename(temporary.c_str(), path.c_str()) != 0)
    error = systemError(path);
  if (!error.empty())
    std::remove(temporary.c_str());
  return error;
}

} // namespace

Error readPicture(const std::string &path, Picture &picture) {
  File file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file)
    return systemError(path);
  unsigned char magic[8] = {};
  const size_t got = std::fread(magic, 1, sizeof magic, file.get());
  std::rewind(file.get());
  if (got == sizeof magic && png_sig_cmp(magic, 0, sizeof magic) == 0)
    return readPng(path, file.get(), picture);
  if (got >= 3 && magic[0] == 0xff && magic[1] == 0xd8 && magic[2] == 0xff)
    return readJpeg(path, file.get(), picture);
  return path + ": expected a PNG or JPEG file";
}

Error writePng(const std::string &path, const Picture &picture) {
  std::vector<uint8_t> bytes(picture.pixels.size());
  std::transform(picture.pixels.begin(), picture.pixels.end(), bytes.begin(),
                 [](float value) { return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0f, 1.0f) * 255.0f)); });
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = picture.width;
  image.height = picture.height;
  image.format = picture.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  return writeThenRename(path, [&](std::FILE *file) -> Error {
    if (png_image_write_to_stdio(&image, file, 0, bytes.data(), 0, nullptr))
      return {};
    return path + ": " + image.message;
  });
}

Error writeNpy(const std::string &path, const Picture &picture) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(picture.height) + ", " +
                       std::to_string(picture.width) + ", " + std::to_string(picture.channels) + "), }";
  // Magic, version and length take 10 bytes; the data starts at a multiple of 64.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += static_cast<char>(header.size() & 0xff);
  start += static_cast<char>(header.size() >> 8);
  start += header;
  return writeThenRename(path, [&](std::FILE *file) -> Error {
    const size_t count = picture.pixels.size();
    if (std::fwrite(start.data(), 1, start.size(), file) == start.size() &&
        std::fwrite(picture.pixels.data(), sizeof(float), count, file) == count)
      return {};
    return systemError(path);
  });
}

Error writeText(const std::string &path, const std::string &text) {
  return writeThenRename(path, [&](std::FILE *file) -> Error {
    return std::fwrite(text.data(), 1, text.size(), file) == text.size() ? Error() : systemError(path);
  });
}

Picture centreCrop(const Picture &picture, int64_t size) {
  Picture crop(std::min(size, picture.height), std::min(size, picture.width), picture.channels);
  const int64_t top = (picture.height - crop.height) / 2, left = (picture.width - crop.width) / 2;
  for (int64_t y = 0; y < crop.height; ++y)
    for (int64_t x = 0; x < crop.width; ++x)
      for (int64_t c = 0; c < crop.channels; ++c)
        crop.at(y, x, c) = picture.at(top + y, left + x, c);
  return crop;
}

} // namespace demo
