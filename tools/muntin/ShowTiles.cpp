//===- ShowTiles.cpp - muntin show tiles ----------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Boxes.h"
#include "tools/muntin/Command.h"
#include "tools/muntin/PlanJson.h"
#include "tools/muntin/Report.h"

#include <fmt/format.h>

#include <algorithm>

using namespace muntin;

namespace {
/// Two shades per class, so that neighbouring key boxes differ.
enum TileShade : uint8_t {
  Dead,
  EmptyEven,
  EmptyOdd,
  PartialEven,
  PartialOdd,
  FullEven,
  FullOdd, // the keys
  QueryDead,
  QueryEmpty,
  QueryPartial,
  QueryFull, // the same where the queries lie
  Mixed,
  Gap
};
} // namespace

static std::vector<Shade> tileShades() {
  return {{"no key of this query box", "·", 38, 44, 58},
          {"empty key box", "-", 74, 84, 108},
          {"", "=", 92, 104, 132},
          {"partial key box (masked)", "░", 232, 150, 70},
          {"", "▒", 245, 178, 104},
          {"full key box (no mask)", "█", 84, 170, 96},
          {"", "▓", 118, 198, 128},
          {"query box, no key of it", "Q", 40, 60, 160},
          {"query box, empty key box", "e", 70, 90, 190},
          {"query box, partial key box", "p", 170, 110, 200},
          {"query box, full key box", "f", 60, 170, 220},
          {"several", "%", 160, 160, 160},
          {"", " ", 128, 128, 128}};
}

static Picture drawTiles(const PairRule &rule, const TokenBox &queries, const KeyBoxes &keys) {
  const Plane plane(rule.grids, rule.grids.key);
  Picture picture(fmt::format("Query box {}: its key boxes", printBox(queries, rule.grids.rank)), tileShades(),
                  plane.width, plane.height);
  std::fill(picture.cells.begin(), picture.cells.end(), Gap);
  const auto paint = [&](int64_t token, uint8_t shade) {
    const auto [row, column] = plane.cell(token);
    picture.at(row, column) = shade;
  };
  for (int64_t key = 0; key < rule.keys(); ++key)
    paint(key, Dead);
  for (const KeyBox &key : keys.boxes)
    for (int64_t token : tokensOf(key.box, rule.grids.key))
      paint(token, static_cast<uint8_t>(EmptyEven + 2 * static_cast<int>(key.boxClass) + key.parity));
  if (rule.grids.query == rule.grids.key)
    for (int64_t token : tokensOf(queries, rule.grids.query)) {
      const auto [row, column] = plane.cell(token);
      picture.at(row, column) = static_cast<uint8_t>(QueryDead + (picture.at(row, column) + 1) / 2); // odd as even
    }
  return picture;
}

/// --query-box, --query-step and --key-box, or what the compiler plans.
static Result<PlanBoxes> findBoxes(const Options &options, const Request &request) {
  const size_t rank = static_cast<size_t>(request.problem.rank);
  PlanBoxes boxes;
  if (!options.queryBox || !options.keyBox) {
    Result<Json> plan = planJson(options, request);
    if (!plan)
      return plan.status();
    const std::string variant = variantFor(*plan, request.shape->grid);
    Result<PlanBoxes> planned = boxesOf(planOfVariant(*plan, variant), request.problem.rank);
    if (!planned)
      return planned;
    boxes = std::move(*planned);
  } else {
    boxes.queryStep.assign(rank, 1);
  }
  const std::pair<const char *, std::pair<const Text *, std::vector<int64_t> *>> fields[] = {
      {"--query-box", {&options.queryBox, &boxes.queryBox}},
      {"--query-step", {&options.queryStep, &boxes.queryStep}},
      {"--key-box", {&options.keyBox, &boxes.keyBox}}};
  for (const auto &[name, field] : fields) {
    if (!*field.first)
      continue;
    Result<std::vector<int64_t>> numbers = parseExtents(name, **field.first, 1);
    if (!numbers)
      return numbers.status();
    if (numbers->size() != rank)
      return Status::invalid(fmt::format("{} is {}, which has {} axes; expected {}, as the grid has", name,
                                         **field.first, numbers->size(), rank));
    *field.second = std::move(*numbers);
  }
  return boxes;
}

