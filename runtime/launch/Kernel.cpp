//===- Kernel.cpp - a loaded image -------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/launch/Kernel.h"

#include "runtime/launch/TensorView.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace muntin::runtime {

static Status damaged(const std::string &what) {
  return {StatusCode::CheckFailed, "the kernel image is damaged: " + what};
}

/// The axes that have a stride argument: batch, the grid's and head; batch and tokens for segments.
static int strideAxes(Tensor tensor, int rank) {
  return tensor == Tensor::Segments || tensor == Tensor::KvSegments ? 2 : rank + 2;
}

static Status checkArgument(const Argument &argument, int rank) {
  switch (argument.kind) {
  case Argument::Kind::TensorPointer:
  case Argument::Kind::Stride:
    if (argument.index >= kNumTensors)
      return damaged(fmt::format("an argument names tensor {} of {}", argument.index, kNumTensors));
    if (argument.kind == Argument::Kind::Stride && argument.axis >= strideAxes(Tensor(argument.index), rank))
      return damaged(fmt::format("an argument names axis {} of {}", argument.axis, tensorName(Tensor(argument.index))));
    return {};
  case Argument::Kind::Value:
  case Argument::Kind::Scale:
  case Argument::Kind::Workspace:
  case Argument::Kind::Counter: return {};
  case Argument::Kind::TensorMap:
    return {StatusCode::NotInThisVersion, "the kernel wants tensor maps, which are not in this version"};
  }
  return damaged(fmt::format("argument kind {}", static_cast<int>(argument.kind)));
}

static Result<std::vector<void *>> resolveLaunches(const std::vector<Launch> &launches, int rank,
                                                   const Module &module) {
  std::vector<void *> entries;
  for (const Launch &launch : launches) {
    const Result<void *> entry = module.entry(launch.entry);
    if (!entry)
      return entry.status();
    entries.push_back(*entry);
    for (const Argument &argument : launch.arguments)
      if (Status status = checkArgument(argument, rank); !status)
        return status;
  }
  return entries;
}

Status Kernel::resolve() {
  if (image_.variants.empty())
    return damaged("it has no variant");
  for (const Variant &variant : image_.variants) {
    auto launches = resolveLaunches(variant.launches, problem_.rank, *module_);
    auto counting = resolveLaunches(variant.counting, problem_.rank, *module_);
    if (!launches || !counting)
      return launches ? counting.status() : launches.status();
    entries_.push_back({std::move(*launches), std::move(*counting)});
  }
  return {};
}

Result<std::shared_ptr<Kernel>> Kernel::load(Device &device, Image image, Provenance provenance,
                                             const std::string &file) {
  Result<Problem> problem = parseProblemKey(image.problemKey);
  if (!problem)
    return damaged(problem.status().message());
  const auto binary =
      std::ranges::max_element(image.binaries, {}, [&](const Binary &b) { return device.preference(b); });
  if (binary == image.binaries.end() || !device.accepts(*binary))
    return Status(StatusCode::Unavailable, fmt::format("the kernel is for {}, which the device {} cannot run",
                                                       problem->target, device.info().name));
  Result<std::unique_ptr<Module>> module = file.empty() ? device.load(*binary) : device.load(*binary, file);
  if (!module)
    return module.status();
  std::shared_ptr<Kernel> kernel(new Kernel);
  kernel->device_ = &device;
  kernel->problem_ = std::move(*problem);
  kernel->target_ = binary->target;
  kernel->module_ = std::move(*module);
  kernel->provenance_ = std::move(provenance);
  kernel->image_ = std::move(image);
  kernel->image_.binaries.clear();
  if (Status status = kernel->resolve(); !status)
    return status;
  return kernel;
}

void Kernel::recordLoad(double loadSeconds, double totalSeconds) {
  provenance_.stages.push_back({"load", loadSeconds});
  provenance_.seconds = totalSeconds;
}

static std::string printGrid(const Grid &grid) { return fmt::format("{}", fmt::join(grid, "x")); }

static Result<bool> holds(const Guard &guard, const Shape &shape) {
  const Result<int64_t> left = guard.left.evaluate(shape), right = guard.right.evaluate(shape);
  if (!left || !right)
    return left ? right.status() : left.status();
  return *left <= *right;
}

/// What the last variant, which takes the most, cannot take.
Status Kernel::refusal(const Shape &shape) const {
  for (const Guard &guard : image_.variants.back().guards) {
    const Result<int64_t> left = guard.left.evaluate(shape), right = guard.right.evaluate(shape);
    if (left && right && *left > *right)
      return Status::invalid(fmt::format(
          "grid {} and kv_grid {}: {} is {}, expected at most {} for this kernel's plan; nearest that works: "
          "fewer tokens, or template online",
          printGrid(shape.grid), printGrid(shape.kvGrid), guard.left.print(), *left, *right));
  }
  return damaged("no variant fits");
}

Result<size_t> Kernel::choose(const Shape &shape) const {
  for (size_t index = 0; index < image_.variants.size(); ++index) {
    bool fits = true;
    for (const Guard &guard : image_.variants[index].guards) {
      const Result<bool> held = holds(guard, shape);
      if (!held)
        return held.status();
      fits = fits && *held;
    }
    if (fits)
      return index;
  }
  return refusal(shape);
}

Result<int64_t> workspaceBytes(const Variant &variant, const Shape &shape) {
  Result<int64_t> bytes = variant.workspace.evaluate(shape);
  if (bytes && *bytes < 0)
    return damaged(fmt::format("variant {} wants {} bytes of workspace", variant.name, *bytes));
  return bytes;
}

} // namespace muntin::runtime
