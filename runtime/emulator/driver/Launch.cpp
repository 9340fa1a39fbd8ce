//===- Launch.cpp - cuLaunchKernel and its kin ----------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Profile.h"
#include "runtime/emulator/driver/Functions.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

namespace muntin::emulator::driver {

struct LaunchRequest {
  LaunchShape shape;
  bool clusterGiven = false;
};

static CUresult checkShape(const Context &context, const FunctionHandle &f, LaunchRequest &r) {
  const DeviceModel &m = *Driver::get().devices[context.device].model;
  const LaunchShape &s = r.shape;
  static constexpr uint32_t MostGrid[] = {0x7fffffff, 65535, 65535}, MostBlock[] = {1024, 1024, 64};
  for (int i = 0; i < 3; ++i)
    if (s.grid[i] == 0 || s.block[i] == 0 || s.grid[i] > MostGrid[i] || s.block[i] > MostBlock[i])
      return CUDA_ERROR_INVALID_VALUE;
  const uint64_t threads = uint64_t(s.block[0]) * s.block[1] * s.block[2];
  if (threads > 1024)
    return CUDA_ERROR_INVALID_VALUE;
  if (threads > mostThreads(*f.kernel))
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  const auto &required = f.kernel->entry->requiredThreads;
  if (required[0] && !std::equal(required.begin(), required.end(), s.block))
    return CUDA_ERROR_INVALID_VALUE;
  if (s.dynamicShared > static_cast<uint32_t>(f.maxDynamicShared))
    return CUDA_ERROR_INVALID_VALUE;
  const auto &cluster = f.kernel->entry->requiredCluster;
  if (cluster[0]) {
    if (r.clusterGiven && !std::equal(cluster.begin(), cluster.end(), s.cluster))
      return CUDA_ERROR_INVALID_CLUSTER_SIZE;
    std::copy(cluster.begin(), cluster.end(), r.shape.cluster);
  }
  const uint64_t size = uint64_t(s.cluster[0]) * s.cluster[1] * s.cluster[2];
  if (size == 0 || size > (f.nonPortableCluster ? 16 : 8) || (size > 1 && m.architecture < 90))
    return CUDA_ERROR_INVALID_CLUSTER_SIZE;
  for (int i = 0; i < 3; ++i)
    if (s.grid[i] % s.cluster[i])
      return CUDA_ERROR_INVALID_CLUSTER_SIZE;
  const uint64_t blocks = uint64_t(s.grid[0]) * s.grid[1] * s.grid[2];
  if (s.cooperative && blocks > static_cast<uint64_t>(m.processors) * std::max<uint64_t>(1, 2048 / threads))
    return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
  return CUDA_SUCCESS;
}

/// Copies the arguments: from pointers to each, or from a buffer given by `extra`.
static CUresult collectParams(const Kernel &k, void **params, void **extra, std::vector<uint8_t> &out) {
  out.assign(k.paramBytes, 0);
  if (params && extra)
    return CUDA_ERROR_INVALID_VALUE;
  if (params) {
    size_t i = 0;
    for (const Variable &v : k.entry->params) {
      if (!params[i])
        return CUDA_ERROR_INVALID_VALUE;
      std::memcpy(out.data() + v.offset, params[i++], v.bytes);
    }
    return CUDA_SUCCESS;
  }
  const void *buffer = nullptr;
  size_t bytes = 0;
  for (void **e = extra; e && *e; e += 2) {
    const auto kind = reinterpret_cast<uintptr_t>(e[0]);
    if (kind == 1)
      buffer = e[1];
    else if (kind == 2)
      bytes = *static_cast<size_t *>(e[1]);
    else
      return CUDA_ERROR_INVALID_VALUE;
  }
  if (k.paramBytes == 0)
    return CUDA_SUCCESS;
  if (!buffer || bytes < k.paramBytes)
    return CUDA_ERROR_INVALID_VALUE;
  std::memcpy(out.data(), buffer, k.paramBytes);
  return CUDA_SUCCESS;
}

/// Adds what the launch did to the driver's file.
static void writeProfile(Driver &driver, const Kernel &kernel, const LaunchShape &shape, const Profile &profile) {
  std::ofstream file(driver.profilePath, std::ios::app);
  file << "{\"kernel\": \"" << kernel.entry->name
       << "\", \"blocks\": " << uint64_t(shape.grid[0]) * shape.grid[1] * shape.grid[2]
       << ", \"threads\": " << uint64_t(shape.block[0]) * shape.block[1] * shape.block[2]
       << ", \"shared_bytes\": " << shape.dynamicShared << ", " << summaryOf(profile) << ", \"lines\": [";
  const char *separator = "";
  for (const std::string &line : describeAsJson(profile))
    file << std::exchange(separator, ", ") << line;
  file << "]}\n";
  if (!file)
    std::fprintf(stderr, "muntin-emulator: cannot write the profile to '%s'\n", driver.profilePath.c_str());
}

static CUresult execute(Context &context, std::shared_ptr<Kernel> kernel, const LaunchShape &shape,
                        std::vector<uint8_t> params) {
  Driver &driver = Driver::get();
  Options options = driver.options;
  options.stackBytes = context.limits[0];
  Grid grid{*kernel, shape, std::move(params), driver.memory, options, driver.reports};
  grid.architecture = driver.devices[context.device].model->architecture;
  grid.id = ++driver.launches;
  Profile profile;
  if (!driver.profilePath.empty())
    grid.profile = &profile;
  const bool done = runGrid(grid);
  if (grid.profile)
    writeProfile(driver, *kernel, shape, profile);
  if (done)
    return CUDA_SUCCESS;
  for (const Report &r : driver.reports.all())
    if (info(r.kind).fatal) {
      driver.lastMessage = r.sentence();
      const CUresult status = info(r.kind).cudaError;
      driver.reports.take();
      return status;
    }
  return CUDA_ERROR_LAUNCH_FAILED;
}

static CUresult launch(CUfunction f, LaunchRequest request, CUstream stream, void **params, void **extra) {
  const Entry e;
  if (e.status)
    return e.status;
  if (!f || !isFunction(*e.context, f))
    return CUDA_ERROR_INVALID_HANDLE;
  Stream *s = Driver::get().resolve(*e.context, stream);
  if (!s)
    return CUDA_ERROR_INVALID_HANDLE;
  if (const CUresult status = checkShape(*e.context, *f, request))
    return status;
  std::vector<uint8_t> arguments;
  if (const CUresult status = collectParams(*f->kernel, params, extra, arguments))
    return status;
  Context *context = e.context;
  return Driver::get().enqueue(
      *s, [context, kernel = f->kernel, shape = request.shape, arguments = std::move(arguments)]() mutable {
        return execute(*context, std::move(kernel), shape, std::move(arguments));
      });
}

MUNTIN_API CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                                   unsigned bz, unsigned shared, CUstream stream, void **params, void **extra) {
  return launch(f, {{{gx, gy, gz}, {bx, by, bz}, {1, 1, 1}, shared}, false}, stream, params, extra);
}

