//===- Explain.cpp - muntin explain ---------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Pairs.h"
#include "runtime/abi/Target.h"
#include "tools/muntin/Command.h"
#include "tools/muntin/ExplainGpu.h"
#include "tools/muntin/Measure.h"
#include "tools/muntin/PlanJson.h"
#include "tools/muntin/Report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

using namespace muntin;

static constexpr const char *kExamples = R"(Examples:
  muntin explain --grid 56x56 --heads 4 --mask 'neighborhood(window=13x13)'
  muntin explain --grid 4096 --mask 'any_of(sliding(left=64, right=64), global(tokens=4))' --json
  muntin explain --grid 56x56 --mask 'neighborhood(window=7x7)' --target avx512-bf16 --dtype bf16)";

namespace {
struct Explanation {
  Json plan; ///< all of MTN_EMIT_PLAN
  uint64_t kept = 0;
  double flops = 0, bytes = 0;
  std::optional<BoxCounts> boxes; ///< key boxes by class; absent for large grids and without tokens
  // Known where this machine can execute the target.
  std::optional<uint64_t> processed;
  std::optional<size_t> workspace; ///< bytes
  std::optional<double> peak;      ///< of one thread
  std::string variant;
};
} // namespace

/// Compiles and loads the kernel, and lets it count. The plan follows from the key, so it is that of the kernel.
static Status askKernel(const Options &options, const Request &request, Tensors &segments, Explanation &result) {
  Result<const Target *> target = findTarget(request.problem.target);
  if (!target || ((*target)->gpu ? !isGpuDevice(options) : !machineSupports(**target)))
    return {};
  Result<Session> session = openSession(options, request.threads);
  if (!session)
    return session.status();
  Progress progress("compiling and counting");
  Expected<Kernel> kernel = session->prepare(request.attention());
  if (!kernel)
    return toStatus(kernel.error());
  Expected<std::string> variant = kernel->variant(request.extents());
  if (!variant)
    return toStatus(variant.error());
  result.variant = *variant;
  Expected<size_t> workspace = kernel->workspace(request.extents());
  if (!workspace)
    return toStatus(workspace.error());
  result.workspace = *workspace;
  const std::optional<mtn_tensor> q = segmentTensor(request, segments), k = kvSegmentTensor(request, segments);
  Expected<uint64_t> processed = kernel->processedPairs(request.extents(), q ? &*q : nullptr, k ? &*k : nullptr);
  if (!processed)
    return toStatus(processed.error());
  result.processed = *processed;
  constexpr double probeSeconds = 0.02;
  if (const PeakLoop *loop = peakLoop(**target, request.problem.element))
    result.peak = measurePeak(*loop, 1, probeSeconds).wall;
  return {};
}

static Result<Explanation> explainRequest(const Options &options, const Request &request) {
  Tensors segments;
  if (Status status = makeSegments(options, request, segments); !status)
    return status;
  Explanation result;
  Result<int64_t> kept = reference::pairsKept(request.problem, *request.shape, referenceInputs(request, segments));
  if (!kept)
    return kept.status();
  result.kept = static_cast<uint64_t>(*kept);
  result.flops = forwardFlops(request.problem, static_cast<double>(*kept));
  const TensorSizes sizes = tensorSizes(request);
  result.bytes = elementTypeBytes(request.problem.element) *
                     (double(sizes.q) + double(sizes.k) + double(sizes.v) + double(sizes.out)) +
                 sizeof(float) * double(sizes.lse);
  Result<Json> plan = planJson(options, request);
  if (!plan)
    return plan.status();
  result.plan = planOfVariant(*plan, variantFor(*plan, request.shape->grid));
  if (Result<PlanBoxes> boxes = boxesOf(result.plan, request.problem.rank))
    if (Result<PairRule> rule = makePairRule(options, request)) {
      Progress progress("classifying boxes");
      result.boxes = countBoxes(*boxes, *rule);
    }
  if (Status status = askKernel(options, request, segments, result); !status)
    return status;
  return result;
}

