//===- GpuPlan.cpp - candidates for GPUs, their cost, and the choice ------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Plan/GpuPlan.h"

#include "compiler/Plan/CostModel.h"
#include "compiler/Plan/GpuRows.h"
#include "compiler/Plan/Hull.h"
#include "dialect/tile/Layout.h"
#include "runtime/abi/GpuMachine.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <numeric>
#include <sstream>

using namespace muntin;

//===----------------------------------------------------------------------===//
// The numbers. None is fitted to a GPU yet; they follow from counted instructions.
//===----------------------------------------------------------------------===//

namespace {
/// Registers of a thread beside accumulators and scores: the sample of 64 keys at D = 128 takes 192, of which 96 are
/// those.
constexpr int64_t kOtherRegisters = 96;
/// As many more for a mask that does not separate into axes.
constexpr int64_t kJointMaskRegisters = 40;
/// As many more for f32, beside the rest of the probabilities, one for each: sums of a box on their way to the output.
constexpr int64_t kSplitRegisters = 32;
/// A product of f32 is three of tf32, which take twice the time of 16-bit ones (A100: 156 of 312 TFLOP/s).
constexpr double kSplitProducts = 6;
/// Instructions per warp and score beside the exponential: scaling, maximum, sum, half a conversion, rescaling.
constexpr double kSoftmaxInstructions = 4.5;
/// The same for masks, measured in SASS (README.md of compiler/LowerGPU): of bands by rank; of a rule per axis; of
/// others.
constexpr double kBandInstructions[] = {2.0, 2.8, 3.9}, kAxisInstructions = 4.7, kPairInstructions = 8.1;
/// Clocks of a key box in which nothing else happens: its keys are awaited, and three barriers. With a ring of one
/// buffer keys are on their way during the product before, with more nothing is waited for, at two barriers and one.
constexpr double kKeyBoxClocks = 700, kRingClocks = 350, kRingsClocks = 150;
/// Clocks of a query box: its place, its copy, its stores.
constexpr double kBoxClocks = 2500;
constexpr int64_t kWarps[] = {4, 8}, kKeys[] = {64, 32, 16}, kMostStages = 4;
/// Blocks of any size on one multiprocessor (CUDA C++ Programming Guide, table of technical specifications).
constexpr int64_t kMostResident = 32;
constexpr int64_t kFewestRegisters = 32; // fewer hold no kernel of ours
} // namespace

static int64_t volumeOf(const std::vector<int64_t> &box) {
  return std::accumulate(box.begin(), box.end(), int64_t(1), std::multiplies<>());
}

static int64_t roundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

int64_t muntin::sharedPitch(const Problem &problem, int64_t columns) {
  return tile::sharedPitch(columns, elementTypeBytes(problem.element), problem.element == ElementType::F32);
}

int64_t muntin::sharedBytes(const Problem &problem, const Plan &plan) {
  if (plan.holdsAllKeys() || !plan.engine.empty())
    return sharedBytesOfRows(problem, plan);
  // The output leaves through the memory of the queries.
  const int64_t byHeadDim = sharedPitch(problem, problem.headDim), byValueDim = sharedPitch(problem, problem.valueDim);
  return plan.queries() * std::max(byHeadDim, byValueDim) + plan.stages * plan.keyCapacity() * (byHeadDim + byValueDim);
}

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

/// The target's, but for what the problem lifts.
static GpuLimits limitsFor(const Problem &problem, GpuLimits limits) {
  if (problem.sharedBytes > 0)
    limits.sharedBytes = problem.sharedBytes;
  return limits;
}

namespace {

class GpuPlanner {
public:
  GpuPlanner(const Problem &problem, const Target &target)
      : problem(problem), limits(limitsFor(problem, *target.gpu)), hull(problem.mask, problem.rank),
        steps(hull.steps()), grid(nominalGrid(problem, steps)) {}

  Result<Decision> run();
  Result<Plan> parse(const std::string &text) const;
  /// A forced plan, without a prediction.
  Decision only(const Plan &plan) const;

private:
  Plan blank(const std::string &name, const std::vector<int64_t> &queryBox) const;
  void addShapes(const std::string &name, const std::vector<int64_t> &queryBox);
  void add(Plan plan, const std::vector<int64_t> &live);
  int64_t registersOf(const Plan &plan) const;
  std::string refusalOf(const Plan &plan) const;
  double overlapOf(const Plan &plan) const;
  void estimate(Candidate &candidate, int64_t keys) const;

  const Problem &problem;
  const GpuLimits limits;
  const HullEstimator hull;
  const std::vector<int64_t> steps, grid;
  Decision decision;
};

} // namespace

