//===- CpuDevice.cpp - the processor as a device -----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/CpuDevice.h"

#include "runtime/abi/Target.h"
#include "runtime/device/cpu/SharedObject.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>

#include <cpuid.h>

namespace muntin::runtime {

namespace {

using Entry = void (*)(const uint64_t *arguments, int64_t begin, int64_t end, void *scratch);

/// From the instruction cpuid: /proc/cpuinfo takes milliseconds on machines with many cores.
std::string processorName() {
  constexpr unsigned kFirstLeaf = 0x80000002, kLeaves = 3;
  std::array<unsigned, 4 * kLeaves> words{};
  for (unsigned i = 0; i < kLeaves; ++i)
    if (!__get_cpuid(kFirstLeaf + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2], &words[4 * i + 3]))
      return "unknown processor";
  std::string name(reinterpret_cast<const char *>(words.data()), sizeof words);
  name.resize(std::min(name.find('\0'), name.size()));
  name.erase(name.find_last_not_of(' ') + 1);
  return name;
}

DeviceInfo describe(int threads) {
  const Target *host = hostTarget();
  return {"cpu", processorName(), host ? host->name : "", threads};
}

int usableProcessors() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

/// What the threads of one launch share.
struct LaunchState {
  const Work &work;
  std::atomic<bool> outOfMemory{false};
};

// Kernels carry no type information for the sanitizer to read in front of an entry.
__attribute__((no_sanitize("function"))) void runTasks(void *context, int64_t begin, int64_t end) {
  auto &state = *static_cast<LaunchState *>(context);
  void *scratch = nullptr;
  if (state.work.scratch > 0 && !(scratch = threadScratch(static_cast<size_t>(state.work.scratch)))) {
    state.outOfMemory.store(true, std::memory_order_relaxed);
    return;
  }
  reinterpret_cast<Entry>(state.work.entry)(state.work.arguments.data(), begin, end, scratch);
}

void fillAxis(char *data, int elementBytes, uint32_t bits, std::span<const int64_t> extents,
              std::span<const int64_t> strides) {
  if (extents.empty()) {
    std::memcpy(data, &bits, static_cast<size_t>(elementBytes));
    return;
  }
  for (int64_t i = 0; i < extents[0]; ++i)
    fillAxis(data + i * strides[0] * elementBytes, elementBytes, bits, extents.subspan(1), strides.subspan(1));
}

class CpuDevice : public Device {
public:
  explicit CpuDevice(CpuOptions options)
      : log_(options.log), temporaryDirs_(std::move(options.temporaryDirs)),
        workers_(options.threads > 0 ? options.threads : usableProcessors(), options.parallelFor),
        info_(describe(workers_.threads())) {}

  const DeviceInfo &info() const override { return info_; }

  bool accepts(const Binary &binary) const override {
    const Result<const Target *> target = findTarget(binary.target);
    return binary.kind == Binary::Kind::SharedObject && target && machineSupports(**target);
  }

  Result<std::unique_ptr<Module>> load(const Binary &binary) override {
    return SharedObject::open(binary.bytes, temporaryDirs_, log_);
  }
  Result<std::unique_ptr<Module>> load(const Binary &binary, const std::string &file) override {
    auto module = SharedObject::openFile(binary.bytes, file);
    if (!module)
      log_.debug("{}; loading a copy of it", module.status().message());
    return module ? std::move(module) : load(binary);
  }

  Status launch(const Work &work, Stream stream, int threads) override {
    if (Status status = checkStream(stream); !status)
      return status;
    LaunchState state{work};
    workers_.run(work.tasks, threads, runTasks, &state);
    if (state.outOfMemory)
      return {StatusCode::OutOfMemory, fmt::format("cannot allocate {} bytes of scratch per thread", work.scratch)};
    return {};
  }

  Result<void *> allocate(size_t bytes) override {
    void *memory = ::operator new(bytes, std::align_val_t(64), std::nothrow);
    if (!memory)
      return Status(StatusCode::OutOfMemory, fmt::format("cannot allocate {} bytes", bytes));
    return memory;
  }

  void release(void *memory) override { ::operator delete(memory, std::align_val_t(64)); }

  Status fill(void *data, int elementBytes, uint32_t bits, std::span<const int64_t> extents,
              std::span<const int64_t> strides, Stream stream) override {
    if (Status status = checkStream(stream); !status)
      return status;
    fillAxis(static_cast<char *>(data), elementBytes, bits, extents, strides);
    return {};
  }

  Status copyToHost(void *target, const void *source, size_t bytes, Stream stream) override {
    return copy(target, source, bytes, stream);
  }
  Status copyFromHost(void *target, const void *source, size_t bytes, Stream stream) override {
    return copy(target, source, bytes, stream);
  }
  Status synchronize(Stream stream) override { return checkStream(stream); }

private:
  static Status checkStream(Stream stream) {
    if (stream)
      return {StatusCode::NotInThisVersion, "stream is not null: streams of the cpu device are not in this version"};
    return {};
  }

  static Status copy(void *target, const void *source, size_t bytes, Stream stream) {
    if (Status status = checkStream(stream); !status)
      return status;
    std::memcpy(target, source, bytes);
    return {};
  }

  const Log log_;
  const std::vector<std::string> temporaryDirs_;
  Workers workers_;
  const DeviceInfo info_;
};

} // namespace

std::unique_ptr<Device> createCpuDevice(CpuOptions options) { return std::make_unique<CpuDevice>(std::move(options)); }

} // namespace muntin::runtime
