//===- Picture.h - small pictures for terminals and SVG --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A picture is a matrix of shades. In a colour terminal a character holds two
// cells, one above the other: an upper half block, its foreground the upper
// cell and its background the lower one. Without colour two shades still fit
// in half blocks; more take two characters per cell.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_PICTURE_H
#define MUNTIN_TOOLS_MUNTIN_PICTURE_H

#include "runtime/abi/Result.h"
#include "tools/muntin/Options.h"

#include <cstdint>
#include <string>
#include <vector>

namespace muntin {

struct Shade {
  std::string name;  ///< for the legend; empty: not in it
  std::string glyph; ///< one character, for terminals without colour
  uint8_t red, green, blue;
};

struct Picture {
  std::string title;
  std::vector<Shade> shades;
  int width = 0, height = 0;
  std::vector<uint8_t> cells; ///< row-major, indices of shades

  Picture(std::string title, std::vector<Shade> shades, int width, int height)
      : title(std::move(title)), shades(std::move(shades)), width(width), height(height),
        cells(static_cast<size_t>(width) * static_cast<size_t>(height)) {}
  uint8_t &at(int row, int column) { return cells[static_cast<size_t>(row) * width + column]; }
  uint8_t at(int row, int column) const { return cells[static_cast<size_t>(row) * width + column]; }
};

std::string drawTerminal(const Picture &picture, bool color);
/// All pictures, one below the other, with titles and legends.
std::string drawSvg(const std::vector<Picture> &pictures);

/// --color: auto (a terminal, and NO_COLOR is not set), always or never.
Result<bool> wantColor(const Options &options);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_PICTURE_H
