//===- Types.h - the driver API's types, compatible with cuda.h --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names and layouts are those of the CUDA driver API; a test compares them
// with cuda.h where the toolkit is there. Handles point to our own classes.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_DRIVER_TYPES_H
#define MUNTIN_EMULATOR_DRIVER_TYPES_H

#include <cstddef>
#include <cstdint>

namespace muntin::emulator::driver {

struct Context;
struct ModuleHandle;
struct FunctionHandle;
struct Stream;
struct Event;
struct MemoryPool;

using CUresult = int;
using CUdevice = int;
using CUdeviceptr = unsigned long long;
using CUcontext = Context *;
using CUmodule = ModuleHandle *;
using CUlibrary = ModuleHandle *;
using CUfunction = FunctionHandle *;
using CUkernel = FunctionHandle *;
using CUstream = Stream *;
using CUevent = Event *;
using CUmemoryPool = MemoryPool *;
using CUhostFn = void (*)(void *);

#define MUNTIN_CUDA_ERRORS(X)                                                                                          \
  X(CUDA_SUCCESS, 0, "no error")                                                                                       \
  X(CUDA_ERROR_INVALID_VALUE, 1, "invalid argument")                                                                   \
  X(CUDA_ERROR_OUT_OF_MEMORY, 2, "out of memory")                                                                      \
  X(CUDA_ERROR_NOT_INITIALIZED, 3, "initialization error")                                                             \
  X(CUDA_ERROR_DEINITIALIZED, 4, "driver shutting down")                                                               \
  X(CUDA_ERROR_NO_DEVICE, 100, "no CUDA-capable device is detected")                                                   \
  X(CUDA_ERROR_INVALID_DEVICE, 101, "invalid device ordinal")                                                          \
  X(CUDA_ERROR_INVALID_IMAGE, 200, "device kernel image is invalid")                                                   \
  X(CUDA_ERROR_INVALID_CONTEXT, 201, "invalid device context")                                                         \
  X(CUDA_ERROR_NO_BINARY_FOR_GPU, 209, "no kernel image is available for execution on the device")                     \
  X(CUDA_ERROR_UNSUPPORTED_LIMIT, 215, "limit is not supported on this architecture")                                  \
  X(CUDA_ERROR_INVALID_PTX, 218, "a PTX JIT compilation failed")                                                       \
  X(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, 222, "the provided PTX was compiled with an unsupported toolchain.")           \
  X(CUDA_ERROR_FILE_NOT_FOUND, 301, "file not found")                                                                  \
  X(CUDA_ERROR_INVALID_HANDLE, 400, "invalid resource handle")                                                         \
  X(CUDA_ERROR_NOT_FOUND, 500, "named symbol not found")                                                               \
  X(CUDA_ERROR_NOT_READY, 600, "device not ready")                                                                     \
  X(CUDA_ERROR_ILLEGAL_ADDRESS, 700, "an illegal memory access was encountered")                                       \
  X(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, 701, "too many resources requested for launch")                                \
  X(CUDA_ERROR_LAUNCH_TIMEOUT, 702, "the launch timed out and was terminated")                                         \
  X(CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE, 708, "cannot set while device is active in this process")                       \
  X(CUDA_ERROR_CONTEXT_IS_DESTROYED, 709, "context is destroyed")                                                      \
  X(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, 712, "part or all of the requested memory range is already mapped")     \
  X(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, 713, "pointer does not correspond to a registered memory region")           \
  X(CUDA_ERROR_ILLEGAL_INSTRUCTION, 715, "an illegal instruction was encountered")                                     \
  X(CUDA_ERROR_MISALIGNED_ADDRESS, 716, "misaligned address")                                                          \
  X(CUDA_ERROR_LAUNCH_FAILED, 719, "unspecified launch failure")                                                       \
  X(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, 720, "too many blocks in cooperative launch")                             \
  X(CUDA_ERROR_NOT_PERMITTED, 800, "operation not permitted")                                                          \
  X(CUDA_ERROR_NOT_SUPPORTED, 801, "operation not supported")                                                          \
  X(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, 900, "operation not permitted when stream is capturing")                    \
  X(CUDA_ERROR_INVALID_CLUSTER_SIZE, 912, "cluster misconfiguration")                                                  \
  X(CUDA_ERROR_UNKNOWN, 999, "unknown error")

enum : CUresult {
#define MUNTIN_ERROR(name, code, text) name = code,
  MUNTIN_CUDA_ERRORS(MUNTIN_ERROR)
#undef MUNTIN_ERROR
};

struct CUuuid {
  char bytes[16];
};

enum CUmemorytype : unsigned {
  CU_MEMORYTYPE_HOST = 1,
  CU_MEMORYTYPE_DEVICE = 2,
  CU_MEMORYTYPE_ARRAY = 3,
  CU_MEMORYTYPE_UNIFIED = 4
};

struct CUDA_MEMCPY2D {
  size_t srcXInBytes, srcY;
  CUmemorytype srcMemoryType;
  const void *srcHost;
  CUdeviceptr srcDevice;
  void *srcArray;
  size_t srcPitch;
  size_t dstXInBytes, dstY;
  CUmemorytype dstMemoryType;
  void *dstHost;
  CUdeviceptr dstDevice;
  void *dstArray;
  size_t dstPitch;
  size_t WidthInBytes, Height;
};

struct CUDA_MEMCPY3D {
  size_t srcXInBytes, srcY, srcZ, srcLOD;
  CUmemorytype srcMemoryType;
  const void *srcHost;
  CUdeviceptr srcDevice;
  void *srcArray, *reserved0;
  size_t srcPitch, srcHeight;
  size_t dstXInBytes, dstY, dstZ, dstLOD;
  CUmemorytype dstMemoryType;
  void *dstHost;
  CUdeviceptr dstDevice;
  void *dstArray, *reserved1;
  size_t dstPitch, dstHeight;
  size_t WidthInBytes, Height, Depth;
};

struct CUlaunchAttribute {
  unsigned id;
  char pad[4];
  union {
    char pad[64];
    int cooperative;
    struct {
      unsigned x, y, z;
    } clusterDim;
    int programmaticStreamSerializationAllowed;
    int priority;
  } value;
};

struct CUlaunchConfig {
  unsigned gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes;
  CUstream hStream;
  CUlaunchAttribute *attrs;
  unsigned numAttrs;
};

struct alignas(64) CUtensorMap {
  uint64_t opaque[16];
};

} // namespace muntin::emulator::driver

/// Entry points keep their C names whatever namespace they are written in.
#define MUNTIN_API extern "C" __attribute__((visibility("default")))

#endif // MUNTIN_EMULATOR_DRIVER_TYPES_H
