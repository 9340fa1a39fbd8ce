//===- Memory.cpp - allocation and what is known of pointers --------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/State.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace muntin::emulator::driver {

static CUresult allocate(Context &context, CUdeviceptr *pointer, size_t bytes) {
  Driver &driver = Driver::get();
  if (!pointer || bytes == 0)
    return CUDA_ERROR_INVALID_VALUE;
  const uint64_t at = driver.memory.allocate(bytes, context.device, driver.devices[context.device].model->memoryBytes);
  if (at == 0)
    return CUDA_ERROR_OUT_OF_MEMORY;
  context.allocations.insert(at);
  *pointer = at;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes) {
  const Entry e;
  return e.status ? e.status : allocate(*e.context, pointer, bytes);
}

MUNTIN_API CUresult cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height,
                                       unsigned element) {
  const Entry e;
  if (e.status || !pitch || (element != 4 && element != 8 && element != 16))
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *pitch = (width + 511) / 512 * 512;
  return allocate(*e.context, pointer, *pitch * height);
}

MUNTIN_API CUresult cuMemAllocManaged(CUdeviceptr *, size_t, unsigned) {
  const Entry e;
  return e.status ? e.status : CUDA_ERROR_NOT_SUPPORTED;
}

MUNTIN_API CUresult cuMemFree_v2(CUdeviceptr pointer) {
  const Entry e;
  if (e.status)
    return e.status;
  if (pointer == 0)
    return CUDA_SUCCESS;
  if (!e.context->allocations.count(pointer))
    return CUDA_ERROR_INVALID_VALUE;
  const CUresult status = Driver::get().drainAll(*e.context); // freeing waits
  e.context->allocations.erase(pointer);
  Driver::get().memory.release(pointer);
  return status;
}

// Stream-ordered: the address is there at once, it becomes free when the stream comes to it.
MUNTIN_API CUresult cuMemAllocAsync(CUdeviceptr *pointer, size_t bytes, CUstream stream) {
  const Entry e;
  if (e.status)
    return e.status;
  return Driver::get().resolve(*e.context, stream) ? allocate(*e.context, pointer, bytes) : CUDA_ERROR_INVALID_HANDLE;
}
MUNTIN_API CUresult cuMemAllocFromPoolAsync(CUdeviceptr *pointer, size_t bytes, CUmemoryPool pool, CUstream stream) {
  return pool ? cuMemAllocAsync(pointer, bytes, stream) : static_cast<CUresult>(CUDA_ERROR_INVALID_VALUE);
}
MUNTIN_API CUresult cuMemFreeAsync(CUdeviceptr pointer, CUstream stream) {
  const Entry e;
  if (e.status)
    return e.status;
  Stream *s = Driver::get().resolve(*e.context, stream);
  if (!s)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!e.context->allocations.count(pointer))
    return CUDA_ERROR_INVALID_VALUE;
  Context *context = e.context;
  return Driver::get().enqueue(*s, [context, pointer] {
    context->allocations.erase(pointer);
    Driver::get().memory.release(pointer);
    return static_cast<CUresult>(CUDA_SUCCESS);
  });
}

