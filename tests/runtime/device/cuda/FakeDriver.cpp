//===- FakeDriver.cpp - a CUDA driver that says what it is told ------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every function of the table that the cuda device wants; those that matter here
// answer as the test said, the others succeed and do nothing.
//
//===----------------------------------------------------------------------===//

#include "FakeDriver.h"

#include "runtime/device/cuda/Driver.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace muntin::runtime::cuda;

/// Until a test says otherwise: the numbers of FAKE_DRIVER in the order of the fields, for programs that are run whole.
static FakeDriverAnswers ofEnvironment() {
  FakeDriverAnswers told{};
  if (const char *numbers = std::getenv("FAKE_DRIVER"))
    std::sscanf(numbers, "%d,%d,%d,%d,%d,%d,%d", &told.initCode, &told.driverVersion, &told.major, &told.minor,
                &told.sharedOptIn, &told.loadCode, &told.localBytes);
  return told;
}

static FakeDriverAnswers answers = ofEnvironment();
static int launches = 0;

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void fake_driver_answer(const FakeDriverAnswers *wanted) { answers = *wanted; }
EXPORT int fake_driver_launches() { return launches; }

EXPORT Code cuGetErrorName(Code code, const char **name) {
  *name = code == kOldDriver ? "CUDA_ERROR_UNSUPPORTED_PTX_VERSION" : "CUDA_ERROR_FAKE";
  return kSuccess;
}
EXPORT Code cuGetErrorString(Code, const char **text) {
  *text = "as the test wants it";
  return kSuccess;
}
EXPORT Code cuInit(unsigned) { return answers.initCode; }
EXPORT Code cuDriverGetVersion(int *version) {
  *version = answers.driverVersion;
  return kSuccess;
}
EXPORT Code cuDeviceGetCount(int *count) {
  *count = 1;
  return kSuccess;
}
EXPORT Code cuDeviceGet(Ordinal *device, int ordinal) {
  *device = ordinal;
  return kSuccess;
}
EXPORT Code cuDeviceGetName(char *name, int length, Ordinal) {
  std::strncpy(name, "Fake GPU", static_cast<size_t>(length));
  return kSuccess;
}
EXPORT Code cuDeviceGetAttribute(int *value, int attribute, Ordinal) {
  *value = attribute == ComputeCapabilityMajor   ? answers.major
           : attribute == ComputeCapabilityMinor ? answers.minor
           : attribute == SharedMemoryOptIn      ? answers.sharedOptIn
                                                 : 0;
  return kSuccess;
}
EXPORT Code cuDevicePrimaryCtxRetain(Context *context, Ordinal) {
  *context = reinterpret_cast<Context>(&answers);
  return kSuccess;
}
EXPORT Code cuModuleLoadDataEx(ModuleHandle *module, const void *image, unsigned, int *, void **) {
  *module = const_cast<ModuleHandle>(static_cast<const ModuleTag *const>(image));
  return answers.loadCode;
}
EXPORT Code cuModuleGetFunction(Function *function, ModuleHandle, const char *) {
  *function = reinterpret_cast<Function>(&launches);
  return kSuccess;
}
EXPORT Code cuFuncGetAttribute(int *value, int attribute, Function) {
  *value = attribute == kFunctionLocalMemory ? answers.localBytes : 0;
  return kSuccess;
}
EXPORT Code cuLaunchKernel(Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, StreamHandle,
                           void **, void **) {
  ++launches;
  return kSuccess;
}

/// Addresses that nobody goes to, as copies do nothing.
EXPORT Code cuMemAlloc_v2(Address *memory, size_t bytes) {
  constexpr Address unit = 256;
  static std::atomic<Address> next = 1 << 20;
  *memory = next.fetch_add((bytes + unit) / unit * unit);
  return kSuccess;
}

#define NOTHING(name)                                                                                                  \
  EXPORT Code name() { return kSuccess; }
NOTHING(cuDevicePrimaryCtxRelease_v2)
NOTHING(cuCtxPushCurrent_v2)
NOTHING(cuCtxPopCurrent_v2)
NOTHING(cuCtxSynchronize)
NOTHING(cuModuleUnload)
NOTHING(cuFuncSetAttribute)
NOTHING(cuMemFree_v2)
NOTHING(cuMemcpyDtoHAsync_v2)
NOTHING(cuMemcpyHtoDAsync_v2)
NOTHING(cuMemsetD16Async)
NOTHING(cuMemsetD32Async)
NOTHING(cuStreamCreate)
NOTHING(cuStreamDestroy_v2)
NOTHING(cuStreamSynchronize)
NOTHING(cuStreamWaitEvent)
NOTHING(cuEventCreate)
NOTHING(cuEventDestroy_v2)
NOTHING(cuEventRecord)
NOTHING(cuEventQuery)
NOTHING(cuEventSynchronize)
