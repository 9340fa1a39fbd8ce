//===- Decoy.cpp - a library with the driver's names ----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loaded before the emulator, for everyone to bind to. Whoever does gets 999
// where the emulator's own function was meant. These are the entry points that
// others of the emulator call.
//
//===----------------------------------------------------------------------===//

#define MUNTIN_DECOY(name)                                                                                             \
  extern "C" __attribute__((visibility("default"))) int name() { return 999; }

MUNTIN_DECOY(cuDeviceGetDefaultMemPool)
MUNTIN_DECOY(cuDeviceGetUuid_v2)
MUNTIN_DECOY(cuDevicePrimaryCtxRelease_v2)
MUNTIN_DECOY(cuDevicePrimaryCtxReset_v2)
MUNTIN_DECOY(cuEventElapsedTime_v2)
MUNTIN_DECOY(cuEventRecord)
MUNTIN_DECOY(cuFuncGetAttribute)
MUNTIN_DECOY(cuFuncGetName)
MUNTIN_DECOY(cuFuncGetParamInfo)
MUNTIN_DECOY(cuFuncSetAttribute)
MUNTIN_DECOY(cuGetProcAddress_v2)
MUNTIN_DECOY(cuMemHostAlloc)
MUNTIN_DECOY(cuModuleGetFunction)
MUNTIN_DECOY(cuModuleGetGlobal_v2)
MUNTIN_DECOY(cuModuleLoad)
MUNTIN_DECOY(cuModuleUnload)
MUNTIN_DECOY(cuOccupancyMaxActiveBlocksPerMultiprocessor)
MUNTIN_DECOY(cuStreamCreateWithPriority)
