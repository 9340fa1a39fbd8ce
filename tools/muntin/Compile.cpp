//===- Compile.cpp - muntin compile ---------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Image.h"
#include "runtime/abi/Target.h"
#include "tools/muntin/Command.h"
#include "tools/muntin/PlanJson.h"
#include "tools/muntin/Problems.h"
#include "tools/muntin/Report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <unistd.h>

using namespace muntin;

static constexpr const char *kExamples = R"help(Examples:
  muntin compile --rank 2 --mask 'neighborhood(window=7x7)'
      compile for this machine: what came out, and where the time went
  muntin compile --rank 2 --mask 'neighborhood(window=7x7)' --emit tile
      the scheduled kernel in the tile dialect; attn, llvm and asm are the other texts
  muntin compile --rank 1 --mask 'sliding(left=128, right=0)' --target x86-64-v4 --target avx512-bf16 --emit asm -o k.s
  muntin compile --rank 3 --mask 'neighborhood(window=5x9x9)' --emit object -o kernel.o
  muntin compile --rank 1 --mask 'causal()' --head-dim 64 --head-dim 128 --dtype f32 --dtype f16 -o kernels.mtn
      a bundle of all combinations, which a program opens without a compiler
  muntin compile --rank 1 --mask 'causal()' --dtype bf16 --target sm_80 --cubin sm_80,sm_90,sm_100 -o kernels.mtn
      for GPUs: machine code for three architectures, where there is ptxas, and PTX for all others
  muntin compile --rank 1 --mask 'causal()' --target x86-64-v3 --target x86-64-v4 -o kernels.mtn --embed my_kernels
      and my_kernels.c, my_kernels.h, which link it into a program

A file of --problems is a JSON list, whose fields are called as the options; what is left out is as on the command line:
  [{"mask": "neighborhood(window=7x7)", "rank": 2, "dtype": "bf16"}, {"mask": "causal()", "rank": 1, "head-dim": 128}])help";

namespace {
struct Stage {
  const char *name;
  mtn_emit emit;
  const char *comment; ///< starts a comment line in its syntax; null: binary
};
} // namespace

static constexpr Stage kStages[] = {{"attn", MTN_EMIT_ATTN, "//"},      {"tile", MTN_EMIT_TILE, "//"},
                                    {"llvm", MTN_EMIT_LLVM, ";"},       {"asm", MTN_EMIT_ASM, "#"},
                                    {"ptx", MTN_EMIT_ASM, "//"},        {"object", MTN_EMIT_OBJECT, nullptr},
                                    {"cubin", MTN_EMIT_OBJECT, nullptr}};

static Result<const Stage *> findStage(const std::string &name) {
  for (const Stage &stage : kStages)
    if (name == stage.name)
      return &stage;
  return Status::invalid(
      fmt::format("--emit is '{}'; expected attn, tile, llvm, asm, object or bundle, for GPUs ptx or cubin", name));
}

/// One text of every kernel, each under a line that names it if there are several; or one binary.
static Status emitStage(const Options &options, const Stage &stage, const std::vector<Request> &requests) {
  const std::string path = options.output.value_or("-");
  if (!stage.comment && requests.size() > 1)
    return Status::invalid(
        fmt::format("--emit {} is one file, but {} kernels are asked for; expected one, or --emit bundle", stage.name,
                    requests.size()));
  if (!stage.comment && path == "-" && ::isatty(STDOUT_FILENO))
    return Status::invalid(
        fmt::format("-o is missing; --emit {} is binary and standard output a terminal", stage.name));
  Result<OutputFile> file = OutputFile::create(path);
  if (!file)
    return {file.status().code(), "-o " + file.status().message()};
  Result<Session> session = openSession(options, 0);
  if (!session)
    return session.status();
  std::string output;
  for (const Request &request : requests) {
    Progress progress("compiling for " + request.problem.target);
    Result<Compiled> compiled = compileTo(*session, request, stage.emit);
    if (!compiled)
      return compiled.status();
    if (requests.size() > 1)
      output += fmt::format("{} {}\n", stage.comment, problemKey(request.problem));
    output += compiled->output;
  }
  if (Status status = file->write(output); !status)
    return status;
  return file->commit();
}

/// Assembly and objects are of CPUs, PTX and cubins of GPUs.
static Status checkStage(const std::string &stage, const std::string &target) {
  const Result<const Target *> row = findTarget(target);
  const bool gpu = row && (*row)->gpu;
  if (gpu && (stage == "asm" || stage == "object"))
    return Status::invalid(fmt::format("--emit is {}, which {} has not; expected {}", stage, target,
                                       stage == "asm" ? "ptx" : "cubin or ptx"));
  if (!gpu && (stage == "ptx" || stage == "cubin"))
    return Status::invalid(
        fmt::format("--emit is {}, which {} has not; expected {}", stage, target, stage == "ptx" ? "asm" : "object"));
  return {};
}

