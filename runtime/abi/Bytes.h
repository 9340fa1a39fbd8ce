//===- Bytes.h - integers and texts as bytes -------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What every file format of Muntin is made of: little-endian integers, and texts
// behind their length. The same on every machine.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ABI_BYTES_H
#define MUNTIN_ABI_BYTES_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace muntin {

class ByteWriter {
public:
  /// The low `size` bytes of `value`, least significant first.
  void integer(uint64_t value, int size) {
    for (int i = 0; i < size; ++i)
      bytes += static_cast<char>(value >> (8 * i));
  }
  void text(std::string_view text) {
    integer(text.size(), 8);
    bytes += text;
  }

  std::string bytes;
};

/// After the first damage every read gives zeros and `damaged` stays true.
class ByteReader {
public:
  explicit ByteReader(std::string_view bytes) : rest(bytes) {}

  uint64_t integer(size_t size) {
    if (damaged || rest.size() < size) {
      damaged = true;
      return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i)
      value |= static_cast<uint64_t>(static_cast<unsigned char>(rest[i])) << (8 * i);
    rest.remove_prefix(size);
    return value;
  }
  /// A view of the input.
  std::string_view text() {
    const size_t size = count();
    const std::string_view text = rest.substr(0, size);
    rest.remove_prefix(size);
    return text;
  }
  /// The number of elements that follow. Each takes at least one byte.
  size_t count() {
    const uint64_t size = integer(8);
    if (size > rest.size())
      damaged = true;
    return damaged ? 0 : size;
  }

  std::string_view rest;
  bool damaged = false;
};

} // namespace muntin

#endif // MUNTIN_ABI_BYTES_H
