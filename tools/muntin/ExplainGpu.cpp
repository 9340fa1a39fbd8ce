//===- ExplainGpu.cpp - what a plan would take on GPUs ---------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/ExplainGpu.h"

#include "runtime/abi/GpuMachine.h"
#include "runtime/abi/Target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

using namespace muntin;

static constexpr const char *kCycles = "predicted_cycles_per_query", *kProducts = "predicted_product_cycles",
                            *kSoftmax = "predicted_softmax_cycles", *kBoxes = "predicted_box_cycles";

static const GpuLimits *limitsOf(const Problem &problem) {
  const Result<const Target *> target = findTarget(problem.target);
  return target ? (*target)->gpu : nullptr;
}

static double queriesOf(const Request &request) {
  const Shape &shape = *request.shape;
  return double(shape.batch) * double(shape.heads) * double(shape.queries());
}

std::string muntin::launchRefusal(const Request &request, const Json &plan) {
  if (!limitsOf(request.problem) || !plan.contains("capacity"))
    return "";
  const int64_t capacity = plan["capacity"].get<int64_t>();
  int64_t keys = 1; // in whole key boxes, as the launch recipe counts them
  for (size_t axis = 0; axis < plan["key_box"].size(); ++axis) {
    const int64_t extent = plan["key_box"][axis].get<int64_t>();
    keys *= (request.shape->kvGrid[axis] + extent - 1) / extent * extent;
  }
  if (keys <= capacity)
    return "";
  return fmt::format(
      "refused: {} keys in whole key boxes, the plan has room for {}; --template online takes any number", keys,
      capacity);
}

std::optional<double> muntin::gpuSeconds(const Request &request, const Json &plan) {
  const GpuLimits *gpu = limitsOf(request.problem);
  if (!gpu || !plan.contains(kCycles) || !launchRefusal(request, plan).empty())
    return std::nullopt;
  return queriesOf(request) * plan[kCycles].get<double>() / double(gpu->multiprocessors) / (gpu->gigahertz * 1e9);
}

/// Registers of a thread: as assembled, else as estimated.
static int64_t registersOf(const Json &plan) {
  int64_t registers = 0;
  if (plan.contains("assembly") && plan["assembly"].is_object())
    for (const Json &kernel : plan["assembly"]["kernels"])
      registers = std::max(registers, kernel["registers"].get<int64_t>());
  return registers ? registers : plan.value("estimated_registers", int64_t(255));
}

static int64_t blocksOf(const GpuMachine &machine, const Json &plan) {
  constexpr int64_t most = 255; // an estimate may be larger
  return residentBlocks(machine, plan.value("warps", int64_t(1)), std::min(registersOf(plan), most),
                        plan.value("shared_bytes", int64_t(0)));
}

namespace {
struct Bound {
  const char *by;
  double seconds;
};
} // namespace

/// The least time that products, exponentials or memory allow.
static Bound rooflineOf(const GpuMachine &machine, const Problem &problem, double pairs, double bytes) {
  // f32 is three products of tf32, each at half the rate of 16-bit numbers.
  const double products = problem.element == ElementType::F32 ? 6 : 1;
  const double clocks = double(machine.multiprocessors) * machine.gigahertz * 1e9;
  const Bound bounds[] = {
      {"products", pairs * double(problem.headDim + problem.valueDim) * products / machine.productsPerClock / clocks},
      {"exponentials", pairs / machine.exponentialsPerClock / clocks},
      {"memory", bytes / machine.bytesPerSecond}};
  return *std::ranges::max_element(bounds, {}, &Bound::seconds);
}

