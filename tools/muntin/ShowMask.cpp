//===- ShowMask.cpp - muntin show mask ------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Pairs.h"
#include "compiler/Reference/Parallel.h"
#include "tools/muntin/Command.h"
#include "tools/muntin/Grid.h"
#include "tools/muntin/Report.h"

#include <fmt/format.h>

using namespace muntin;

namespace {
enum MaskShade : uint8_t { Masked, Partly, Attended, Query, Gap };
} // namespace

static std::vector<Shade> maskShades() {
  return {{"masked", "·", 38, 44, 58},
          {"partly", "▒", 120, 144, 184},
          {"attended", "█", 245, 196, 83},
          {"the query", "Q", 214, 69, 80},
          {"", " ", 128, 128, 128}};
}

/// Which keys one query attends to, on the grid of the keys.
static Picture drawQuery(const PairRule &rule, int64_t query, int64_t &keys) {
  const Plane plane(rule.grids, rule.grids.key);
  Picture picture("", maskShades(), plane.width, plane.height);
  std::fill(picture.cells.begin(), picture.cells.end(), Gap);
  keys = 0;
  for (int64_t key = 0; key < rule.keys(); ++key) {
    const bool allowed = rule.allows(query, key);
    const auto [row, column] = plane.cell(key);
    picture.at(row, column) = allowed ? Attended : Masked;
    keys += allowed;
  }
  if (rule.grids.query == rule.grids.key) {
    const auto [row, column] = plane.cell(query);
    picture.at(row, column) = Query;
  }
  picture.title = fmt::format("Query {} attends to {} of {} keys", printToken(rule.grids, rule.grids.query, query),
                              keys, rule.keys());
  return picture;
}

/// All pairs: queries down, keys across, both row-major.
static Picture drawMatrix(const PairRule &rule) {
  const int queries = static_cast<int>(rule.queries()), keys = static_cast<int>(rule.keys());
  Picture picture(fmt::format("{} queries (down) x {} keys (across)", queries, keys), maskShades(), keys, queries);
  reference::parallelFor(queries, 0, [&](int64_t query) {
    for (int key = 0; key < keys; ++key)
      picture.at(static_cast<int>(query), key) = rule.allows(query, key) ? Attended : Masked;
  });
  return picture;
}

/// --query as often as given; else, on two and three axes, the first token and the one in the middle.
static Result<std::vector<int64_t>> chosenQueries(const Options &options, const reference::Grids &grids) {
  std::vector<int64_t> queries;
  for (const std::string &text : options.queries) {
    Result<int64_t> token = parseToken("--query", text, grids);
    if (!token)
      return token.status();
    queries.push_back(*token);
  }
  if (!queries.empty() || grids.rank == 1)
    return queries;
  reference::Coordinates middle = {0, 0, 0};
  for (size_t axis = 0; axis < middle.size(); ++axis)
    middle[axis] = grids.query[axis] / 2;
  return std::vector<int64_t>{0, reference::flatIndex(grids.query, middle)};
}

static Status printJson(const Request &request, const PairRule &rule, const std::vector<int64_t> &queries) {
  Json json;
  json["mask"] = printMask(request.problem.mask);
  json["grid"] = request.shape->grid;
  json["kv_grid"] = request.shape->kvGrid;
  Result<int64_t> pairs = reference::pairsKept(request.problem.mask, rule.grids, rule.segments);
  if (!pairs)
    return pairs.status();
  json["pairs_kept"] = *pairs;
  json["queries"] = Json::array();
  for (int64_t query : queries) {
    std::vector<int64_t> keys;
    for (int64_t key = 0; key < rule.keys(); ++key)
      if (rule.allows(query, key))
        keys.push_back(key);
    json["queries"].push_back({{"query", query}, {"keys", keys}});
  }
  emitJson(json);
  return {};
}

Status muntin::showMask(const Options &options) {
  Result<Request> request = makeRequest(options, {});
  if (!request)
    return request.status();
  Result<PairRule> rule = makePairRule(options, *request);
  if (!rule)
    return rule.status();
  Result<std::vector<int64_t>> queries = chosenQueries(options, rule->grids);
  if (!queries)
    return queries.status();
  if (options.json)
    return printJson(*request, *rule, *queries);
  Result<int> limit = pictureLimit(options);
  if (!limit)
    return limit.status();
  if (!queries->empty())
    if (Status status = checkPlane(rule->grids, rule->grids.key); !status)
      return status;
  const bool matrix = rule->queries() <= kMaxShownPairs / rule->keys();
  if (!matrix && queries->empty())
    return Status::invalid(
        fmt::format("--grid {} has {} x {} pairs; expected at most {} for a picture of all, or --query",
                    printExtents(request->shape->grid), rule->queries(), rule->keys(), kMaxShownPairs));
  Progress progress("drawing");
  std::vector<Picture> pictures;
  int64_t keys = 0;
  for (int64_t query : *queries)
    pictures.push_back(shrink(drawQuery(*rule, query, keys), *limit, Partly, Query));
  if (matrix)
    pictures.push_back(shrink(drawMatrix(*rule), *limit, Partly, Query));
  return showPictures(options, pictures, "");
}
