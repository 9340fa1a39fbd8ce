//===- Element.cpp - the three element types ------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Element.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace muntin::reference {

//   f16    s eeeee ffffffffff          value = (-1)^s 1.f 2^(e-15);  e = 0: 0.f 2^-14;  e = 31: infinity or NaN
//   bf16   s eeeeeeee fffffff          the upper half of an f32

static float decodeF16(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const float sign = bits >> 15 ? -1.0f : 1.0f;
  if (exponent == 31)
    return fraction ? std::numeric_limits<float>::quiet_NaN() : sign * std::numeric_limits<float>::infinity();
  if (exponent == 0)
    return sign * std::ldexp(float(fraction), -24);
  return sign * std::ldexp(float(1024 + fraction), exponent - 25);
}

float floatFromF16(uint16_t bits) {
  // Reading is the inner loop of the reference: decode all 65536 once.
  static const std::array<float, 65536> table = [] {
    std::array<float, 65536> values;
    for (int i = 0; i < 65536; ++i)
      values[i] = decodeF16(static_cast<uint16_t>(i));
    return values;
  }();
  return table[bits];
}

uint16_t f16FromFloat(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const float size = std::fabs(value);
  if (std::isnan(value))
    return sign | 0x7e00;
  if (size >= 65520.0f) // half way from the largest number, 65504, to the next power of two
    return sign | 0x7c00;
  if (size < 0x1p-14f) // subnormal: a multiple of 2^-24; 1024 of them are the least normal number, as the code is
    return sign | static_cast<uint16_t>(std::nearbyint(std::ldexp(size, 24)));
  const int exponent = std::ilogb(size);
  // 1024 to 2048 units; at 2048 the sum carries into the exponent, which is right.
  const int units = static_cast<int>(std::nearbyint(std::ldexp(size, 10 - exponent)));
  return sign | static_cast<uint16_t>((exponent + 15) * 1024 + units - 1024);
}

float floatFromBF16(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

uint16_t bf16FromFloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  const uint32_t odd = bits >> 16 & 1; // a tie goes up only from an odd number
  return static_cast<uint16_t>((bits + 0x7fff + odd) >> 16);
}

double readElement(ElementType type, const void *array, int64_t index) {
  double value;
  readElements(type, array, index, 1, &value);
  return value;
}

void writeElement(ElementType type, void *array, int64_t index, float value) {
  switch (type) {
  case ElementType::F32: static_cast<float *>(array)[index] = value; return;
  case ElementType::F16: static_cast<uint16_t *>(array)[index] = f16FromFloat(value); return;
  case ElementType::BF16: static_cast<uint16_t *>(array)[index] = bf16FromFloat(value); return;
  }
}

void readElements(ElementType type, const void *array, int64_t first, int64_t count, double *row) {
  const auto read = [&](auto decode) {
    for (int64_t i = 0; i < count; ++i)
      row[i] = decode(first + i);
  };
  switch (type) {
  case ElementType::F32: return read([&](int64_t i) { return static_cast<const float *>(array)[i]; });
  case ElementType::F16: return read([&](int64_t i) { return floatFromF16(static_cast<const uint16_t *>(array)[i]); });
  case ElementType::BF16:
    return read([&](int64_t i) { return floatFromBF16(static_cast<const uint16_t *>(array)[i]); });
  }
}

} // namespace muntin::reference
