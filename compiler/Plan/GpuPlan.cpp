//===- GpuPlan.cpp - candidates for GPUs, their cost, and the choice ------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/GpuPlan.h"

#include "compiler/Plan/CostModel.h"
#include "compiler/Plan/GpuProblem.h"
#include "compiler/Plan/GpuRows.h"
#include "runtime/abi/GpuMachine.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace muntin;

//===----------------------------------------------------------------------===//
// The numbers. None is fitted to a GPU yet; they follow from counted instructions.
//===----------------------------------------------------------------------===//

namespace {
/// A product of f32 is three of tf32, which take twice the time of 16-bit ones (A100: 156 of 312 TFLOP/s).
constexpr double kSplitProducts = 6;
/// From so many columns of keys and values on, the mask of a band is at most 3 in 100 instructions of a step in f32,
/// and all boxes are masked: one loop instead of two, which fits the registers, and is compiled in half the time.
constexpr int64_t kOneWalkColumns = 256;
/// Where about as many are estimated, ptxas is told to make do with 192. Left alone it takes up to 217, for no fewer
/// instructions (tools/sass-report). Where more are, it loads ahead until all 255 are taken, and spills some bytes of
/// what 224 would have held; with these two bounds ptxas 13.0 spills none of tests/compiler/Emit/ptx_problems.py, for
/// sm_80 to sm_100. The assembler has the last word: where it spills, the bound is lifted.
constexpr int64_t kUnboundBelow = 164, kBound = 192, kWideBound = 248, kWideJointBound = 240;
/// Instructions per warp and score beside the exponential: scaling, maximum, sum, half a conversion, rescaling.
constexpr double kSoftmaxInstructions = 4.5;
/// The same for masks, measured in SASS (README.md of compiler/LowerGPU): of bands by rank; of a rule per axis; of
/// others.
constexpr double kBandInstructions[] = {2.0, 2.3, 2.3}, kAxisInstructions = 4.7, kPairInstructions = 8.1;
/// Clocks of a key box in which nothing else happens: its keys are awaited, and three barriers. With a ring of one
/// buffer keys are on their way during the product before, with more nothing is waited for, at two barriers and one.
constexpr double kKeyBoxClocks = 700, kRingClocks = 350, kRingsClocks = 150;
/// Clocks of a query box: its place, its copy, its stores.
constexpr double kBoxClocks = 2500;
constexpr int64_t kWarps[] = {4, kMostWarps}, kKeys[] = {64, 32, 16};
} // namespace

static int64_t roundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

double muntin::productsPerClock(const Problem &problem, const GpuLimits &limits) {
  return limits.productsPerClock / (problem.element == ElementType::F32 ? kSplitProducts : 1);
}

/// Every box of `volume` tokens whose extents are powers of two.
static std::vector<std::vector<int64_t>> boxesOf(int rank, int64_t volume) {
  if (rank == 1)
    return {{volume}};
  std::vector<std::vector<int64_t>> boxes;
  for (int64_t last = 1; last <= volume; last *= 2)
    for (std::vector<int64_t> box : boxesOf(rank - 1, volume / last)) {
      box.push_back(last);
      boxes.push_back(std::move(box));
    }
  return boxes;
}

/// Keys that boxes of this shape hold when they cover `live`.
static int64_t coveredKeys(const std::vector<int64_t> &live, const std::vector<int64_t> &box) {
  int64_t keys = 1;
  for (size_t axis = 0; axis < box.size(); ++axis)
    keys *= roundUp(std::max<int64_t>(live[axis], 1), box[axis]);
  return keys;
}

namespace {

class GpuPlanner {
public:
  explicit GpuPlanner(const GpuProblem &task)
      : task(task), problem(task.problem), limits(task.limits), hull(task.hull), steps(task.steps), grid(task.grid) {}

  /// Best first; those that do not fit stand behind.
  Decision run();

private:
  void addShapes(const std::string &name, const std::vector<int64_t> &queryBox);
  void add(Plan plan, const std::vector<int64_t> &live);
  double overlapOf(const GpuNeeds &needs, const Plan &plan) const;
  void estimate(Candidate &candidate, int64_t keys) const;

  const GpuProblem &task;
  const Problem &problem;
  const GpuLimits &limits;
  const HullEstimator &hull;
  const std::vector<int64_t> &steps, &grid;
  Decision decision;
};

} // namespace

/// Bounds the registers of a plan that says nothing of them.
static void bind(Candidate &candidate, const HullEstimator &hull) {
  candidate.mayUnbind = candidate.plan.registers == 0 && candidate.registers > kUnboundBelow;
  if (candidate.mayUnbind)
    candidate.plan.registers = candidate.registers <= kBound ? kBound : hull.separable() ? kWideBound : kWideJointBound;
}

static double clocksOfKeyBox(const Plan &plan) {
  return !hasStages(plan.templateName) ? kKeyBoxClocks : plan.stages == 1 ? kRingClocks : kRingsClocks;
}

/// Into how many the waits of a block are to be divided: while it copies, waits or stores, another one of its
/// multiprocessor computes. What a third would hide is not counted on: estimated registers are often too few.
double GpuPlanner::overlapOf(const GpuNeeds &needs, const Plan &plan) const {
  const int64_t registers = std::min(needs.registers, limits.registersPerThread);
  const GpuMachine &machine = gpuMachines()[0]; // which the rates of the target's row are of
  return double(std::clamp<int64_t>(residentBlocks(machine, plan.warps, registers, needs.sharedBytes), 1, 2));
}