/// The box that holds token `at`.
static TokenBox boxOf(int64_t at, const std::vector<TokenBox> &boxes, const reference::Grids &grids) {
  for (const TokenBox &box : boxes) {
    const std::vector<int64_t> tokens = tokensOf(box, grids.query);
    if (std::find(tokens.begin(), tokens.end(), at) != tokens.end())
      return box;
  }
  return boxes.front();
}

static void addCounts(Facts &facts, const std::string &what, const BoxCounts &counts) {
  facts.add(what, fmt::format("{} key boxes: {} full, {} partial, {} empty",
                              counts.boxes[0] + counts.boxes[1] + counts.boxes[2], counts.boxes[2], counts.boxes[1],
                              counts.boxes[0]));
  facts.add("  pairs", fmt::format("{} kept of {} computed ({})", formatCount(static_cast<uint64_t>(counts.kept)),
                                   formatCount(static_cast<uint64_t>(counts.computed)),
                                   formatPercent(counts.computed ? double(counts.kept) / double(counts.computed) : 1)));
}

static Json countsJson(const BoxCounts &counts) {
  return {{"full", counts.boxes[2]},
          {"partial", counts.boxes[1]},
          {"empty", counts.boxes[0]},
          {"pairs_kept", counts.kept},
          {"pairs_computed", counts.computed}};
}

/// The token of --at, or that in the middle of the grid.
static Result<int64_t> chosenToken(const Options &options, const reference::Grids &grids) {
  if (options.at)
    return parseToken("--at", *options.at, grids);
  reference::Coordinates middle = {0, 0, 0};
  for (size_t axis = 0; axis < middle.size(); ++axis)
    middle[axis] = grids.query[axis] / 2;
  return reference::flatIndex(grids.query, middle);
}

Status muntin::showTiles(const Options &options) {
  Result<Request> request = makeRequest(options, {});
  if (!request)
    return request.status();
  Result<PairRule> rule = makePairRule(options, *request);
  if (!rule)
    return rule.status();
  Result<int64_t> at = chosenToken(options, rule->grids);
  if (!at)
    return at.status();
  Result<int> limit = pictureLimit(options);
  if (!limit)
    return limit.status();
  if (Status status = checkPlane(rule->grids, rule->grids.key); !status)
    return status;
  Result<PlanBoxes> boxes = findBoxes(options, *request);
  if (!boxes)
    return boxes.status();
  Progress progress("drawing");
  const std::vector<TokenBox> all = queryBoxes(*boxes, rule->grids);
  const TokenBox queries = boxOf(*at, all, rule->grids);
  const KeyBoxes keys = keyBoxesOf(queries, *boxes, *rule);
  BoxCounts here;
  here.add(queries, keys);
  const std::optional<BoxCounts> total = countBoxes(*boxes, *rule);
  if (options.json) {
    emitJson({{"query_box", boxes->queryBox},
              {"query_step", boxes->queryStep},
              {"key_box", boxes->keyBox},
              {"query_boxes", all.size()},
              {"here", countsJson(here)},
              {"all", total ? countsJson(*total) : Json()}});
    return {};
  }
  Facts facts;
  facts.add("boxes", fmt::format("queries {} (step {}), keys {}; {} query boxes", printExtents(boxes->queryBox),
                                 printExtents(boxes->queryStep), printExtents(boxes->keyBox), all.size()));
  facts.add("hull of this box's keys", keys.boxes.empty() ? "no key" : printBox(keys.hull, rule->grids.rank));
  addCounts(facts, "this query box", here);
  if (total)
    addCounts(facts, "all query boxes", *total);
  return showPictures(options, {shrink(drawTiles(*rule, queries, keys), *limit, Mixed, Mixed)}, facts.print());
}