Json muntin::predictRooflines(const Request &request, const Json &plan, double pairsKept, double tensorBytes) {
  Json list = Json::array();
  const GpuLimits *gpu = limitsOf(request.problem);
  if (!gpu)
    return list;
  for (const GpuMachine &machine : gpuMachines()) {
    const Bound bound = rooflineOf(machine, request.problem, pairsKept, tensorBytes);
    const int64_t blocks = blocksOf(machine, plan);
    Json row{{"machine", machine.name}, {"bound_seconds", bound.seconds}, {"bound_by", bound.by}};
    row["predicted_seconds"] = nullptr;
    if (plan.contains(kCycles) && blocks > 0 && launchRefusal(request, plan).empty()) {
      const double cycles = plan[kProducts].get<double>() * gpu->productsPerClock / machine.productsPerClock +
                            plan[kSoftmax].get<double>() + plan[kBoxes].get<double>();
      row["predicted_seconds"] =
          queriesOf(request) * cycles / double(machine.multiprocessors) / (machine.gigahertz * 1e9);
    }
    row["resident_blocks"] = blocks;
    row["resident_warps"] = blocks * plan.value("warps", int64_t(0));
    list.push_back(std::move(row));
  }
  return list;
}

/// What the winner has over the next: the largest difference between the terms of their sums.
static std::string whyItWon(const Json &candidates) {
  const auto next =
      std::find_if(candidates.begin() + 1, candidates.end(), [](const Json &c) { return !c.contains("refused"); });
  const Json &winner = candidates[0];
  if (next == candidates.end() || !winner.contains(kCycles))
    return "the only candidate that fits\n";
  const std::pair<const char *, const char *> terms[] = {
      {kProducts, "products"}, {kSoftmax, "softmax"}, {kBoxes, "boxes"}};
  const auto less = [&](const char *key) { return (*next)[key].get<double>() - winner[key].get<double>(); };
  const auto *most = std::ranges::max_element(terms, {}, [&](const auto &term) { return std::abs(less(term.first)); });
  const double gain = less(kCycles);
  if (gain == 0)
    return "as few clocks as the next; of equals the first by name wins\n";
  if (gain < 0)
    return "more clocks than one that was tried later or not at all: the assembler objected to those before it\n";
  return fmt::format("{:.1f} clocks less than the next; the largest part of the difference is {}: {:.1f}\n", gain,
                     most->second, less(most->first));
}

static std::string candidateTable(const Json &candidates) {
  Table table(
      {"candidate", "pairs", "shared", "registers", "warps/SM", "products", "softmax", "boxes", "clocks/query", ""});
  constexpr size_t shown = 8;
  const double best = candidates[0].value(kCycles, 0.0);
  for (size_t i = 0; i < std::min(shown, candidates.size()); ++i) {
    const Json &c = candidates[i];
    const auto number = [&](const char *key) {
      return c.contains(key) ? fmt::format("{:.1f}", c[key].get<double>()) : "-";
    };
    const int64_t blocks = blocksOf(gpuMachines()[0], c);
    const std::string verdict = c.contains("refused") ? "refused: " + c["refused"].get<std::string>()
                                : i == 0 ? "wins"
                                         : fmt::format("{:+.0f} %", 100 * (c.value(kCycles, 0.0) / best - 1));
    table.add({c["text"].get<std::string>(), number("predicted_processed_pairs_per_query"),
               std::to_string(c.value("shared_bytes", int64_t(0))),
               std::to_string(c.value("estimated_registers", int64_t(0))),
               std::to_string(blocks * c.value("warps", int64_t(0))), number(kProducts), number(kSoftmax),
               number(kBoxes), number(kCycles), verdict});
  }
  return table.print();
}

std::string muntin::printGpuTables(const Json &plan, const Json &rooflines) {
  if (rooflines.empty()) // of a plan for a CPU
    return "";
  std::string text;
  if (plan.contains("candidates") && plan["candidates"].size() > 1)
    text += "\n" + candidateTable(plan["candidates"]) + "The winner has " + whyItWon(plan["candidates"]);
  Table table({"machine", "roofline", "bound by", "predicted", "blocks/SM", "warps/SM"});
  for (const Json &row : rooflines)
    table.add({row["machine"].get<std::string>(), formatSeconds(row["bound_seconds"].get<double>()),
               row["bound_by"].get<std::string>(),
               row["predicted_seconds"].is_number() ? formatSeconds(row["predicted_seconds"].get<double>()) : "-",
               std::to_string(row["resident_blocks"].get<int64_t>()),
               std::to_string(row["resident_warps"].get<int64_t>())});
  return text + "\n" + table.print() +
         "A model that no GPU has confirmed; its formulas stand in compiler/Plan/README.md.\n";
}