MUNTIN_API CUresult cuLaunchCooperativeKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                                              unsigned by, unsigned bz, unsigned shared, CUstream stream,
                                              void **params) {
  return launch(f, {{{gx, gy, gz}, {bx, by, bz}, {1, 1, 1}, shared, true}, false}, stream, params, nullptr);
}

MUNTIN_API CUresult cuLaunchKernelEx(const CUlaunchConfig *c, CUfunction f, void **params, void **extra) {
  if (!c || (c->numAttrs && !c->attrs))
    return CUDA_ERROR_INVALID_VALUE;
  LaunchRequest r{{{c->gridDimX, c->gridDimY, c->gridDimZ},
                   {c->blockDimX, c->blockDimY, c->blockDimZ},
                   {1, 1, 1},
                   c->sharedMemBytes}};
  for (unsigned i = 0; i < c->numAttrs; ++i) {
    const CUlaunchAttribute &a = c->attrs[i];
    switch (a.id) {
    case 2: r.shape.cooperative = a.value.cooperative != 0; break;
    case 4:
      r.shape.cluster[0] = a.value.clusterDim.x;
      r.shape.cluster[1] = a.value.clusterDim.y;
      r.shape.cluster[2] = a.value.clusterDim.z;
      r.clusterGiven = true;
      break;
    // Advice, and programmatic launches: each kernel starts when the one before has ended, which both allow.
    case 0:
    case 1:
    case 3:
    case 5:
    case 6:
    case 8:
    case 9:
    case 10:
    case 14: break;
    default: return CUDA_ERROR_NOT_SUPPORTED;
    }
  }
  return launch(f, r, c->hStream, params, extra);
}

} // namespace muntin::emulator::driver