static Result<Json> summarize(const Session &session, const Request &request) {
  Progress progress("compiling for " + request.problem.target);
  Result<Compiled> compiled = compileTo(session, request, MTN_EMIT_IMAGE);
  if (!compiled)
    return compiled.status();
  Result<Image> image = deserializeImage(compiled->output);
  if (!image)
    return Status(StatusCode::CompileFailed, "the compiler's image is damaged: " + image.status().message());
  Json json;
  json["target"] = request.problem.target;
  json["problem"] = image->problemKey;
  json["plan"] = parseJsonOrText(image->plan);
  json["variants"] = Json::array();
  for (const Variant &variant : image->variants)
    json["variants"].push_back(variant.name);
  json["binaries"] = binariesJson(*image);
  json["image_bytes"] = compiled->output.size();
  double total = 0;
  for (const auto &[stage, seconds] : compiled->stages)
    total += seconds;
  json["compile_seconds"] = total;
  json["stages"] = Json::object();
  for (const auto &[stage, seconds] : compiled->stages)
    json["stages"][stage] = seconds;
  return json;
}

static std::string printSummary(const Json &json) {
  std::string variants, stages;
  for (const Json &variant : json["variants"])
    variants += (variants.empty() ? "" : ", ") + variant.get<std::string>();
  for (const auto &[stage, seconds] : json["stages"].items())
    stages += fmt::format("{}{} {}", stages.empty() ? "" : ", ", stage, formatSeconds(seconds.get<double>()));
  Facts facts;
  facts.add("problem", json["problem"].get<std::string>());
  facts.add("plan", printPlan(json["plan"]));
  facts.add("variants", variants);
  facts.add("binaries", printBinaries(json["binaries"]));
  facts.add("image", formatBytes(json["image_bytes"].get<double>()));
  facts.add("compile", formatSeconds(json["compile_seconds"].get<double>()));
  facts.add("stages", stages);
  return facts.print();
}

static Status printSummaries(const Options &options, const std::vector<Request> &requests) {
  Result<Session> session = openSession(options, 0);
  if (!session)
    return session.status();
  Json all = Json::array();
  for (const Request &request : requests) {
    Result<Json> summary = summarize(*session, request);
    if (!summary)
      return summary.status();
    all.push_back(std::move(*summary));
  }
  if (options.json) {
    emitJson({{"compilations", all}});
    return {};
  }
  std::string text;
  for (const Json &summary : all)
    text += (text.empty() ? "" : "\n") + printSummary(summary);
  emit(text);
  return {};
}

/// Every problem for every target.
static Result<std::vector<Request>> makeRequests(const Options &options) {
  const Result<std::vector<Options>> problems = expandProblems(options);
  if (!problems)
    return problems.status();
  std::vector<std::string> targets = options.targets;
  if (targets.empty())
    targets.push_back("host");
  std::vector<Request> requests;
  for (const Options &problem : *problems)
    for (const std::string &target : targets) {
      Result<Request> request = makeRequest(problem, {.shape = false}, nullptr, target);
      if (!request && problems->size() > 1)
        return Status(request.status().code(),
                      fmt::format("problem {}: {}", requests.size() / targets.size() + 1, request.status().message()));
      if (!request)
        return request.status();
      requests.push_back(std::move(*request));
    }
  return requests;
}

static Status compile(const Options &options) {
  const Result<std::vector<Request>> requests = makeRequests(options);
  if (!requests)
    return requests.status();
  if (Status status = checkCubins(options, *requests); !status)
    return status;
  const bool bundle = options.emit ? *options.emit == "bundle" : options.output.has_value();
  if (bundle)
    return compileBundle(options, *requests);
  if (options.embed)
    return Status::invalid("--embed is given without a bundle; expected -o kernels.mtn and no other --emit");
  if (!options.emit)
    return printSummaries(options, *requests);
  Result<const Stage *> stage = findStage(*options.emit);
  if (!stage)
    return stage.status();
  for (const Request &request : *requests)
    if (Status status = checkStage(*options.emit, request.problem.target); !status)
      return status;
  if (options.json)
    return Status::invalid("--json is given together with --emit, whose output is no JSON; expected one of them");
  return emitStage(options, **stage, *requests);
}

void muntin::addCompile(CLI::App &app, Options &o, Action &action) {
  CLI::App *command = app.add_subcommand("compile", "compile for one or more targets; write any stage, or a bundle");
  addProblemOptions(*command, o);
  command->add_option("--rank", o.rank, "axes of the grid, where --grid is not given")
      ->type_name("N")
      ->group("Problem");
  addRepeatedOptions(*command, o);
  addTargetOption(*command, o, /*repeated=*/true);
  addCubinOption(*command, o);
  command->add_option("--device", o.device, "whose targets (default cpu)")
      ->type_name("cpu|cuda[:N]|emulator[:sm_80]")
      ->group("Machine");
  command
      ->add_option("--emit", o.emit,
                   "the stage to write: attn, tile, llvm, asm, object, bundle; ptx and cubin for GPUs")
      ->type_name("STAGE")
      ->group("Output");
  command->add_option("-o", o.output, "where to write it (default: standard output); without --emit a bundle")
      ->type_name("FILE")
      ->group("Output");
  command->add_option("--embed", o.embed, "also write NAME.c and NAME.h, which link the bundle into a program")
      ->type_name("NAME")
      ->group("Output");
  addJsonOption(*command, o);
  command->footer(kExamples);
  command->callback([&action] { action = compile; });
}