MUNTIN_API CUresult cuMemPoolCreate(CUmemoryPool *pool, const void *properties) {
  const Entry e(false);
  if (e.status || !pool || !properties)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *pool = new MemoryPool;
  Driver::get().pools.insert(*pool);
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuMemPoolDestroy(CUmemoryPool pool) {
  const Entry e(false);
  if (e.status)
    return e.status;
  if (!Driver::get().pools.erase(pool))
    return CUDA_ERROR_INVALID_VALUE;
  delete pool;
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t) {
  return pool ? Entry(false).status : static_cast<CUresult>(CUDA_ERROR_INVALID_VALUE);
}
MUNTIN_API CUresult cuMemPoolSetAttribute(CUmemoryPool pool, int attribute, void *value) {
  const Entry e(false);
  if (e.status || !pool || !value)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (attribute == 4) // release threshold
    pool->threshold = *static_cast<uint64_t *>(value);
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuMemPoolGetAttribute(CUmemoryPool pool, int attribute, void *value) {
  const Entry e(false);
  if (e.status || !pool || !value)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (attribute >= 1 && attribute <= 3)
    *static_cast<int *>(value) = 1;
  else
    *static_cast<uint64_t *>(value) = attribute == 4 ? pool->threshold : Driver::get().memory.used(pool->device);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  const Entry e;
  if (e.status || !free || !total)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *total = Driver::get().devices[e.context->device].model->memoryBytes;
  *free = *total - Driver::get().memory.used(e.context->device);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes, CUdeviceptr pointer) {
  const Entry e;
  if (e.status)
    return e.status;
  const Allocation *a = Driver::get().memory.find(pointer);
  if (!a)
    return CUDA_ERROR_NOT_FOUND;
  if (base)
    *base = a->base;
  if (bytes)
    *bytes = a->bytes;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags) {
  const Entry e;
  if (e.status || !pointer || bytes == 0 || flags > 7)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  void *host = nullptr;
  if (posix_memalign(&host, 4096, bytes) != 0)
    return CUDA_ERROR_OUT_OF_MEMORY;
  Driver::get().memory.addHost(host, bytes, true, e.context->device);
  *pointer = host;
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuMemAllocHost_v2(void **pointer, size_t bytes) { return cuMemHostAlloc(pointer, bytes, 0); }

MUNTIN_API CUresult cuMemFreeHost(void *pointer) {
  const Entry e;
  if (e.status)
    return e.status;
  Allocation *a = Driver::get().memory.find(reinterpret_cast<uint64_t>(pointer));
  if (!a || !a->isHost || !a->owned || a->host != pointer)
    return CUDA_ERROR_INVALID_VALUE;
  Driver::get().drainAll(*e.context);
  Driver::get().memory.release(a->base);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuMemHostRegister_v2(void *pointer, size_t bytes, unsigned) {
  const Entry e;
  if (e.status || !pointer || bytes == 0)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (Driver::get().memory.find(reinterpret_cast<uint64_t>(pointer)))
    return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
  Driver::get().memory.addHost(pointer, bytes, false, e.context->device);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuMemHostUnregister(void *pointer) {
  const Entry e;
  if (e.status)
    return e.status;
  Allocation *a = Driver::get().memory.find(reinterpret_cast<uint64_t>(pointer));
  if (!a || !a->isHost || a->owned || a->host != pointer)
    return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
  Driver::get().drainAll(*e.context);
  Driver::get().memory.release(a->base);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *device, void *host, unsigned flags) {
  const Entry e;
  if (e.status || !device || flags)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  const Allocation *a = Driver::get().memory.find(reinterpret_cast<uint64_t>(host));
  if (!a || !a->isHost)
    return CUDA_ERROR_INVALID_VALUE;
  *device = reinterpret_cast<uint64_t>(host);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuMemHostGetFlags(unsigned *flags, void *host) {
  const Entry e;
  if (e.status || !flags || !Driver::get().memory.find(reinterpret_cast<uint64_t>(host)))
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *flags = 2; // mapped
  return CUDA_SUCCESS;
}

static CUresult pointerAttribute(const Context &context, void *out, int attribute, CUdeviceptr pointer) {
  Allocation *a = Driver::get().memory.find(pointer);
  if (!a)
    return CUDA_ERROR_INVALID_VALUE;
  switch (attribute) {
  case 1: *static_cast<const Context **>(out) = &context; break;
  case 2: *static_cast<unsigned *>(out) = a->isHost ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE; break;
  case 3: *static_cast<CUdeviceptr *>(out) = pointer; break;
  case 4:
    if (!a->isHost)
      return CUDA_ERROR_INVALID_VALUE;
    *static_cast<void **>(out) = reinterpret_cast<void *>(pointer);
    break;
  case 6:
  case 8:
  case 10:
  case 15: *static_cast<unsigned *>(out) = 0; break;
  case 7: *static_cast<unsigned long long *>(out) = a->base >> 9; break;
  case 9: *static_cast<int *>(out) = a->device; break;
  case 11: *static_cast<CUdeviceptr *>(out) = a->base; break;
  case 12: *static_cast<size_t *>(out) = a->bytes; break;
  case 13: *static_cast<unsigned *>(out) = 1; break;
  default: return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuPointerGetAttribute(void *out, int attribute, CUdeviceptr pointer) {
  const Entry e;
  if (e.status || !out)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  return pointerAttribute(*e.context, out, attribute, pointer);
}

MUNTIN_API CUresult cuPointerGetAttributes(unsigned count, int *attributes, void **out, CUdeviceptr pointer) {
  const Entry e;
  if (e.status || !attributes || !out)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  for (unsigned i = 0; i < count; ++i)
    if (pointerAttribute(*e.context, out[i], attributes[i], pointer))
      std::memset(out[i], 0, attributes[i] == 2 || attributes[i] == 9 ? 4 : 8); // unknown pointers are no error here
  return CUDA_SUCCESS;
}

} // namespace muntin::emulator::driver