Plan GpuPlanner::blank(const std::string &name, const std::vector<int64_t> &queryBox) const {
  Plan plan;
  plan.templateName = name == "naive" ? "unfused" : name;
  plan.engine = name == "naive" ? "fma" : "";
  plan.queryBox = queryBox;
  plan.queryStep = steps;
  plan.warps = volumeOf(queryBox) / kWarpRows;
  plan.stages = 1;
  return plan;
}

/// Whether copies run ahead of the boxes in use.
static bool hasStages(const std::string &name) { return name == "stages" || name == "roles"; }

int64_t GpuPlanner::registersOf(const Plan &plan) const {
  const int64_t split = problem.element == ElementType::F32 ? plan.keyCapacity() / 2 + kSplitRegisters : 0;
  const int64_t output = roundUp(problem.valueDim, kKeyGranule) / 2 + split;
  const int64_t mask = hull.separable() ? 0 : kJointMaskRegisters;
  // Whole rows are masked in one walk, and multiplied with the values in another.
  return kOtherRegisters + plan.keyCapacity() / 2 + (plan.holdsAllKeys() ? std::max(output, mask) : output + mask);
}

std::string GpuPlanner::refusalOf(const Plan &plan) const {
  const int64_t shared = sharedBytes(problem, plan), registers = registersOf(plan);
  if (shared > limits.sharedBytes)
    return llvm::formatv("it needs {0} bytes of shared memory, the bound is {1}", shared, limits.sharedBytes).str();
  // There is nothing smaller than one granule of keys: the assembler finds room, or spills a few registers.
  if (registers > limits.registersPerThread && plan.keyCapacity() > kKeyGranule)
    return llvm::formatv("it needs about {0} registers, the bound is {1}", registers, limits.registersPerThread).str();
  return "";
}

static double clocksOfKeyBox(const Plan &plan) {
  return !hasStages(plan.templateName) ? kKeyBoxClocks : plan.stages == 1 ? kRingClocks : kRingsClocks;
}

/// Into how many the waits of a block are to be divided: while it copies, waits or stores, another one of its
/// multiprocessor computes. What a third would hide is not counted on: estimated registers are often too few.
double GpuPlanner::overlapOf(const Plan &plan) const {
  const int64_t registers = std::min(registersOf(plan), limits.registersPerThread);
  const GpuMachine &machine = gpuMachines()[0]; // which the rates of the target's row are of
  return double(std::clamp<int64_t>(residentBlocks(machine, plan.warps, registers, sharedBytes(problem, plan)), 1, 2));
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
  const bool masksAll = plan.templateName != "border" && !hasStages(plan.templateName);
  const double instructions = kSoftmaxInstructions + candidate.maskInstructions * (masksAll ? 1 : 0.5);
  candidate.softmaxCycles =
      candidate.processedPairs * (1 / limits.exponentialsPerClock + instructions / limits.lanesPerClock);
  const double copied = double(elementTypeBytes(problem.element)) * columns * double(keys) / limits.bytesPerClock;
  candidate.boxCycles = (kBoxClocks + keyBoxes * clocksOfKeyBox(plan) + copied) * waste / queries / overlapOf(plan);
  if (plan.engine == "fma")
    candidate.productCycles = candidate.processedPairs * columns / limits.lanesPerClock;
  if (plan.templateName == "unfused")
    candidate.boxCycles += candidate.processedPairs * kUnfusedBytes / limits.bytesPerClock;
}

void GpuPlanner::add(Plan plan, const std::vector<int64_t> &live) {
  Candidate candidate;
  candidate.refused = refusalOf(plan);
  candidate.sharedBytes = sharedBytes(problem, plan);
  candidate.registers = registersOf(plan);
  candidate.plan = plan;
  const bool window = plan.templateName == "window";
  estimate(candidate,
           window ? plan.keyCapacity() : coveredKeys(live, plan.keyBox) / volumeOf(plan.keyBox) * plan.keyCapacity());
  decision.candidates.push_back(std::move(candidate));
}

void GpuPlanner::addShapes(const std::string &name, const std::vector<int64_t> &queryBox) {
  Plan plan = blank(name, queryBox);
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
    for (plan.stages = 1; plan.stages <= (hasStages(name) ? kMostStages : 1); ++plan.stages)
      add(plan, live);
  }
}

