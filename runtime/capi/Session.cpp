//===- Session.cpp - from a problem to a kernel that runs --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/capi/Session.h"

#include "runtime/abi/Target.h"
#include "runtime/base/Environment.h"
#include "runtime/device/cpu/CpuDevice.h"
#include "runtime/launch/Check.h"

#include <chrono>
#include <cmath>

namespace muntin::runtime {

using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The cpu; the devices of other versions are refused by name.
static Status checkDevice(const std::string &device) {
  if (device.empty() || device == "cpu")
    return {};
  const std::string kind = device.substr(0, device.find(':'));
  if (kind == "cuda" || kind == "emulator")
    return {StatusCode::NotInThisVersion, fmt::format("the device {} is not in this version", device)};
  return Status::invalid(fmt::format("device is '{}', expected cpu, cuda[:N] or emulator[:ARCHITECTURE]", device));
}

Result<std::shared_ptr<Session>> Session::create(const SessionOptions &options) {
  Result<Environment> environment = readEnvironment();
  if (!environment)
    return environment.status();
  if (Status status = checkDevice(options.device); !status)
    return status;
  if (options.threads < 0 || options.threads > kMaxThreads)
    return Status::invalid(fmt::format("threads is {}, expected 0 to {}", options.threads, kMaxThreads));
  const int maxLevel = static_cast<int>(LogLevel::Debug);
  if (options.logLevel < 0 || options.logLevel > maxLevel)
    return Status::invalid(fmt::format("log_level is {}, expected 0 to {}", options.logLevel, maxLevel));

  const LogLevel level =
      options.logLevel > 0 ? LogLevel(options.logLevel) : environment->logLevel.value_or(LogLevel::Warn);
  const Log log = options.sink ? Log(level, options.sink) : Log(level);
  const auto first = [](const std::string &option, const std::string &variable) {
    return option.empty() ? variable : option;
  };
  std::unique_ptr<Device> device =
      createCpuDevice({.threads = options.threads > 0 ? options.threads : environment->threads.value_or(0),
                       .parallelFor = options.parallelFor,
                       .temporaryDirs = environment->temporaryDirs,
                       .log = log});
  CompilerLibrary::Options compiler{.path = first(options.compiler, environment->compiler),
                                    .dumpDir = first(options.dumpDir, environment->dumpDir),
                                    .overrideDir = first(options.overrideDir, environment->overrideDir),
                                    .log = log};
  DiskCacheOptions disk{.mode = options.cache.value_or(environment->cache),
                        .path = first(options.cacheDir, environment->cacheDir),
                        .limit = options.cacheLimit.value_or(environment->cacheLimit),
                        .log = log};
  // Stages are dumped and replaced while compiling, and what came of a replaced stage is not what the key says.
  if (!compiler.dumpDir.empty() || !compiler.overrideDir.empty())
    disk.mode = CacheMode::Off;
  return std::shared_ptr<Session>(new Session(std::move(device), std::move(compiler), std::move(disk), log));
}

//===-- Kernels -----------------------------------------------------------===//

KernelOutcome Session::prepare(const Request &request, bool never) {
  const Result<CacheEntry *> entry = cache_.find(request);
  if (!entry)
    return {.status = entry.status()};
  return kernelOf(**entry, never);
}

KernelOutcome Session::kernelOf(CacheEntry &entry, bool never) {
  if (const Kernel *kernel = entry.kernel()) {
    hits_.add();
    return {.kernel = kernel->shared_from_this()};
  }
  ++misses_;
  const auto make = [&]() noexcept -> std::shared_ptr<const KernelOutcome> {
    try {
      if (const Kernel *kernel = entry.kernel())
        return std::make_shared<KernelOutcome>(KernelOutcome{.kernel = kernel->shared_from_this()});
      return std::make_shared<KernelOutcome>(build(entry, never));
    } catch (const std::exception &) { // std::bad_alloc; the threads that wait must hear of it
      return nullptr;
    }
  };
  // Who may compile does not share the failure of who may not.
  const auto [outcome, waited] = flights_.run((never ? "never " : "") + entry.key(), make);
  waits_ += waited;
  if (!outcome)
    return {.status = Status(StatusCode::OutOfMemory, "out of memory while compiling")};
  return *outcome;
}

/// Refuses early what this machine could not run.
static Status checkTarget(const Problem &problem) {
  const Result<const Target *> target = findTarget(problem.target);
  if (!target)
    return target.status();
  if (!machineSupports(**target))
    return {StatusCode::Unavailable, fmt::format("this machine cannot execute code for {}", problem.target)};
  return {};
}

KernelOutcome Session::build(CacheEntry &entry, bool never) {
  if (Status status = checkTarget(entry.problem()); !status)
    return {.status = status};
  DiskVisit visit(disk_, entry.key(), disk_.enabled() ? compiler_.identity() : std::string());
  if (KernelOutcome found = loadFromDisk(entry, visit); found.kernel)
    return found;
  if (never)
    return {.status = Status(StatusCode::Unavailable,
                             fmt::format("no kernel is ready for '{}', and compiling is forbidden", entry.key()))};
  visit.claim();
  if (KernelOutcome found = loadFromDisk(entry, visit); found.kernel)
    return found;
  return compileAndLoad(entry, visit);
}

KernelOutcome Session::loadFromDisk(CacheEntry &entry, DiskVisit &visit) {
  const Clock::time_point start = Clock::now();
  EntryFile *found = visit.find();
  if (!found)
    return {};
  Result<std::shared_ptr<Kernel>> kernel =
      Kernel::load(*device_, std::move(found->entry.image), {.origin = Origin::Disk}, found->path);
  if (!kernel) {
    visit.refuse(kernel.status());
    return {};
  }
  (*kernel)->recordLoad(secondsSince(start), 0);
  entry.publish(*kernel);
  log_.info("loaded '{}' from {}", entry.key(), found->path);
  return {.kernel = *kernel};
}

KernelOutcome Session::compileAndLoad(CacheEntry &entry, DiskVisit &visit) {
  const Clock::time_point start = Clock::now();
  CompileOutput output = compiler_.compile({.key = entry.key()});
  if (!output.status) {
    ++failedCompiles_;
    log_.debug("compiling '{}' failed: {}", entry.key(), output.status.message());
    return {.status = output.status, .reproducer = output.reproducer};
  }
  const Clock::time_point loading = Clock::now();
  Result<Image> image = deserializeImage(output.bytes);
  if (!image)
    return {.status = image.status()};
  if (image->problemKey != entry.key())
    return {.status = Status(StatusCode::CheckFailed, fmt::format("the compiler made a kernel for '{}' instead of '{}'",
                                                                  image->problemKey, entry.key()))};
  Provenance provenance{.origin = Origin::Compiler};
  for (CompileOutput::Stage &stage : output.stages)
    provenance.stages.push_back({std::move(stage.name), stage.seconds});
  Entry stored{.compileSeconds = std::chrono::duration<double>(loading - start).count(), .image = *image};
  Result<std::shared_ptr<Kernel>> kernel = Kernel::load(*device_, std::move(*image), std::move(provenance));
  if (!kernel)
    return {.status = kernel.status()};
  (*kernel)->recordLoad(secondsSince(loading), secondsSince(start));
  entry.publish(*kernel);
  ++compiles_;
  log_.info("compiled '{}' in {:.3f} s", entry.key(), (*kernel)->provenance().seconds);
  // Asked again: the library may have been rebuilt between the first look and its opening.
  if (const Result<std::string> compiler = compiler_.identity(); disk_.enabled() && compiler) {
    stored.compiler = *compiler;
    visit.store(stored);
  }
  return {.kernel = *kernel};
}

KernelOutcome Session::loadImage(std::string_view bytes) {
  const Clock::time_point start = Clock::now();
  Result<Image> image = deserializeImage(bytes);
  if (!image)
    return {.status = image.status()};
  Result<std::shared_ptr<Kernel>> kernel = Kernel::load(*device_, std::move(*image), {.origin = Origin::Image});
  if (!kernel)
    return {.status = kernel.status()};
  (*kernel)->recordLoad(secondsSince(start), 0);
  cache_.find((*kernel)->key(), (*kernel)->problem()).publish(*kernel);
  return {.kernel = *kernel};
}

CompileOutput Session::compile(const Request &request, mtnc_emit emit, const std::optional<Shape> &shape) {
  const Result<Problem> problem = makeProblem(request);
  if (!problem)
    return {.status = problem.status()};
  if (shape)
    if (Status status = checkShape(*problem, *shape); !status)
      return {.status = status};
  return compiler_.compile({.key = problemKey(*problem), .emit = emit, .shape = shape});
}

//===-- Runs --------------------------------------------------------------===//

double scaleOf(const Problem &problem, const RunRequest &run) {
  return run.scale ? *run.scale : 1 / std::sqrt(static_cast<double>(problem.headDim));
}

Status runCall(const Call &call, const RunRequest &run) {
  const Pointers pointers = pointersOf(run.tensors);
  if (run.allocateWorkspace && !run.workspace.data)
    return call.runAllocating(pointers, run.stream);
  return call.run(pointers, run.workspace, run.stream);
}

KernelOutcome Session::forward(const Request &request, RunRequest &run) {
  const Result<CacheEntry *> entry = cache_.find(request);
  if (!entry)
    return {.status = entry.status()};
  const Problem &problem = (*entry)->problem();
  const double scale = scaleOf(problem, run);
  const Result<Shape> shape = checkLayouts(problem, run.tensors);
  if (!shape)
    return {.status = shape.status()};
  if (Status status = checkScale(scale); !status)
    return {.status = status};
  if (extentOf(*shape) == Extent::NoQuery)
    return {};
  const Kernel *kernel = (*entry)->kernel(); // stays as long as the cache, so that a hit counts no reference
  KernelOutcome outcome;
  if (kernel) {
    hits_.add();
  } else { // what is wrong with the tensors is told before anything is compiled
    if (Status status = checkMemory(run.tensors); !status)
      return {.status = status};
    if (extentOf(*shape) == Extent::NoKey)
      return {.status = fillWithoutKeys(*device_, run.tensors, run.stream)};
    outcome = kernelOf(**entry, false);
    if (!outcome.status)
      return outcome;
    kernel = outcome.kernel.get();
  }
  CallRoom room;
  const Result<Call> call = Call::create(*kernel, run.tensors, *shape, scale, run.threads, room.memory());
  outcome.status = call ? runCall(*call, run) : call.status();
  return outcome;
}

Session::Stats Session::stats() const {
  return {.compiles = compiles_,
          .failedCompiles = failedCompiles_,
          .hits = hits_.sum(),
          .misses = misses_,
          .waits = waits_,
          .kernels = cache_.size(),
          .diskHits = disk_.hits(),
          .diskMisses = disk_.misses()};
}

} // namespace muntin::runtime
