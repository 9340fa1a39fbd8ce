//===- Numbers.cpp - IEEE formats and their conversions -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Numbers.h"

namespace muntin::emulator {

static long double roundInteger(long double q, bool negative, Rounding rounding) {
  const long double low = std::floor(q), rest = q - low;
  switch (rounding) {
  case Rounding::Zero: return low;
  case Rounding::Down: return negative && rest > 0 ? low + 1 : low;
  case Rounding::Up: return !negative && rest > 0 ? low + 1 : low;
  case Rounding::NearestAway: return rest >= 0.5L ? low + 1 : low;
  case Rounding::NearestEven: break;
  }
  if (rest != 0.5L)
    return rest > 0.5L ? low + 1 : low;
  return std::fmod(low, 2.0L) == 0 ? low : low + 1;
}

uint64_t encodeFloat(long double value, const FloatFormat &format, Rounding rounding, bool saturateFinite) {
  const bool wideTf32 = format.bits == 32 && format.mantissa == 10;
  const unsigned spare = wideTf32 ? 13 : 0; // tf32 lies in the upper bits of 32
  if (std::isnan(value))
    return format.nan;
  const bool negative = std::signbit(value);
  const uint64_t sign = negative ? uint64_t(1) << (format.bits - 1) : 0;
  const long double magnitude = std::fabs(value);
  if (magnitude == 0)
    return sign;
  const uint64_t infinity = format.hasInfinity
                                ? ((format.largest >> (format.mantissa + spare)) + 1) << (format.mantissa + spare)
                                : format.nan;
  if (std::isinf(magnitude))
    return sign | (saturateFinite ? format.largest : infinity);
  const int lowest = 1 - format.bias;
  const int exponent = std::max(std::ilogb(magnitude), lowest);
  const long double steps =
      roundInteger(std::ldexp(magnitude, static_cast<int>(format.mantissa) - exponent), negative, rounding);
  if (exponent > format.bias + 1)
    return sign | (saturateFinite || rounding == Rounding::Zero ? format.largest : infinity);
  uint64_t bits = (static_cast<uint64_t>(exponent + format.bias - 1) << format.mantissa) + static_cast<uint64_t>(steps);
  bits <<= spare;
  if (bits <= format.largest)
    return sign | bits;
  const bool towardsZero =
      rounding == Rounding::Zero || (rounding == Rounding::Down && !negative) || (rounding == Rounding::Up && negative);
  return sign | (saturateFinite || towardsZero ? format.largest : infinity);
}

double decodeFloat(uint64_t bits, const FloatFormat &format) {
  if (format.bits == 64)
    return std::bit_cast<double>(bits);
  if (format.bits == 32)
    return std::bit_cast<float>(static_cast<uint32_t>(bits));
  const bool negative = (bits >> (format.bits - 1)) & 1;
  const uint64_t magnitude = bits & ((uint64_t(1) << (format.bits - 1)) - 1);
  double value;
  if (magnitude > format.largest) {
    const bool infinite = format.hasInfinity && (magnitude & ((uint64_t(1) << format.mantissa) - 1)) == 0;
    value = infinite ? INFINITY : NAN;
  } else {
    const uint64_t field = magnitude >> format.mantissa, low = magnitude & ((uint64_t(1) << format.mantissa) - 1);
    const uint64_t significand = field ? low | uint64_t(1) << format.mantissa : low;
    const int exponent = static_cast<int>(field ? field : 1) - format.bias - static_cast<int>(format.mantissa);
    value = std::ldexp(static_cast<double>(significand), exponent);
  }
  return negative ? -value : value;
}

double fmaToOdd(double a, double b, double c) {
  const double p = a * b; // exact by contract
  const double s = p + c;
  if (!std::isfinite(s))
    return s;
  const double back = s - p; // TwoSum: s + error is the exact sum
  const double error = (p - (s - back)) + (c - back);
  const uint64_t bits = std::bit_cast<uint64_t>(s);
  if (error == 0 || (bits & 1))
    return s;
  // The exact sum lies between s and its neighbour towards `error`: the odd one of the two is the neighbour.
  const bool outward = (error > 0) == (s > 0);
  return std::bit_cast<double>(outward ? bits + 1 : bits - 1);
}

} // namespace muntin::emulator
