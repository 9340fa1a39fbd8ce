//===- Call.cpp - a kernel and everything about a run but the pointers *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/launch/Call.h"

#include "runtime/launch/Check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace muntin::runtime {

constexpr uintptr_t kWorkspaceAlignment = 64;

Extent extentOf(const Shape &shape) {
  if (shape.batch == 0 || shape.heads == 0 || shape.queries() == 0)
    return Extent::NoQuery;
  return shape.keys() == 0 ? Extent::NoKey : Extent::Some;
}

Status fillWithoutKeys(Device &device, const TensorSet &tensors, Stream stream) {
  const TensorView &out = *at(tensors, Tensor::Out);
  if (Status status = device.fill(out.data, dataTypeBytes(out.type), 0, out.shape(), out.steps(), stream); !status)
    return status;
  const std::optional<TensorView> &lse = at(tensors, Tensor::Lse);
  if (!lse)
    return {};
  const auto minusInfinity = std::bit_cast<uint32_t>(-std::numeric_limits<float>::infinity());
  return device.fill(lse->data, dataTypeBytes(lse->type), minusInfinity, lse->shape(), lse->steps(), stream);
}

//===-- Packing -----------------------------------------------------------===//

struct Call::Inputs {
  const Shape &shape;
  const TensorSet &tensors;
  double scale = 0;
  uint64_t *counter = nullptr;
};

static Status negative(const Launch &launch, const char *what, int64_t value) {
  return {StatusCode::CheckFailed,
          fmt::format("the kernel image is damaged: {} wants {} {}", launch.entry, value, what)};
}

Result<Call::Step> Call::pack(const Launch &launch, void *entry, const Inputs &inputs) {
  const Result<int64_t> tasks = launch.tasks.evaluate(inputs.shape), scratch = launch.scratch.evaluate(inputs.shape);
  if (!tasks || !scratch)
    return tasks ? scratch.status() : tasks.status();
  if (*tasks < 0)
    return negative(launch, "tasks", *tasks);
  if (*scratch < 0)
    return negative(launch, "bytes of scratch", *scratch);
  Step step{.entry = entry, .tasks = *tasks, .threads = launch.threads, .scratch = *scratch};
  for (const Argument &argument : launch.arguments) {
    const auto slot = static_cast<uint16_t>(step.arguments.size());
    uint64_t bits = 0;
    switch (argument.kind) {
    case Argument::Kind::TensorPointer: step.pointers.push_back({slot, static_cast<int8_t>(argument.index), 0}); break;
    case Argument::Kind::Stride:
      if (const std::optional<TensorView> &tensor = inputs.tensors[argument.index])
        bits = static_cast<uint64_t>(tensor->strides[argument.axis]);
      break;
    case Argument::Kind::Value:
    case Argument::Kind::Workspace: {
      const Result<int64_t> value = argument.formula.evaluate(inputs.shape);
      if (!value)
        return value.status();
      if (argument.kind == Argument::Kind::Workspace)
        step.pointers.push_back({slot, -1, *value});
      else
        bits = static_cast<uint64_t>(*value);
      break;
    }
    case Argument::Kind::Scale: bits = std::bit_cast<uint64_t>(inputs.scale); break;
    case Argument::Kind::Counter: bits = reinterpret_cast<uintptr_t>(inputs.counter); break;
    case Argument::Kind::TensorMap: // Kernel::load has refused it
      break;
    }
    step.arguments.push_back(bits);
  }
  return step;
}

Result<std::vector<Call::Step>> Call::packAll(const std::vector<Launch> &launches, const std::vector<void *> &entries,
                                              const Inputs &inputs) {
  std::vector<Step> steps;
  for (size_t i = 0; i < launches.size(); ++i) {
    Result<Step> step = pack(launches[i], entries[i], inputs);
    if (!step)
      return step.status();
    if (step->tasks > 0)
      steps.push_back(std::move(*step));
  }
  return steps;
}

Result<Call> Call::create(const Kernel &kernel, TensorSet tensors, const Shape &shape, double scale, int threads) {
  if (Status status = checkScale(scale); !status)
    return status;
  Call call;
  call.kernel_ = &kernel;
  call.tensors_ = std::move(tensors);
  call.threads_ = threads;
  call.extent_ = extentOf(shape);
  if (call.extent_ != Extent::Some)
    return call;
  const Result<size_t> index = kernel.choose(shape);
  if (!index)
    return index.status();
  const Variant &variant = kernel.variants()[*index];
  const Result<int64_t> workspace = muntin::runtime::workspaceBytes(variant, shape);
  if (!workspace)
    return workspace.status();
  call.workspaceBytes_ = *workspace;
  Result<std::vector<Step>> steps =
      packAll(variant.launches, kernel.entries(*index), {.shape = shape, .tensors = call.tensors_, .scale = scale});
  if (!steps)
    return steps.status();
  call.steps_ = std::move(*steps);
  return call;
}

//===-- Running -----------------------------------------------------------===//