Result<Decision> GpuPlanner::run() {
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
  if (!decision.winner().refused.empty())
    return Status::invalid("template: '" + problem.templateName + "' does not fit: " + decision.winner().refused);
  decision.nominalGrid = grid;
  return std::move(decision);
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static bool isPowerOfTwoBox(const std::vector<int64_t> &box) {
  return std::all_of(box.begin(), box.end(), [](int64_t extent) { return (extent & (extent - 1)) == 0; });
}

Result<Plan> GpuPlanner::parse(const std::string &text) const {
  auto bad = [&](const std::string &why) {
    return Status::invalid("plan: '" + text + "': " + why +
                           "; a plan for a GPU reads like 'border,query=8x16,key=8x8,warps=8,stages=1'");
  };
  std::stringstream stream(text);
  std::string name, item;
  std::getline(stream, name, ',');
  std::vector<int64_t> query, key, warps, stages, capacity, resident, registers;
  bool multiplyAdds = false;
  while (std::getline(stream, item, ',')) {
    const size_t equals = std::min(item.find('='), item.size());
    const std::string word = item.substr(0, equals), value = item.substr(std::min(equals + 1, item.size()));
    std::vector<int64_t> *list = word == "query"       ? &query
                                 : word == "key"       ? &key
                                 : word == "warps"     ? &warps
                                 : word == "stages"    ? &stages
                                 : word == "capacity"  ? &capacity
                                 : word == "resident"  ? &resident
                                 : word == "registers" ? &registers
                                                       : nullptr;
    if (word == "engine" && value == "fma") {
      multiplyAdds = true;
      continue;
    }
    if (!list)
      return bad("unknown word '" + word + "'");
    if (!readList(value, *list))
      return bad("'" + value + "' is not a list of numbers");
  }
  if (int(query.size()) != problem.rank || int(key.size()) != problem.rank)
    return bad("needs query and key of rank " + std::to_string(problem.rank));
  if (warps.size() != 1 || warps[0] > kWarps[1] || volumeOf(query) != warps[0] * kWarpRows || !isPowerOfTwoBox(query))
    return bad("the query box wants powers of two as extents, " + std::to_string(kWarpRows) +
               " tokens for each of at most " + std::to_string(kWarps[1]) + " warps");
  const int64_t mostStages = hasStages(name) ? kMostStages : 1;
  if (stages.size() != 1 || stages[0] < 1 || stages[0] > mostStages)
    return bad("the template " + name + " has " +
               (mostStages > 1 ? "1 to " + std::to_string(mostStages) + " stages" : "one stage"));
  Plan plan = blank(name, query);
  plan.stages = stages[0];
  plan.keyBox = key;
  if (resident.size() > 1 || (resident.size() == 1 && resident[0] > kMostResident))
    return bad("resident blocks are 1 to " + std::to_string(kMostResident) + ", got " + listText(resident));
  plan.resident = resident.empty() ? 0 : resident[0];
  if (registers.size() > 1 ||
      (registers.size() == 1 && (registers[0] < kFewestRegisters || registers[0] > limits.registersPerThread)))
    return bad("registers are " + std::to_string(kFewestRegisters) + " to " +
               std::to_string(limits.registersPerThread) + ", got " + listText(registers));
  plan.registers = registers.empty() ? 0 : registers[0];
  if (multiplyAdds)
    plan.engine = "fma";
  if (name == "row") {
    plan.capacity = capacity.size() == 1 ? capacity[0] : rowCapacity(problem, limits, plan);
    if (capacity.size() > 1 || plan.capacity % plan.keyCapacity())
      return bad("the capacity wants a multiple of the key box's " + std::to_string(plan.keyCapacity()) +
                 " keys, got " + listText(capacity));
  } else if (!capacity.empty()) {
    return bad("a capacity goes with the template row, and with no other");
  }
  if (name == "window") {
    const auto live = hull.bound(query, steps);
    for (int axis = 0; axis < problem.rank; ++axis)
      if (!live || key[axis] < (*live)[axis])
        return bad("the key box does not hold the live keys of a query box");
  } else if (!isPowerOfTwoBox(key) || volumeOf(key) % kKeyGranule) {
    return bad("the key box wants powers of two as extents and at least " + std::to_string(kKeyGranule) + " tokens");
  }
  if (const std::string refused = refusalOf(plan); !refused.empty())
    return bad(refused);
  return plan;
}

Decision GpuPlanner::only(const Plan &plan) const {
  Candidate candidate;
  candidate.plan = plan;
  candidate.sharedBytes = sharedBytes(problem, plan);
  candidate.registers = registersOf(plan);
  Decision single;
  single.candidates.push_back(std::move(candidate));
  return single;
}

Result<Decision> muntin::makeGpuPlan(const Problem &problem, const Target &target) {
  GpuPlanner planner(problem, target);
  if (problem.plan.empty())
    return planner.run();
  Result<Plan> plan = planner.parse(problem.plan);
  if (!plan)
    return plan.status();
  return planner.only(*plan);
}
