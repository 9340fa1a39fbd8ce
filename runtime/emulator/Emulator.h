//===- Emulator.h - the C++ face: parse, launch, report ---------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For tests and tools. A program that speaks the CUDA driver API uses
// libmuntin-emulator.so instead.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EMULATOR_H
#define MUNTIN_EMULATOR_EMULATOR_H

#include "runtime/emulator/exec/Grid.h"

namespace muntin::emulator {

/// A module with memory for its variables and every entry decoded.
class LoadedModule {
public:
  /// `architecture`: the device's, e.g. 80 or 90. The log has line, text and caret on failure.
  static Result<std::shared_ptr<LoadedModule>> load(std::string_view ptx, unsigned architecture, DeviceMemory &memory,
                                                    int device, uint64_t deviceBytes);
  ~LoadedModule();
  std::shared_ptr<Kernel> kernel(std::string_view name) const;
  const std::map<std::string, std::shared_ptr<Kernel>> &kernels() const { return kernels_; }
  /// Address and size of a module-scope variable; {0, 0} if there is none.
  std::pair<uint64_t, uint64_t> variable(std::string_view name) const;
  const Module &module() const { return *module_; }

private:
  LoadedModule(DeviceMemory &memory) : memory_(memory) {}
  Status allocate(int device, uint64_t deviceBytes);

  DeviceMemory &memory_;
  std::shared_ptr<Module> module_;
  SymbolAddresses symbols_;
  std::vector<uint64_t> owned_;
  std::map<std::string, std::shared_ptr<Kernel>> kernels_;
};

/// What a launch did, beside what it wrote to memory.
struct LaunchResult {
  bool ok = false;
  uint64_t steps = 0;
  std::vector<Report> reports;
};

/// One device with its memory.
class Emulator {
public:
  explicit Emulator(unsigned architecture = 80, Options options = {}) : architecture(architecture), options(options) {}
  Result<std::shared_ptr<LoadedModule>> load(std::string_view ptx) {
    return LoadedModule::load(ptx, architecture, memory, 0, uint64_t(1) << 40);
  }
  uint64_t allocate(uint64_t bytes) { return memory.allocate(bytes, 0, uint64_t(1) << 40); }
  /// Bytes of host memory behind a device address; nullptr if they are not allocated.
  uint8_t *host(uint64_t address, uint64_t bytes);
  uint64_t upload(const void *data, uint64_t bytes);
  void download(void *data, uint64_t address, uint64_t bytes);
  LaunchResult launch(const Kernel &kernel, const LaunchShape &shape, std::vector<uint8_t> params,
                      Profile *profile = nullptr, Trace *trace = nullptr);

  unsigned architecture;
  Options options;
  DeviceMemory memory;
  ReportSink reports;

private:
  uint64_t launches_ = 0;
};

/// Kernel parameters, laid out as PTX aligns them.
class Params {
public:
  template <typename T> Params &add(const T &value, size_t align = alignof(T)) {
    bytes_.resize((bytes_.size() + align - 1) / align * align);
    const auto *p = reinterpret_cast<const uint8_t *>(&value);
    bytes_.insert(bytes_.end(), p, p + sizeof(T));
    return *this;
  }
  operator std::vector<uint8_t>() const { return bytes_; }

private:
  std::vector<uint8_t> bytes_;
};

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EMULATOR_H
