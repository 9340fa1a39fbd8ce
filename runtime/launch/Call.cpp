//===- Call.cpp - a kernel and everything about a run but the pointers *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/launch/Call.h"

#include "runtime/launch/Alignment.h"
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

constexpr int64_t kMostResident = 32; // blocks on a multiprocessor, as plans say them

static Status negative(const Launch &launch, const char *what, int64_t value) {
  return {StatusCode::CheckFailed,
          fmt::format("the kernel image is damaged: {} wants {} {}", launch.entry, value, what)};
}

Status Call::pack(const Launch &launch, void *entry, const Inputs &inputs, Packed &packed) {
  const Result<int64_t> tasks = launch.tasks.evaluate(inputs.shape), scratch = launch.scratch.evaluate(inputs.shape);
  if (!tasks || !scratch)
    return tasks ? scratch.status() : tasks.status();
  if (*tasks < 0)
    return negative(launch, "tasks", *tasks);
  if (*scratch < 0)
    return negative(launch, "bytes of scratch", *scratch);
  if (launch.resident < 0 || launch.resident > kMostResident)
    return {StatusCode::CheckFailed,
            fmt::format("the kernel image is damaged: {} wants {} resident blocks, expected 0 to {}", launch.entry,
                        launch.resident, kMostResident)};
  if (*tasks == 0)
    return {};
  packed.steps.push_back({.entry = entry,
                          .tasks = *tasks,
                          .threads = launch.threads,
                          .scratch = *scratch,
                          .firstSlot = packed.slots.size(),
                          .slots = launch.arguments.size(),
                          .resident = launch.resident});
  for (const Argument &argument : launch.arguments) {
    const auto slot = static_cast<uint32_t>(packed.slots.size());
    uint64_t bits = 0;
    switch (argument.kind) {
    case Argument::Kind::TensorPointer: packed.pointers.push_back({slot, argument.index, 0}); break;
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
        packed.pointers.push_back({slot, -1, *value});
      else
        bits = static_cast<uint64_t>(*value);
      break;
    }
    case Argument::Kind::Scale: bits = std::bit_cast<uint64_t>(inputs.scale); break;
    case Argument::Kind::Counter: bits = reinterpret_cast<uintptr_t>(inputs.counter); break;
    case Argument::Kind::TensorMap: // Kernel::load has refused it
      break;
    }
    packed.slots.push_back(bits);
  }
  return {};
}

Status Call::packAll(const std::vector<Launch> &launches, const std::vector<void *> &entries, const Inputs &inputs,
                     Packed &packed) {
  size_t slots = 0;
  for (const Launch &launch : launches)
    slots += launch.arguments.size();
  packed.steps.reserve(launches.size());
  packed.slots.reserve(slots);
  packed.pointers.reserve(slots);
  for (size_t i = 0; i < launches.size(); ++i)
    if (Status status = pack(launches[i], entries[i], inputs, packed); !status)
      return status;
  return {};
}

Result<Call> Call::create(const Kernel &kernel, const TensorSet &tensors, const Shape &shape, double scale, int threads,
                          std::pmr::memory_resource *memory) {
  if (Status status = checkScale(scale); !status)
    return status;
  Call call(memory);
  call.kernel_ = &kernel;
  call.tensors_ = tensors;
  call.footprints_ = Footprints(tensors);
  call.threads_ = threads;
  call.extent_ = extentOf(shape);
  if (call.extent_ == Extent::NoQuery)
    return call;
  if (Status status = checkOutputs(tensors); !status)
    return status;
  if (call.extent_ == Extent::NoKey)
    return call;
  if (Status status = checkLayoutAlignment(tensors, kernel.problem().alignment); !status)
    return status;
  const Result<size_t> index = kernel.choose(shape);
  if (!index)
    return index.status();
  const Variant &variant = kernel.variants()[*index];
  const Result<int64_t> workspace = muntin::runtime::workspaceBytes(variant, shape);
  if (!workspace)
    return workspace.status();
  call.workspaceBytes_ = *workspace;
  const Inputs inputs{.shape = shape, .tensors = tensors, .scale = scale};
  if (Status status = packAll(variant.launches, kernel.entries(*index), inputs, call.packed_); !status)
    return status;
  return call;
}

//===-- Running -----------------------------------------------------------===//

Status Call::launchAll(Device &device, const Packed &packed, const Pointers &pointers, void *workspace, Stream stream,
                       int threads) {
  // Threads share the call, so that each run fills in a copy.
  constexpr size_t kFew = 128;
  std::array<uint64_t, kFew> few;
  const size_t count = packed.slots.size();
  std::vector<uint64_t> many(count > kFew ? count : 0);
  uint64_t *const slots = many.empty() ? few.data() : many.data();
  std::ranges::copy(packed.slots, slots);
  for (const Pointer &pointer : packed.pointers) {
    void *const base = pointer.tensor < 0 ? workspace : pointers[pointer.tensor];
    slots[pointer.slot] = reinterpret_cast<uintptr_t>(base) + static_cast<uint64_t>(pointer.offset);
  }
  for (const Step &step : packed.steps) {
    const Work work{.entry = step.entry,
                    .arguments = {slots + step.firstSlot, step.slots},
                    .tasks = step.tasks,
                    .threads = step.threads,
                    .scratch = step.scratch,
                    .resident = step.resident};
    if (Status status = device.launch(work, stream, threads); !status)
      return status;
  }
  return {};
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

TensorSet Call::withPointers(const Pointers &pointers) const {
  TensorSet tensors = tensors_;
  for (int i = 0; i < kNumTensors; ++i)
    if (tensors[i])
      tensors[i]->data = pointers[i];
  return tensors;
}

Status Call::checkPointers(const Pointers &pointers, Workspace workspace) const {
  if (footprints_.apart(pointers, workspace.data, workspaceBytes_) &&
      workspace.size >= static_cast<size_t>(workspaceBytes_))
    return {};
  const TensorSet tensors = withPointers(pointers);
  if (Status status = checkMemory(tensors); !status)
    return status;
  return checkWorkspace(workspace, workspaceBytes_, tensors);
}

Status Call::run(const Pointers &pointers, Workspace workspace, Stream stream) const {
  if (extent_ == Extent::NoQuery)
    return {};
  if (Status status = checkPointers(pointers, workspace); !status)
    return status;
  if (extent_ == Extent::NoKey)
    return fillWithoutKeys(kernel_->device(), withPointers(pointers), stream);
  if (Status status = checkPointerAlignment(pointers, kernel_->problem().alignment); !status)
    return status;
  return launchAll(kernel_->device(), packed_, pointers, workspace.data, stream, threads_);
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

Status Call::runAllocating(const Pointers &pointers, Stream stream) const {
  TemporaryMemory memory(kernel_->device());
  if (Status status = memory.allocate(workspaceBytes_); !status)
    return status;
  if (Status status = run(pointers, {memory.data(), static_cast<size_t>(workspaceBytes_)}, stream); !status)
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
  Call::Packed packed(std::pmr::get_default_resource());
  const Call::Inputs inputs{.shape = shape, .tensors = tensors, .counter = static_cast<uint64_t *>(counter.data())};
  if (Status status = Call::packAll(variant.counting, kernel.countingEntries(*index), inputs, packed); !status)
    return status;
  // On one thread: the counter is not atomic.
  if (Status status = Call::launchAll(device, packed, pointersOf(tensors), workspace.data(), nullptr, 1); !status)
    return status;
  if (Status status = device.copyToHost(&pairs, counter.data(), sizeof pairs, nullptr); !status)
    return status;
  return pairs;
}

} // namespace muntin::runtime
