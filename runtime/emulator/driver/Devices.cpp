//===- Devices.cpp - devices and contexts ---------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/State.h"

#include <algorithm>
#include <cstring>

namespace muntin::emulator::driver {

// Shared memory and processors from the CUDA programming guide's table of compute capabilities.
static constexpr DeviceModel models[] = {
    {"sm_80", 80, "Muntin emulator (sm_80)", 108, 166912, 167936, 64, 40 << 20, uint64_t(40) << 30},
    {"sm_90a", 90, "Muntin emulator (sm_90a)", 132, 232448, 233472, 64, 50 << 20, uint64_t(80) << 30},
    {"sm_90", 90, "Muntin emulator (sm_90a)", 132, 232448, 233472, 64, 50 << 20, uint64_t(80) << 30},
};

const DeviceModel *findModel(std::string_view name) {
  for (const DeviceModel &m : models)
    if (m.name == name)
      return &m;
  return nullptr;
}

struct Constant {
  int attribute, value;
};
/// Attributes that are the same for all devices; those not named anywhere are 0.
static constexpr Constant constants[] = {
    {1, 1024},  {2, 1024}, {3, 1024},        {4, 64},       {5, 0x7fffffff}, {6, 65535}, {7, 65535}, {8, 49152},
    {9, 65536}, {10, 32},  {11, 0x7fffffff}, {12, 65536},   {13, 1410000},   {14, 512},  {15, 1},    {19, 1},
    {30, 512},  {31, 1},   {33, 0},          {36, 1215000}, {37, 5120},      {39, 2048}, {40, 3},    {41, 1},
    {51, 32},   {78, 1},   {79, 1},          {80, 1},       {82, 65536},     {83, 1},    {87, 2},    {90, 1},
    {91, 1},    {95, 1},   {99, 1},          {106, 32},     {111, 1024},     {115, 1},   {119, 0},
};

static int attributeOf(const DeviceModel &m, int attribute) {
  switch (attribute) {
  case 16: return m.processors;
  case 38: return m.l2Bytes;
  case 75: return static_cast<int>(m.architecture / 10);
  case 76: return static_cast<int>(m.architecture % 10);
  case 81: return m.sharedPerProcessor;
  case 97: return m.sharedPerBlock;
  case 120: // cluster launch
  case 127: // tensor maps
    return m.architecture >= 90;
  default:
    for (const Constant &c : constants)
      if (c.attribute == attribute)
        return c.value;
    return 0;
  }
}

static bool isDevice(CUdevice device) {
  return device >= 0 && static_cast<size_t>(device) < Driver::get().devices.size();
}

MUNTIN_API CUresult cuInit(unsigned flags) {
  Driver &driver = Driver::get();
  const std::lock_guard lock(driver.mutex);
  return flags ? static_cast<CUresult>(CUDA_ERROR_INVALID_VALUE) : driver.initialise();
}

MUNTIN_API CUresult cuDriverGetVersion(int *version) {
  if (!version)
    return CUDA_ERROR_INVALID_VALUE;
  *version = 13000;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuDeviceGetCount(int *count) {
  const Entry e(false);
  if (e.status || !count)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *count = static_cast<int>(Driver::get().devices.size());
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  const Entry e(false);
  if (e.status || !device)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!isDevice(ordinal))
    return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}

/// The checks that all queries of a device share.
static CUresult queryDevice(const Entry &e, const void *out, CUdevice device) {
  if (e.status)
    return e.status;
  if (!out)
    return CUDA_ERROR_INVALID_VALUE;
  return isDevice(device) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

MUNTIN_API CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  const Entry e(false);
  if (const CUresult bad = queryDevice(e, name, device); bad || length <= 0)
    return bad ? bad : CUDA_ERROR_INVALID_VALUE;
  std::snprintf(name, static_cast<size_t>(length), "%s", Driver::get().devices[device].model->marketName.data());
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
  const Entry e(false);
  if (const CUresult bad = queryDevice(e, uuid, device))
    return bad;
  std::memset(uuid, 0, sizeof *uuid);
  std::memcpy(uuid->bytes, "muntin-emulator", 15);
  uuid->bytes[15] = static_cast<char>(device);
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device) { return cuDeviceGetUuid_v2(uuid, device); }

MUNTIN_API CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  const Entry e(false);
  if (const CUresult bad = queryDevice(e, bytes, device))
    return bad;
  *bytes = Driver::get().devices[device].model->memoryBytes;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device) {
  const Entry e(false);
  if (const CUresult bad = queryDevice(e, value, device))
    return bad;
  if (attribute < 1 || attribute > 160)
    return CUDA_ERROR_INVALID_VALUE;
  *value = attributeOf(*Driver::get().devices[device].model, attribute);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device) {
  const Entry e(false);
  if (const CUresult bad = queryDevice(e, major && minor ? major : nullptr, device))
    return bad;
  *major = static_cast<int>(Driver::get().devices[device].model->architecture / 10);
  *minor = static_cast<int>(Driver::get().devices[device].model->architecture % 10);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuDeviceGetPCIBusId(char *id, int length, CUdevice device) {
  const Entry e(false);
  if (const CUresult bad = queryDevice(e, id, device); bad || length < 13)
    return bad ? bad : CUDA_ERROR_INVALID_VALUE;
  std::snprintf(id, static_cast<size_t>(length), "0000:%02x:00.0", static_cast<unsigned>(device) & 0xff);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuDeviceCanAccessPeer(int *can, CUdevice device, CUdevice peer) {
  const Entry e(false);
  if (const CUresult bad = queryDevice(e, can, device); bad || !isDevice(peer))
    return bad ? bad : CUDA_ERROR_INVALID_DEVICE;
  *can = 0;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice device) {
  const Entry e(false);
  if (const CUresult bad = queryDevice(e, pool, device))
    return bad;
  *pool = Driver::get().defaultPools[device].get();
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice device) {
  return cuDeviceGetDefaultMemPool(pool, device);
}

} // namespace muntin::emulator::driver
