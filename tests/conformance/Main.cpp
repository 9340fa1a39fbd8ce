//===- Main.cpp - muntin-conformance: any number of random problems -------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/conformance/Suite.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>

using namespace muntin;
using namespace muntin::conformance;

namespace {
struct Options {
  std::string device = "cpu", target, templateName, mask, dtype, replay, reports;
  uint64_t seed = 0;
  int64_t problems = 6000, shapesPerKernel = 10, maxFailures = 10;
  int workers = 0;
};
} // namespace

static void declare(CLI::App &app, Options &options) {
  app.add_option("--device", options.device, "cpu, cuda, emulator:sm_80, or reference: the judge judged by itself")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "another seed, other problems")->capture_default_str();
  app.add_option("--problems", options.problems, "how many")->capture_default_str()->check(CLI::NonNegativeNumber);
  app.add_option("--shapes-per-kernel", options.shapesPerKernel, "1: a kernel of its own for each problem")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--target", options.target, "this target only; default: each that the machine can execute");
  app.add_option("--template", options.templateName, "this template only, or 'auto'; default: each, and the planner's");
  app.add_option("--dtype", options.dtype, "f32, f16 or bf16 only");
  app.add_option("--mask", options.mask, "this mask only, with a number for each axis");
  app.add_option("--workers", options.workers, "cases at once; 0: one per core")->capture_default_str();
  app.add_option("--max-failures", options.maxFailures, "stop after so many")->capture_default_str();
  app.add_option("--reports", options.reports, "file for what the emulator finds; any finding is a failure");
  app.add_option("--replay", options.replay,
                 "KERNEL.SHAPE: that case only, as a failure names it; KERNEL: all its shapes");
  app.footer("Example: muntin-conformance --seed 7 --problems 50000 --shapes-per-kernel 1 --target x86-64-v3");
}

/// What a replay has to repeat beside target and template, which it names itself.
static std::string narrowing(const Options &options) {
  std::string text = " --device " + options.device;
  const auto add = [&](const char *name, const std::string &value) {
    if (!value.empty())
      text += std::string(" ") + name + " '" + value + "'";
  };
  add("--dtype", options.dtype), add("--mask", options.mask);
  return text;
}

static Result<Plan> planOf(const Options &options, const Device &device) {
  Plan plan;
  plan.seed = options.seed;
  plan.shapesPerKernel = options.shapesPerKernel;
  plan.kernels = (options.problems + options.shapesPerKernel - 1) / options.shapesPerKernel;
  plan.workers = options.workers;
  plan.maxFailures = options.maxFailures;
  plan.replayArguments = narrowing(options);
  plan.scope.targets = options.target.empty() ? device.targets() : std::vector<std::string>{options.target};
  plan.scope.templates = device.templates();
  if (!options.templateName.empty())
    plan.scope.templates = {options.templateName == "auto" ? "" : options.templateName};
  plan.scope.elements = device.elements();
  if (!options.dtype.empty()) {
    const Result<ElementType> element = parseElementType(options.dtype);
    if (!element)
      return element.status();
    plan.scope.elements = {*element};
  }
  if (!options.mask.empty()) {
    const Result<Mask> mask = parseMask(options.mask);
    if (!mask)
      return mask.status();
    plan.scope.mask = *mask;
  }
  if (!options.replay.empty()) {
    long long kernel = 0, shape = 0;
    const int numbers = std::sscanf(options.replay.c_str(), "%lld.%lld", &kernel, &shape);
    if (numbers < 1)
      return Status::invalid("--replay is " + options.replay + ", expected KERNEL.SHAPE or KERNEL");
    plan.firstKernel = kernel, plan.firstShape = shape, plan.kernels = 1;
    plan.shapesPerKernel = numbers == 1 ? options.shapesPerKernel : 1;
  }
  return plan;
}

static int fail(const Status &status) {
  std::fprintf(stderr, "muntin-conformance: %s\n", status.message().c_str());
  return status.code() == StatusCode::Unavailable ? 3 : 2;
}

int main(int argc, char **argv) {
  Options options;
  CLI::App app("Random attention problems on a device, against the reference.");
  declare(app, options);
  CLI11_PARSE(app, argc, argv);

  if (!options.reports.empty()) { // before the emulator is opened
    std::remove(options.reports.c_str());
    setenv("MUNTIN_EMULATOR_REPORT", options.reports.c_str(), 1);
  }
  Result<std::unique_ptr<Device>> device = std::unique_ptr<Device>();
  if (options.device == "reference")
    device = makeReferenceDevice();
  else
    device = openSession(options.device);
  if (!device)
    return fail(device.status());
  const Result<Plan> plan = planOf(options, **device);
  if (!plan)
    return fail(plan.status());
  if (!options.replay.empty())
    std::printf("%s\n", describe(makeCase({plan->seed, plan->firstKernel, plan->firstShape}, plan->scope)).c_str());
  for (const std::string &target : (*device)->skippedTargets())
    std::printf("SKIPPED target %s: this machine cannot execute it\n", target.c_str());
  std::fflush(stdout); // before a kernel may crash

  reportCrashes();
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  double nextLine = 5;
  const Report report = runSuite(**device, *plan, [&](int64_t done) {
    if (seconds() < nextLine)
      return;
    nextLine = seconds() + 5;
    std::fprintf(stderr, "%lld of %lld after %.0f s\n", static_cast<long long>(done),
                 static_cast<long long>(plan->kernels * plan->shapesPerKernel), seconds());
  });
  std::printf("%sseed %llu, %.1f s\n", printReport(report).c_str(), static_cast<unsigned long long>(plan->seed),
              seconds());
  return report.passed() ? 0 : 1;
}
