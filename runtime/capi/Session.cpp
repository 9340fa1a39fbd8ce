//===- Session.cpp - from a problem to a kernel that runs --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/capi/Session.h"

#include "runtime/abi/Target.h"
#include "runtime/base/Environment.h"
#include "runtime/capi/OpenDevice.h"
#include "runtime/launch/Alignment.h"
#include "runtime/launch/Check.h"

#include <cmath>

namespace muntin::runtime {

constexpr double kLongestTimeout = 1e6; // seconds; a clock cannot count much more

Result<std::shared_ptr<Session>> Session::create(const SessionOptions &options) {
  Result<Environment> environment = readEnvironment();
  if (!environment)
    return environment.status();
  if (options.threads < 0 || options.threads > kMaxThreads)
    return Status::invalid(fmt::format("threads is {}, expected 0 to {}", options.threads, kMaxThreads));
  const int maxLevel = static_cast<int>(LogLevel::Debug);
  if (options.logLevel < 0 || options.logLevel > maxLevel)
    return Status::invalid(fmt::format("log_level is {}, expected 0 to {}", options.logLevel, maxLevel));

  if (const double seconds = options.compileTimeout.count(); !(seconds >= 0) || seconds > kLongestTimeout)
    return Status::invalid(fmt::format("compile_timeout is {}, expected 0 to {} seconds", seconds, kLongestTimeout));

  const LogLevel level =
      options.logLevel > 0 ? LogLevel(options.logLevel) : environment->logLevel.value_or(LogLevel::Warn);
  const Log log = options.sink ? Log(level, options.sink) : Log(level);
  const auto first = [](const std::string &option, const std::string &variable) {
    return option.empty() ? variable : option;
  };
  Result<std::unique_ptr<Device>> device = openDevice(options, *environment, log);
  if (!device)
    return device.status();
  CompilerLibrary::Options compiler{.path = first(options.compiler, environment->compiler),
                                    .dumpDir = first(options.dumpDir, environment->dumpDir),
                                    .overrideDir = first(options.overrideDir, environment->overrideDir),
                                    .ptxas = first(options.ptxas, environment->ptxas),
                                    .cubins = options.cubins,
                                    .log = log};
  DiskCacheOptions disk{.mode = options.cache.value_or(environment->cache),
                        .path = first(options.cacheDir, environment->cacheDir),
                        .limit = options.cacheLimit.value_or(environment->cacheLimit),
                        .log = log};
  // Stages are dumped and replaced while compiling, and what came of a replaced stage is not what the key says.
  if (!compiler.dumpDir.empty() || !compiler.overrideDir.empty())
    disk.mode = CacheMode::Off;
  return std::shared_ptr<Session>(new Session(std::move(*device), std::move(compiler), std::move(disk), log, options));
}

Session::~Session() { device_->drain(); } // kernels go after the runs that were queued

CompileOutput Session::compile(const Request &request, mtnc_emit emit, const std::optional<Shape> &shape) {
  const Result<Problem> problem = makeProblem(resolved(request));
  if (!problem)
    return {.status = problem.status()};
  if (shape)
    if (Status status = checkShape(*problem, *shape); !status)
      return {.status = status};
  const std::string key = problemKey(*problem);
  const auto begin = [&](const char *stage) {
    if (progress_)
      progress_(key, stage);
    return true;
  };
  return compiler_.compile({.key = key, .emit = emit, .shape = shape, .begin = begin});
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

KernelOutcome Session::forward(const Request &written, RunRequest &run) {
  Request request = written;
  if (gpu_ && request.alignment == 0)
    request.alignment = std::max<int64_t>(alignmentOf(run.tensors), elementTypeBytes(request.element));
  const Result<CacheEntry *> entry = entryOf(request);
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
  return outcome; // a run that was only queued needs no more: the cache has the kernel as long as the session
}

Session::Stats Session::stats() const {
  return {.compiles = compiles_,
          .failedCompiles = failedCompiles_,
          .hits = hits_.sum(),
          .misses = misses_,
          .waits = waits_,
          .kernels = cache_.size(),
          .diskHits = disk_.hits(),
          .diskMisses = disk_.misses(),
          .bundleHits = bundleHits_};
}

} // namespace muntin::runtime
