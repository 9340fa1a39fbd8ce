//===- Driver.h - the CUDA driver API, opened at run time --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A table of functions from one driver library. Each device owns the table that
// it was opened with, so that a real driver and the emulator live side by side in
// a process. Names, types and numbers are those of the driver's ABI.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_DEVICE_CUDA_DRIVER_H
#define MUNTIN_RUNTIME_DEVICE_CUDA_DRIVER_H

#include "runtime/abi/Result.h"

#include <cstddef>
#include <memory>
#include <string>

namespace muntin::runtime::cuda {

using Code = int; ///< CUresult
constexpr Code kSuccess = 0, kNoDevice = 100, kNoBinary = 209, kInvalidPtx = 218, kOldDriver = 222, kNotReady = 600;
using Ordinal = int;                ///< CUdevice
using Address = unsigned long long; ///< CUdeviceptr
using Context = struct ContextTag *;
using ModuleHandle = struct ModuleTag *;
using Function = struct FunctionTag *;
using StreamHandle = struct StreamTag *;
using EventHandle = struct EventTag *;

enum Attribute : int { // CUdevice_attribute
  MultiprocessorCount = 16,
  ComputeCapabilityMajor = 75,
  ComputeCapabilityMinor = 76,
  SharedMemoryOptIn = 97,
};
constexpr int kFunctionLocalMemory = 3;  ///< CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES
constexpr int kFunctionSharedMemory = 8; ///< CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
constexpr unsigned kNonBlocking = 1;     ///< CU_STREAM_NON_BLOCKING
constexpr unsigned kNoTiming = 2;        ///< CU_EVENT_DISABLE_TIMING
constexpr int kJitErrorLog = 5, kJitErrorLogBytes = 6;

// member, exported name, parameters
#define MUNTIN_CUDA_FUNCTIONS(X)                                                                                       \
  X(getErrorName, cuGetErrorName, (Code, const char **))                                                               \
  X(getErrorString, cuGetErrorString, (Code, const char **))                                                           \
  X(init, cuInit, (unsigned))                                                                                          \
  X(driverVersion, cuDriverGetVersion, (int *))                                                                        \
  X(deviceCount, cuDeviceGetCount, (int *))                                                                            \
  X(deviceGet, cuDeviceGet, (Ordinal *, int))                                                                          \
  X(deviceName, cuDeviceGetName, (char *, int, Ordinal))                                                               \
  X(deviceAttribute, cuDeviceGetAttribute, (int *, int, Ordinal))                                                      \
  X(retainContext, cuDevicePrimaryCtxRetain, (Context *, Ordinal))                                                     \
  X(releaseContext, cuDevicePrimaryCtxRelease_v2, (Ordinal))                                                           \
  X(pushContext, cuCtxPushCurrent_v2, (Context))                                                                       \
  X(popContext, cuCtxPopCurrent_v2, (Context *))                                                                       \
  X(synchronizeContext, cuCtxSynchronize, ())                                                                          \
  X(loadModule, cuModuleLoadDataEx, (ModuleHandle *, const void *, unsigned, int *, void **))                          \
  X(unloadModule, cuModuleUnload, (ModuleHandle))                                                                      \
  X(getFunction, cuModuleGetFunction, (Function *, ModuleHandle, const char *))                                        \
  X(functionAttribute, cuFuncGetAttribute, (int *, int, Function))                                                     \
  X(setFunctionAttribute, cuFuncSetAttribute, (Function, int, int))                                                    \
  X(launchKernel, cuLaunchKernel,                                                                                      \
    (Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, StreamHandle, void **, void **))  \
  X(allocate, cuMemAlloc_v2, (Address *, size_t))                                                                      \
  X(release, cuMemFree_v2, (Address))                                                                                  \
  X(copyToHost, cuMemcpyDtoHAsync_v2, (void *, Address, size_t, StreamHandle))                                         \
  X(copyFromHost, cuMemcpyHtoDAsync_v2, (Address, const void *, size_t, StreamHandle))                                 \
  X(fill16, cuMemsetD16Async, (Address, unsigned short, size_t, StreamHandle))                                         \
  X(fill32, cuMemsetD32Async, (Address, unsigned, size_t, StreamHandle))                                               \
  X(createStream, cuStreamCreate, (StreamHandle *, unsigned))                                                          \
  X(destroyStream, cuStreamDestroy_v2, (StreamHandle))                                                                 \
  X(synchronizeStream, cuStreamSynchronize, (StreamHandle))                                                            \
  X(holdStream, cuStreamWaitEvent, (StreamHandle, EventHandle, unsigned))                                              \
  X(createEvent, cuEventCreate, (EventHandle *, unsigned))                                                             \
  X(destroyEvent, cuEventDestroy_v2, (EventHandle))                                                                    \
  X(recordEvent, cuEventRecord, (EventHandle, StreamHandle))                                                           \
  X(queryEvent, cuEventQuery, (EventHandle))                                                                           \
  X(synchronizeEvent, cuEventSynchronize, (EventHandle))

class Driver {
public:
  /// Opens a library and initialises it. Unavailable: no such library, or it is older than this table.
  static Result<std::shared_ptr<const Driver>> open(const std::string &library);

  /// Ok, or what the driver calls the code. `what` was being done: "cuMemAlloc of 64 bytes".
  Status check(Code code, const std::string &what) const;
  /// True for libmuntin-emulator.so, which takes PTX only.
  bool emulated() const { return emulated_; }
  const std::string &library() const { return library_; }

#define MUNTIN_DECLARE(member, name, parameters) Code(*member) parameters = nullptr;
  MUNTIN_CUDA_FUNCTIONS(MUNTIN_DECLARE)
#undef MUNTIN_DECLARE

private:
  std::string library_;
  bool emulated_ = false;
};

} // namespace muntin::runtime::cuda

#endif // MUNTIN_RUNTIME_DEVICE_CUDA_DRIVER_H
