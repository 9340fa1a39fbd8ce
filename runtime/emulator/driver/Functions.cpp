//===- Functions.cpp - functions' attributes and occupancy ----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Functions.h"

#include <algorithm>

namespace muntin::emulator::driver {

bool isFunction(const Context &context, CUfunction f) {
  for (const ModuleHandle *m : context.modules)
    for (const auto &[name, handle] : m->functions)
      if (handle.get() == f)
        return true;
  return false;
}

unsigned mostThreads(const Kernel &k) {
  const auto product = [](const std::array<uint32_t, 3> &s) { return s[0] * s[1] * s[2]; };
  const unsigned required = product(k.entry->requiredThreads), most = product(k.entry->maxThreads);
  return std::min(1024u, required ? required : most ? most : 1024u);
}

static CUresult attributeOf(const Context &context, const FunctionHandle &f, int attribute, int &value) {
  const Kernel &k = *f.kernel;
  switch (attribute) {
  case 0: value = static_cast<int>(mostThreads(k)); break;
  case 1: value = static_cast<int>(k.staticShared); break;
  case 2: value = 0; break;
  case 3: value = static_cast<int>(k.localBytes); break;
  case 4: value = 0; break; // registers: unknown, nothing is assembled
  case 5: value = static_cast<int>(k.module->version); break;
  case 6: value = static_cast<int>(Driver::get().devices[context.device].model->architecture); break;
  case 7: value = 0; break;
  case 8: value = f.maxDynamicShared; break;
  case 9: value = f.carveout; break;
  case 10: value = k.entry->explicitCluster; break;
  case 11:
  case 12:
  case 13: value = static_cast<int>(k.entry->requiredCluster[attribute - 11]); break;
  case 14: value = f.nonPortableCluster; break;
  case 15: value = 0; break;
  default: return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuFuncGetAttribute(int *value, int attribute, CUfunction f) {
  const Entry e;
  if (e.status || !value)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!isFunction(*e.context, f))
    return CUDA_ERROR_INVALID_HANDLE;
  return attributeOf(*e.context, *f, attribute, *value);
}
MUNTIN_API CUresult cuKernelGetAttribute(int *value, int attribute, CUkernel f, CUdevice) {
  return cuFuncGetAttribute(value, attribute, f);
}

MUNTIN_API CUresult cuFuncSetAttribute(CUfunction f, int attribute, int value) {
  const Entry e;
  if (e.status)
    return e.status;
  if (!isFunction(*e.context, f))
    return CUDA_ERROR_INVALID_HANDLE;
  const int room =
      Driver::get().devices[e.context->device].model->sharedPerBlock - static_cast<int>(f->kernel->staticShared);
  if (attribute == 8 && value >= 0 && value <= room)
    f->maxDynamicShared = value;
  else if (attribute == 9 && value >= -1 && value <= 100)
    f->carveout = value;
  else if (attribute == 14)
    f->nonPortableCluster = value != 0;
  else
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuKernelSetAttribute(int attribute, int value, CUkernel f, CUdevice) {
  return cuFuncSetAttribute(f, attribute, value);
}

MUNTIN_API CUresult cuFuncSetCacheConfig(CUfunction f, int) {
  const Entry e;
  if (e.status)
    return e.status;
  return isFunction(*e.context, f) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

MUNTIN_API CUresult cuFuncGetModule(CUmodule *module, CUfunction f) {
  const Entry e;
  if (e.status || !module)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!isFunction(*e.context, f))
    return CUDA_ERROR_INVALID_HANDLE;
  *module = f->module;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuFuncGetName(const char **name, CUfunction f) {
  const Entry e;
  if (e.status || !name)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!isFunction(*e.context, f))
    return CUDA_ERROR_INVALID_HANDLE;
  *name = f->kernel->name.c_str();
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuKernelGetName(const char **name, CUkernel f) { return cuFuncGetName(name, f); }

MUNTIN_API CUresult cuFuncGetParamInfo(CUfunction f, size_t index, size_t *offset, size_t *bytes) {
  const Entry e;
  if (e.status || !offset)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!isFunction(*e.context, f))
    return CUDA_ERROR_INVALID_HANDLE;
  const auto &params = f->kernel->entry->params;
  if (index >= params.size())
    return CUDA_ERROR_INVALID_VALUE;
  *offset = params[index].offset;
  if (bytes)
    *bytes = params[index].bytes;
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuKernelGetParamInfo(CUkernel f, size_t index, size_t *offset, size_t *bytes) {
  return cuFuncGetParamInfo(f, index, offset, bytes);
}

/// By threads and shared memory alone: registers are unknown.
static int blocksPerProcessor(const Context &context, const FunctionHandle &f, int blockSize, size_t dynamicShared) {
  const DeviceModel &m = *Driver::get().devices[context.device].model;
  const int warps = (blockSize + 31) / 32;
  const size_t shared = f.kernel->staticShared + dynamicShared + 1024;
  const int byShared = static_cast<int>(static_cast<size_t>(m.sharedPerProcessor) / shared);
  return std::min({m.warpsPerProcessor / warps, byShared, 32});
}

MUNTIN_API CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction f, int blockSize,
                                                                size_t dynamicShared) {
  const Entry e;
  if (e.status || !blocks || blockSize <= 0)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!isFunction(*e.context, f))
    return CUDA_ERROR_INVALID_HANDLE;
  *blocks = blockSize > static_cast<int>(mostThreads(*f->kernel))
                ? 0
                : blocksPerProcessor(*e.context, *f, blockSize, dynamicShared);
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, CUfunction f, int blockSize,
                                                                         size_t dynamicShared, unsigned) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, f, blockSize, dynamicShared);
}

