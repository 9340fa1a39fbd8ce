//===- Picture.cpp - small pictures for terminals and SVG ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

using namespace muntin;

//===----------------------------------------------------------------------===//
// Terminal
//===----------------------------------------------------------------------===//

static std::string foreground(const Shade &s) { return fmt::format("\033[38;2;{};{};{}m", s.red, s.green, s.blue); }
static std::string background(const Shade &s) { return fmt::format("\033[48;2;{};{};{}m", s.red, s.green, s.blue); }
static constexpr const char *kReset = "\033[0m";

/// True if half blocks alone can tell the shades apart: every cell is the blank first shade or one other.
static bool isBilevel(const Picture &picture) {
  uint8_t other = 0;
  for (uint8_t cell : picture.cells) {
    if (cell != 0 && other != 0 && cell != other)
      return false;
    other = std::max(other, cell);
  }
  return true;
}

static std::string drawHalfBlocks(const Picture &p) {
  static constexpr const char *blocks[] = {" ", "▀", "▄", "█"};
  std::string text;
  for (int row = 0; row < p.height; row += 2) {
    for (int column = 0; column < p.width; ++column) {
      const bool upper = p.at(row, column) != 0;
      const bool lower = row + 1 < p.height && p.at(row + 1, column) != 0;
      text += blocks[upper + 2 * lower];
    }
    text += '\n';
  }
  return text;
}

static std::string drawGlyphs(const Picture &p) {
  std::string text;
  for (int row = 0; row < p.height; ++row) {
    for (int column = 0; column < p.width; ++column) {
      const std::string &glyph = p.shades[p.at(row, column)].glyph;
      text += glyph + glyph;
    }
    text += '\n';
  }
  return text;
}

static std::string drawColored(const Picture &p) {
  std::string text;
  for (int row = 0; row < p.height; row += 2) {
    int upperNow = -1, lowerNow = -1;
    for (int column = 0; column < p.width; ++column) {
      const int upper = p.at(row, column);
      const int lower = row + 1 < p.height ? p.at(row + 1, column) : -1;
      if (upper != upperNow)
        text += foreground(p.shades[static_cast<size_t>(upper)]);
      if (lower >= 0 && lower != lowerNow)
        text += background(p.shades[static_cast<size_t>(lower)]);
      text += "▀";
      upperNow = upper;
      lowerNow = lower;
    }
    text += kReset;
    text += '\n';
  }
  return text;
}

static bool appears(const Picture &p, size_t shade) {
  return std::find(p.cells.begin(), p.cells.end(), static_cast<uint8_t>(shade)) != p.cells.end();
}

std::string muntin::drawTerminal(const Picture &picture, bool color) {
  const bool bilevel = !color && isBilevel(picture);
  std::string text = picture.title + '\n';
  text += color ? drawColored(picture) : bilevel ? drawHalfBlocks(picture) : drawGlyphs(picture);
  std::string legend;
  for (size_t i = 0; i < picture.shades.size(); ++i) {
    const Shade &shade = picture.shades[i];
    if (shade.name.empty() || !appears(picture, i))
      continue;
    const std::string sample = color     ? background(shade) + "  " + kReset
                               : bilevel ? (i == 0 ? "' '" : "█")
                                         : shade.glyph + shade.glyph;
    legend += (legend.empty() ? "" : "   ") + sample + ' ' + shade.name;
  }
  return text + legend + '\n';
}

Result<bool> muntin::wantColor(const Options &options) {
  const std::string when = options.color.value_or("auto");
  if (when == "always" || when == "never")
    return when == "always";
  if (when != "auto")
    return Status::invalid(fmt::format("--color is '{}'; expected auto, always or never", when));
  const char *no = std::getenv("NO_COLOR"); // https://no-color.org
  return ::isatty(STDOUT_FILENO) == 1 && (!no || !*no);
}

//===----------------------------------------------------------------------===//
// SVG
//===----------------------------------------------------------------------===//

static std::string escapeXml(const std::string &text) {
  std::string escaped;
  for (char c : text)
    escaped += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return escaped;
}

static std::string hexColor(const Shade &s) { return fmt::format("#{:02x}{:02x}{:02x}", s.red, s.green, s.blue); }

/// One path per shade: a rectangle for every horizontal run of its cells.
static std::string drawPaths(const Picture &p) {
  std::vector<std::string> paths(p.shades.size());
  for (int row = 0; row < p.height; ++row)
    for (int column = 0, end; column < p.width; column = end) {
      const uint8_t shade = p.at(row, column);
      for (end = column + 1; end < p.width && p.at(row, end) == shade;)
        ++end;
      paths[shade] += fmt::format("M{} {}h{}v1h-{}z", column, row, end - column, end - column);
    }
  std::string text;
  for (size_t i = 0; i < paths.size(); ++i)
    if (!paths[i].empty())
      text += fmt::format("<path fill=\"{}\" d=\"{}\"/>\n", hexColor(p.shades[i]), paths[i]);
  return text;
}

std::string muntin::drawSvg(const std::vector<Picture> &pictures) {
  constexpr int margin = 16, line = 20, longSide = 640, characterWidth = 7;
  std::string body;
  int y = margin, width = 0;
  for (const Picture &p : pictures) {
    const double scale = std::min(16.0, static_cast<double>(longSide) / std::max({p.width, p.height, 1}));
    y += line;
    body += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", margin, y - 6, escapeXml(p.title));
    body += fmt::format("<g transform=\"translate({},{}) scale({})\" shape-rendering=\"crispEdges\">\n{}</g>\n", margin,
                        y, scale, drawPaths(p));
    y += static_cast<int>(p.height * scale) + line;
    int x = margin;
    for (size_t i = 0; i < p.shades.size(); ++i) {
      const Shade &shade = p.shades[i];
      if (shade.name.empty() || !appears(p, i))
        continue;
      body += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{}\" stroke=\"#888\"/>"
                          "<text x=\"{}\" y=\"{}\">{}</text>\n",
                          x, y - 12, hexColor(shade), x + 18, y - 2, escapeXml(shade.name));
      x += 36 + characterWidth * static_cast<int>(shade.name.size());
    }
    y += margin;
    width = std::max({width, x, 2 * margin + static_cast<int>(p.width * scale),
                      2 * margin + characterWidth * static_cast<int>(p.title.size())});
  }
  return fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
                     "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{0}\" height=\"{1}\" "
                     "fill=\"white\"/>\n{2}</svg>\n",
                     width, y, body);
}
