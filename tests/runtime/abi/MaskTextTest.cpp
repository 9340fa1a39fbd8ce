//===- MaskTextTest.cpp - parsing and printing of masks -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Mask.h"
#include "tests/support/RandomMask.h"

#include <gtest/gtest.h>

using namespace muntin;
using namespace muntin::testing;

namespace {

std::string errorOf(std::string_view text) {
  const Result<Mask> mask = parseMask(text);
  return mask ? "parsed as " + printMask(*mask) : mask.status().message();
}

struct Spelling {
  const char *text, *canonical;
};

TEST(MaskText, Spellings) {
  const Spelling spellings[] = {
      {"full()", "full()"},
      {" full\t(\n) ", "full()"},
      {"causal()", "causal()"},
      {"document()", "document()"},
      {"neighborhood(window=7)", "neighborhood(window=7, dilation=1, stride=1, causal=0)"},
      {"neighborhood(causal=0x1,window=7x7,stride=1,dilation=1x2)",
       "neighborhood(window=7x7, dilation=1x2, stride=1, causal=0x1)"},
      {"neighborhood ( window = 7 x 7 )", "neighborhood(window=7x7, dilation=1, stride=1, causal=0)"},
      {"sliding(right=0, left=128)", "sliding(left=128, right=0)"},
      {"sliding(left=inf, right=2xinfx3)", "sliding(left=inf, right=2xinfx3)"},
      {"sliding(left=9223372036854775806, right=007)", "sliding(left=9223372036854775806, right=7)"},
      {"block(size=8x8)", "block(size=8x8)"},
      {"halo(halo=3, size=8x8)", "halo(size=8x8, halo=3)"},
      {"global(tokens=4)", "global(tokens=4)"},
      {"any_of(sliding(left=64, right=64), global(tokens=4))", "any_of(sliding(left=64, right=64), global(tokens=4))"},
      {"all_of(not(block(size=4)),full())", "all_of(not(block(size=4)), full())"},
  };
  for (const Spelling &spelling : spellings) {
    const Result<Mask> mask = parseMask(spelling.text);
    ASSERT_TRUE(mask) << mask.status().message();
    EXPECT_EQ(printMask(*mask), spelling.canonical);
  }
}

TEST(MaskText, UnboundedIsNotANumber) {
  const Result<Mask> mask = parseMask("sliding(left=inf, right=3)");
  ASSERT_TRUE(mask);
  EXPECT_EQ(mask->left, AxisValues{kUnbounded});
  EXPECT_EQ(mask->right, AxisValues{3});
}

TEST(MaskText, RandomMasksRoundTrip) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    const auto grid = randomGrid(random, static_cast<int>(pick(random, 1, kMaxRank)), 1, 20);
    const Mask mask = randomMask(random, {.grid = grid, .kvGrid = grid, .depth = 4});
    const Result<Mask> again = parseMask(printMask(mask));
    ASSERT_TRUE(again) << "seed " << seed << ": " << again.status().message();
    ASSERT_EQ(*again, mask) << "seed " << seed << ": " << printMask(mask);
  }
}

struct Refusal {
  const char *text, *message;
};

TEST(MaskText, RefusalsShowTheSpot) {
  const Refusal refusals[] = {
      {"", "mask: expected the name of a mask, got the end of the text\n  \n  ^"},
      {"ful()", "mask: unknown mask 'ful', expected one of full, causal, neighborhood, sliding, block, halo, global, "
                "document, all_of, any_of, not\n  ful()\n  ^"},
      {"Full()", "mask: unknown mask 'Full', expected one of full, causal, neighborhood, sliding, block, halo, global, "
                 "document, all_of, any_of, not\n  Full()\n  ^"},
      {"full", "mask: expected '(' after 'full', got the end of the text\n  full\n      ^"},
      {"full(", "mask: expected ')', as full takes no arguments, got the end of the text\n  full(\n       ^"},
      {"full()()", "mask: expected the end of the text, got '('\n  full()()\n        ^"},
      {"block(size=8", "mask: expected ',' or ')', got the end of the text\n  block(size=8\n              ^"},
      {"full() x", "mask: expected the end of the text, got 'x'\n  full() x\n         ^"},
      {"full(1)", "mask: expected ')', as full takes no arguments, got '1'\n  full(1)\n       ^"},
      {"sliding(7)", "mask: expected an argument of sliding (left, right), got '7'\n  sliding(7)\n          ^"},
      {"neighborhood(windw=7)", "mask: neighborhood has no argument 'windw', expected one of window, dilation, stride, "
                                "causal\n  neighborhood(windw=7)\n               ^"},
      {"neighborhood(dilation=2)",
       "mask: neighborhood misses the argument 'window'\n  neighborhood(dilation=2)\n                         ^"},
      {"sliding(left=1, left=2)", "mask: sliding has the argument 'left' twice\n  sliding(left=1, left=2)\n"
                                  "                  ^"},
      {"block(size)", "mask: expected '=' after 'size', got ')'\n  block(size)\n            ^"},
      {"block(size=)", "mask: expected a number, got ')'\n  block(size=)\n             ^"},
      {"block(size=-1)", "mask: expected a number, got '-'\n  block(size=-1)\n             ^"},
      {"block(size=inf)", "mask: expected a number, got 'inf'\n  block(size=inf)\n             ^"},
      {"sliding(left=infinity, right=0)",
       "mask: expected ',' or ')', got 'inity'\n  sliding(left=infinity, right=0)\n                  ^"},
      {"block(size=7x)", "mask: expected a number, got ')'\n  block(size=7x)\n               ^"},
      {"block(size=7.5)", "mask: expected ',' or ')', got '.'\n  block(size=7.5)\n              ^"},
      {"block(size=1x1x1x1)", "mask: 'size' has more than 3 numbers, the greatest rank\n  block(size=1x1x1x1)\n"
                              "                   ^"},
      {"global(tokens=4x4)", "mask: expected ',' or ')', got 'x4'\n  global(tokens=4x4)\n                 ^"},
      {"sliding(left=9223372036854775807, right=0)",
       "mask: expected a number of at most 9223372036854775806, got a larger one\n"
       "  sliding(left=9223372036854775807, right=0)\n               ^"},
      {"block(size=99999999999999999999)", "mask: expected a number of at most 9223372036854775806, got a larger one\n"
                                           "  block(size=99999999999999999999)\n             ^"},
      {"halo(size=8x8, halo=1x1x1)",
       "mask: 'halo' is of rank 3, but 'size' before it is of rank 2\n  halo(size=8x8, halo=1x1x1)\n"
       "                      ^"},
      {"all_of(block(size=2x2), causal())",
       "mask: causal() is of rank 1, but 'size' before it is of rank 2\n  all_of(block(size=2x2), causal())\n"
       "                          ^"},
      {"all_of()", "mask: all_of expects at least one mask, got none\n  all_of()\n         ^"},
      {"not(full(), full())", "mask: not expects exactly one mask, got another\n  not(full(), full())\n"
                              "             ^"},
      {"any_of(full(),)", "mask: expected the name of a mask, got ')'\n  any_of(full(),)\n                ^"},
      {"any_of(full() full())", "mask: expected ',' or ')', got 'full'\n  any_of(full() full())\n                ^"},
      {"full()\xff", "mask: expected the end of the text, got byte 0xff\n  full()?\n        ^"},
  };
  for (const Refusal &refusal : refusals)
    EXPECT_EQ(errorOf(refusal.text), refusal.message);
}

