//===- Plan.cpp - candidates, their cost, and the choice ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/Plan.h"

#include "compiler/Plan/GpuPlan.h"
#include "compiler/Plan/Planner.h"

#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <sstream>

using namespace muntin;

int64_t Plan::queries() const {
  int64_t product = 1;
  for (int64_t extent : queryBox)
    product *= extent;
  return product;
}

std::string Plan::variant() const {
  if (most.empty())
    return "general";
  std::string name;
  for (int64_t extent : most)
    name += (name.empty() ? "short_" : "x") + (extent < kAnyExtent ? std::to_string(extent) : "N");
  return name;
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

Status muntin::checkTemplateName(const std::string &name) {
  static const std::vector<std::string> names = {"row",    "unfused", "naive", "online", "live",
                                                 "border", "stages",  "roles", "window"};
  if (std::find(names.begin(), names.end(), name) != names.end())
    return {};
  std::string known;
  for (const std::string &each : names)
    known += (known.empty() ? "" : ", ") + each;
  return Status::invalid("template: no template is called '" + name + "'; known are " + known);
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
    return llvm::formatv("{0},query={1},key={2},warps={3},stages={4}{5}{6}{7}{8}{9}", templateName, listText(queryBox),
                         key, warps, stages, capacity > 0 ? ",capacity=" + std::to_string(capacity) : "",
                         engine.empty() ? "" : ",engine=" + engine,
                         resident > 0 ? ",resident=" + std::to_string(resident) : "",
                         registers > 0 ? ",registers=" + std::to_string(registers) : "", oneWalk ? ",walks=1" : "")
        .str();
  return llvm::formatv("{0},query={1},key={2}{3},block={4}x{5},pack={6}{7}", templateName, listText(queryBox), key,
                       trimmed ? ",hulls=2" : "", rows, blockVectors, pack,
                       !strip.empty()                                ? ",per=task"
                       : templateName == "window" && pack == "pairs" ? ",per=head"
                                                                     : "")
      .str();
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

Planner::Planner(const Problem &problem, const Target &target)
    : problem(problem), target(target), hull(problem.mask, problem.rank), cost(problem, target, hull.separable()),
      steps(hull.steps()), grid(nominalGrid(problem, steps)) {}

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
  std::sort(candidates.begin(), candidates.end(), better);
  Decision decision;
  decision.candidates = candidates;
  decision.nominalGrid = grid;
  if (!decision.winner().refused.empty())
    return Status::invalid("template: '" + problem.templateName + "' does not fit: " + decision.winner().refused);
  if (problem.templateName.empty())
    decision.variants = variantsBeside(decision.winner());
  return decision;
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
    const Plan usual = blank(name, {}, {});
    if (word == "pack" &&
        (value == usual.pack || (usual.pack == "none" && value == (usual.pairs ? "pairs" : "widen")))) {
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
    if (per == "task" || (per.empty() && plan.pack == "pairs"))
      plan.strip = stripOf(plan);
  }
  if (per == "head" && plan.pack == "none")
    return bad("nothing is packed, once per head or otherwise");
  if (per == "task" && plan.strip.empty())
    return bad("tasks pack where the template is window and there is something to pack, and here is not both");
  return plan;
}

Result<Plan> muntin::parsePlan(const std::string &text, const Problem &problem, const Target &target) {
  return Planner(problem, target).parse(text);
}
