//===- Handles.h - what a driver hands out, given back ------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_DEVICE_CUDA_HANDLES_H
#define MUNTIN_RUNTIME_DEVICE_CUDA_HANDLES_H

#include "runtime/base/Log.h"
#include "runtime/device/Device.h"
#include "runtime/device/cuda/Driver.h"

#include <map>
#include <mutex>

namespace muntin::runtime::cuda {

/// The primary context of a device, held as long as something of it lives.
class PrimaryContext {
public:
  static Result<std::shared_ptr<const PrimaryContext>> retain(std::shared_ptr<const Driver> driver, Ordinal device);
  PrimaryContext(std::shared_ptr<const Driver> driver, Ordinal device, Context context)
      : driver(std::move(driver)), device(device), context(context) {}
  ~PrimaryContext() { driver->releaseContext(device); }
  PrimaryContext(const PrimaryContext &) = delete;

  const std::shared_ptr<const Driver> driver;
  const Ordinal device;
  const Context context;
};
using ContextRef = std::shared_ptr<const PrimaryContext>;

/// Makes the context the thread's own for a while, and gives it back the one that it had.
class InContext {
public:
  explicit InContext(const PrimaryContext &context) : driver_(*context.driver) {
    code_ = driver_.pushContext(context.context);
  }
  ~InContext() {
    Context gone;
    if (code_ == kSuccess)
      driver_.popContext(&gone);
  }
  InContext(const InContext &) = delete;

private:
  const Driver &driver_;
  Code code_;
};

/// A loaded cubin or PTX.
class CudaModule : public Module {
public:
  static Result<std::unique_ptr<Module>> load(ContextRef context, const Binary &binary, const Log &log);
  CudaModule(ContextRef context, ModuleHandle handle, const Log &log)
      : context_(std::move(context)), handle_(handle), log_(log) {}
  ~CudaModule() override;
  CudaModule(const CudaModule &) = delete;
  /// Warns of a function that keeps registers in local memory: the driver may have assembled it, unexamined.
  Result<void *> entry(const std::string &name) const override;

private:
  const ContextRef context_;
  const ModuleHandle handle_;
  const Log log_;
};

class CudaEvent : public StreamEvent {
public:
  static Result<std::unique_ptr<StreamEvent>> create(ContextRef context);
  CudaEvent(ContextRef context, EventHandle handle) : context_(std::move(context)), handle_(handle) {}
  ~CudaEvent() override;
  CudaEvent(const CudaEvent &) = delete;
  Status record(Stream stream) override;
  Result<bool> reached() override;
  Status wait() override;
  Status holdBack(Stream stream) override;

private:
  const Driver &driver() const { return *context_->driver; }
  const ContextRef context_;
  const EventHandle handle_;
};

} // namespace muntin::runtime::cuda

#endif // MUNTIN_RUNTIME_DEVICE_CUDA_HANDLES_H