MUNTIN_API CUresult cuOccupancyMaxPotentialBlockSize(int *minGrid, int *blockSize, CUfunction f,
                                                     size_t (*sharedOf)(int), size_t dynamicShared, int limit) {
  const Entry e;
  if (e.status || !minGrid || !blockSize)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!isFunction(*e.context, f))
    return CUDA_ERROR_INVALID_HANDLE;
  int most = static_cast<int>(mostThreads(*f->kernel)), best = 0, bestThreads = 0;
  most = limit > 0 ? std::min(most, limit) : most;
  for (int size = most / 32 * 32; size >= 32; size -= 32) {
    const int threads = size * blocksPerProcessor(*e.context, *f, size, sharedOf ? sharedOf(size) : dynamicShared);
    if (threads > bestThreads)
      bestThreads = threads, best = size;
  }
  *blockSize = best;
  *minGrid = best ? bestThreads / best * Driver::get().devices[e.context->device].model->processors : 0;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, CUfunction f, int blocks, int blockSize) {
  const Entry e;
  if (e.status || !bytes || blocks <= 0 || blockSize <= 0)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!isFunction(*e.context, f))
    return CUDA_ERROR_INVALID_HANDLE;
  const DeviceModel &m = *Driver::get().devices[e.context->device].model;
  const int each = m.sharedPerProcessor / blocks - 1024 - static_cast<int>(f->kernel->staticShared);
  *bytes = static_cast<size_t>(std::clamp(each, 0, m.sharedPerBlock));
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuOccupancyMaxPotentialClusterSize(int *size, CUfunction f, const CUlaunchConfig *config) {
  const Entry e;
  if (e.status || !size || !config)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!isFunction(*e.context, f))
    return CUDA_ERROR_INVALID_HANDLE;
  const bool clusters = Driver::get().devices[e.context->device].model->architecture >= 90;
  *size = !clusters ? 1 : f->nonPortableCluster ? 16 : 8;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuOccupancyMaxActiveClusters(int *clusters, CUfunction f, const CUlaunchConfig *config) {
  const Entry e;
  if (e.status || !clusters || !config)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!isFunction(*e.context, f))
    return CUDA_ERROR_INVALID_HANDLE;
  const int size = static_cast<int>(config->blockDimX * config->blockDimY * config->blockDimZ);
  unsigned cluster = 1;
  for (unsigned i = 0; i < config->numAttrs; ++i)
    if (config->attrs[i].id == 4)
      cluster = config->attrs[i].value.clusterDim.x * config->attrs[i].value.clusterDim.y *
                config->attrs[i].value.clusterDim.z;
  const int blocks = size > 0 ? blocksPerProcessor(*e.context, *f, size, config->sharedMemBytes) : 0;
  *clusters =
      cluster ? blocks * Driver::get().devices[e.context->device].model->processors / static_cast<int>(cluster) : 0;
  return CUDA_SUCCESS;
}

} // namespace muntin::emulator::driver
