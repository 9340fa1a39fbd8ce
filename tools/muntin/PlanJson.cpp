//===- PlanJson.cpp - what the compiler says about a plan -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/PlanJson.h"

#include "tools/muntin/Command.h"
#include "tools/muntin/Measure.h"

#include <fmt/format.h>

using namespace muntin;

Result<Json> muntin::planJson(const Options &options, const Request &request) {
  Result<Session> session = openSession(options, request.threads);
  if (!session)
    return session.status();
  Progress progress("planning");
  Result<Compiled> compiled = compileTo(*session, request, MTN_EMIT_PLAN);
  if (!compiled)
    return compiled.status();
  Json json = parseJsonOrText(compiled->output);
  if (!json.is_object())
    return Status(StatusCode::CompileFailed, "the compiler's plan is no JSON object");
  return json;
}

Json muntin::binariesJson(const Image &image) {
  constexpr const char *kinds[] = {"shared object", "ptx", "cubin"}; // in the order of Binary::Kind
  Json json = Json::array();
  for (const Binary &binary : image.binaries)
    json.push_back({{"kind", kinds[size_t(binary.kind)]}, {"target", binary.target}, {"bytes", binary.bytes.size()}});
  return json;
}

std::string muntin::printBinaries(const Json &binaries) {
  std::string text;
  for (const Json &binary : binaries)
    text += fmt::format("{}{} {} ({})", text.empty() ? "" : ", ", binary["kind"].get<std::string>(),
                        binary["target"].get<std::string>(), formatBytes(binary["bytes"].get<double>()));
  return text;
}

/// The numbers of a list; empty if it is none.
static std::vector<int64_t> numbersIn(const Json &json) {
  std::vector<int64_t> numbers;
  if (json.is_array())
    for (const Json &number : json)
      if (number.is_number_integer())
        numbers.push_back(number.get<int64_t>());
  return numbers;
}

static Json variantsOf(const Json &plan) {
  return plan.is_object() && plan.contains("variants") && plan["variants"].is_array() ? plan["variants"]
                                                                                      : Json::array();
}

/// The longest extents, without a bound where the plan says null.
static std::vector<std::optional<int64_t>> longestGrid(const Json &variant) {
  std::vector<std::optional<int64_t>> longest;
  for (const Json &extent : variant.value("longest_grid", Json::array()))
    longest.push_back(extent.is_number_integer() ? std::optional(extent.get<int64_t>()) : std::nullopt);
  return longest;
}

std::string muntin::variantFor(const Json &plan, const std::vector<int64_t> &grid) {
  for (const Json &variant : variantsOf(plan)) {
    const std::vector<std::optional<int64_t>> longest = longestGrid(variant);
    bool holds = true;
    for (size_t axis = 0; axis < std::min(longest.size(), grid.size()); ++axis)
      holds = holds && grid[axis] <= longest[axis].value_or(grid[axis]);
    if (holds)
      return variant.value("name", "");
  }
  return "";
}

Json muntin::planOfVariant(const Json &plan, const std::string &variant) {
  Json chosen = plan;
  for (const Json &candidate : variantsOf(plan))
    if (candidate.value("name", "") == variant)
      chosen.update(candidate);
  return chosen;
}

std::vector<std::string> muntin::printVariants(const Json &plan) {
  std::vector<std::string> lines;
  const Json variants = variantsOf(plan);
  if (variants.size() < 2)
    return lines;
  for (const Json &variant : variants) {
    std::string grid;
    for (const std::optional<int64_t> &extent : longestGrid(variant))
      grid += (grid.empty() ? "" : "x") + (extent ? std::to_string(*extent) : "N");
    lines.push_back(fmt::format("{}: {}, {}", variant.value("name", ""),
                                grid.empty() ? "all other grids" : "grids up to " + grid, printPlan(variant)));
  }
  return lines;
}

Result<PlanBoxes> muntin::boxesOf(const Json &plan, int rank) {
  const auto read = [&](const char *name) {
    return plan.is_object() && plan.contains(name) ? numbersIn(plan[name]) : std::vector<int64_t>();
  };
  PlanBoxes boxes{read("query_box"), read("query_step"), read("key_box")};
  // Where each vector of the query box has a hull of its own, the halves are boxes by themselves.
  if (plan.value("hulls", 1) == 2 && !boxes.queryBox.empty())
    boxes.queryBox[0] /= 2;
  const size_t axes = static_cast<size_t>(rank);
  if (boxes.queryStep.empty())
    boxes.queryStep.assign(axes, 1);
  for (const std::vector<int64_t> *extents : {&boxes.queryBox, &boxes.queryStep, &boxes.keyBox})
    if (extents->size() != axes || *std::min_element(extents->begin(), extents->end()) < 1)
      return Status(StatusCode::CompileFailed,
                    fmt::format("the compiler's plan has no boxes of rank {}: {}", rank, plan.dump()));
  return boxes;
}

Json muntin::predictedSeconds(const Json &plan, const Problem &problem, uint64_t processed, double peak) {
  constexpr const char *key = "predicted_processed_share_of_peak";
  if (!plan.is_object() || !plan.contains(key) || !plan[key].is_number() || plan[key].get<double>() <= 0 || peak <= 0)
    return {};
  return forwardFlops(problem, static_cast<double>(processed)) / (plan[key].get<double>() * peak);
}

std::string muntin::printValue(const Json &value) {
  if (const std::vector<int64_t> numbers = numbersIn(value); value.is_array() && numbers.size() == value.size())
    return printExtents(numbers);
  if (value.is_number_float())
    return fmt::format("{:.4g}", value.get<double>());
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string muntin::printPlan(const Json &plan) {
  if (!plan.is_object())
    return printValue(plan);
  if (plan.contains("text"))
    return printValue(plan["text"]);
  std::string text;
  for (const auto &[name, value] : plan.items())
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, printValue(value));
  return text;
}
