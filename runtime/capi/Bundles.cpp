//===- Bundles.cpp - the bundles of a session --------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/capi/Bundles.h"

#include "runtime/abi/Difference.h"
#include "runtime/abi/Target.h"

#include <fmt/format.h>

#include <ranges>

namespace muntin::runtime {

void Bundles::add(Bundle bundle) {
  auto shared = std::make_shared<const Bundle>(std::move(bundle));
  const std::lock_guard lock(mutex_);
  bundles_.push_back(std::move(shared));
}

std::vector<std::shared_ptr<const Bundle>> Bundles::all() const {
  const std::lock_guard lock(mutex_);
  return bundles_;
}

std::optional<Bundles::Found> Bundles::find(std::string_view key) const {
  for (const std::shared_ptr<const Bundle> &bundle : all())
    if (const std::optional<BundleItem> item = bundle->find(key))
      return Found{bundle, *item};
  return std::nullopt;
}

std::optional<Bundles::Found> Bundles::findLesser(const Problem &problem) const {
  Problem lesser = problem;
  bool below = false; // rows are in order, the best last
  for (const Target &target : targetTable() | std::views::reverse) {
    if (!below) {
      below = target.name == problem.target;
      continue;
    }
    if (!machineSupports(target) || target.forTests)
      continue;
    lesser.target = target.name;
    if (std::optional<Found> found = find(problemKey(lesser)))
      return found;
  }
  return std::nullopt;
}

std::string Bundles::nearest(const Problem &problem) const {
  std::string key;
  std::vector<FieldDifference> fewest;
  for (const std::shared_ptr<const Bundle> &bundle : all())
    for (size_t i = 0; i < bundle->size(); ++i) {
      const std::string_view candidate = bundle->item(i).key;
      const Result<Problem> found = parseProblemKey(candidate);
      if (!found)
        continue;
      std::vector<FieldDifference> fields = differences(problem, *found);
      if (key.empty() || fields.size() < fewest.size()) {
        key = candidate;
        fewest = std::move(fields);
      }
    }
  if (key.empty())
    return "";
  std::string text = fmt::format("; the nearest in a bundle is '{}'", key);
  for (const auto &[field, asked, found] : fewest)
    text +=
        fmt::format("{} {} {} instead of {}", &field == &fewest.front().field ? ", with" : ",", field, found, asked);
  return text;
}

} // namespace muntin::runtime