static Json seconds(const Request &request, const Explanation &e) {
  return e.processed && e.peak ? predictedSeconds(e.plan, request.problem, *e.processed, *e.peak) : Json();
}

/// Predicted flops of the pairs kept, over the measured peak.
static Json share(const Request &request, const Explanation &e) {
  const Json predicted = seconds(request, e);
  return predicted.is_number() && predicted > 0 ? Json(e.flops / predicted.get<double>() / *e.peak) : Json();
}

static Json rooflines(const Request &request, const Explanation &e) {
  return predictRooflines(request, e.plan, double(e.kept), e.bytes);
}

static void printJson(const Request &request, const Explanation &e) {
  Json json;
  json["plan"] = e.plan;
  json["plan"].erase("candidates");
  json["pairs_kept"] = e.kept;
  json["pairs_processed"] = e.processed ? Json(*e.processed) : Json();
  json["key_boxes"] =
      !e.boxes ? Json()
               : Json{{"full", e.boxes->boxes[2]}, {"partial", e.boxes->boxes[1]}, {"empty", e.boxes->boxes[0]}};
  const std::optional<double> onGpu = gpuSeconds(request, e.plan);
  json["predicted_seconds"] = onGpu ? Json(*onGpu) : seconds(request, e);
  json["predicted_share_of_peak"] = share(request, e);
  json["flops_peak"] = e.peak ? Json(*e.peak) : Json();
  json["flops"] = e.flops;
  json["bytes"] = e.bytes;
  json["workspace_bytes"] = e.workspace ? Json(*e.workspace) : Json();
  json["variant"] = e.variant.empty() ? Json() : Json(e.variant);
  const std::string refusal = launchRefusal(request, e.plan);
  json["launch_refused"] = refusal.empty() ? Json() : Json(refusal);
  json["rooflines"] = rooflines(request, e);
  json["assembly"] = e.plan.contains("assembly") ? e.plan["assembly"] : Json();
  json["other_assemblies"] = e.plan.value("other_assemblies", Json::array()); // of --cubin
  if (e.plan.contains("candidates"))
    json["candidates"] = e.plan["candidates"];
  emitJson(json);
}

static void addPlan(Facts &facts, const Json &plan) {
  facts.add("plan", printPlan(plan));
  static constexpr std::pair<const char *, const char *> fields[] = {
      {"query_box", "  query box"},
      {"query_step", "  query step"},
      {"key_box", "  key box"},
      {"pack", "  packed"},
      {"shared_bytes", "  shared memory"},
      {"estimated_registers", "  registers, about"},
      {"mask_instructions_per_score", "  instructions to mask a score"},
      {"capacity", "  keys, at most"},
      {"engine", "  products by"}};
  auto remark = [&](const std::string &key) {
    if (key == "key_box" && plan.contains("hulls") && plan["hulls"] == 2)
      return " for each half of it";
    return key == "pack" && plan.contains("strip") ? " by each task, those that its neighbour has not" : "";
  };
  for (const auto &[key, name] : fields)
    if (plan.contains(key))
      facts.add(name, printValue(plan[key]) + remark(key));
}

static void addOneAssembly(Facts &facts, const Json &assembly) {
  facts.add("assembled", fmt::format("by {} for {}: {}", assembly["assembler"].get<std::string>(),
                                     assembly["architecture"].get<std::string>(),
                                     formatBytes(assembly["cubin_bytes"].get<double>())));
  for (const Json &kernel : assembly["kernels"])
    facts.add("", fmt::format("{}: {} registers, {} bytes of stack, {} + {} spilled, {} of shared memory",
                              kernel["entry"].get<std::string>(), kernel["registers"].get<int64_t>(),
                              kernel["stack_bytes"].get<int64_t>(), kernel["spill_store_bytes"].get<int64_t>(),
                              kernel["spill_load_bytes"].get<int64_t>(), kernel["shared_bytes"].get<int64_t>()));
  for (const Json &message : assembly["messages"])
    facts.add("", message.get<std::string>());
}

