//===- Run.cpp - muntin run -----------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Check.h"
#include "runtime/abi/Target.h"
#include "tools/muntin/Command.h"
#include "tools/muntin/DeviceTensors.h"
#include "tools/muntin/PlanJson.h"
#include "tools/muntin/Report.h"
#include "tools/muntin/Tensors.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>

using namespace muntin;

static constexpr const char *kExamples = R"(Examples:
  muntin run --grid 56x56 --heads 4 --mask 'neighborhood(window=7x7)' --check
      random input, compared with the reference interpreter; exit code 1 beyond the limits
  muntin run --q q.npy --k k.npy --v v.npy --mask 'sliding(left=128, right=0)' --out o.npy --lse lse.npy
      tensors from files, shapes and dtype are theirs; results are float32
  muntin run --grid 4096 --heads 8 --kv-heads 2 --dtype bf16 --mask 'all_of(causal(), document())' --json)";

namespace {
/// The files of --out and --lse, opened before the work and filled after it.
struct OutputFiles {
  std::optional<OutputFile> out, lse;
};

struct RunOutcome {
  double compileSeconds = 0, runSeconds = 0;
  bool fromDisk = false;
  Json plan;
  std::string variant;
  std::optional<reference::CheckResult> check;
};
} // namespace

static Status openOutput(const char *field, const Text &path, std::optional<OutputFile> &file) {
  if (!path)
    return {};
  Result<OutputFile> created = OutputFile::create(*path);
  if (!created)
    return {created.status().code(), fmt::format("{} {}", field, created.status().message())};
  file.emplace(std::move(*created));
  return {};
}

static Status writeOutputs(const Request &request, const Tensors &tensors, OutputFiles &files) {
  if (files.out)
    if (Status status = writeNpy(*files.out, outShape(request), widenOut(request, tensors).data()); !status)
      return status;
  if (files.lse)
    if (Status status = writeNpy(*files.lse, lseShape(request), tensors.lse.data()); !status)
      return status;
  // Both are complete: only now do they get their names.
  if (files.out)
    if (Status status = files.out->commit(); !status)
      return status;
  return files.lse ? files.lse->commit() : Status();
}

static double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

static Status execute(const Options &options, const Request &request, Tensors &tensors, RunOutcome &outcome) {
  Result<Session> session = openSession(options, request.threads);
  if (!session)
    return session.status();
  Expected<Kernel> kernel = [&] {
    Progress progress("compiling");
    const auto start = std::chrono::steady_clock::now();
    Expected<Kernel> prepared = session->prepare(request.attention());
    outcome.compileSeconds = secondsSince(start);
    return prepared;
  }();
  if (!kernel)
    return toStatus(kernel.error());
  {
    Progress progress("running");
    Arguments arguments = runtimeArguments(request, tensors);
    DeviceTensors copies(*session);
    if (Status status = copies.send(arguments); !status)
      return status;
    const auto start = std::chrono::steady_clock::now();
    if (Outcome done = kernel->run(arguments); !done)
      return toStatus(done);
    outcome.runSeconds = secondsSince(start);
    if (Status status = copies.fetch(); !status)
      return status;
  }
  Expected<mtn_kernel_info> info = kernel->info();
  Expected<std::string> variant = kernel->variant(request.extents());
  if (!info || !variant)
    return toStatus(info ? variant.error() : info.error());
  outcome.plan = planOfVariant(parseJsonOrText(info->plan), *variant);
  outcome.fromDisk = info->origin == MTN_FROM_DISK;
  outcome.variant = *variant;
  return {};
}

