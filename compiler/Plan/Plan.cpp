//===- Plan.cpp - candidates, their cost, and the choice ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/Plan.h"

#include "compiler/Plan/CostModel.h"
#include "compiler/Plan/GpuPlan.h"
#include "compiler/Plan/Hull.h"

#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <functional>
#include <sstream>

using namespace muntin;

int64_t Plan::queries() const {
  int64_t product = 1;
  for (int64_t extent : queryBox)
    product *= extent;
  return product;
}

std::vector<int64_t> Plan::hullBox() const {
  std::vector<int64_t> box = queryBox;
  if (trimmed)
    box[0] /= 2;
  return box;
}

int64_t Plan::keyCapacity() const {
  if (keyBox.empty())
    return 0;
  if (warps > 0) {
    int64_t keys = 1;
    for (int64_t extent : keyBox)
      keys *= extent;
    return (keys + kKeyGranule - 1) / kKeyGranule * kKeyGranule;
  }
  int64_t product = (keyBox.back() + 1) / 2 * 2; // rows may be padded to pairs
  for (size_t axis = 0; axis + 1 < keyBox.size(); ++axis)
    product *= keyBox[axis];
  return product;
}

int64_t Plan::tileKeys() const {
  const bool oneBox = warps > 0 && capacity == keyCapacity(); // which then stays in registers
  return holdsAllKeys() && !oneBox ? 0 : keyCapacity();
}

std::string muntin::listText(const std::vector<int64_t> &values) {
  std::string text;
  for (int64_t value : values)
    text += (text.empty() ? "" : "x") + std::to_string(value);
  return text;
}

