//===- DecodeConvert.cpp - cvt --------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/FloatOps.h"
#include "runtime/emulator/exec/IntegerOps.h"
#include "runtime/emulator/isa/Decoders.h"

namespace muntin::emulator {

namespace {

const FloatFormat &formatOf(Type type) {
  switch (type) {
  case Type::F16:
  case Type::F16x2: return formatF16;
  case Type::BF16:
  case Type::BF16x2: return formatBF16;
  case Type::TF32: return formatTF32;
  case Type::F64: return formatF64;
  case Type::E4M3:
  case Type::E4M3x2: return formatE4M3;
  case Type::E5M2:
  case Type::E5M2x2: return formatE5M2;
  default: return formatF32;
  }
}

/// Instr::aux beside FloatFlags: the rounding in bits 8-10, and whether to round to an integer.
constexpr uint32_t RoundingShift = 8, ToInteger = 1 << 12;
Rounding roundingOf(const Instr &in) { return static_cast<Rounding>((in.aux >> RoundingShift) & 7); }

long double sourceValue(uint64_t bits, Type type, uint32_t flags) {
  if (isFloat(type)) {
    if (type == Type::F32 && (flags & FlagFtz))
      return flush(asFloat(static_cast<uint32_t>(bits)));
    return decodeFloat(bits & (bitsOf(type) == 64 ? ~uint64_t(0) : (uint64_t(1) << bitsOf(type)) - 1), formatOf(type));
  }
  const unsigned shift = 64 - bitsOf(type);
  if (isSigned(type))
    return static_cast<int64_t>(bits << shift) >> shift;
  return (bits << shift) >> shift;
}

long double integral(long double v, Rounding rounding) {
  switch (rounding) {
  case Rounding::Zero: return std::trunc(v);
  case Rounding::Down: return std::floor(v);
  case Rounding::Up: return std::ceil(v);
  default: return std::nearbyint(v); // the host rounds to nearest even
  }
}

/// Out of range clamps; NaN gives 0. A 64-bit unsigned value fits long double exactly.
uint64_t toInteger(long double v, Type type, bool clampOnly) {
  if (std::isnan(v))
    return 0;
  const unsigned bits = bitsOf(type);
  const long double high = std::ldexp(1.0L, static_cast<int>(bits - (isSigned(type) ? 1 : 0))) - 1;
  const long double low = isSigned(type) ? -high - 1 : 0;
  const long double c = std::min(std::max(v, low), high);
  (void)clampOnly;
  return isSigned(type) ? static_cast<uint64_t>(static_cast<int64_t>(c)) : static_cast<uint64_t>(c);
}

uint64_t convertOne(const Instr &in, uint64_t bits, Type to, Type from) {
  long double v = sourceValue(bits, from, in.aux);
  if (!isFloat(to)) {
    if (isFloat(from))
      return toInteger(integral(v, roundingOf(in)), to, false);
    if (in.aux & FlagSat)
      return toInteger(v, to, true);
    const unsigned shift = 64 - bitsOf(to); // wraps, then extends as the type says
    const auto raw = static_cast<uint64_t>(isSigned(from) || v < 0 ? static_cast<uint64_t>(static_cast<int64_t>(v))
                                                                   : static_cast<uint64_t>(v));
    return isSigned(to) ? static_cast<uint64_t>(static_cast<int64_t>(raw << shift) >> shift) : (raw << shift) >> shift;
  }
  if ((in.aux & FlagRelu) && v <= 0)
    v = 0;
  if (in.aux & ToInteger) {
    const long double r = integral(v, roundingOf(in));
    v = r == 0 ? std::copysign(0.0L, v) : r;
  }
  if (in.aux & FlagSat)
    v = v > 0 ? std::min(v, 1.0L) : 0;
  uint64_t r = encodeFloat(v, formatOf(to), roundingOf(in), in.aux & FlagSatFinite);
  if ((in.aux & FlagFtz) && to == Type::F32)
    r = asBits(flush(asFloat(static_cast<uint32_t>(r))));
  return r;
}

void convert(Warp &w, const Instr &in, uint32_t mask) {
  const bool wideFrom = bitsOf(in.type2) == 64, wideTo = bitsOf(in.type) == 64;
  eachLane(mask, [&](unsigned i) {
    const uint64_t bits = wideFrom ? w.words<uint64_t>(in.op[1])[i] : w.words<uint32_t>(in.op[1])[i];
    const uint64_t r = convertOne(in, bits, in.type, in.type2);
    if (wideTo)
      w.words<uint64_t>(in.op[0])[i] = r;
    else
      w.words<uint32_t>(in.op[0])[i] = static_cast<uint32_t>(r);
  });
}

/// d = {convert(op[1]) high, convert(op[2]) low}.
void convertPair(Warp &w, const Instr &in, uint32_t mask) {
  const unsigned bits = bitsOf(in.type) / 2;
  eachLane(mask, [&](unsigned i) {
    const uint64_t high = convertOne(in, w.words<uint32_t>(in.op[1])[i], in.type, Type::F32);
    const uint64_t low = convertOne(in, w.words<uint32_t>(in.op[2])[i], in.type, Type::F32);
    w.words<uint32_t>(in.op[0])[i] = static_cast<uint32_t>(high << bits | low);
  });
}

/// Packed to packed: e4m3x2 and e5m2x2 from and to f16x2.
void convertPacked(Warp &w, const Instr &in, uint32_t mask) {
  const unsigned to = bitsOf(in.type) / 2, from = bitsOf(in.type2) / 2;
  eachLane(mask, [&](unsigned i) {
    const uint32_t a = w.words<uint32_t>(in.op[1])[i];
    uint64_t r = 0;
    for (unsigned k = 0; k < 2; ++k) {
      const uint64_t piece = (a >> (from * k)) & ((1u << from) - 1);
      long double v = decodeFloat(piece, formatOf(in.type2));
      if ((in.aux & FlagRelu) && v <= 0)
        v = 0;
      r |= encodeFloat(v, formatOf(in.type), Rounding::NearestEven, in.aux & FlagSatFinite) << (to * k);
    }
    w.words<uint32_t>(in.op[0])[i] = static_cast<uint32_t>(r);
  });
}

void pairBF16(Warp &w, const Instr &in, uint32_t mask) {
  mapLanes<uint32_t, float, float>(
      w, in, mask, [](float a, float b) { return uint32_t(BHalf::of(a).bits) << 16 | BHalf::of(b).bits; });
}
void pairF16(Warp &w, const Instr &in, uint32_t mask) {
  mapLanes<uint32_t, float, float>(
      w, in, mask, [](float a, float b) { return uint32_t(Half::of(a).bits) << 16 | Half::of(b).bits; });
}
template <typename R, typename A> void plain(Warp &w, const Instr &in, uint32_t mask) {
  mapLanes<R, A>(w, in, mask, [](A a) { return static_cast<R>(a); });
}
template <typename H> void widenHalf(Warp &w, const Instr &in, uint32_t mask) {
  mapLanes<float, H>(w, in, mask, [](H a) { return a.value(); });
}

/// The conversions that kernels are full of, as vector loops.
Handler fastPath(Type to, Type from, uint32_t aux) {
  const auto is = [&](Type t, Type f) { return to == t && from == f; };
  const uint32_t rounding = aux >> RoundingShift;
  if ((aux & 255) == 0 && !isFloat(to) && !isFloat(from)) {
    if (is(Type::U64, Type::U32))
      return &plain<uint64_t, uint32_t>;
    if (is(Type::S64, Type::S32))
      return &plain<int64_t, int32_t>;
    if (is(Type::U32, Type::U64) || is(Type::S32, Type::S64) || is(Type::U32, Type::S64))
      return &plain<uint32_t, uint64_t>;
    if (is(Type::U16, Type::U32))
      return &plain<uint16_t, uint32_t>;
    if (is(Type::U32, Type::U16))
      return &plain<uint32_t, uint16_t>;
  }
  if (aux != 0 || rounding != 0)
    return nullptr;
  if (is(Type::F32, Type::F16))
    return &widenHalf<Half>;
  if (is(Type::F32, Type::BF16))
    return &widenHalf<BHalf>;
  if (is(Type::F32, Type::S32))
    return &plain<float, int32_t>;
  if (is(Type::F32, Type::U32))
    return &plain<float, uint32_t>;
  return nullptr;
}

void takeRounding(Decoder &d, Type to, Type from) {
  const int plain = d.takeOne({"rn", "rz", "rm", "rp", "rna"});
  const int integer = d.takeOne({"rni", "rzi", "rmi", "rpi"});
  if (plain >= 0)
    d.now.aux |= static_cast<uint32_t>(plain) << RoundingShift;
  if (integer >= 0)
    d.now.aux |= static_cast<uint32_t>(integer) << RoundingShift | ToInteger;
  if (isFloat(from) && !isFloat(to) && integer < 0)
    d.fail("expected a rounding to an integer such as .rzi");
  const bool narrows = isFloat(to) && (!isFloat(from) || bitsOf(to) < bitsOf(from));
  if (narrows && plain < 0)
    d.fail("expected a rounding such as .rn");
}

bool isPacked(Type t) { return t == Type::F16x2 || t == Type::BF16x2 || t == Type::E4M3x2 || t == Type::E5M2x2; }

} // namespace

void decodeCvt(Decoder &d) {
  d.now.aux = (d.take("ftz") ? FlagFtz : 0) | (d.take("sat") ? FlagSat : 0) | (d.take("relu") ? FlagRelu : 0) |
              (d.take("satfinite") ? FlagSatFinite : 0);
  const Type to = d.needType(), from = d.needType();
  d.now.type = to;
  d.now.type2 = from;
  if (isPacked(to) && !isPacked(from)) {
    takeRounding(d, to, from);
    if (from != Type::F32)
      d.unsupported();
    d.expectCount(3, 3);
    d.now.op[1] = d.src(1, Type::F32);
    d.now.op[2] = d.src(2, Type::F32);
    d.now.op[0] = d.dst(0u, bitsOf(to) == 32 ? Type::B32 : Type::B16);
    d.now.run = d.now.aux == 0 && to == Type::BF16x2  ? pairBF16
                : d.now.aux == 0 && to == Type::F16x2 ? pairF16
                                                      : convertPair;
    return;
  }
  d.expectCount(2, 2);
  if (isPacked(to) || isPacked(from)) {
    d.take("rn");
    if (!isPacked(to) || !isPacked(from) || bitsOf(to) == bitsOf(from) || to == Type::BF16x2 || from == Type::BF16x2)
      d.unsupported();
    d.now.op[1] = d.src(1, bitsOf(from) == 32 ? Type::B32 : Type::B16);
    d.now.op[0] = d.dst(0u, bitsOf(to) == 32 ? Type::B32 : Type::B16);
    d.now.run = convertPacked;
    return;
  }
  if (to == Type::Pred || from == Type::Pred || bitsOf(to) == 128 || bitsOf(from) == 128 || from == Type::TF32)
    d.unsupported();
  takeRounding(d, to, from);
  const Handler fast = fastPath(to, from, d.now.aux);
  d.now.op[1] = d.src(1, from);
  d.now.op[0] = d.dst(0u, to);
  d.now.run = fast ? fast : convert;
}

void decodeCvtPack(Decoder &d) {
  if (!d.take("sat"))
    d.unsupported();
  const Type to = d.needType(), from = d.needType();
  if (bitsOf(to) != 16 || from != Type::S32)
    d.unsupported();
  d.expectCount(3, 3);
  d.now.type = to;
  d.now.op[1] = d.src(1, from);
  d.now.op[2] = d.src(2, from);
  d.now.op[0] = d.dst(0u, Type::B32);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    const int32_t low = isSigned(in.type) ? -32768 : 0, high = isSigned(in.type) ? 32767 : 65535;
    mapLanes<uint32_t, int32_t, int32_t>(w, in, mask, [low, high](int32_t a, int32_t b) {
      return uint32_t(std::clamp(a, low, high)) << 16 | (uint32_t(std::clamp(b, low, high)) & 0xffff);
    });
  };
}

} // namespace muntin::emulator
