//===- GpuRefusal.cpp - what does not fit, and the nearest that does ------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Who is refused hears which field is at fault, its value, the bound, and what
// would have to change least: more shared memory, another template or plan, or a
// smaller head dimension. Everything that is named here has been tried.
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/GpuProblem.h"
#include "compiler/Plan/GpuRows.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>

using namespace muntin;

/// What compute capability 8.0 lets a block have (CUDA C++ Programming Guide, table of technical specifications).
static constexpr int64_t kMostSharedOfAmpere = 163 * 1024;
/// Steps in which smaller head dimensions are tried: a row's granule in f32.
static constexpr int64_t kColumnStep = 8;

static std::string join(const std::vector<std::string> &works) {
  return works.empty() ? "" : "; nearest that works: " + llvm::join(works, ", or ");
}

//===----------------------------------------------------------------------===//
// A forced plan
//===----------------------------------------------------------------------===//

static void halve(std::vector<int64_t> &box) { *std::max_element(box.begin(), box.end()) /= 2; }

/// Of plans with this query box the largest that fits: fewer stages before a smaller key box.
static bool shrinkKeys(const GpuProblem &task, Plan &plan) {
  if (plan.templateName == "window") {
    const auto live = task.hull.bound(plan.queryBox, task.steps);
    plan.keyBox = live.value_or(plan.keyBox);
    return live && refusalOf(task, plan).empty();
  }
  const int64_t stages = plan.stages;
  for (; volumeOf(plan.keyBox) >= kKeyGranule; halve(plan.keyBox))
    for (plan.stages = stages; plan.stages > 0; --plan.stages) {
      if (plan.capacity > 0)
        plan.capacity = rowCapacity(task.problem, task.limits, plan);
      if (refusalOf(task, plan).empty())
        return true;
    }
  return false;
}

std::string muntin::nearestTo(const GpuProblem &task, const Plan &plan) {
  std::vector<std::string> works;
  for (Plan smaller = plan; smaller.warps > 0; halve(smaller.queryBox), smaller.warps /= 2)
    if (Plan found = smaller; shrinkKeys(task, found)) {
      works.push_back("plan '" + found.print() + "'");
      break;
    }
  GpuLimits most = task.limits;
  most.sharedBytes = kMostSharedOfAmpere;
  const GpuNeeds needs = needsOf(task.problem, task.hull, plan);
  if (refusalOf(needs, plan, most).empty())
    works.push_back(llvm::formatv("shared {0}", needs.sharedBytes));
  return join(works);
}

//===----------------------------------------------------------------------===//
// All candidates
//===----------------------------------------------------------------------===//

namespace {
/// All candidates of a problem, none of which fits.
class Refusal {
public:
  Refusal(const GpuProblem &task, const Target &target, const std::vector<Candidate> &candidates)
      : task(task), problem(task.problem), target(target), candidates(candidates) {}
  Status status() const;

private:
  /// Bytes of the smallest candidate that has no other fault; 0 if there is none.
  int64_t leastShared() const;
  std::string field(int64_t least) const;
  std::string reason(int64_t least) const;
  std::string otherTemplate() const;
  std::string smallerHeads() const;

  const GpuProblem &task;
  const Problem &problem;
  const Target &target;
  const std::vector<Candidate> &candidates;
};
} // namespace

/// The window of a mask whose live keys have no bound has no key box.
static bool hasBoxes(const Candidate &candidate) { return !candidate.plan.keyBox.empty(); }

int64_t Refusal::leastShared() const {
  GpuLimits endless = task.limits;
  endless.sharedBytes = INT64_MAX;
  int64_t least = 0;
  for (const Candidate &c : candidates)
    if (hasBoxes(c) && refusalOf({c.sharedBytes, c.registers}, c.plan, endless).empty())
      least = least == 0 ? c.sharedBytes : std::min(least, c.sharedBytes);
  return least;
}

std::string Refusal::field(int64_t least) const {
  if (problem.sharedBytes > 0 && least > 0 && least <= target.gpu->sharedBytes)
    return llvm::formatv("shared is {0}", problem.sharedBytes);
  if (!problem.templateName.empty())
    return "template is '" + problem.templateName + "'";
  return llvm::formatv("head_dim is {0}", problem.headDim);
}

std::string Refusal::reason(int64_t least) const {
  if (!llvm::any_of(candidates, hasBoxes))
    return "the live keys of a query box, which lie in memory all at once, grow with the grid under " +
           printMask(problem.mask);
  if (least == 0) // too many registers as well: the smallest says enough
    return llvm::min_element(candidates, [](auto &x, auto &y) { return x.sharedBytes < y.sharedBytes; })->refused;
  return llvm::formatv("{0} with head_dim {1} and value_dim {2} in {3} needs at least {4} bytes of shared memory, the "
                       "bound is {5}",
                       problem.templateName.empty() ? "a kernel" : problem.templateName, problem.headDim,
                       problem.valueDim, elementTypeName(problem.element), least, task.limits.sharedBytes);
}

std::string Refusal::otherTemplate() const {
  if (problem.templateName.empty())
    return "";
  Problem free = problem;
  free.templateName.clear();
  const Result<Decision> made = makeGpuPlan(free, target);
  return made ? "template " + made->winner().plan.templateName : "";
}

std::string Refusal::smallerHeads() const {
  for (int64_t most = (std::max(problem.headDim, problem.valueDim) - 1) / kColumnStep * kColumnStep; most > 0;
       most -= kColumnStep) {
    Problem smaller = problem;
    smaller.headDim = std::min(problem.headDim, most), smaller.valueDim = std::min(problem.valueDim, most);
    const bool fits = llvm::any_of(candidates, [&](const Candidate &candidate) {
      Plan plan = candidate.plan;
      if (plan.capacity > 0) // scores of one key box stay in registers
        plan.capacity = plan.keyCapacity();
      return hasBoxes(candidate) && refusalOf(needsOf(smaller, task.hull, plan), plan, task.limits).empty();
    });
    if (!fits)
      continue;
    if (problem.headDim == problem.valueDim || smaller.valueDim == problem.valueDim)
      return llvm::formatv("head_dim {0}", smaller.headDim);
    return smaller.headDim == problem.headDim
               ? llvm::formatv("value_dim {0}", smaller.valueDim).str()
               : llvm::formatv("head_dim {0} with value_dim {1}", smaller.headDim, smaller.valueDim).str();
  }
  return "";
}

Status Refusal::status() const {
  const int64_t least = leastShared();
  std::vector<std::string> works;
  if (least > 0 && least <= kMostSharedOfAmpere)
    works.push_back(llvm::formatv("shared {0}", least));
  for (std::string other : {otherTemplate(), smallerHeads()})
    if (!other.empty())
      works.push_back(std::move(other));
  return Status::invalid(field(least) + ": " + reason(least) + join(works));
}

Status muntin::refuseAll(const GpuProblem &task, const Target &target, const std::vector<Candidate> &candidates) {
  return Refusal(task, target, candidates).status();
}
