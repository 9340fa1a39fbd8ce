//===- Copies.cpp - memcpy and memset -------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/State.h"

#include <cstring>

namespace muntin::emulator::driver {

/// Device bytes of one allocation, or nullptr. Host memory is not ours to check, unless it is registered.
static Allocation *deviceRange(CUdeviceptr pointer, size_t bytes) {
  Allocation *a = Driver::get().memory.find(pointer);
  return a && a->holds(pointer, bytes) ? a : nullptr;
}

struct Side {
  uint8_t *host = nullptr;
  Allocation *allocation = nullptr;
  CUdeviceptr address = 0;
};

static bool isDeviceAddress(CUdeviceptr p) { return p >= DeviceWindow; }

/// A pointer of either kind, as unified addressing allows.
static bool findSide(CUdeviceptr pointer, size_t bytes, Side &side) {
  side.address = pointer;
  side.allocation = deviceRange(pointer, bytes);
  if (side.allocation)
    side.host = side.allocation->host + (pointer - side.allocation->base);
  else if (!isDeviceAddress(pointer))
    side.host = reinterpret_cast<uint8_t *>(pointer);
  return side.host != nullptr || bytes == 0;
}

static CUresult copyNow(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  Side d, s;
  if (!findSide(to, bytes, d) || !findSide(from, bytes, s))
    return CUDA_ERROR_INVALID_VALUE; // freed since the call: a driver would fault as well
  if (bytes == 0)
    return CUDA_SUCCESS;
  std::memmove(d.host, s.host, bytes);
  if (d.allocation)
    d.allocation->markWritten(to, bytes);
  return CUDA_SUCCESS;
}

static bool isPageable(CUdeviceptr p) { return !isDeviceAddress(p) && !Driver::get().memory.find(p); }

static CUresult copy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  const Entry e;
  if (e.status)
    return e.status;
  Side d, s;
  if (bytes && (!to || !from || !findSide(to, bytes, d) || !findSide(from, bytes, s)))
    return CUDA_ERROR_INVALID_VALUE;
  if (const CUresult status = Driver::get().drainForDefault(*e.context))
    return status;
  return copyNow(to, from, bytes);
}

static CUresult copyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  const Entry e;
  if (e.status)
    return e.status;
  Driver &driver = Driver::get();
  Stream *s = driver.resolve(*e.context, stream);
  if (!s)
    return CUDA_ERROR_INVALID_HANDLE;
  Side d, f;
  if (bytes && (!to || !from || !findSide(to, bytes, d) || !findSide(from, bytes, f)))
    return CUDA_ERROR_INVALID_VALUE;
  if (bytes && isPageable(from)) { // staged before the call returns, as the driver does
    const auto *data = reinterpret_cast<const uint8_t *>(from);
    return driver.enqueue(*s, [to, staged = std::vector<uint8_t>(data, data + bytes)] {
      return copyNow(to, reinterpret_cast<CUdeviceptr>(staged.data()), staged.size());
    });
  }
  const CUresult status = driver.enqueue(*s, [to, from, bytes] { return copyNow(to, from, bytes); });
  return bytes && isPageable(to) ? driver.drain(*s) : status; // to pageable memory: returns when it is done
}

static CUdeviceptr hostAddress(const void *p) { return reinterpret_cast<CUdeviceptr>(p); }

MUNTIN_API CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t n) { return copy(to, from, n); }
MUNTIN_API CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t n, CUstream s) {
  return copyAsync(to, from, n, s);
}

static CUresult wrongSide(CUdeviceptr device, size_t n) {
  const Entry e;
  if (e.status)
    return e.status;
  return n && !deviceRange(device, n) ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

MUNTIN_API CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t n) {
  const CUresult bad = wrongSide(to, n);
  return bad ? bad : copy(to, hostAddress(from), n);
}
MUNTIN_API CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t n) {
  const CUresult bad = wrongSide(from, n);
  return bad ? bad : copy(hostAddress(to), from, n);
}
MUNTIN_API CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t n) {
  const CUresult bad = wrongSide(to, n);
  return bad ? bad : copy(to, from, n);
}
MUNTIN_API CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t n, CUstream s) {
  const CUresult bad = wrongSide(to, n);
  return bad ? bad : copyAsync(to, hostAddress(from), n, s);
}
MUNTIN_API CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t n, CUstream s) {
  const CUresult bad = wrongSide(from, n);
  return bad ? bad : copyAsync(hostAddress(to), from, n, s);
}
MUNTIN_API CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t n, CUstream s) {
  const CUresult bad = wrongSide(to, n);
  return bad ? bad : copyAsync(to, from, n, s);
}

