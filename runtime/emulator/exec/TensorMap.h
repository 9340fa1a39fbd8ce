//===- TensorMap.h - the 128 bytes of a tensor map --------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opaque in CUDA, each driver encodes its own. Ours has a magic word, so that
// a kernel that is handed something else is told so.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_TENSORMAP_H
#define MUNTIN_EMULATOR_EXEC_TENSORMAP_H

#include <cstdint>

namespace muntin::emulator {

constexpr uint64_t TensorMapMagic = 0x70616d2d6e746e6d; // "mntn-map"

struct TensorMapData {
  uint64_t magic;
  uint64_t base;
  uint64_t strides[4]; ///< bytes, of dimensions 1 and up
  uint32_t extents[5]; ///< elements minus one: 2^32 fits
  uint16_t box[5];
  uint8_t elementStrides[5];
  uint8_t elementBytes;
  uint8_t type; ///< CUtensorMapDataType
  uint8_t rank;
  uint8_t swizzle;    ///< 0 none, 1 32 B, 2 64 B, 3 128 B
  uint8_t interleave; ///< 0 none
  uint8_t fillNan;
  uint8_t pad[128 - 8 - 8 - 32 - 20 - 10 - 5 - 6];
};
static_assert(sizeof(TensorMapData) == 128);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_TENSORMAP_H
