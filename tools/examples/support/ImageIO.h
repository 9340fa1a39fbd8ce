//===- ImageIO.h - photographs in, photographs out -------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EXAMPLES_SUPPORT_IMAGEIO_H
#define MUNTIN_EXAMPLES_SUPPORT_IMAGEIO_H

#include <cstdint>
#include <string>
#include <vector>

namespace demo {

/// Row-major pixels, channels last, nominally in [0, 1]; noise may leave it.
struct Picture {
  int64_t height = 0, width = 0, channels = 0; ///< channels: 1 grey, 3 red green blue
  std::vector<float> pixels;

  Picture() = default;
  Picture(int64_t height, int64_t width, int64_t channels)
      : height(height), width(width), channels(channels), pixels(height * width * channels) {}
  float &at(int64_t y, int64_t x, int64_t c) { return pixels[(y * width + x) * channels + c]; }
  float at(int64_t y, int64_t x, int64_t c) const { return pixels[(y * width + x) * channels + c]; }
};

/// The first problem as one sentence; empty when all went well.
using Error = std::string;

/// Reads a PNG or JPEG file, told apart by its first bytes. Transparency is laid on black.
[[nodiscard]] Error readPicture(const std::string &path, Picture &picture);

/// Writes an 8-bit PNG, values clipped to [0, 1]: first to a temporary file, then renamed.
[[nodiscard]] Error writePng(const std::string &path, const Picture &picture);

/// Writes float32 [height, width, channels] as a NumPy file, the same way.
[[nodiscard]] Error writeNpy(const std::string &path, const Picture &picture);

/// Writes `text`, the same way.
[[nodiscard]] Error writeText(const std::string &path, const std::string &text);

/// The middle of `picture`, at most `size` pixels in each direction.
Picture centreCrop(const Picture &picture, int64_t size);

} // namespace demo

#endif // MUNTIN_EXAMPLES_SUPPORT_IMAGEIO_H