// Copies of two and three dimensions: rows of a box.

static CUdeviceptr sideOf(CUmemorytype type, const void *host, CUdeviceptr device) {
  return type == CU_MEMORYTYPE_HOST                                      ? hostAddress(host)
         : type == CU_MEMORYTYPE_DEVICE || type == CU_MEMORYTYPE_UNIFIED ? device
                                                                         : 0;
}

struct BoxCopy {
  CUdeviceptr to, from;
  size_t toPitch, fromPitch, toSlice, fromSlice, width, height, depth;

  CUresult run(CUresult (*row)(CUdeviceptr, CUdeviceptr, size_t)) const {
    for (size_t z = 0; z < depth; ++z)
      for (size_t y = 0; y < height; ++y)
        if (const CUresult status = row(to + z * toSlice + y * toPitch, from + z * fromSlice + y * fromPitch, width))
          return status;
    return CUDA_SUCCESS;
  }
};

static CUresult checkRow(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  Side d, s;
  return findSide(to, bytes, d) && findSide(from, bytes, s) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static CUresult boxOf(const CUDA_MEMCPY3D &c, BoxCopy &b) {
  if (c.srcMemoryType == CU_MEMORYTYPE_ARRAY || c.dstMemoryType == CU_MEMORYTYPE_ARRAY)
    return CUDA_ERROR_NOT_SUPPORTED;
  b.from = sideOf(c.srcMemoryType, c.srcHost, c.srcDevice);
  b.to = sideOf(c.dstMemoryType, c.dstHost, c.dstDevice);
  b.fromPitch = c.srcPitch ? c.srcPitch : c.WidthInBytes;
  b.toPitch = c.dstPitch ? c.dstPitch : c.WidthInBytes;
  if (!b.from || !b.to || b.fromPitch < c.WidthInBytes + c.srcXInBytes || b.toPitch < c.WidthInBytes + c.dstXInBytes)
    return CUDA_ERROR_INVALID_VALUE;
  b.fromSlice = b.fromPitch * (c.srcHeight ? c.srcHeight : c.Height);
  b.toSlice = b.toPitch * (c.dstHeight ? c.dstHeight : c.Height);
  b.from += c.srcZ * b.fromSlice + c.srcY * b.fromPitch + c.srcXInBytes;
  b.to += c.dstZ * b.toSlice + c.dstY * b.toPitch + c.dstXInBytes;
  b.width = c.WidthInBytes;
  b.height = c.Height;
  b.depth = c.Depth;
  return CUDA_SUCCESS;
}

static CUresult copyBox(const CUDA_MEMCPY3D *c, bool async, CUstream stream) {
  const Entry e;
  if (e.status || !c)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  Driver &driver = Driver::get();
  BoxCopy box;
  if (const CUresult bad = boxOf(*c, box))
    return bad;
  if (const CUresult bad = box.run(checkRow))
    return bad;
  Stream *s = driver.resolve(*e.context, stream);
  if (!s)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!async) {
    const CUresult status = driver.drainForDefault(*e.context);
    return status ? status : box.run(copyNow);
  }
  const CUresult status = driver.enqueue(*s, [box] { return box.run(copyNow); });
  return isPageable(box.to) || isPageable(box.from) ? driver.drain(*s) : status;
}

