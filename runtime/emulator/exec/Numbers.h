//===- Numbers.h - IEEE formats and their conversions -----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_NUMBERS_H
#define MUNTIN_EMULATOR_EXEC_NUMBERS_H

#include <bit>
#include <cmath>
#include <cstdint>

namespace muntin::emulator {

enum class Rounding : uint8_t { NearestEven, Zero, Down, Up, NearestAway };

constexpr uint32_t CanonicalNan32 = 0x7fffffff;
constexpr uint64_t CanonicalNan64 = 0x7fffffffffffffff;
constexpr uint16_t CanonicalNan16 = 0x7fff; ///< f16 and bf16

/// A binary format of at most 64 bits. `mantissa` counts stored bits.
struct FloatFormat {
  unsigned bits, mantissa;
  int bias;
  bool hasInfinity;
  uint64_t largest; ///< bits of the largest finite value
  uint64_t nan;
};

inline constexpr FloatFormat formatF16 = {16, 10, 15, true, 0x7bff, CanonicalNan16};
inline constexpr FloatFormat formatBF16 = {16, 7, 127, true, 0x7f7f, CanonicalNan16};
inline constexpr FloatFormat formatTF32 = {32, 10, 127, true, 0x7f7fe000, CanonicalNan32};
inline constexpr FloatFormat formatF32 = {32, 23, 127, true, 0x7f7fffff, CanonicalNan32};
inline constexpr FloatFormat formatF64 = {64, 52, 1023, true, 0x7fefffffffffffff, CanonicalNan64};
inline constexpr FloatFormat formatE4M3 = {8, 3, 7, false, 0x7e, 0x7f};
inline constexpr FloatFormat formatE5M2 = {8, 2, 15, true, 0x7b, 0x7f};

/// Rounds to a format. The carrier holds every f64 and every 64-bit integer exactly. tf32 gives 19 bits, shifted up.
uint64_t encodeFloat(long double value, const FloatFormat &format, Rounding rounding, bool saturateFinite);
/// The value of a bit pattern; exact.
double decodeFloat(uint64_t bits, const FloatFormat &format);

/// a * b + c with the last bit of the double set when inexact (round to odd), so that one more rounding to a format of
/// at most 50 bits is correct. For products that a double holds exactly.
double fmaToOdd(double a, double b, double c);

inline float asFloat(uint32_t bits) { return std::bit_cast<float>(bits); }
inline uint32_t asBits(float value) { return std::bit_cast<uint32_t>(value); }

inline float flush(float x) {
  const uint32_t bits = asBits(x);
  return (bits & 0x7f800000) == 0 ? asFloat(bits & 0x80000000) : x;
}
// By bits: `x != x` of a square root is folded into one of its argument.
inline float canonical(float x) { return (asBits(x) & 0x7fffffff) > 0x7f800000 ? asFloat(CanonicalNan32) : x; }
inline double canonical(double x) {
  const uint64_t magnitude = std::bit_cast<uint64_t>(x) & ~(uint64_t(1) << 63);
  return magnitude > 0x7ff0000000000000 ? std::bit_cast<double>(CanonicalNan64) : x;
}
/// .sat: to [0, 1], NaN to +0.
inline float saturate(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }

struct Half {
  uint16_t bits;
  float value() const { return static_cast<float>(std::bit_cast<_Float16>(bits)); }
  static Half of(float x) { return {x != x ? CanonicalNan16 : std::bit_cast<uint16_t>(static_cast<_Float16>(x))}; }
  static constexpr const FloatFormat &format = formatF16;
};

struct BHalf {
  uint16_t bits;
  float value() const { return asFloat(uint32_t(bits) << 16); }
  static BHalf of(float x) {
    const uint32_t b = asBits(x);
    const uint32_t rounded = (b + 0x7fff + ((b >> 16) & 1)) >> 16;
    return {static_cast<uint16_t>(x != x ? uint32_t(CanonicalNan16) : rounded)};
  }
  static constexpr const FloatFormat &format = formatBF16;
};

/// 2^x within 2 ulp, by lanes that vectorise: x = n + f, |f| <= 1/2.
inline float exp2Approx(float x) {
  constexpr float Magic = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer
  float c = x < -252.0f ? -252.0f : x;
  c = c > 129.0f ? 129.0f : c;
  const float shifted = c + Magic;
  const int32_t n = static_cast<int32_t>(asBits(shifted) - asBits(Magic));
  const float f = c - (shifted - Magic);
  float p = 1.5252733804059841e-5f;
  p = std::fma(p, f, 1.5403530393381609e-4f);
  p = std::fma(p, f, 1.3333558146428443e-3f);
  p = std::fma(p, f, 9.6181291076284772e-3f);
  p = std::fma(p, f, 5.5504108664821580e-2f);
  p = std::fma(p, f, 2.4022650695910071e-1f);
  p = std::fma(p, f, 6.9314718055994531e-1f);
  p = std::fma(p, f, 1.0f);
  const int32_t half = n >> 1, rest = n - half; // two steps: the result may be subnormal
  return p * asFloat(static_cast<uint32_t>(half + 127) << 23) * asFloat(static_cast<uint32_t>(rest + 127) << 23);
}

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_NUMBERS_H
