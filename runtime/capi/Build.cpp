//===- Build.cpp - where kernels come from -----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory, bundles, the disk, the compiler: the second half of Session. What is
// not in memory is made on a thread of its own, so that who asked can give up.
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Target.h"
#include "runtime/capi/Session.h"

namespace muntin::runtime {

using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Who may compile does not share the failure of who may not.
static std::string flightName(const std::string &key, bool never) { return (never ? "never " : "") + key; }

const Target *Session::gpuOf(const Device &device) {
  const Result<const Target *> target = findTarget(device.info().target);
  return target && (*target)->gpu ? *target : nullptr;
}

Request Session::resolved(const Request &request) const {
  Request here = request;
  if (gpu_ && request.target == "host")
    here.target = gpu_->name;
  return here;
}

static Status madeBeforeFork() {
  return {StatusCode::Unavailable, "this session was created before fork() and its kernel was not ready then; "
                                   "create a session in the child"};
}

Result<CacheEntry *> Session::entryOf(const Request &written) {
  const Request request = resolved(written);
  if (!birthplace_.inherited())
    return cache_.find(request);
  if (CacheEntry *entry = cache_.seen(request); entry && entry->kernel())
    return entry;
  return madeBeforeFork();
}

KernelOutcome Session::prepare(const Request &request, bool never) {
  const Result<CacheEntry *> entry = entryOf(request);
  if (!entry)
    return {.status = entry.status()};
  return kernelOf(**entry, never);
}

Status Session::prepareInBackground(const Request &request, bool never) {
  never = never || compileNever_;
  const Result<CacheEntry *> entry = entryOf(request);
  if (!entry)
    return entry.status();
  if ((*entry)->kernel())
    return {};
  ++misses_;
  flights_.start(flightName((*entry)->key(), never), [this, make = maker(**entry, never)](const Stop &stop) {
    auto outcome = make(stop);
    if (outcome && !outcome->status && outcome->status.code() != StatusCode::Cancelled)
      log_.warn("preparing a kernel in the background: {}", outcome->status.message());
    return outcome;
  });
  return {};
}

Result<bool> Session::isReady(const Request &request) {
  if (birthplace_.inherited()) {
    const CacheEntry *entry = cache_.seen(resolved(request));
    return entry && entry->kernel();
  }
  const Result<CacheEntry *> entry = entryOf(request);
  if (!entry)
    return entry.status();
  return (*entry)->kernel() != nullptr;
}

KernelOutcome Session::kernelOf(CacheEntry &entry, bool never) {
  never = never || compileNever_;
  if (const Kernel *kernel = entry.kernel()) {
    hits_.add();
    return {.kernel = kernel->shared_from_this()};
  }
  ++misses_;
  const MakingOf::Landing landing = flights_.run(flightName(entry.key(), never), compileTimeout_, maker(entry, never));
  waits_ += landing.waited;
  if (landing.end == MakingOf::End::TimedOut)
    return {.status = Status(StatusCode::TimedOut, fmt::format("the kernel for '{}' was not ready after {} seconds",
                                                               entry.key(), compileTimeout_.count()))};
  if (landing.end == MakingOf::End::Cancelled)
    return {.status = Status(StatusCode::Cancelled, fmt::format("making '{}' was cancelled", entry.key()))};
  if (!*landing.value)
    return {.status = Status(StatusCode::OutOfMemory, "out of memory while compiling")};
  return **landing.value;
}

Session::MakingOf::Make Session::maker(CacheEntry &entry, bool never) {
  return [this, &entry, never](const Stop &stop) noexcept -> std::shared_ptr<const KernelOutcome> {
    try {
      if (const Kernel *kernel = entry.kernel())
        return std::make_shared<KernelOutcome>(KernelOutcome{.kernel = kernel->shared_from_this()});
      return std::make_shared<KernelOutcome>(build(entry, never, stop));
    } catch (const std::exception &) { // std::bad_alloc; the threads that wait must hear of it
      return nullptr;
    }
  };
}

Status Session::checkTarget(const Problem &problem) const {
  const Result<const Target *> target = findTarget(problem.target);
  if (!target)
    return target.status();
  if (*target != gpu_ && (gpu_ || (*target)->gpu))
    return {StatusCode::Unavailable,
            fmt::format("the device {} cannot execute code for {}", device_->info().name, problem.target)};
  if (!gpu_ && !machineSupports(**target))
    return {StatusCode::Unavailable, fmt::format("this machine cannot execute code for {}", problem.target)};
  return {};
}

/// A fork now would leave locks in the child that nobody opens; in such a child nothing is made.
KernelOutcome Session::build(CacheEntry &entry, bool never, const Stop &stop) {
  if (Status status = Unforkable::check(); !status)
    return {.status = status};
  const Unforkable region;
  if (Status status = checkTarget(entry.problem()); !status)
    return {.status = status};
  if (KernelOutcome found = loadFromBundle(bundles_.find(entry.key()), entry); found.kernel || !found.status)
    return found;
  DiskVisit visit(disk_, entry.key(), disk_.enabled() ? compiler_.identity() : std::string());
  if (KernelOutcome found = loadFromDisk(entry, visit); found.kernel)
    return found;
  if (never)
    return makeDo(entry);
  visit.claim();
  if (KernelOutcome found = loadFromDisk(entry, visit); found.kernel)
    return found;
  return compileAndLoad(entry, visit, stop);
}

KernelOutcome Session::loadFromBundle(const std::optional<Bundles::Found> &found, CacheEntry &place) {
  const Clock::time_point start = Clock::now();
  if (!found)
    return {};
  Result<Image> image = found->bundle->image(found->item);
  if (!image)
    return {.status = image.status()};
  Result<std::shared_ptr<Kernel>> kernel = Kernel::load(*device_, std::move(*image), {.origin = Origin::Bundle});
  if (!kernel)
    return {.status = kernel.status()};
  (*kernel)->recordLoad(secondsSince(start), 0);
  place.publish(*kernel);
  ++bundleHits_;
  log_.info("loaded '{}' from the bundle {}", (*kernel)->key(), found->bundle->name());
  return {.kernel = *kernel};
}

KernelOutcome Session::makeDo(CacheEntry &entry) {
  const std::optional<Bundles::Found> lesser = bundles_.findLesser(entry.problem());
  if (!lesser)
    return {.status =
                Status(StatusCode::Unavailable, fmt::format("no kernel is ready for '{}', and compiling is forbidden{}",
                                                            entry.key(), bundles_.nearest(entry.problem())))};
  const Result<Problem> problem = parseProblemKey(lesser->item.key);
  if (!problem)
    return {.status = problem.status()};
  log_.info("no kernel for {} is ready; one for {} serves instead", entry.problem().target, problem->target);
  // Who may compile gets a better one, so it is no kernel of this entry unless nobody may.
  return loadFromBundle(lesser, compileNever_ ? entry : cache_.find(std::string(lesser->item.key), *problem));
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

KernelOutcome Session::compileAndLoad(CacheEntry &entry, DiskVisit &visit, const Stop &stop) {
  const Clock::time_point start = Clock::now();
  const auto begin = [&](const char *stage) {
    if (progress_)
      progress_(entry.key(), stage);
    return !stop;
  };
  CompileOutput output = compiler_.compile({.key = entry.key(), .begin = begin});
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
  if (birthplace_.inherited())
    return {.status = madeBeforeFork()};
  if (Status status = Unforkable::check(); !status)
    return {.status = status};
  const Unforkable region;
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

} // namespace muntin::runtime
