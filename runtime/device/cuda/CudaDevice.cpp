//===- CudaDevice.cpp - a GPU as a device ------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaDevice.h"

#include "runtime/abi/Target.h"
#include "runtime/device/cuda/Handles.h"

#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace muntin::runtime {

using namespace cuda;

namespace {

constexpr int kLeastMajor = 8;
constexpr int64_t kMostBlocks = std::numeric_limits<int32_t>::max(); // on the x axis of a grid
constexpr size_t kMostArguments = 128;

struct Capability {
  int major = 0, minor = 0;
};

Status readCapability(const Driver &driver, Ordinal device, Capability &capability) {
  for (auto [value, attribute] :
       {std::pair(&capability.major, ComputeCapabilityMajor), std::pair(&capability.minor, ComputeCapabilityMinor)})
    if (Status status = driver.check(driver.deviceAttribute(value, attribute, device), "cuDeviceGetAttribute"); !status)
      return status;
  return {};
}

/// What a binary was made for. Code for "sm_90a" runs on 9.0 and nowhere else. Otherwise cubins run on later minor
/// numbers of the same major one, and PTX on all that is later.
struct Architecture {
  int number = 0; ///< 80 of "sm_80"
  bool exact = false;
};

std::optional<Architecture> parseArchitecture(std::string_view name) {
  constexpr std::string_view prefix = "sm_";
  if (!name.starts_with(prefix))
    return std::nullopt;
  name.remove_prefix(prefix.size());
  Architecture result;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), result.number);
  const std::string_view rest(end, static_cast<size_t>(name.data() + name.size() - end));
  if (error != std::errc() || result.number <= 0 || (!rest.empty() && rest != "a"))
    return std::nullopt;
  result.exact = !rest.empty();
  return result;
}

/// Added to the architecture of cubins, so that any of them is preferred to any PTX.
constexpr int kCubin = 10000;

class CudaDevice : public Device {
public:
  CudaDevice(const CudaOptions &options, ContextRef context, DeviceInfo info, Capability capability, int sharedOptIn,
             int multiprocessors)
      : log_(options.log), context_(std::move(context)), info_(std::move(info)), capability_(capability),
        sharedOptIn_(sharedOptIn), multiprocessors_(multiprocessors) {}

  const DeviceInfo &info() const override { return info_; }

  /// Cubins before PTX, and of each kind the latest that runs here.
  int preference(const Binary &binary) const override {
    const std::optional<Architecture> needs = parseArchitecture(binary.target);
    const int here = 10 * capability_.major + capability_.minor;
    if (!needs || binary.kind == Binary::Kind::SharedObject || needs->number > here ||
        (needs->exact && needs->number != here))
      return 0;
    if (binary.kind == Binary::Kind::Ptx)
      return needs->number;
    return needs->number / 10 == capability_.major && !driver().emulated() ? kCubin + needs->number : 0;
  }
  Result<std::unique_ptr<Module>> load(const Binary &binary) override {
    return CudaModule::load(context_, binary, log_);
  }

  Status launch(const Work &work, Stream stream, int) override {
    if (work.tasks > kMostBlocks)
      return Status::invalid(
          fmt::format("the problem has {} query boxes, expected at most {} on a GPU", work.tasks, kMostBlocks));
    if (work.scratch > sharedOptIn_)
      return {StatusCode::Unavailable, fmt::format("the kernel needs {} bytes of shared memory, the device {} has {}",
                                                   work.scratch, info_.name, sharedOptIn_)};
    if (work.arguments.size() > kMostArguments)
      return {StatusCode::CheckFailed, fmt::format("the kernel image is damaged: it wants {} arguments, at most {} fit",
                                                   work.arguments.size(), kMostArguments)};
    const InContext inside(*context_);
    const auto function = static_cast<Function>(work.entry);
    const auto shared = static_cast<unsigned>(work.scratch);
    if (Status status = check(driver().setFunctionAttribute(function, kFunctionSharedMemory, static_cast<int>(shared)),
                              "cuFuncSetAttribute of the shared memory");
        !status)
      return status;
    std::array<void *, kMostArguments> slots;
    for (size_t i = 0; i < work.arguments.size(); ++i)
      slots[i] = const_cast<uint64_t *>(&work.arguments[i]);
    const int64_t blocks = work.resident ? std::min(work.tasks, work.resident * multiprocessors_) : work.tasks;
    const Code code =
        driver().launchKernel(function, static_cast<unsigned>(blocks), 1, 1, static_cast<unsigned>(work.threads), 1, 1,
                              shared, handle(stream), slots.data(), nullptr);
    return finish(code, "cuLaunchKernel", stream);
  }

  Result<void *> allocate(size_t bytes) override {
    const InContext inside(*context_);
    Address address = 0;
    if (Status status = check(driver().allocate(&address, bytes), fmt::format("cuMemAlloc of {} bytes", bytes));
        !status)
      return status;
    return std::bit_cast<void *>(address);
  }

  void release(void *memory) override {
    const InContext inside(*context_);
    if (memory)
      driver().release(std::bit_cast<Address>(memory));
  }

  Status fill(void *data, int elementBytes, uint32_t bits, std::span<const int64_t> extents,
              std::span<const int64_t> strides, Stream stream) override {
    const InContext inside(*context_);
    return finish(fillAxes(std::bit_cast<Address>(data), elementBytes, bits, extents, strides, handle(stream)),
                  "cuMemset", stream);
  }

