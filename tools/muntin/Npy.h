//===- Npy.h - NumPy's array files -----------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   6 bytes   "\x93NUMPY"
//   2 bytes   version: 1.0, 2.0 or 3.0
//   2 or 4    length of the header, little-endian (4 from version 2 on)
//   header    a Python dict: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
//   data      row-major
//
// Nothing that a header claims is believed before it is compared with the size
// of the file, so no header makes us allocate more than the file holds.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_NPY_H
#define MUNTIN_TOOLS_MUNTIN_NPY_H

#include "runtime/abi/Result.h"
#include "tools/muntin/File.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muntin {

enum class NpyType : uint8_t { F32, F16, BF16, I32 };
const char *npyTypeName(NpyType type); // "f32", "f16", "bf16", "int32"
uint64_t npyTypeBytes(NpyType type);

struct NpyHeader {
  NpyType type = NpyType::F32;
  std::vector<int64_t> shape;
  bool operator==(const NpyHeader &) const = default;

  uint64_t elements() const; ///< the parser has checked that the product fits
};

struct NpyArray {
  NpyHeader header;
  std::vector<char> data; ///< row-major, header.elements() * npyTypeBytes() bytes
};

/// Parses the dict of a header. An error is a clause without subject ("has object dtype").
Result<NpyHeader> parseNpyHeader(std::string_view text);

/// Reads little-endian, C-ordered f32, f16, bf16 (as ml_dtypes writes it) and
/// int32 arrays, versions 1 to 3; refuses everything else. Messages start with `path`.
Result<NpyArray> readNpy(const std::string &path);

/// The bytes before the data of a version 1 file of `header`, padded to 64.
std::string printNpyHeader(const NpyHeader &header);

/// A float32 array, row-major.
Status writeNpy(OutputFile &file, const std::vector<int64_t> &shape, const float *data);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_NPY_H