TEST(MaskText, NamedButNotBuilt) {
  for (const char *text : {"block_list()", "all_of(full(), predicate(q0 - k0))"}) {
    const Result<Mask> mask = parseMask(text);
    ASSERT_FALSE(mask);
    EXPECT_EQ(mask.status().code(), StatusCode::NotInThisVersion);
    EXPECT_NE(mask.status().message().find("not in this version"), std::string::npos);
  }
}

TEST(MaskText, Depth) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 1; i < depth; ++i)
      text += "not(";
    return text + "full()" + std::string(depth - 1, ')');
  };
  const Result<Mask> deepest = parseMask(nested(kMaxMaskDepth));
  ASSERT_TRUE(deepest) << deepest.status().message();
  EXPECT_EQ(printMask(*deepest), nested(kMaxMaskDepth));
  EXPECT_EQ(errorOf(nested(kMaxMaskDepth + 1)).substr(0, 39), "mask: masks are nested deeper than 64\n ");
  EXPECT_FALSE(parseMask(nested(100000)));
}

TEST(MaskText, LongTextsAreShownInPart) {
  const std::string text = "any_of(" + std::string(200, ' ') + "x" + std::string(200, ' ') + ")";
  const std::string message = errorOf(text);
  EXPECT_LT(message.size(), 420u);
  const size_t caret = message.rfind('\n'), shown = message.rfind('\n', caret - 1);
  const size_t column = message.find('^', caret) - caret;
  EXPECT_EQ(message[shown + column], 'x') << message;
}

/// Damages legal texts at random: parsing never crashes, and what parses prints to a text that means the same.
TEST(MaskText, Mutations) {
  const std::string_view pieces[] = {"(", ")", ",", "=", "x", "inf", "full", "not(", "-", "\n", "9999999999"};
  int parsed = 0;
  for (uint64_t seed = 0; seed < 8000; ++seed) {
    Random random(seed);
    const std::vector<int64_t> grid(pick(random, 1, kMaxRank), 9);
    std::string text = printMask(randomMask(random, {.grid = grid, .kvGrid = grid}));
    for (int64_t count = pick(random, 1, 3); count > 0; --count) {
      const size_t at = pick(random, 0, text.size());
      if (chance(random, 50))
        text.insert(at, 1, chance(random, 50) ? ' ' : static_cast<char>(pick(random, '0', '9')));
      else if (chance(random, 30))
        text.insert(at, 1, static_cast<char>(pick(random, 0, 255)));
      else
        text.replace(at, pick(random, 0, 3), pieces[pick(random, 0, std::size(pieces) - 1)]);
    }
    const Result<Mask> mask = parseMask(text);
    if (!mask) {
      ASSERT_NE(mask.status().message().find('^'), std::string::npos) << "seed " << seed;
      continue;
    }
    ++parsed;
    const Result<Mask> again = parseMask(printMask(*mask));
    ASSERT_TRUE(again) << "seed " << seed << ": " << text;
    ASSERT_EQ(*again, *mask) << "seed " << seed << ": " << text;
  }
  EXPECT_GT(parsed, 400); // both sides are exercised
  EXPECT_LT(parsed, 7000);
}

} // namespace
