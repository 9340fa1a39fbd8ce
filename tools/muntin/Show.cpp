//===- Show.cpp - muntin show ---------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Command.h"
#include "tools/muntin/PlanJson.h"
#include "tools/muntin/Report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

using namespace muntin;

static constexpr const char *kMaskExamples = R"(Examples:
  muntin show mask --grid 24 --mask 'all_of(causal(), sliding(left=6, right=0))'
  muntin show mask --grid 16x16 --mask 'neighborhood(window=5x5, dilation=1x2)' --query 0x0 --query 8x9
  muntin show mask --grid 56x56 --mask 'block(size=8x8)' --out mask.svg

Masks: a query at i attends to a key at j; a number for all axes, or one for each as 7x7
  full()                     always
  causal()                   j <= i, on a line
  neighborhood(window=7x7, dilation=1x2, stride=1, causal=0x1)
                             the 7 keys around i; at a border the window shifts and never shrinks
  sliding(left=128, right=0) i - left <= j <= i + right; inf is allowed
  block(size=8x8)            same block
  halo(size=8x8, halo=3)     j in the block of i, or at most 3 from it
  global(tokens=4)           i < 4 or j < 4, counted row by row
  document()                 equal segment numbers, given at run time
  all_of(a, b, ...)   any_of(a, b, ...)   not(a))";

static constexpr const char *kShowExamples = R"(Examples:
  muntin show mask --grid 24 --mask 'sliding(left=4, right=0)'
  muntin show tiles --grid 24x24 --mask 'neighborhood(window=7x7)'
  muntin show plan --mask 'neighborhood(window=13x13)' --dtype bf16)";

static constexpr const char *kTileExamples = R"(Examples:
  muntin show tiles --grid 24x24 --mask 'neighborhood(window=7x7)'
      the boxes that the compiler plans, around the token in the middle
  muntin show tiles --grid 24x24 --mask 'neighborhood(window=7x7)' --query-box 8x4 --key-box 4x4 --at 0x0
      boxes of your own; needs no compiler)";

static constexpr const char *kPlanExamples = R"(Examples:
  muntin show plan --mask 'neighborhood(window=13x13)' --dtype bf16 --target avx512-bf16)";

static constexpr const char *kBundleExamples = R"(Examples:
  muntin show bundle kernels.mtn
      reads all of it; exit code 1 if anything is damaged)";

/// A row per candidate; a column for each key that there is room for.
static std::string candidateTable(const Json &candidates) {
  static constexpr std::pair<const char *, const char *> columns[] = {
      {"text", "plan"},
      {"predicted_processed_pairs_per_query", "pairs/query"},
      {"predicted_cycles_per_query", "cycles/query"},
      {"predicted_product_cycles", "products"},
      {"predicted_softmax_cycles", "softmax"},
      {"predicted_box_cycles", "boxes"},
      {"predicted_processed_share_of_peak", "share of peak"},
      {"refused", "refused because"}};
  std::vector<std::string> head;
  for (const auto &[key, title] : columns)
    head.emplace_back(title);
  Table table(head);
  constexpr size_t most = 12;
  for (size_t i = 0; i < std::min(most, candidates.size()); ++i) {
    const Json &candidate = candidates[i];
    std::vector<std::string> row;
    for (const auto &[key, title] : columns)
      row.push_back(candidate.contains(key) ? printValue(candidate[key]) : "");
    table.add(std::move(row));
  }
  const std::string rest =
      candidates.size() > most ? fmt::format("{} more; --json has all\n", candidates.size() - most) : "";
  return table.print() + rest;
}

Status muntin::showPlan(const Options &options) {
  Result<Request> request = makeRequest(options, {.shape = false});
  if (!request)
    return request.status();
  Result<Json> json = planJson(options, *request);
  if (!json)
    return json.status();
  if (options.json) {
    emitJson(*json);
    return {};
  }
  Facts facts;
  for (const auto &[name, value] : json->items())
    if (name != "candidates" && name != "variants")
      facts.add(name, printValue(value));
  for (const std::string &line : printVariants(*json))
    facts.add("variant", line);
  std::string text = facts.print();
  if (json->contains("candidates") && (*json)["candidates"].is_array() && !(*json)["candidates"].empty())
    text += '\n' + candidateTable((*json)["candidates"]);
  emit(text);
  return {};
}

static CLI::App *addPart(CLI::App &show, const char *name, const char *help, const char *examples, Options &o) {
  CLI::App *part = show.add_subcommand(name, help);
  addProblemOptions(*part, o);
  addTargetOption(*part, o, /*repeated=*/false);
  part->footer(examples);
  return part;
}

static void addSegmentOptions(CLI::App &part, Options &o) {
  const char *group = "Segments of document()";
  part.add_option("--segments", o.segments, "int32 [B, tokens] (default: random)")->type_name("FILE")->group(group);
  part.add_option("--kv-segments", o.kvSegments, "those of the keys")->type_name("FILE")->group(group);
  part.add_option("--random", o.random, "seed of random segments (default 0)")->type_name("SEED")->group(group);
}

void muntin::addShow(CLI::App &app, Options &o, Action &action) {
  CLI::App *show = app.add_subcommand(
      "show", "pictures: mask, tiles, plan; in the terminal, or --out FILE.svg; what is in a bundle");
  show->require_subcommand(1);
  show->footer(kShowExamples);

  CLI::App *mask = addPart(*show, "mask", "who attends to whom", kMaskExamples, o);
  mask->add_option("--query", o.queries, "show the keys of this query, as 28x28; may be repeated")
      ->type_name("TOKEN")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  addSegmentOptions(*mask, o);
  addPictureOptions(*mask, o);
  addJsonOption(*mask, o);
  mask->callback([&action] { action = showMask; });

  CLI::App *tiles = addPart(*show, "tiles", "a query box, its key boxes and their classes", kTileExamples, o);
  tiles->add_option("--query-box", o.queryBox, "extents of a query box (default: as planned)")->type_name("8x4");
  tiles->add_option("--query-step", o.queryStep, "distance of its tokens, for dilations (default: as planned)")
      ->type_name("1x2");
  tiles->add_option("--key-box", o.keyBox, "extents of a key box (default: as planned)")->type_name("4x4");
  tiles->add_option("--at", o.at, "show the query box of this token (default: the middle)")->type_name("TOKEN");
  addSegmentOptions(*tiles, o);
  addPictureOptions(*tiles, o);
  addJsonOption(*tiles, o);
  tiles->callback([&action] { action = showTiles; });

  CLI::App *plan = addPart(*show, "plan", "the plan and what it was chosen from", kPlanExamples, o);
  plan->add_option("--rank", o.rank, "axes of the grid, where --grid is not given")->type_name("N")->group("Problem");
  addJsonOption(*plan, o);
  plan->callback([&action] { action = showPlan; });

  CLI::App *bundle = show->add_subcommand("bundle", "the kernels in a bundle, and whether they are whole");
  bundle->add_option("FILE", o.file, "a bundle that `muntin compile` made")->required();
  addJsonOption(*bundle, o);
  bundle->footer(kBundleExamples);
  bundle->callback([&action] { action = showBundle; });
}