std::string Plan::print() const {
  std::string key = keyBox.empty() ? "all" : listText(keyBox);
  if (warps > 0)
    return llvm::formatv("{0},query={1},key={2},warps={3},stages={4}{5}{6}{7}{8}", templateName, listText(queryBox),
                         key, warps, stages, capacity > 0 ? ",capacity=" + std::to_string(capacity) : "",
                         engine.empty() ? "" : ",engine=" + engine,
                         resident > 0 ? ",resident=" + std::to_string(resident) : "",
                         registers > 0 ? ",registers=" + std::to_string(registers) : "")
        .str();
  return llvm::formatv("{0},query={1},key={2}{3},block={4}x{5},pack={6}{7}", templateName, listText(queryBox), key,
                       trimmed ? ",hulls=2" : "", rows, blockVectors, pack, strip.empty() ? "" : ",per=task")
      .str();
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

namespace {

class Planner {
public:
  Planner(const Problem &problem, const Target &target)
      : problem(problem), target(target), hull(problem.mask, problem.rank), cost(problem, target) {
    steps = hull.steps();
    grid = nominalGrid(problem, steps);
  }

  Result<Decision> run();
  Result<Plan> parse(const std::string &text);

private:
  bool pairsAreNative() const { return problem.element == ElementType::BF16 && target.bf16Dot != Bf16Dot::None; }
  Plan blank(const std::string &name, const RegisterBlock &block, const std::vector<int64_t> &queryBox) const;
  void addShapes(const std::string &name, const RegisterBlock &block, int64_t queries);
  void addWindow(Plan plan);
  void add(Plan plan, const std::optional<std::vector<int64_t>> &live = std::nullopt);
  bool mayTrim(const Plan &plan) const;
  std::vector<int64_t> stripOf(const Plan &plan) const;
  std::vector<int64_t> keyBoxOf(const Plan &plan, int64_t keys) const;

  const Problem &problem;
  const Target &target;
  HullEstimator hull;
  CostModel cost;
  std::vector<int64_t> steps, grid;
  Decision decision;
};

} // namespace

Plan Planner::blank(const std::string &name, const RegisterBlock &block, const std::vector<int64_t> &queryBox) const {
  Plan plan;
  plan.templateName = name;
  plan.queryBox = queryBox;
  plan.queryStep = steps;
  plan.rows = block.rows;
  plan.blockVectors = block.vectors;
  plan.lanes = target.lanes;
  bool half = problem.element != ElementType::F32;
  bool pairs = pairsAreNative();
  plan.pack = pairs ? "pairs" : half ? "widen" : "none";
  return plan;
}

/// About `keys` keys, the last axis longest: a box of the live hull.
std::vector<int64_t> Planner::keyBoxOf(const Plan &plan, int64_t keys) const {
  std::vector<int64_t> live = hull.inTheMiddle(plan.queryBox, plan.queryStep, grid), box(problem.rank, 1);
  for (int axis = problem.rank - 1; axis >= 0; --axis) {
    int64_t wish = axis == 0                  ? keys
                   : axis == problem.rank - 1 ? std::min<int64_t>(keys, 16)
                                              : std::min<int64_t>(keys, 4);
    box[axis] = std::max<int64_t>(1, std::min(wish, std::max<int64_t>(live[axis], 1)));
    keys = std::max<int64_t>(1, keys / box[axis]);
  }
  return box;
}

/// The live keys of a query box on the leading axes; on the last one as many as a share of the cache holds, so that the
/// boxes of many tasks find room before the memory is filled anew.
std::vector<int64_t> Planner::stripOf(const Plan &plan) const {
  const std::optional<std::vector<int64_t>> live = hull.bound(plan.queryBox, plan.queryStep);
  if (plan.pack == "none" || !live)
    return {};
  std::vector<int64_t> strip = *live;
  int64_t pairBytes = plan.pairs() ? 4 * problem.valueDim : 8 * problem.valueDim;
  for (int axis = 0; axis + 1 < problem.rank; ++axis)
    pairBytes *= strip[axis];
  const int64_t hullPairs = (strip.back() + 1) / 2, pairs = target.l2Bytes / 4 / pairBytes;
  strip.back() = 2 * std::max(hullPairs, pairs);
  return strip;
}

bool Planner::mayTrim(const Plan &plan) const {
  return plan.templateName == "window" && problem.rank > 1 && hull.separable() && plan.blockVectors == 2 &&
         plan.queries() == 2 * plan.lanes && plan.queryBox[0] % 2 == 0;
}

/// One hull or two, packed once per head or by the tasks. Pairs are packed by the tasks: a head's are twice as many, as
/// they begin at every key.
void Planner::addWindow(Plan plan) {
  for (bool trimmed : {false, true}) {
    plan.trimmed = trimmed;
    if (trimmed && !mayTrim(plan))
      continue;
    std::optional<std::vector<int64_t>> live = hull.bound(plan.hullBox(), plan.queryStep);
    Plan packed = plan;
    packed.keyBox = live.value_or(std::vector<int64_t>());
    if (live && plan.pack != "none")
      packed.strip = stripOf(packed);
    add(packed, live);
    packed.strip.clear();
    packed.pack = "widen";
    if (live && !plan.pairs())
      add(packed, live);
  }
}

void Planner::add(Plan plan, const std::optional<std::vector<int64_t>> &live) {
  Candidate candidate;
  if (plan.templateName == "window") {
    if (!live)
      candidate.refused = "the live keys of a query box grow with the grid";
  } else if (!plan.holdsAllKeys() && plan.keyBox.empty()) {
    plan.keyBox = keyBoxOf(plan, cost.onlineKeys(plan));
    // Keys that every query box reads are worth a copy: heads-last rows lie far apart and fall on few cache sets.
    if (plan.pack == "none" && !hull.bound(plan.queryBox, plan.queryStep))
      plan.pack = "widen";
  }
  candidate.plan = plan;
  if (candidate.refused.empty()) {
    bool everyKey = plan.holdsAllKeys() || plan.templateName == "online";
    cost.estimate(candidate, live ? *live : everyKey ? grid : hull.inTheMiddle(plan.queryBox, plan.queryStep, grid));
  }
  decision.candidates.push_back(candidate);
}

/// Every box of `queries` tokens.
void Planner::addShapes(const std::string &name, const RegisterBlock &block, int64_t queries) {
  std::vector<int64_t> box(problem.rank, 1);
  std::function<void(int, int64_t)> nest = [&](int axis, int64_t rest) {
    box[axis] = rest;
    if (axis + 1 == problem.rank)
      return name == "window" ? addWindow(blank(name, block, box)) : add(blank(name, block, box));
    for (box[axis] = 1; box[axis] <= rest; ++box[axis])
      if (rest % box[axis] == 0)
        nest(axis + 1, rest / box[axis]);
  };
  nest(0, queries);
}

Result<Decision> Planner::run() {
  std::vector<std::string> names{problem.templateName};
  if (problem.templateName.empty())
    names = {"window", "border"};
  for (const std::string &name : names)
    for (const RegisterBlock &block : registerBlocks(target))
      for (int64_t groups : {1, 2})
        addShapes(name, block, groups * block.vectors * target.lanes);
  auto better = [](const Candidate &x, const Candidate &y) {
    if (x.refused.empty() != y.refused.empty())
      return x.refused.empty();
    return x.cycles() < y.cycles();
  };
  std::sort(decision.candidates.begin(), decision.candidates.end(), better);
  if (!decision.winner().refused.empty())
    return Status::invalid("template: '" + problem.templateName + "' does not fit: " + decision.winner().refused);
  decision.nominalGrid = grid;
  return std::move(decision);
}

Result<Decision> muntin::makePlan(const Problem &problem, const Target &target) {
  if (target.gpu)
    return makeGpuPlan(problem, target);
  if (problem.templateName == "naive")
    return Status(StatusCode::NotInThisVersion, "the template naive is not in this version for CPUs; unfused, whose "
                                                "products it computes one by one on a GPU, is");
  if (!problem.plan.empty()) {
    Result<Plan> plan = parsePlan(problem.plan, problem, target);
    if (!plan)
      return plan.status();
    Decision decision;
    Candidate candidate;
    candidate.plan = *plan;
    decision.candidates.push_back(candidate);
    return decision;
  }
  return Planner(problem, target).run();
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

bool muntin::readList(const std::string &text, std::vector<int64_t> &values) {
  std::stringstream stream(text);
  std::string part;
  while (std::getline(stream, part, 'x')) {
    if (part.empty() || part.size() > 6 || part.find_first_not_of("0123456789") != std::string::npos)
      return false;
    values.push_back(std::stoll(part));
    if (values.back() < 1)
      return false;
  }
  return !values.empty();
}

Result<Plan> Planner::parse(const std::string &text) {
  auto bad = [&](const std::string &why) {
    return Status::invalid("plan: '" + text + "': " + why +
                           "; a plan reads like 'window,query=4x4,key=10x10,block=6x2'");
  };
  std::stringstream stream(text);
  std::string name, item, pack, per;
  std::getline(stream, name, ',');
  std::vector<int64_t> query, key, block;
  bool allKeys = false, trimmed = false;
  while (std::getline(stream, item, ',')) {
    size_t equals = std::min(item.find('='), item.size());
    std::string word = item.substr(0, equals), value = item.substr(std::min(equals + 1, item.size()));
    if (word == "per" && (value == "head" || value == "task")) {
      per = value;
      continue;
    }
    const std::string packing = blank(name, {}, {}).pack;
    if (word == "pack" && (value == packing || (packing == "none" && value == "widen"))) {
      pack = value;
      continue;
    }
    if (word == "hulls" && (value == "1" || value == "2")) {
      trimmed = value == "2";
      continue;
    }
    std::vector<int64_t> *list = word == "query" ? &query : word == "key" ? &key : word == "block" ? &block : nullptr;
    if (!list)
      return bad("unknown word '" + word + "'");
    if (word == "key" && value == "all")
      allKeys = true;
    else if (!readList(value, *list))
      return bad("'" + value + "' is not a list of numbers");
  }
  if (block.size() != 2 || int(query.size()) != problem.rank || (!allKeys && int(key.size()) != problem.rank))
    return bad("needs query and key of rank " + std::to_string(problem.rank) + " and a block of two numbers");
  Plan plan = blank(name, {block[0], block[1], 1.0}, query);
  plan.keyBox = key;
  plan.trimmed = trimmed;
  if (!pack.empty())
    plan.pack = pack;
  if (allKeys != plan.holdsAllKeys())
    return bad("'key all' goes with the templates row and unfused, and with no other");
  if (plan.queries() % (block[1] * target.lanes) || block[0] % 2 || block[0] > kMaxBlockRows)
    return bad("queries must be a multiple of " + std::to_string(block[1] * target.lanes) +
               " and the block's rows even and at most " + std::to_string(kMaxBlockRows));
  if (trimmed && !mayTrim(plan))
    return bad("two hulls want the template window, a mask that separates into axes, two vectors and an even extent of "
               "the query box on the first of at least two axes");
  if (name == "window") {
    std::optional<std::vector<int64_t>> live = hull.bound(plan.hullBox(), plan.queryStep);
    for (int axis = 0; live && axis < problem.rank; ++axis)
      if (key[axis] < (*live)[axis])
        live.reset();
    if (!live)
      return bad("the key box does not hold the live keys of a query box");
    if (per == "task" || (per.empty() && plan.pairs()))
      plan.strip = stripOf(plan);
  }
  if (per == "task" && plan.strip.empty())
    return bad("tasks pack where the template is window and there is something to pack, and here is not both");
  return plan;
}

Result<Plan> muntin::parsePlan(const std::string &text, const Problem &problem, const Target &target) {
  return Planner(problem, target).parse(text);
}
