//===- CudaDevice.h - a GPU as a device --------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
#define MUNTIN_RUNTIME_DEVICE_CUDA_CUDADEVICE_H

#include "runtime/base/Log.h"
#include "runtime/device/Device.h"

#include <string>

namespace muntin::runtime {

struct CudaOptions {
  std::string name;         ///< of the device, for people: "cuda:0", "emulator:sm_80"
  std::string library;      ///< the driver
  int ordinal = 0;          ///< which of its devices
  std::string architecture; ///< if set, the first device of this row of the target table instead
  Log log = Log();
};

/// A device of a driver. Lives in the device's primary context, as other libraries of the process do.
Result<std::unique_ptr<Device>> createCudaDevice(const CudaOptions &options);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
