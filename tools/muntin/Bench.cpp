//===- Bench.cpp - muntin bench -------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Pairs.h"
#include "runtime/abi/Target.h"
#include "tools/muntin/Command.h"
#include "tools/muntin/Measure.h"
#include "tools/muntin/PlanJson.h"
#include "tools/muntin/Report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>

using namespace muntin;

static constexpr const char *kExamples = R"(Examples:
  muntin bench --grid 56x56 --heads 4 --mask 'neighborhood(window=13x13)' --dtype bf16 --threads 1
  muntin bench --grid 3136 --heads 4 --head-dim 128 --json

The share of peak counts the pairs that the mask keeps, nothing that the kernel computes besides; the peak is what a
loop of multiply-adds between registers reaches in the same run, at the same vector width, on as many threads. On a GPU
runs are timed in batches on a stream, and no peak is measured.)";

namespace {
struct BenchResult {
  Measurement measured;
  double compileSeconds = 0;
  Json stages = Json::object();
  Json plan, predicted; ///< predicted: seconds, or null
  std::string variant;
  uint64_t kept = 0, processed = 0;
  int threads = 1;
  const PeakLoop *loop = nullptr;

  double rate(const Problem &problem, uint64_t pairs) const {
    return measured.median > 0 ? forwardFlops(problem, static_cast<double>(pairs)) / measured.median : 0;
  }
};
} // namespace

/// Pairs kept by the mask and computed by the kernel, over batch and heads.
static Status countPairs(const Request &request, Tensors &tensors, const Kernel &kernel, BenchResult &result) {
  Result<int64_t> kept = reference::pairsKept(request.problem, *request.shape, referenceInputs(request, tensors));
  if (!kept)
    return kept.status();
  result.kept = static_cast<uint64_t>(*kept);
  const std::optional<mtn_tensor> segments = segmentTensor(request, tensors),
                                  kvSegments = kvSegmentTensor(request, tensors);
  Expected<uint64_t> processed =
      kernel.processedPairs(request.extents(), segments ? &*segments : nullptr, kvSegments ? &*kvSegments : nullptr);
  if (!processed)
    return toStatus(processed.error());
  result.processed = *processed;
  return {};
}

static Status describeKernel(const Kernel &kernel, const Request &request, BenchResult &result) {
  Expected<mtn_kernel_info> info = kernel.info();
  if (!info)
    return toStatus(info.error());
  for (size_t i = 0; i < info->num_stages; ++i)
    result.stages[info->stages[i].stage] = info->stages[i].seconds;
  Expected<std::string> variant = kernel.variant(request.extents());
  if (!variant)
    return toStatus(variant.error());
  result.variant = *variant;
  result.plan = planOfVariant(parseJsonOrText(info->plan), *variant);
  return {};
}

static Result<BenchResult> benchmark(const Options &options, const Request &request, Tensors &tensors, double seconds) {
  // Cold: no kernel comes from the disk, and the compiler library is opened in this time too.
  Result<Session> session = openSession(options, request.threads, MTN_CACHE_OFF);
  if (!session)
    return session.status();
  BenchResult result;
  Progress progress("measuring");
  const auto start = std::chrono::steady_clock::now();
  Expected<Kernel> kernel = session->prepare(request.attention());
  result.compileSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!kernel)
    return toStatus(kernel.error());
  Expected<mtn_device_info> device = session->device();
  if (!device)
    return toStatus(device.error());
  result.threads = device->threads;
  if (Status status = describeKernel(*kernel, request, result); !status)
    return status;
  if (Status status = countPairs(request, tensors, *kernel, result); !status)
    return status;
  if (isGpuDevice(options)) {
    Result<Measurement> measured = measureOnDevice(*session, *kernel, request, tensors, seconds);
    if (!measured)
      return measured.status();
    result.measured = *measured;
    return result;
  }
  Expected<Call> call = kernel->call(runtimeArguments(request, tensors));
  if (!call)
    return toStatus(call.error());
  Result<const Target *> target = findTarget(request.problem.target);
  result.loop = target ? peakLoop(**target, request.problem.element) : nullptr;
  Result<Measurement> measured = measure(*call, request, tensors, result.loop, result.threads, seconds);
  if (!measured)
    return measured.status();
  result.measured = *measured;
  result.predicted =
      predictedSeconds(result.plan, request.problem, result.processed, result.measured.peak / result.threads);
  return result;
}

