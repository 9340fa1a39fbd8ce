//===- CpuDevice.h - the processor as a device -------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_DEVICE_CPU_CPUDEVICE_H
#define MUNTIN_RUNTIME_DEVICE_CPU_CPUDEVICE_H

#include "runtime/base/Log.h"
#include "runtime/device/Device.h"
#include "runtime/device/cpu/Scratch.h"
#include "runtime/device/cpu/Workers.h"

#include <string>
#include <vector>

namespace muntin::runtime {

struct CpuOptions {
  int threads = 0;                        ///< 0: the processors this process may use
  HostParallelFor parallelFor;            ///< null: oneTBB
  HostAllocator allocator;                ///< null: the system's
  std::vector<std::string> temporaryDirs; ///< where code may be put, in order of preference
  Log log = Log();
};

/// Launches on the default stream are done when launch() returns.
std::unique_ptr<Device> createCpuDevice(CpuOptions options);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_DEVICE_CPU_CPUDEVICE_H