Status Call::launch(Device &device, const Step &step, const TensorSet &tensors, void *workspace, Stream stream,
                    int threads) {
  std::array<uint64_t, 128> few;
  std::vector<uint64_t> many;
  if (step.arguments.size() > few.size())
    many.resize(step.arguments.size());
  uint64_t *slots = many.empty() ? few.data() : many.data();
  std::ranges::copy(step.arguments, slots);
  for (const Step::Pointer &pointer : step.pointers) {
    void *base = workspace;
    if (pointer.tensor >= 0)
      base = tensors[pointer.tensor] ? tensors[pointer.tensor]->data : nullptr;
    slots[pointer.slot] = reinterpret_cast<uintptr_t>(base) + static_cast<uint64_t>(pointer.offset);
  }
  const Work work{.entry = step.entry,
                  .arguments = {slots, step.arguments.size()},
                  .tasks = step.tasks,
                  .threads = step.threads,
                  .scratch = step.scratch};
  return device.launch(work, stream, threads);
}

static Status checkWorkspace(Workspace workspace, int64_t wanted, const TensorSet &tensors) {
  if (wanted == 0)
    return {};
  if (!workspace.data)
    return Status::invalid(fmt::format("workspace is null, but the kernel wants {} bytes", wanted));
  if (workspace.size < static_cast<size_t>(wanted))
    return Status::invalid(fmt::format("workspace_size is {}, but the kernel wants {} bytes", workspace.size, wanted));
  const auto address = reinterpret_cast<uintptr_t>(workspace.data);
  if (address % kWorkspaceAlignment != 0)
    return Status::invalid(fmt::format("workspace {:#x} is not a multiple of {}", address, kWorkspaceAlignment));
  for (int i = 0; i < kNumTensors; ++i) {
    if (!tensors[i] || tensors[i]->empty())
      continue;
    const std::optional<ByteSpan> span = byteSpan(*tensors[i]);
    if (span && span->begin < static_cast<__int128>(address) + wanted && span->end > static_cast<__int128>(address))
      return Status::invalid(fmt::format("workspace overlaps {}", tensorName(static_cast<Tensor>(i))));
  }
  return {};
}

Status Call::run(const TensorSet &tensors, Workspace workspace, Stream stream) const {
  if (extent_ == Extent::NoQuery)
    return {};
  if (Status status = checkMemory(tensors); !status)
    return status;
  if (extent_ == Extent::NoKey)
    return fillWithoutKeys(kernel_->device(), tensors, stream);
  if (Status status = checkWorkspace(workspace, workspaceBytes_, tensors); !status)
    return status;
  for (const Step &step : steps_)
    if (Status status = launch(kernel_->device(), step, tensors, workspace.data, stream, threads_); !status)
      return status;
  return {};
}

namespace {
/// Device memory for the length of a call.
class TemporaryMemory {
public:
  explicit TemporaryMemory(Device &device) : device_(device) {}
  ~TemporaryMemory() { device_.release(data_); }
  TemporaryMemory(const TemporaryMemory &) = delete;

  Status allocate(int64_t bytes) {
    if (bytes == 0)
      return {};
    Result<void *> memory = device_.allocate(static_cast<size_t>(bytes));
    if (!memory)
      return memory.status();
    data_ = *memory;
    return {};
  }
  void *data() const { return data_; }

private:
  Device &device_;
  void *data_ = nullptr;
};
} // namespace

Status Call::runAllocating(const TensorSet &tensors, Stream stream) const {
  TemporaryMemory memory(kernel_->device());
  if (Status status = memory.allocate(workspaceBytes_); !status)
    return status;
  if (Status status = run(tensors, {memory.data(), static_cast<size_t>(workspaceBytes_)}, stream); !status)
    return status;
  return memory.data() ? kernel_->device().synchronize(stream) : Status();
}

Result<uint64_t> countPairs(const Kernel &kernel, const Shape &shape, TensorSet tensors) {
  if (Status status = checkShape(kernel.problem(), shape); !status)
    return status;
  if (Status status = checkSegments(kernel.problem(), shape, tensors); !status)
    return status;
  if (Status status = checkMemory(tensors); !status)
    return status;
  if (extentOf(shape) != Extent::Some)
    return 0;
  const Result<size_t> index = kernel.choose(shape);
  if (!index)
    return index.status();
  const Variant &variant = kernel.variants()[*index];
  const Result<int64_t> bytes = workspaceBytes(variant, shape);
  if (!bytes)
    return bytes.status();

  Device &device = kernel.device();
  uint64_t pairs = 0;
  TemporaryMemory workspace(device), counter(device);
  for (auto [memory, size] : {std::pair(&workspace, *bytes), std::pair(&counter, int64_t(sizeof pairs))})
    if (Status status = memory->allocate(size); !status)
      return status;
  if (Status status = device.copyFromHost(counter.data(), &pairs, sizeof pairs, nullptr); !status)
    return status;
  const auto steps =
      Call::packAll(variant.counting, kernel.countingEntries(*index),
                    {.shape = shape, .tensors = tensors, .counter = static_cast<uint64_t *>(counter.data())});
  if (!steps)
    return steps.status();
  for (const Call::Step &step : *steps) // on one thread: the counter is not atomic
    if (Status status = Call::launch(device, step, tensors, workspace.data(), nullptr, 1); !status)
      return status;
  if (Status status = device.copyToHost(&pairs, counter.data(), sizeof pairs, nullptr); !status)
    return status;
  return pairs;
}

} // namespace muntin::runtime