/// Clocks of one multiprocessor per query, as if a block did one thing after the other.
void GpuPlanner::estimate(Candidate &candidate, int64_t keys) const {
  const Plan &plan = candidate.plan;
  const double queries = double(plan.queries()), keyBoxes = double(keys) / double(plan.keyCapacity());
  double waste = 1; // boxes that stick out of the grid: on average half a box per axis
  for (size_t axis = 0; axis < plan.queryBox.size(); ++axis)
    waste *= 1 + 0.5 * double(plan.queryBox[axis] - 1) * double(steps[axis]) / double(grid[axis]);
  const double columns = double(roundUp(problem.headDim, kKeyGranule) + roundUp(problem.valueDim, kKeyGranule));
  candidate.processedPairs = double(keys) * waste;
  candidate.productCycles = candidate.processedPairs * columns / productsPerClock(problem, limits);
  candidate.maskInstructions = hull.isBand()      ? kBandInstructions[problem.rank - 1]
                               : hull.separable() ? kAxisInstructions
                                                  : kPairInstructions;
  const bool masksAll = plan.oneWalk || !splits(plan.templateName);
  const double instructions = kSoftmaxInstructions + candidate.maskInstructions * (masksAll ? 1 : 0.5);
  candidate.softmaxCycles =
      candidate.processedPairs * (1 / limits.exponentialsPerClock + instructions / limits.lanesPerClock);
  const double copied = double(elementTypeBytes(problem.element)) * columns * double(keys) / limits.bytesPerClock;
  candidate.boxCycles = (kBoxClocks + keyBoxes * clocksOfKeyBox(plan) + copied) * waste / queries /
                        overlapOf({candidate.sharedBytes, candidate.registers}, plan);
  if (plan.engine == "fma")
    candidate.productCycles = candidate.processedPairs * columns / limits.lanesPerClock;
  if (plan.templateName == "unfused")
    candidate.boxCycles += candidate.processedPairs * kUnfusedBytes / limits.bytesPerClock;
}

void GpuPlanner::add(Plan plan, const std::vector<int64_t> &live) {
  Candidate candidate;
  const GpuNeeds needs = needsOf(problem, hull, plan);
  candidate.refused = refusalOf(needs, plan, limits);
  candidate.sharedBytes = needs.sharedBytes;
  candidate.registers = needs.registers;
  candidate.plan = plan;
  bind(candidate, hull);
  const bool window = plan.templateName == "window";
  estimate(candidate,
           window ? plan.keyCapacity() : coveredKeys(live, plan.keyBox) / volumeOf(plan.keyBox) * plan.keyCapacity());
  decision.candidates.push_back(std::move(candidate));
}

void GpuPlanner::addShapes(const std::string &name, const std::vector<int64_t> &queryBox) {
  Plan plan = blankGpuPlan(task, name, queryBox);
  if (name == "window") {
    if (const auto live = hull.bound(queryBox, steps)) {
      plan.keyBox = *live;
      add(plan, *live);
    } else {
      Candidate candidate;
      candidate.plan = plan;
      candidate.refused = "the live keys of a query box grow with the grid";
      decision.candidates.push_back(std::move(candidate));
    }
    return;
  }
  if (plan.holdsAllKeys()) {
    for (Plan &whole : rowPlans(problem, limits, plan))
      add(std::move(whole), grid);
    return;
  }
  const std::vector<int64_t> live = name == "online" ? grid : hull.inTheMiddle(queryBox, steps, grid);
  for (const int64_t keys : kKeys) { // of each size the shape that wastes least; of equal ones the longest last axis
    std::vector<int64_t> best;
    for (const std::vector<int64_t> &box : boxesOf(problem.rank, keys))
      if (best.empty() || coveredKeys(live, box) <= coveredKeys(live, best))
        best = box;
    plan.keyBox = best;
    plan.oneWalk =
        splits(name) && problem.element == ElementType::F32 && problem.headDim + problem.valueDim >= kOneWalkColumns;
    for (plan.stages = 1; plan.stages <= (hasStages(name) ? kMostStages : 1); ++plan.stages)
      add(plan, live);
  }
}

Decision GpuPlanner::run() {
  std::vector<std::string> names{problem.templateName};
  if (problem.templateName.empty())
    names = {"window", "stages", "live"}; // the last has one loop instead of two, and so needs fewer registers
  for (const std::string &name : names)
    for (const int64_t warps : name == "row" ? llvm::ArrayRef(kRowWarps) : llvm::ArrayRef(kWarps))
      for (const std::vector<int64_t> &box : boxesOf(problem.rank, warps * kWarpRows))
        addShapes(name, box);
  llvm::sort(decision.candidates, [](const Candidate &x, const Candidate &y) {
    if (x.refused.empty() != y.refused.empty())
      return x.refused.empty();
    return x.cycles() != y.cycles() ? x.cycles() < y.cycles() : x.plan.print() < y.plan.print();
  });
  decision.nominalGrid = grid;
  return std::move(decision);
}

/// A forced plan, without a prediction.
static Decision only(const GpuProblem &task, const Plan &plan) {
  const GpuNeeds needs = needsOf(task.problem, task.hull, plan);
  Candidate candidate;
  candidate.plan = plan;
  candidate.sharedBytes = needs.sharedBytes;
  candidate.registers = needs.registers;
  bind(candidate, task.hull);
  Decision single;
  single.candidates.push_back(std::move(candidate));
  return single;
}

Result<Decision> muntin::makeGpuPlan(const Problem &problem, const Target &target) {
  const GpuProblem task(problem, target);
  if (!problem.plan.empty()) {
    Result<Plan> plan = parseGpuPlan(task, problem.plan);
    return plan ? Result<Decision>(only(task, *plan)) : plan.status();
  }
  Decision decision = GpuPlanner(task).run();
  if (!decision.winner().refused.empty())
    return refuseAll(task, target, decision.candidates);
  return decision;
}