/// What the assembler found, or that nobody has looked.
static void addAssembly(Facts &facts, const Json &plan) {
  if (plan.contains("note"))
    facts.add("  NOT CLEAN", plan["note"].get<std::string>());
  if (!plan.contains("assembly"))
    return;
  const Json &assembly = plan["assembly"];
  if (!assembly.is_object()) {
    facts.add("assembled", "no: this machine has no assembler, or MUNTIN_PTXAS is off; the driver will, unexamined");
    return;
  }
  addOneAssembly(facts, assembly);
  if (plan.contains("other_assemblies"))
    for (const Json &other : plan["other_assemblies"])
      addOneAssembly(facts, other);
}

static void printText(const Request &request, const Explanation &e) {
  Facts facts;
  facts.add("problem", problemKey(request.problem));
  addPlan(facts, e.plan);
  addAssembly(facts, e.plan);
  if (const std::string refusal = launchRefusal(request, e.plan); !refusal.empty())
    facts.add("launch", refusal);
  facts.add("variant", e.variant.empty()
                           ? fmt::format("unknown: this machine cannot execute {}", request.problem.target)
                           : fmt::format("{} for --grid {}", e.variant, printExtents(request.shape->grid)));
  for (const std::string &line : printVariants(e.plan))
    facts.add("", line);
  if (e.boxes)
    facts.add("key boxes", fmt::format("{} full, {} partial, {} empty, for each head", e.boxes->boxes[2],
                                       e.boxes->boxes[1], e.boxes->boxes[0]));
  facts.add("pairs kept", formatCount(e.kept));
  if (!e.processed)
    facts.add("pairs computed", fmt::format("unknown: this machine cannot execute {}", request.problem.target));
  else
    facts.add("pairs computed", fmt::format("{}, of which {} are kept", formatCount(*e.processed),
                                            formatPercent(*e.processed ? double(e.kept) / double(*e.processed) : 1)));
  facts.add("work", fmt::format("{:.4g} GFLOP: 2 x (D + Dv) for each pair kept", e.flops / 1e9));
  facts.add("memory", fmt::format("{} of tensors, {:.1f} FLOP for each byte", formatBytes(e.bytes),
                                  e.bytes > 0 ? e.flops / e.bytes : 0));
  if (e.workspace && *e.workspace > 0)
    facts.add("workspace", formatBytes(double(*e.workspace)));
  if (const std::optional<double> predicted = gpuSeconds(request, e.plan))
    facts.add("predicted", formatSeconds(*predicted));
  if (const Json predicted = seconds(request, e); predicted.is_number()) {
    const Json effective = share(request, e);
    facts.add("predicted",
              fmt::format("{} on one thread, {} of peak ({}, measured now)", formatSeconds(predicted.get<double>()),
                          formatPercent(effective.is_number() ? effective.get<double>() : 0), formatRate(*e.peak)));
  }
  emit(facts.print() + printGpuTables(e.plan, rooflines(request, e)));
}

static Status explain(const Options &options) {
  if (Status status = checkDevice(options); !status)
    return status;
  Result<Request> request = makeRequest(options, {});
  if (!request)
    return request.status();
  if (Status status = checkCubins(options, {&*request, 1}); !status)
    return status;
  Result<Explanation> explanation = explainRequest(options, *request);
  if (!explanation)
    return explanation.status();
  if (options.json)
    printJson(*request, *explanation);
  else
    printText(*request, *explanation);
  return {};
}

void muntin::addExplain(CLI::App &app, Options &o, Action &action) {
  CLI::App *command = app.add_subcommand("explain", "what the compiler decided and what it costs");
  addProblemOptions(*command, o);
  addTargetOption(*command, o, /*repeated=*/false);
  addCubinOption(*command, o);
  addDeviceOptions(*command, o);
  command->add_option("--segments", o.segments, "int32 [B, tokens] for document()")->type_name("FILE");
  command->add_option("--kv-segments", o.kvSegments, "those of the keys")->type_name("FILE");
  command->add_option("--random", o.random, "seed of random segments (default 0)")->type_name("SEED");
  addJsonOption(*command, o);
  command->footer(kExamples);
  command->callback([&action] { action = explain; });
}