static void printOutcome(const Options &o, const Request &request, const RunOutcome &outcome) {
  const bool random = !o.q;
  if (o.json) {
    Json json;
    json["max_relative_error"] = outcome.check ? Json(outcome.check->maxRelativeError) : Json();
    json["compile_seconds"] = outcome.compileSeconds;
    json["run_seconds"] = outcome.runSeconds;
    json["plan"] = outcome.plan;
    json["variant"] = outcome.variant;
    json["target"] = request.problem.target;
    if (random)
      json["seed"] = request.seed;
    if (outcome.check) {
      json["pass"] = outcome.check->pass;
      json["max_lse_error"] = outcome.check->maxLseError;
      json["limit_relative_error"] = outcome.check->limits.relative;
      json["limit_lse_error"] = outcome.check->limits.lse;
      json["rows_checked"] = outcome.check->rowsChecked;
      json["rows"] = outcome.check->rows;
    }
    return emitJson(json);
  }
  Facts facts;
  facts.add("problem", problemKey(request.problem));
  facts.add("input", random ? fmt::format("random, seed {}", request.seed) : "files");
  facts.add("plan", fmt::format("{} (variant {})", printPlan(outcome.plan), outcome.variant));
  facts.add("compile", formatSeconds(outcome.compileSeconds) + (outcome.fromDisk ? ", from the disk cache" : ""));
  facts.add("run", formatSeconds(outcome.runSeconds));
  if (const auto &check = outcome.check) {
    facts.add("check",
              fmt::format("{}, {} of {} rows", check->pass ? "passed" : "FAILED", check->rowsChecked, check->rows));
    facts.add("relative error", fmt::format("{:.2e}, limit {:.2e}", check->maxRelativeError, check->limits.relative));
    facts.add("lse error", fmt::format("{:.2e}, limit {:.2e}", check->maxLseError, check->limits.lse));
  }
  emit(facts.print());
}

static Status run(const Options &options) {
  if (Status status = checkDevice(options); !status)
    return status;
  Result<std::optional<InputFiles>> files = readInputFiles(options);
  if (!files)
    return files.status();
  const InputFiles *inputs = *files ? &**files : nullptr;
  Result<Request> request = makeRequest(options, {.shape = true, .execution = true}, inputs);
  if (!request)
    return request.status();
  if (Result<uint64_t> bytes = checkMemory(*request); !bytes)
    return bytes.status();
  if (options.out && options.lse && *options.out == *options.lse)
    return Status::invalid(fmt::format("--out and --lse are both {}; expected two files", *options.out));
  OutputFiles outputs;
  if (Status status = openOutput("--out", options.out, outputs.out); !status)
    return status;
  if (Status status = openOutput("--lse", options.lse, outputs.lse); !status)
    return status;
  Result<Tensors> tensors = makeTensors(options, *request, inputs);
  if (!tensors)
    return tensors.status();
  files->reset(); // converted by now
  RunOutcome outcome;
  if (Status status = execute(options, *request, *tensors, outcome); !status)
    return status;
  if (options.check) {
    Progress progress("checking against the reference");
    outcome.check =
        reference::check(request->problem, *request->shape, referenceInputs(*request, *tensors),
                         referenceOutputs(*request, *tensors), {.seed = request->seed, .threads = request->threads});
  }
  if (Status status = writeOutputs(*request, *tensors, outputs); !status)
    return status;
  printOutcome(options, *request, outcome);
  if (outcome.check && !outcome.check->pass)
    return {StatusCode::CheckFailed, "the result is wrong: " + outcome.check->worst};
  return {};
}

void muntin::addRun(CLI::App &app, Options &o, Action &action) {
  CLI::App *command = app.add_subcommand("run", "run a problem on tensors from files or on random input");
  addProblemOptions(*command, o);
  addTensorOptions(*command, o);
  addTargetOption(*command, o, /*repeated=*/false);
  addDeviceOptions(*command, o);
  command->add_option("--out", o.out, "write the result, float32")->type_name("FILE")->group("Output");
  command->add_option("--lse", o.lse, "write log(sum(exp(scores))) of each query, float32")
      ->type_name("FILE")
      ->group("Output");
  command->add_flag("--check", o.check, "compare with the reference interpreter")->group("Output");
  addJsonOption(*command, o);
  command->footer(kExamples);
  command->callback([&action] { action = run; });
}
