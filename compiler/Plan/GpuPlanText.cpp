//===- GpuPlanText.cpp - a plan for a GPU is read back --------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/GpuProblem.h"
#include "compiler/Plan/GpuRows.h"

#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <sstream>

using namespace muntin;

/// Blocks of any size on one multiprocessor (CUDA C++ Programming Guide, table of technical specifications).
static constexpr int64_t kMostResident = 32;
static constexpr int64_t kFewestRegisters = 32; // fewer hold no kernel of ours

namespace {

/// The words of a plan's text; a list is empty where its word is not there.
struct Words {
  std::string name;
  std::vector<int64_t> query, key, warps, stages, capacity, resident, registers, walks;
  bool multiplyAdds = false;
};

class Reader {
public:
  Reader(const GpuProblem &task, const std::string &text) : task(task), text(text) {}
  Result<Plan> run();

private:
  Status bad(const std::string &why) const {
    return Status::invalid("plan: '" + text + "': " + why +
                           "; a plan for a GPU reads like 'border,query=8x16,key=8x8,warps=8,stages=1'");
  }
  Status split();
  Status checkBlock() const;
  Status checkNumber(const std::vector<int64_t> &list, const char *what, int64_t least, int64_t most) const;
  Status setCapacity(Plan &plan) const;
  Status checkKeyBox() const;

  const GpuProblem &task;
  const std::string &text;
  Words words;
};

bool isPowerOfTwoBox(const std::vector<int64_t> &box) {
  return std::all_of(box.begin(), box.end(), [](int64_t extent) { return (extent & (extent - 1)) == 0; });
}

std::string given(const std::vector<int64_t> &list) { return list.empty() ? "none" : listText(list); }

} // namespace

Status Reader::split() {
  std::stringstream stream(text);
  std::string item;
  std::getline(stream, words.name, ',');
  const std::pair<const char *, std::vector<int64_t> *> lists[] = {
      {"query", &words.query},         {"key", &words.key},           {"warps", &words.warps},
      {"stages", &words.stages},       {"capacity", &words.capacity}, {"resident", &words.resident},
      {"registers", &words.registers}, {"walks", &words.walks}};
  while (std::getline(stream, item, ',')) {
    const size_t equals = std::min(item.find('='), item.size());
    const std::string word = item.substr(0, equals), value = item.substr(std::min(equals + 1, item.size()));
    if (word == "engine" && value == "fma") {
      words.multiplyAdds = true;
      continue;
    }
    const auto *list = std::find_if(std::begin(lists), std::end(lists), [&](auto &row) { return word == row.first; });
    if (word == "engine")
      return bad("engine is '" + value + "', expected fma or nothing of it");
    if (list == std::end(lists))
      return bad("unknown word '" + word + "'");
    if (!list->second->empty())
      return bad("'" + word + "' stands twice");
    if (!readList(value, *list->second))
      return bad(word + " is '" + value + "', expected numbers from 1 to 999999 with x between them");
  }
  return {};
}

/// The box of queries, and the warps and stages that take it.
Status Reader::checkBlock() const {
  const int rank = task.problem.rank;
  if (int(words.query.size()) != rank || int(words.key.size()) != rank)
    return bad(llvm::formatv("needs query and key of rank {0}, got query={1} and key={2}", rank, given(words.query),
                             given(words.key)));
  const int64_t queries = volumeOf(words.query);
  if (words.warps.size() != 1 || words.warps[0] > kMostWarps || queries != words.warps[0] * kWarpRows ||
      !isPowerOfTwoBox(words.query))
    return bad(llvm::formatv("the query box wants powers of two as extents, {0} tokens for each of at most {1} warps; "
                             "got {2}, which is {3} tokens, and warps={4}",
                             kWarpRows, kMostWarps, listText(words.query), queries, given(words.warps)));
  const int64_t mostStages = hasStages(words.name) ? kMostStages : 1;
  if (words.stages.size() != 1 || words.stages[0] > mostStages)
    return bad("the template " + words.name + " has " +
               (mostStages > 1 ? "1 to " + std::to_string(mostStages) + " stages" : "one stage") + ", got " +
               given(words.stages));
  return {};
}

/// A word that may be missing, else with one number.
Status Reader::checkNumber(const std::vector<int64_t> &list, const char *what, int64_t least, int64_t most) const {
  if (list.empty() || (list.size() == 1 && list[0] >= least && list[0] <= most))
    return {};
  return bad(llvm::formatv("{0} are {1} to {2}, got {3}", what, least, most, listText(list)));
}

Status Reader::setCapacity(Plan &plan) const {
  if (words.name != "row")
    return words.capacity.empty() ? Status() : bad("a capacity goes with the template row, and with no other");
  plan.capacity = words.capacity.size() == 1 ? words.capacity[0] : rowCapacity(task.problem, task.limits, plan);
  if (words.capacity.size() > 1 || plan.capacity % plan.keyCapacity())
    return bad("the capacity wants a multiple of the key box's " + std::to_string(plan.keyCapacity()) + " keys, got " +
               listText(words.capacity));
  return {};
}

Status Reader::checkKeyBox() const {
  if (words.name == "window") {
    const auto live = task.hull.bound(words.query, task.steps);
    if (!live)
      return bad("the live keys of a query box grow with the grid, and the key box of window holds them all");
    for (size_t axis = 0; axis < live->size(); ++axis)
      if (words.key[axis] < (*live)[axis])
        return bad("the key box does not hold the live keys of a query box, which are " + listText(*live) + ", got " +
                   listText(words.key));
  } else if (!isPowerOfTwoBox(words.key) || volumeOf(words.key) % kKeyGranule) {
    return bad("the key box wants powers of two as extents and at least " + std::to_string(kKeyGranule) +
               " tokens, got " + listText(words.key));
  }
  return {};
}

Result<Plan> Reader::run() {
  if (Status status = split(); !status)
    return status;
  if (Status status = checkTemplateName(words.name); !status)
    return status;
  if (Status status = checkBlock(); !status)
    return status;
  if (Status status = checkNumber(words.resident, "resident blocks", 1, kMostResident); !status)
    return status;
  if (Status status = checkNumber(words.registers, "registers", kFewestRegisters, task.limits.registersPerThread);
      !status)
    return status;
  if (Status status = checkNumber(words.walks, "walks", 1, splits(words.name) ? 2 : 1); !status)
    return status;
  Plan plan = blankGpuPlan(task, words.name, words.query);
  plan.stages = words.stages[0];
  plan.keyBox = words.key;
  plan.resident = words.resident.empty() ? 0 : words.resident[0];
  plan.registers = words.registers.empty() ? 0 : words.registers[0];
  plan.oneWalk = splits(words.name) && words.walks == std::vector<int64_t>{1};
  if (words.multiplyAdds)
    plan.engine = "fma";
  if (Status status = setCapacity(plan); !status)
    return status;
  if (Status status = checkKeyBox(); !status)
    return status;
  if (const std::string refused = refusalOf(task, plan); !refused.empty())
    return bad(refused + nearestTo(task, plan));
  return plan;
}

Result<Plan> muntin::parseGpuPlan(const GpuProblem &task, const std::string &text) { return Reader(task, text).run(); }