static CUDA_MEMCPY3D widen(const CUDA_MEMCPY2D &c) {
  CUDA_MEMCPY3D d{};
  d.srcXInBytes = c.srcXInBytes, d.srcY = c.srcY, d.srcMemoryType = c.srcMemoryType, d.srcHost = c.srcHost;
  d.srcDevice = c.srcDevice, d.srcPitch = c.srcPitch, d.dstXInBytes = c.dstXInBytes, d.dstY = c.dstY;
  d.dstMemoryType = c.dstMemoryType, d.dstHost = c.dstHost, d.dstDevice = c.dstDevice, d.dstPitch = c.dstPitch;
  d.WidthInBytes = c.WidthInBytes, d.Height = c.Height, d.Depth = 1;
  return d;
}

static CUresult copyPlane(const CUDA_MEMCPY2D *c, bool async, CUstream s) {
  if (!c)
    return CUDA_ERROR_INVALID_VALUE;
  const CUDA_MEMCPY3D d = widen(*c);
  return copyBox(&d, async, s);
}
MUNTIN_API CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *c) { return copyPlane(c, false, nullptr); }
MUNTIN_API CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *c) { return copyPlane(c, false, nullptr); }
MUNTIN_API CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *c, CUstream s) { return copyPlane(c, true, s); }
MUNTIN_API CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D *c) { return copyBox(c, false, nullptr); }
MUNTIN_API CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *c, CUstream s) { return copyBox(c, true, s); }

// memset, with pitch or without.

struct Fill {
  CUdeviceptr to;
  size_t pitch, width, height; ///< width in elements
  unsigned element, value;

  CUresult run() const {
    for (size_t y = 0; y < height; ++y) {
      Side d;
      if (!findSide(to + y * pitch, width * element, d))
        return CUDA_ERROR_INVALID_VALUE;
      for (size_t i = 0; i < width; ++i)
        std::memcpy(d.host + i * element, &value, element);
      if (d.allocation)
        d.allocation->markWritten(d.address, width * element);
    }
    return CUDA_SUCCESS;
  }
};

static CUresult fill(Fill f, CUstream stream) {
  const Entry e;
  if (e.status)
    return e.status;
  Driver &driver = Driver::get();
  Stream *s = driver.resolve(*e.context, stream);
  if (!s)
    return CUDA_ERROR_INVALID_HANDLE;
  if (f.width == 0 || f.height == 0)
    return CUDA_SUCCESS;
  const bool fits = deviceRange(f.to, (f.height - 1) * f.pitch + f.width * f.element);
  if (!fits || f.to % f.element || (f.height > 1 && f.pitch < f.width * f.element))
    return CUDA_ERROR_INVALID_VALUE;
  return driver.enqueue(*s, [f] { return f.run(); });
}

#define MUNTIN_MEMSET(suffix, type)                                                                                    \
  MUNTIN_API CUresult cuMemset##suffix##_v2(CUdeviceptr p, type v, size_t n) {                                         \
    return fill({p, 0, n, 1, sizeof(type), v}, nullptr);                                                               \
  }                                                                                                                    \
  MUNTIN_API CUresult cuMemset##suffix##Async(CUdeviceptr p, type v, size_t n, CUstream s) {                           \
    return fill({p, 0, n, 1, sizeof(type), v}, s);                                                                     \
  }
MUNTIN_MEMSET(D8, unsigned char)
MUNTIN_MEMSET(D16, unsigned short)
MUNTIN_MEMSET(D32, unsigned int)
#undef MUNTIN_MEMSET
#define MUNTIN_MEMSET(suffix, type)                                                                                    \
  MUNTIN_API CUresult cuMemset##suffix##_v2(CUdeviceptr p, size_t pitch, type v, size_t w, size_t h) {                 \
    return fill({p, pitch, w, h, sizeof(type), v}, nullptr);                                                           \
  }                                                                                                                    \
  MUNTIN_API CUresult cuMemset##suffix##Async(CUdeviceptr p, size_t pitch, type v, size_t w, size_t h, CUstream s) {   \
    return fill({p, pitch, w, h, sizeof(type), v}, s);                                                                 \
  }
MUNTIN_MEMSET(D2D8, unsigned char)
MUNTIN_MEMSET(D2D16, unsigned short)
MUNTIN_MEMSET(D2D32, unsigned int)
#undef MUNTIN_MEMSET

} // namespace muntin::emulator::driver
