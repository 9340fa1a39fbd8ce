//===- OpenDevice.cpp - a device by its name ---------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/capi/OpenDevice.h"

#include "runtime/abi/Folder.h"
#include "runtime/abi/Target.h"
#include "runtime/device/cpu/CpuDevice.h"
#include "runtime/device/cuda/CudaDevice.h"

#include <charconv>
#include <unistd.h>

namespace muntin::runtime {

constexpr const char *kDriver = "libcuda.so.1", *kEmulator = "libmuntin-emulator.so";

static Status notADevice(const std::string &device) {
  return Status::invalid(fmt::format("device is '{}', expected cpu, cuda[:N] or emulator[:ARCHITECTURE]", device));
}

/// Beside the file that holds this function, or in ../lib; else where the loader searches.
static std::string emulatorLibrary() {
  const std::string folder = folderOf(reinterpret_cast<const void *>(&emulatorLibrary));
  for (const char *place : {"/", "/../lib/"})
    if (const std::string file = folder + place + kEmulator; !folder.empty() && ::access(file.c_str(), F_OK) == 0)
      return file;
  return kEmulator;
}

static Result<std::unique_ptr<Device>> openCuda(const std::string &device, const std::string &number,
                                                const Environment &environment, const Log &log) {
  int ordinal = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), ordinal);
  if (!number.empty() && (error != std::errc() || end != number.data() + number.size() || ordinal < 0))
    return notADevice(device);
  return createCudaDevice({.name = fmt::format("cuda:{}", ordinal),
                           .library = environment.cudaLibrary.empty() ? kDriver : environment.cudaLibrary,
                           .ordinal = ordinal,
                           .architecture = "",
                           .log = log});
}

static Result<std::unique_ptr<Device>> openEmulator(const std::string &device, const std::string &architecture,
                                                    const Log &log) {
  const std::string wanted = architecture.empty() ? "sm_80" : architecture;
  const Result<const Target *> target = findTarget(wanted);
  if (!target)
    return Status(target.status().code(), fmt::format("device is '{}': {}", device, target.status().message()));
  if (!(*target)->gpu)
    return notADevice(device);
  return createCudaDevice(
      {.name = "emulator:" + wanted, .library = emulatorLibrary(), .ordinal = 0, .architecture = wanted, .log = log});
}

Result<std::unique_ptr<Device>> openDevice(const SessionOptions &options, const Environment &environment,
                                           const Log &log) {
  const size_t colon = std::min(options.device.find(':'), options.device.size());
  const std::string kind = options.device.substr(0, colon);
  const std::string which = options.device.substr(std::min(colon + 1, options.device.size()));
  if (kind == "cuda")
    return openCuda(options.device, which, environment, log);
  if (kind == "emulator")
    return openEmulator(options.device, which, log);
  if (!options.device.empty() && options.device != "cpu")
    return notADevice(options.device);
  return createCpuDevice({.threads = options.threads > 0 ? options.threads : environment.threads.value_or(0),
                          .parallelFor = options.parallelFor,
                          .allocator = options.allocator,
                          .temporaryDirs = environment.temporaryDirs,
                          .log = log});
}

} // namespace muntin::runtime
