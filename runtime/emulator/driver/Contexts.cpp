//===- Contexts.cpp - contexts --------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/State.h"

#include <algorithm>

namespace muntin::emulator::driver {

static Context *makeContext(CUdevice device, unsigned flags) {
  auto *c = new Context;
  c->device = device;
  c->flags = flags;
  c->defaultStream.context = c->perThreadStream.context = c;
  Driver::get().contexts.insert(c);
  return c;
}

static DeviceState *deviceState(CUdevice device) {
  auto &devices = Driver::get().devices;
  return device >= 0 && static_cast<size_t>(device) < devices.size() ? &devices[device] : nullptr;
}

MUNTIN_API CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  const Entry e(false);
  if (e.status || !context)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  DeviceState *d = deviceState(device);
  if (!d)
    return CUDA_ERROR_INVALID_DEVICE;
  if (!d->primary)
    d->primary = makeContext(device, d->primaryFlags);
  ++d->primaryCount;
  *context = d->primary;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) {
  const Entry e(false);
  if (e.status)
    return e.status;
  DeviceState *d = deviceState(device);
  if (!d)
    return CUDA_ERROR_INVALID_DEVICE;
  if (d->primary)
    Driver::get().destroy(d->primary);
  d->primary = nullptr;
  d->primaryCount = 0;
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuDevicePrimaryCtxReset(CUdevice device) { return cuDevicePrimaryCtxReset_v2(device); }

MUNTIN_API CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  const Entry e(false);
  if (e.status)
    return e.status;
  DeviceState *d = deviceState(device);
  if (!d)
    return CUDA_ERROR_INVALID_DEVICE;
  if (d->primaryCount == 0)
    return CUDA_ERROR_INVALID_CONTEXT;
  return --d->primaryCount == 0 ? cuDevicePrimaryCtxReset_v2(device) : CUDA_SUCCESS;
}
MUNTIN_API CUresult cuDevicePrimaryCtxRelease(CUdevice device) { return cuDevicePrimaryCtxRelease_v2(device); }

MUNTIN_API CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) {
  const Entry e(false);
  if (e.status)
    return e.status;
  DeviceState *d = deviceState(device);
  if (!d)
    return CUDA_ERROR_INVALID_DEVICE;
  d->primaryFlags = flags;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned *flags, int *active) {
  const Entry e(false);
  if (e.status)
    return e.status;
  DeviceState *d = deviceState(device);
  if (!d)
    return CUDA_ERROR_INVALID_DEVICE;
  if (flags)
    *flags = d->primaryFlags;
  if (active)
    *active = d->primary != nullptr;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device) {
  const Entry e(false);
  if (e.status || !context)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!deviceState(device))
    return CUDA_ERROR_INVALID_DEVICE;
  *context = makeContext(device, flags);
  contextStack().push_back(*context);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuCtxCreate_v4(CUcontext *context, void *params, unsigned flags, CUdevice device) {
  return params ? static_cast<CUresult>(CUDA_ERROR_NOT_SUPPORTED) : cuCtxCreate_v2(context, flags, device);
}

MUNTIN_API CUresult cuCtxDestroy_v2(CUcontext context) {
  const Entry e(false);
  Driver &driver = Driver::get();
  if (e.status)
    return e.status;
  if (!driver.contexts.count(context))
    return CUDA_ERROR_INVALID_CONTEXT;
  for (const DeviceState &d : driver.devices)
    if (d.primary == context)
      return CUDA_ERROR_INVALID_CONTEXT;
  if (!contextStack().empty() && contextStack().back() == context)
    contextStack().pop_back();
  driver.destroy(context);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuCtxPushCurrent_v2(CUcontext context) {
  const Entry e(false);
  if (e.status)
    return e.status;
  if (!Driver::get().contexts.count(context))
    return CUDA_ERROR_INVALID_CONTEXT;
  contextStack().push_back(context);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuCtxPopCurrent_v2(CUcontext *context) {
  const Entry e(false);
  if (e.status)
    return e.status;
  if (contextStack().empty())
    return CUDA_ERROR_INVALID_CONTEXT;
  if (context)
    *context = contextStack().back();
  contextStack().pop_back();
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuCtxSetCurrent(CUcontext context) {
  const Entry e(false);
  if (e.status)
    return e.status;
  auto &stack = contextStack();
  if (context && !Driver::get().contexts.count(context))
    return CUDA_ERROR_INVALID_CONTEXT;
  if (!stack.empty())
    stack.pop_back();
  if (context)
    stack.push_back(context);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuCtxGetCurrent(CUcontext *context) {
  const Entry e(false);
  if (e.status || !context)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *context = contextStack().empty() ? nullptr : contextStack().back();
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuCtxGetDevice(CUdevice *device) {
  const Entry e;
  if (!e.context || !device)
    return e.context ? CUDA_ERROR_INVALID_VALUE : e.status;
  *device = e.context->device;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuCtxGetFlags(unsigned *flags) {
  const Entry e;
  if (e.status || !flags)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *flags = e.context->flags;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuCtxGetApiVersion(CUcontext context, unsigned *version) {
  const Entry e(false);
  if (e.status || !version)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (context && !Driver::get().contexts.count(context))
    return CUDA_ERROR_INVALID_CONTEXT;
  *version = 13000;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuCtxSynchronize() {
  const Entry e;
  return e.status ? e.status : Driver::get().drainAll(*e.context);
}

MUNTIN_API CUresult cuCtxGetLimit(size_t *value, int limit) {
  const Entry e;
  if (e.status || !value)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (limit < 0 || limit > 7)
    return CUDA_ERROR_UNSUPPORTED_LIMIT;
  *value = e.context->limits[limit];
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuCtxSetLimit(int limit, size_t value) {
  const Entry e;
  if (e.status)
    return e.status;
  if (limit < 0 || limit > 5)
    return CUDA_ERROR_UNSUPPORTED_LIMIT;
  if (limit == 0 && value > (512u << 10))
    return CUDA_ERROR_INVALID_VALUE;
  e.context->limits[limit] = value;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuCtxGetCacheConfig(int *config) {
  const Entry e;
  if (e.status || !config)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *config = 0;
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuCtxSetCacheConfig(int) { return Entry().status; }

MUNTIN_API CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  const Entry e;
  if (e.status)
    return e.status;
  if (least)
    *least = 0;
  if (greatest)
    *greatest = -5;
  return CUDA_SUCCESS;
}

} // namespace muntin::emulator::driver
