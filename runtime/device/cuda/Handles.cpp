//===- Handles.cpp - what a driver hands out, given back ----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/Handles.h"

#include <fmt/format.h>

#include <array>

namespace muntin::runtime::cuda {

Result<ContextRef> PrimaryContext::retain(std::shared_ptr<const Driver> driver, Ordinal device) {
  Context context = nullptr;
  if (Status status = driver->check(driver->retainContext(&context, device), "cuDevicePrimaryCtxRetain"); !status)
    return status;
  return ContextRef(std::make_shared<const PrimaryContext>(std::move(driver), device, context));
}

//===-- Modules -----------------------------------------------------------===//

static Status refused(const Driver &driver, Code code, const Binary &binary, const char *log) {
  int version = 0;
  driver.driverVersion(&version);
  const bool ptx = binary.kind == Binary::Kind::Ptx;
  if (code == kOldDriver)
    return {StatusCode::Unavailable,
            fmt::format("the CUDA driver (for CUDA {}.{}) is too old for the kernel's PTX: {}", version / 1000,
                        version % 1000 / 10, driver.check(code, "cuModuleLoadDataEx").message())};
  Status status = driver.check(code, fmt::format("cuModuleLoadDataEx of {}", ptx ? "PTX" : "a cubin"));
  return {status.code(), *log ? fmt::format("{}: {}", status.message(), log) : status.message()};
}

Result<std::unique_ptr<Module>> CudaModule::load(ContextRef context, const Binary &binary, const Log &log) {
  const InContext inside(*context);
  const Driver &driver = *context->driver;
  std::array<char, 4096> said{};
  int options[] = {kJitErrorLog, kJitErrorLogBytes};
  void *values[] = {said.data(), reinterpret_cast<void *>(said.size())};
  ModuleHandle handle = nullptr;
  // std::string ends with the NUL that the driver wants behind PTX.
  const Code code = driver.loadModule(&handle, binary.bytes.c_str(), std::size(options), options, values);
  if (code != kSuccess)
    return refused(driver, code, binary, said.data());
  return std::unique_ptr<Module>(std::make_unique<CudaModule>(std::move(context), handle, log));
}

CudaModule::~CudaModule() {
  const InContext inside(*context_);
  context_->driver->synchronizeContext(); // a launch may be in flight
  context_->driver->unloadModule(handle_);
}

Result<void *> CudaModule::entry(const std::string &name) const {
  const InContext inside(*context_);
  Function function = nullptr;
  const Code code = context_->driver->getFunction(&function, handle_, name.c_str());
  if (Status status = context_->driver->check(code, fmt::format("the kernel has no entry {}", name)); !status)
    return Status(StatusCode::CheckFailed, status.message());
  int localBytes = 0;
  if (context_->driver->functionAttribute(&localBytes, kFunctionLocalMemory, function) == kSuccess && localBytes > 0)
    log_.warn("the kernel {} keeps {} bytes of each thread in local memory, expected none: it is slower than planned",
              name, localBytes);
  return static_cast<void *>(function);
}

//===-- Events ------------------------------------------------------------===//

Result<std::unique_ptr<StreamEvent>> CudaEvent::create(ContextRef context) {
  const InContext inside(*context);
  EventHandle handle = nullptr;
  if (Status status = context->driver->check(context->driver->createEvent(&handle, kNoTiming), "cuEventCreate");
      !status)
    return status;
  return std::unique_ptr<StreamEvent>(std::make_unique<CudaEvent>(std::move(context), handle));
}

CudaEvent::~CudaEvent() {
  const InContext inside(*context_);
  driver().destroyEvent(handle_);
}

Status CudaEvent::record(Stream stream) {
  const InContext inside(*context_);
  return driver().check(driver().recordEvent(handle_, static_cast<StreamHandle>(stream)), "cuEventRecord");
}

Result<bool> CudaEvent::reached() {
  const InContext inside(*context_);
  const Code code = driver().queryEvent(handle_);
  if (code == kNotReady)
    return false;
  if (Status status = driver().check(code, "cuEventQuery"); !status)
    return status;
  return true;
}

Status CudaEvent::wait() {
  const InContext inside(*context_);
  return driver().check(driver().synchronizeEvent(handle_), "cuEventSynchronize");
}

Status CudaEvent::holdBack(Stream stream) {
  const InContext inside(*context_);
  return driver().check(driver().holdStream(static_cast<StreamHandle>(stream), handle_, 0), "cuStreamWaitEvent");
}

} // namespace muntin::runtime::cuda