static void printJson(const Request &request, const BenchResult &r) {
  const double effective = r.rate(request.problem, r.kept), processed = r.rate(request.problem, r.processed);
  const double peak = r.measured.peak;
  Json json;
  json["seconds"] = r.measured.median;
  json["seconds_min"] = r.measured.least;
  json["predicted_seconds"] = r.predicted;
  json["pairs_kept"] = r.kept;
  json["pairs_processed"] = r.processed;
  json["flops_effective"] = effective;
  json["flops_processed"] = processed;
  json["flops_peak"] = r.loop ? Json(peak) : Json();
  json["share_of_peak"] = peak > 0 ? Json(effective / peak) : Json();
  // Two views that other programs on the machine disturb less: the least time against the greatest probe, and CPU time
  // against CPU time, of one thread.
  json["share_of_peak_best"] =
      peak > 0 ? Json(effective * r.measured.median / r.measured.least / r.measured.bestPeak) : Json();
  json["share_of_peak_cpu"] = peak > 0 && r.threads == 1
                                  ? Json(effective * r.measured.median / r.measured.cpuMedian / r.measured.cpuPeak)
                                  : Json();
  json["processed_share_of_peak"] = peak > 0 ? Json(processed / peak) : Json();
  json["peak_instruction"] = r.loop ? Json(r.loop->instruction) : Json();
  json["compile_seconds"] = r.compileSeconds;
  json["stages"] = r.stages;
  json["threads"] = r.threads;
  json["runs"] = r.measured.runs;
  json["target"] = request.problem.target;
  json["dtype"] = elementTypeName(request.problem.element);
  json["plan"] = r.plan;
  json["variant"] = r.variant;
  emitJson(json);
}

static void printText(const Request &request, const BenchResult &r) {
  const double effective = r.rate(request.problem, r.kept), processed = r.rate(request.problem, r.processed);
  const double peak = r.measured.peak;
  const auto share = [&](double rate) { return peak > 0 ? formatPercent(rate / peak) + " of peak" : "no peak known"; };
  std::string stages;
  for (const auto &[stage, seconds] : r.stages.items())
    stages += fmt::format("{}{} {}", stages.empty() ? "" : ", ", stage, formatSeconds(seconds.get<double>()));
  const bool gpu = r.plan.contains("warps");
  const std::string where = gpu ? " in batches" : fmt::format(" on {} thread{}", r.threads, r.threads == 1 ? "" : "s");
  Facts facts;
  facts.add("problem", problemKey(request.problem));
  facts.add("plan", fmt::format("{} (variant {})", printPlan(r.plan), r.variant));
  facts.add("time", fmt::format("{} median, {} least, of {} runs{}", formatSeconds(r.measured.median),
                                formatSeconds(r.measured.least), r.measured.runs, where));
  if (r.predicted.is_number())
    facts.add("predicted", formatSeconds(r.predicted.get<double>()) + " on one thread");
  facts.add("pairs", fmt::format("{} kept of {} computed", formatCount(r.kept), formatCount(r.processed)));
  facts.add("effective", fmt::format("{}, {}", formatRate(effective), share(effective)));
  facts.add("computed", fmt::format("{}, {}", formatRate(processed), share(processed)));
  if (r.loop)
    facts.add("peak",
              fmt::format("{}, {}, median of {} probes", formatRate(peak), r.loop->instruction, r.measured.probes));
  facts.add("compile", fmt::format("{} ({})", formatSeconds(r.compileSeconds), stages));
  emit(facts.print());
}

static Status bench(const Options &options) {
  if (Status status = checkDevice(options); !status)
    return status;
  if (options.device.value_or("").starts_with("emulator"))
    return Status::invalid(
        fmt::format("--device is {}: the emulator knows no time; `muntin explain` and tools/baselines "
                    "count what it does",
                    *options.device));
  Result<double> seconds = parseFinite("--seconds", options.seconds.value_or("1"));
  if (!seconds)
    return seconds.status();
  if (*seconds <= 0 || *seconds > 3600)
    return Status::invalid(fmt::format("--seconds is {}; expected more than 0 and at most 3600", *seconds));
  Result<std::optional<InputFiles>> files = readInputFiles(options);
  if (!files)
    return files.status();
  const InputFiles *inputs = *files ? &**files : nullptr;
  Result<Request> request = makeRequest(options, {.shape = true, .execution = true}, inputs);
  if (!request)
    return request.status();
  if (Result<uint64_t> bytes = checkMemory(*request); !bytes)
    return bytes.status();
  Result<Tensors> tensors = makeTensors(options, *request, inputs);
  if (!tensors)
    return tensors.status();
  Result<BenchResult> result = benchmark(options, *request, *tensors, *seconds);
  if (!result)
    return result.status();
  if (options.json)
    printJson(*request, *result);
  else
    printText(*request, *result);
  return {};
}

void muntin::addBench(CLI::App &app, Options &o, Action &action) {
  CLI::App *command = app.add_subcommand("bench", "time a problem beside the machine's peak");
  addProblemOptions(*command, o);
  addTensorOptions(*command, o);
  addTargetOption(*command, o, /*repeated=*/false);
  addDeviceOptions(*command, o);
  command->add_option("--seconds", o.seconds, "measure about so long (default 1)")->type_name("X")->group("Output");
  addJsonOption(*command, o);
  command->footer(kExamples);
  command->callback([&action] { action = bench; });
}
