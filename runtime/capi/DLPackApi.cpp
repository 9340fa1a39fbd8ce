//===- DLPackApi.cpp - the C interface: tensors of other libraries *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/capi/Convert.h"
#include "runtime/capi/Handles.h"
#include "runtime/capi/LastError.h"

#include <cstddef>

using namespace muntin;
using namespace muntin::runtime;

namespace {

/// DLTensor, field by field as its specification has it.
struct DLTensor {
  void *data;
  int32_t deviceType, deviceId;
  int32_t ndim;
  uint8_t code, bits;
  uint16_t lanes;
  const int64_t *shape, *strides;
  uint64_t byteOffset;
};
static_assert(sizeof(DLTensor) == 48 && offsetof(DLTensor, ndim) == 16 && offsetof(DLTensor, shape) == 24);

/// Numbers of the specification.
enum DeviceType : int32_t { kCpu = 1, kCuda = 2, kCudaHost = 3, kRocmHost = 11, kCudaManaged = 13 };
enum TypeCode : uint8_t { kInt = 0, kFloat = 2, kBfloat = 4 };

struct ElementOf {
  uint8_t code, bits;
  mtn_dtype dtype;
};

} // namespace

static constexpr ElementOf kElements[] = {
    {kFloat, 32, MTN_F32}, {kFloat, 16, MTN_F16}, {kBfloat, 16, MTN_BF16}, {kInt, 32, MTN_I32}};

static Result<mtn_dtype> elementOf(const DLTensor &source) {
  for (const auto &[code, bits, dtype] : kElements)
    if (source.code == code && source.bits == bits && source.lanes == 1)
      return dtype;
  return Status::invalid(
      fmt::format("dl_tensor: dtype has code {}, {} bits, {} lanes; expected float of 32 or 16 bits, "
                  "bfloat of 16 or int of 32, of one lane",
                  source.code, source.bits, source.lanes));
}

/// Pinned memory of the host and managed memory are reached from both sides; a GPU reaches nothing else of the host.
static bool reaches(const MemoryPlace &here, const DLTensor &source) {
  if (source.deviceType == kCudaHost || source.deviceType == kCudaManaged)
    return true;
  if (here.type == kCpu)
    return source.deviceType == kCpu || source.deviceType == kRocmHost;
  return source.deviceType == here.type && source.deviceId == here.number;
}

static Status checkReach(const DLTensor &source, const DeviceInfo &device) {
  if (reaches(device.memory, source))
    return {};
  const std::string expected =
      device.memory.type == kCpu ? "kDLCPU (1)" : fmt::format("kDLCUDA (2) of device {}", device.memory.number);
  return Status::invalid(
      fmt::format("dl_tensor: device type is {}, device {}, whose memory the device {} cannot reach; expected {}",
                  source.deviceType, source.deviceId, device.name, expected));
}

static Result<mtn_tensor> toTensor(const DLTensor &source, const DeviceInfo &device) {
  if (Status status = checkReach(source, device); !status)
    return status;
  const Result<mtn_dtype> dtype = elementOf(source);
  if (!dtype)
    return dtype.status();
  if (source.ndim < 0 || source.ndim > MTN_MAX_DIMS)
    return Status::invalid(fmt::format("dl_tensor: ndim is {}, expected 0 to {}", source.ndim, MTN_MAX_DIMS));
  if (source.ndim > 0 && !source.shape)
    return isNull("dl_tensor: shape");
  for (int axis = 0; axis < source.ndim; ++axis)
    if (source.shape[axis] < 0)
      return Status::invalid(
          fmt::format("dl_tensor: extent {} of axis {}, expected 0 or more", source.shape[axis], axis));
  char *data = static_cast<char *>(source.data);
  mtn_tensor tensor = mtn_tensor_contiguous(data ? data + source.byteOffset : data, *dtype, source.ndim, source.shape);
  if (source.strides)
    std::copy_n(source.strides, source.ndim, tensor.strides);
  return tensor;
}

mtn_status mtn_tensor_from_dlpack(mtn_session *session, const void *dl_tensor, mtn_tensor *tensor) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    if (!dl_tensor || !tensor)
      return isNull(dl_tensor ? "tensor" : "dl_tensor");
    const Result<mtn_tensor> made =
        toTensor(*static_cast<const DLTensor *>(dl_tensor), session->session->device().info());
    if (!made)
      return made.status();
    *tensor = *made;
    return {};
  });
}
