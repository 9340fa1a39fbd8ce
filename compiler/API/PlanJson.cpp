//===- PlanJson.cpp - the plan, for people and programs -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/API/Compilation.h"
#include "compiler/Plan/GpuPlan.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace muntin;

static llvm::json::Array listOf(const std::vector<int64_t> &values) {
  llvm::json::Array list;
  for (int64_t value : values)
    list.push_back(value);
  return list;
}

static llvm::json::Object describePlan(const Candidate &candidate) {
  const Plan &plan = candidate.plan;
  llvm::json::Object object{{"text", plan.print()},
                            {"template", plan.templateName},
                            {"query_box", listOf(plan.queryBox)},
                            {"query_step", listOf(plan.queryStep)},
                            {"key_box", listOf(plan.keyBox)}};
  auto add = [&](const char *name, int64_t value) { object[name] = value; };
  if (!candidate.note.empty())
    object["note"] = candidate.note;
  if (plan.warps > 0) {
    add("warps", plan.warps), add("stages", plan.stages);
    add("shared_bytes", candidate.sharedBytes), add("estimated_registers", candidate.registers);
    if (plan.capacity > 0)
      add("capacity", plan.capacity);
    if (plan.registers > 0)
      add("registers", plan.registers);
    if (plan.oneWalk)
      add("walks", 1);
    if (plan.resident > 0)
      add("resident", plan.resident);
    if (!plan.engine.empty())
      object["engine"] = plan.engine;
    return object;
  }
  add("hulls", plan.trimmed ? 2 : 1);
  add("rows", plan.rows), add("vectors", plan.blockVectors), add("lanes", plan.lanes);
  object["pack"] = plan.pack;
  if (!plan.strip.empty())
    object["strip"] = listText(plan.strip);
  return object;
}

/// Multiply-adds of the processed pairs at the machine's peak (two vectors a cycle on a CPU), over the predicted
/// cycles.
static double shareOfPeak(const Problem &problem, const Target &target, const Candidate &candidate) {
  double perCycle = target.gpu ? productsPerClock(problem, *target.gpu)
                               : 2.0 * double(candidate.plan.lanes) * (candidate.plan.pairs ? 2 : 1);
  return candidate.processedPairs * double(problem.headDim + problem.valueDim) / perCycle / candidate.cycles();
}

static llvm::json::Object describe(const Problem &problem, const Target &target, const Candidate &candidate) {
  llvm::json::Object object = describePlan(candidate);
  if (!candidate.refused.empty()) {
    object["refused"] = candidate.refused;
  } else if (candidate.cycles() > 0) {
    object["predicted_processed_pairs_per_query"] = candidate.processedPairs;
    object["predicted_cycles_per_query"] = candidate.cycles();
    object["predicted_product_cycles"] = candidate.productCycles;
    object["predicted_softmax_cycles"] = candidate.softmaxCycles;
    object["predicted_box_cycles"] = candidate.boxCycles;
    if (candidate.maskInstructions > 0)
      object["mask_instructions_per_score"] = candidate.maskInstructions;
    object["predicted_processed_share_of_peak"] = shareOfPeak(problem, target, candidate);
  }
  return object;
}

/// The plans of an image for CPUs, in the order in which the launch recipe tries them.
static llvm::json::Array describeVariants(const Problem &problem, const Target &target, const Decision &decision) {
  llvm::json::Array variants;
  const auto add = [&](const Candidate &candidate) {
    llvm::json::Object object = describe(problem, target, candidate);
    object["name"] = candidate.plan.variant();
    llvm::json::Array most;
    for (const int64_t extent : candidate.plan.most)
      most.push_back(extent < kAnyExtent ? llvm::json::Value(extent) : llvm::json::Value(nullptr));
    object["longest_grid"] = std::move(most);
    variants.push_back(std::move(object));
  };
  for (const Candidate &candidate : decision.variants)
    add(candidate);
  add(decision.winner());
  return variants;
}

static llvm::json::Object describeAssembly(const std::string &assembler, const Assembly &assembly) {
  llvm::json::Array kernels, messages;
  for (const KernelUse &kernel : assembly.kernels)
    kernels.push_back(llvm::json::Object{{"entry", kernel.entry},
                                         {"registers", kernel.registers},
                                         {"stack_bytes", kernel.stackBytes},
                                         {"spill_store_bytes", kernel.spillStoreBytes},
                                         {"spill_load_bytes", kernel.spillLoadBytes},
                                         {"shared_bytes", kernel.sharedBytes}});
  for (const std::string &message : assembly.messages)
    messages.push_back(message);
  return llvm::json::Object{{"assembler", assembler},
                            {"architecture", assembly.architecture},
                            {"cubin_bytes", int64_t(assembly.cubin.size())},
                            {"kernels", std::move(kernels)},
                            {"messages", std::move(messages)}};
}

std::string muntin::planJson(const Problem &problem, const Target &target, const Decision &decision,
                             const AssembledBy &by, const mtnc_options &options) {
  llvm::json::Object object = describe(problem, target, decision.winner());
  object["target"] = target.name;
  object["problem"] = problemKey(problem);
  object["nominal_grid"] = listOf(decision.nominalGrid);
  if (target.gpu) // null: nobody has looked, and the driver assembles
    object["assembly"] = by.assemblies.empty() ? llvm::json::Value(nullptr)
                                               : llvm::json::Value(describeAssembly(by.name, by.assemblies[0]));
  if (by.assemblies.size() > 1) {
    llvm::json::Array others;
    for (const Assembly &assembly : llvm::ArrayRef(by.assemblies).drop_front())
      others.push_back(describeAssembly(by.name, assembly));
    object["other_assemblies"] = std::move(others);
  }
  if (!target.gpu)
    object["variants"] = describeVariants(problem, target, decision);
  llvm::json::Array candidates, refused;
  for (const Candidate &candidate : decision.candidates) {
    if (options.emit == MTNC_EMIT_PLAN)
      candidates.push_back(describe(problem, target, candidate));
    if (candidate.assembled)
      refused.push_back(llvm::json::Object{{"text", candidate.plan.print()}, {"refused", candidate.refused}});
  }
  if (options.emit == MTNC_EMIT_PLAN)
    object["candidates"] = std::move(candidates);
  if (!refused.empty())
    object["refused_by_assembler"] = std::move(refused);
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << llvm::json::Value(std::move(object));
  return text;
}
