//===- CpuDevice.cpp - the processor as a device -----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/CpuDevice.h"

#include "runtime/abi/Target.h"
#include "runtime/device/cpu/CpuStream.h"
#include "runtime/device/cpu/SharedObject.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
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
  ScratchPool &scratch;
  std::atomic<bool> outOfMemory{false};
};

// Kernels carry no type information for the sanitizer to read in front of an entry.
__attribute__((no_sanitize("function"))) void runTasks(void *context, int64_t begin, int64_t end) {
  auto &state = *static_cast<LaunchState *>(context);
  const ScratchPool::Lease scratch(state.scratch, static_cast<size_t>(state.work.scratch));
  if (state.work.scratch > 0 && !scratch.data()) {
    state.outOfMemory.store(true, std::memory_order_relaxed);
    return;
  }
  reinterpret_cast<Entry>(state.work.entry)(state.work.arguments.data(), begin, end, scratch.data());
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
      : log_(options.log), temporaryDirs_(std::move(options.temporaryDirs)), allocator_(options.allocator),
        scratch_(options.allocator),
        workers_(options.threads > 0 ? options.threads : usableProcessors(), options.parallelFor),
        info_(describe(workers_.threads())) {}

  const DeviceInfo &info() const override { return info_; }

  int preference(const Binary &binary) const override {
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
    if (!stream)
      return launchNow(work, threads);
    std::vector<uint64_t> arguments(work.arguments.begin(), work.arguments.end());
    return later(stream, [this, work, threads, arguments = std::move(arguments)] {
      Work own = work;
      own.arguments = arguments;
      return launchNow(own, threads);
    });
  }

  Result<void *> allocate(size_t bytes) override {
    void *memory = allocator_.take(bytes);
    if (!memory)
      return Status(StatusCode::OutOfMemory, fmt::format("cannot allocate {} bytes", bytes));
    return memory;
  }

  void release(void *memory) override { allocator_.give(memory); }

  Status fill(void *data, int elementBytes, uint32_t bits, std::span<const int64_t> extents,
              std::span<const int64_t> strides, Stream stream) override {
    if (!stream) {
      fillAxis(static_cast<char *>(data), elementBytes, bits, extents, strides);
      return {};
    }
    using List = std::vector<int64_t>;
    return later(stream,
                 [=, extents = List(extents.begin(), extents.end()),
                  strides = List(strides.begin(), strides.end())]() -> Status {
                   fillAxis(static_cast<char *>(data), elementBytes, bits, extents, strides);
                   return {};
                 });
  }

  Status copyToHost(void *target, const void *source, size_t bytes, Stream stream) override {
    return copy(target, source, bytes, stream);
  }
  Status copyFromHost(void *target, const void *source, size_t bytes, Stream stream) override {
    return copy(target, source, bytes, stream);
  }

  Status synchronize(Stream handle) override {
    const auto stream = find(handle);
    if (!stream)
      return stream.status();
    return *stream ? (*stream)->synchronize() : Status();
  }

  Status retain(Stream stream, std::shared_ptr<const void> keep) override {
    return stream ? later(stream, [keep = std::move(keep)] { return Status(); }) : Status();
  }

  Result<Stream> createStream() override {
    auto stream = std::make_shared<CpuStream>();
    const std::lock_guard lock(mutex_);
    streams_.push_back(stream);
    return static_cast<Stream>(stream.get());
  }

  Status destroyStream(Stream handle) override {
    if (!handle)
      return {};
    Result<std::shared_ptr<CpuStream>> stream = find(handle);
    if (!stream)
      return stream.status();
    const std::lock_guard lock(mutex_);
    std::erase(streams_, *stream);
    return {}; // whose last owner is `stream`: its work is done when that goes
  }

  Result<std::unique_ptr<StreamEvent>> createEvent() override {
    return std::unique_ptr<StreamEvent>(std::make_unique<CpuEvent>([this](Stream handle) { return find(handle); }));
  }

  void drain() override {
    const std::lock_guard lock(mutex_);
    streams_.clear();
  }

private:
  Status launchNow(const Work &work, int threads) {
    LaunchState state{work, scratch_};
    workers_.run(work.tasks, threads, runTasks, &state);
    if (state.outOfMemory)
      return {StatusCode::OutOfMemory, fmt::format("cannot allocate {} bytes of scratch per thread", work.scratch)};
    return {};
  }

  /// The stream of a handle; null for the default one.
  Result<std::shared_ptr<CpuStream>> find(Stream handle) {
    if (!handle)
      return std::shared_ptr<CpuStream>();
    const std::lock_guard lock(mutex_);
    for (const std::shared_ptr<CpuStream> &stream : streams_)
      if (stream.get() == handle)
        return stream;
    return Status::invalid(fmt::format("stream is {}, which is none of this session's", handle));
  }

  Status later(Stream handle, CpuStream::Piece piece) {
    const auto stream = find(handle);
    return stream ? (*stream)->submit(std::move(piece)) : stream.status();
  }

  Status copy(void *target, const void *source, size_t bytes, Stream stream) {
    const auto move = [=] {
      std::memcpy(target, source, bytes);
      return Status();
    };
    return stream ? later(stream, move) : move();
  }

  const Log log_;
  const std::vector<std::string> temporaryDirs_;
  const HostAllocator allocator_;
  ScratchPool scratch_;
  Workers workers_;
  const DeviceInfo info_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<CpuStream>> streams_; ///< guarded by mutex_; goes first, with its work
};

} // namespace

std::unique_ptr<Device> createCpuDevice(CpuOptions options) { return std::make_unique<CpuDevice>(std::move(options)); }

} // namespace muntin::runtime
