//===- PictureTest.cpp - pictures and boxes tell the truth ----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Boxes.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

using namespace muntin;

static const std::vector<Shade> kShades = {
    {"off", ".", 0, 0, 0}, {"on", "#", 255, 255, 255}, {"mixed", "%", 128, 0, 0}};

static Picture picture(int width, int height, const std::string &cells) {
  Picture result("title", kShades, width, height);
  for (size_t i = 0; i < cells.size(); ++i)
    result.cells[i] = static_cast<uint8_t>(cells[i] - '0');
  return result;
}

TEST(Picture, HalfBlocksForTwoShades) {
  EXPECT_EQ(drawTerminal(picture(4, 2,
                                 "0011"
                                 "0101"),
                         false),
            "title\n ▄▀█\n' ' off   █ on\n");
}

TEST(Picture, OddHeight) { EXPECT_EQ(drawTerminal(picture(1, 3, "101"), false), "title\n▀\n▀\n' ' off   █ on\n"); }

TEST(Picture, GlyphsForMore) {
  EXPECT_EQ(drawTerminal(picture(3, 1, "012"), false), "title\n..##%%\n.. off   ## on   %% mixed\n");
}

TEST(Picture, ColorsAreResetOnEachLine) {
  const std::string text = drawTerminal(picture(2, 2, "0112"), true);
  EXPECT_NE(text.find("\033[38;2;0;0;0m\033[48;2;255;255;255m▀"), std::string::npos) << text;
  EXPECT_NE(text.find("▀\033[0m\n"), std::string::npos);
}

TEST(Picture, SvgRuns) {
  const std::string svg = drawSvg({picture(3, 1, "001")});
  EXPECT_NE(svg.find("d=\"M0 0h2v1h-2z\""), std::string::npos) << svg;
  EXPECT_NE(svg.find("d=\"M2 0h1v1h-1z\""), std::string::npos) << svg;
  EXPECT_EQ(drawSvg({Picture("a<b&c", kShades, 1, 1)}).find("a<b"), std::string::npos) << "escaped";
}

TEST(Picture, ShrinkKeepsWhatIsUniform) {
  const Picture small = shrink(picture(4, 4,
                                       "0011"
                                       "0011"
                                       "0111"
                                       "1111"),
                               2, /*mixed=*/2, /*strong=*/9);
  EXPECT_EQ(small.cells, (std::vector<uint8_t>{0, 1, 2, 1}));
}

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

static Request request(const char *grid, const char *mask) {
  Options options;
  options.grid = grid;
  options.mask = mask;
  Result<Request> result = makeRequest(options, {});
  EXPECT_TRUE(result.ok()) << result.status().message();
  return *result;
}

TEST(Boxes, QueryBoxesCoverEachTokenOnce) {
  for (const PlanBoxes &plan :
       {PlanBoxes{{4, 4}, {1, 1}, {4, 4}}, PlanBoxes{{3, 2}, {2, 3}, {1, 1}}, PlanBoxes{{16, 1}, {5, 1}, {1, 1}}}) {
    const reference::Grids grids = reference::makeGrids({7, 10}, {7, 10});
    std::map<int64_t, int> seen;
    for (const TokenBox &box : queryBoxes(plan, grids))
      for (int64_t token : tokensOf(box, grids.query))
        ++seen[token];
    EXPECT_EQ(seen.size(), 70u);
    for (const auto &[token, times] : seen)
      EXPECT_EQ(times, 1) << token;
  }
}

TEST(Boxes, KeyBoxesHoldEveryLiveKeyOnceAndTheirClassIsTrue) {
  for (const char *mask : {"neighborhood(window=3x5)", "neighborhood(window=3x3, dilation=2x3)", "block(size=4x4)",
                           "any_of(sliding(left=1, right=1), global(tokens=2))", "not(full())"}) {
    const Request problem = request("8x10", mask);
    Result<PairRule> rule = makePairRule({}, problem);
    ASSERT_TRUE(rule.ok());
    const PlanBoxes plan{{4, 3}, {2, 3}, {3, 2}};
    int64_t kept = 0;
    for (const TokenBox &queries : queryBoxes(plan, rule->grids)) {
      const std::vector<int64_t> queryTokens = tokensOf(queries, rule->grids.query);
      std::set<int64_t> seen;
      for (const KeyBox &keys : keyBoxesOf(queries, plan, *rule).boxes) {
        bool all = true, any = false;
        for (int64_t key : tokensOf(keys.box, rule->grids.key)) {
          EXPECT_TRUE(seen.insert(key).second) << "key " << key << " in two boxes";
          for (int64_t query : queryTokens) {
            (rule->allows(query, key) ? any : all) = rule->allows(query, key);
            kept += rule->allows(query, key);
          }
        }
        EXPECT_EQ(keys.boxClass, !any ? BoxClass::Empty : all ? BoxClass::Full : BoxClass::Partial) << mask;
      }
      for (int64_t key = 0; key < rule->keys(); ++key)
        for (int64_t query : queryTokens)
          EXPECT_TRUE(!rule->allows(query, key) || seen.count(key)) << mask << ": live key outside the boxes";
    }
    int64_t pairs = 0;
    for (int64_t query = 0; query < rule->queries(); ++query)
      for (int64_t key = 0; key < rule->keys(); ++key)
        pairs += rule->allows(query, key);
    EXPECT_EQ(kept, pairs) << mask;
  }
}

TEST(Boxes, StepIsKeptWhereResiduesAgree) {
  const Request problem = request("12", "neighborhood(window=3, dilation=3)");
  Result<PairRule> rule = makePairRule({}, problem);
  ASSERT_TRUE(rule.ok());
  const PlanBoxes plan{{2}, {3}, {4}};
  const TokenBox queries = queryBoxes(plan, rule->grids).front();
  EXPECT_EQ(printBox(queries, 1), "0..3 step 3");
  EXPECT_EQ(printBox(keyBoxesOf(queries, plan, *rule).hull, 1), "0..6 step 3");
}
