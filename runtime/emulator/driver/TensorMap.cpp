//===- TensorMap.cpp - cuTensorMapEncodeTiled -----------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/TensorMap.h"
#include "runtime/emulator/driver/State.h"

#include <cstring>

namespace muntin::emulator::driver {

/// Bytes of an element of CUtensorMapDataType; 0 for those that are not supported.
static unsigned elementBytes(unsigned type) {
  static constexpr unsigned bytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};
  return type < sizeof bytes / sizeof bytes[0] ? bytes[type] : 0;
}

static CUresult refuse(const std::string &why) {
  Driver::get().lastMessage = "cuTensorMapEncodeTiled: " + why;
  return CUDA_ERROR_INVALID_VALUE;
}

/// The rules that the driver documents.
static CUresult check(unsigned element, unsigned rank, uint64_t base, const uint64_t *extents, const uint64_t *strides,
                      const uint32_t *box, const uint32_t *elementStrides, unsigned interleave, unsigned swizzle) {
  if (rank < 1 || rank > 5)
    return refuse("rank " + std::to_string(rank) + ", expected 1 to 5");
  if (base % 16)
    return refuse("the address is not a multiple of 16");
  for (unsigned i = 0; i < rank; ++i) {
    const std::string at = " of dimension " + std::to_string(i);
    if (extents[i] == 0 || extents[i] > uint64_t(1) << 32)
      return refuse("extent " + std::to_string(extents[i]) + at + ", expected 1 to 2^32");
    if (box[i] == 0 || box[i] > 256)
      return refuse("box " + std::to_string(box[i]) + at + ", expected 1 to 256");
    if (elementStrides[i] == 0 || elementStrides[i] > 8)
      return refuse("element stride " + std::to_string(elementStrides[i]) + at + ", expected 1 to 8");
    if (i > 0 && (strides[i - 1] % 16 || strides[i - 1] >= uint64_t(1) << 40))
      return refuse("stride " + std::to_string(strides[i - 1]) + at + ", expected a multiple of 16 below 2^40");
  }
  const uint64_t inner = uint64_t(box[0]) * element;
  static constexpr unsigned Span[] = {~0u, 32, 64, 128};
  if (interleave == 0 && inner % 16)
    return refuse("the inner box has " + std::to_string(inner) + " bytes, expected a multiple of 16");
  if (interleave == 0 && inner > Span[swizzle])
    return refuse("the inner box has " + std::to_string(inner) + " bytes, more than the swizzle's " +
                  std::to_string(Span[swizzle]));
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuTensorMapEncodeTiled(CUtensorMap *map, unsigned type, uint32_t rank, void *address,
                                           const uint64_t *extents, const uint64_t *strides, const uint32_t *box,
                                           const uint32_t *elementStrides, unsigned interleave, unsigned swizzle,
                                           unsigned promotion, unsigned fill) {
  const Entry e(false);
  if (e.status)
    return e.status;
  if (!map || !extents || !box || !elementStrides || (rank > 1 && !strides))
    return CUDA_ERROR_INVALID_VALUE;
  if (reinterpret_cast<uintptr_t>(map) % 64)
    return refuse("the tensor map is not aligned to 64 bytes");
  const unsigned element = elementBytes(type);
  if (element == 0 || interleave != 0 || swizzle > 6 || promotion > 3 || fill > 1)
    return interleave || swizzle > 3 || (element == 0 && type < 16) ? CUDA_ERROR_NOT_SUPPORTED
                                                                    : CUDA_ERROR_INVALID_VALUE;
  if (swizzle > 3)
    return CUDA_ERROR_NOT_SUPPORTED; // swizzles of later architectures
  const auto base = reinterpret_cast<uint64_t>(address);
  if (const CUresult bad = check(element, rank, base, extents, strides, box, elementStrides, interleave, swizzle))
    return bad;
  TensorMapData data{};
  data.magic = TensorMapMagic;
  data.base = base;
  data.rank = static_cast<uint8_t>(rank);
  for (unsigned i = 0; i < rank; ++i) {
    data.extents[i] = static_cast<uint32_t>(extents[i] - 1);
    data.box[i] = static_cast<uint16_t>(box[i]);
    data.elementStrides[i] = static_cast<uint8_t>(elementStrides[i]);
    if (i > 0)
      data.strides[i - 1] = strides[i - 1];
  }
  data.elementBytes = static_cast<uint8_t>(element);
  data.type = static_cast<uint8_t>(type);
  data.swizzle = static_cast<uint8_t>(swizzle);
  data.fillNan = static_cast<uint8_t>(fill);
  std::memcpy(map, &data, sizeof data);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuTensorMapReplaceAddress(CUtensorMap *map, void *address) {
  const Entry e(false);
  if (e.status)
    return e.status;
  TensorMapData data;
  if (!map || reinterpret_cast<uintptr_t>(address) % 16)
    return CUDA_ERROR_INVALID_VALUE;
  std::memcpy(&data, map, sizeof data);
  if (data.magic != TensorMapMagic)
    return CUDA_ERROR_INVALID_VALUE;
  data.base = reinterpret_cast<uint64_t>(address);
  std::memcpy(map, &data, sizeof data);
  return CUDA_SUCCESS;
}

} // namespace muntin::emulator::driver