  Status copyToHost(void *target, const void *source, size_t bytes, Stream stream) override {
    const InContext inside(*context_);
    return finish(driver().copyToHost(target, std::bit_cast<Address>(source), bytes, handle(stream)),
                  "cuMemcpyDtoHAsync", stream);
  }
  Status copyFromHost(void *target, const void *source, size_t bytes, Stream stream) override {
    const InContext inside(*context_);
    return finish(driver().copyFromHost(std::bit_cast<Address>(target), source, bytes, handle(stream)),
                  "cuMemcpyHtoDAsync", stream);
  }

  Status synchronize(Stream stream) override {
    const InContext inside(*context_);
    return check(driver().synchronizeStream(handle(stream)), "cuStreamSynchronize");
  }
  /// Modules wait for the device before they go, so nothing else need be kept.
  Status retain(Stream, std::shared_ptr<const void>) override { return {}; }

  Result<Stream> createStream() override {
    const InContext inside(*context_);
    StreamHandle stream = nullptr;
    if (Status status = check(driver().createStream(&stream, kNonBlocking), "cuStreamCreate"); !status)
      return status;
    return static_cast<Stream>(stream);
  }
  Status destroyStream(Stream stream) override {
    if (!stream)
      return {};
    if (Status status = synchronize(stream); !status)
      return status;
    const InContext inside(*context_);
    return check(driver().destroyStream(handle(stream)), "cuStreamDestroy");
  }
  Result<std::unique_ptr<StreamEvent>> createEvent() override { return CudaEvent::create(context_); }

  void drain() override {
    const InContext inside(*context_);
    driver().synchronizeContext();
  }

private:
  const Driver &driver() const { return *context_->driver; }
  static StreamHandle handle(Stream stream) { return static_cast<StreamHandle>(stream); }
  Status check(Code code, const std::string &what) const { return driver().check(code, what); }

  /// On the default stream, work is done when the call returns.
  Status finish(Code code, const char *what, Stream stream) {
    if (Status status = check(code, what); !status)
      return status;
    return stream ? Status() : check(driver().synchronizeStream(nullptr), what);
  }

  Code fillAxes(Address data, int elementBytes, uint32_t bits, std::span<const int64_t> extents,
                std::span<const int64_t> strides, StreamHandle stream) {
    if (extents.empty() || (extents.size() == 1 && strides[0] == 1)) {
      const auto count = static_cast<size_t>(extents.empty() ? 1 : extents[0]);
      return elementBytes == 4 ? driver().fill32(data, bits, count, stream)
                               : driver().fill16(data, static_cast<unsigned short>(bits), count, stream);
    }
    for (int64_t i = 0; i < extents[0]; ++i) {
      const Address at = data + static_cast<Address>(i * strides[0] * elementBytes);
      if (const Code code = fillAxes(at, elementBytes, bits, extents.subspan(1), strides.subspan(1), stream);
          code != kSuccess)
        return code;
    }
    return kSuccess;
  }

  const Log log_;
  const ContextRef context_;
  const DeviceInfo info_;
  const Capability capability_;
  const int sharedOptIn_, multiprocessors_;
};

/// The device that the options mean.
Result<Ordinal> choose(const Driver &driver, const CudaOptions &options) {
  int count = 0;
  if (Status status = driver.check(driver.deviceCount(&count), "cuDeviceGetCount"); !status)
    return status;
  if (options.architecture.empty()) {
    if (options.ordinal >= count)
      return Status(StatusCode::Unavailable,
                    fmt::format("device {}: {} has {} devices", options.name, driver.library(), count));
    Ordinal device = 0;
    if (Status status = driver.check(driver.deviceGet(&device, options.ordinal), "cuDeviceGet"); !status)
      return status;
    return device;
  }
  for (int i = 0; i < count; ++i) {
    Ordinal device = 0;
    Capability capability;
    if (Status status = driver.check(driver.deviceGet(&device, i), "cuDeviceGet"); !status)
      return status;
    if (Status status = readCapability(driver, device, capability); !status)
      return status;
    if (options.architecture.starts_with(fmt::format("sm_{}{}", capability.major, capability.minor)))
      return device;
  }
  return Status(StatusCode::Unavailable, fmt::format("device {}: {} has no {} among its {} devices", options.name,
                                                     driver.library(), options.architecture, count));
}

} // namespace

Result<std::unique_ptr<Device>> createCudaDevice(const CudaOptions &options) {
  Result<std::shared_ptr<const Driver>> driver = Driver::open(options.library);
  if (!driver)
    return driver.status();
  const Result<Ordinal> device = choose(**driver, options);
  if (!device)
    return device.status();
  Capability capability;
  std::array<char, 256> name{};
  int sharedOptIn = 0, multiprocessors = 0;
  if (Status status = readCapability(**driver, *device, capability); !status)
    return status;
  if (capability.major < kLeastMajor)
    return Status(StatusCode::Unavailable, fmt::format("device {} has compute capability {}.{}, expected at least {}.0",
                                                       options.name, capability.major, capability.minor, kLeastMajor));
  for (const Code code : {(*driver)->deviceName(name.data(), name.size(), *device),
                          (*driver)->deviceAttribute(&sharedOptIn, SharedMemoryOptIn, *device),
                          (*driver)->deviceAttribute(&multiprocessors, MultiprocessorCount, *device)})
    if (Status status = (*driver)->check(code, "asking the CUDA driver about its device"); !status)
      return status;
  Result<ContextRef> context = PrimaryContext::retain(*driver, *device);
  if (!context)
    return context.status();
  constexpr int32_t dlpackCuda = 2;
  DeviceInfo info{options.name, name.data(), "sm_80", 1, {dlpackCuda, *device}};
  return std::unique_ptr<Device>(std::make_unique<CudaDevice>(options, std::move(*context), std::move(info), capability,
                                                              sharedOptIn, multiprocessors));
}

} // namespace muntin::runtime
