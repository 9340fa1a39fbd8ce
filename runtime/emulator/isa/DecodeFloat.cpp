//===- DecodeFloat.cpp - arithmetic on all types, by type -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/FloatOps.h"
#include "runtime/emulator/isa/Decoders.h"

namespace muntin::emulator {

static int takeRounding(Decoder &d) { return d.takeOne({"rn", "rz", "rm", "rp"}); }

static void floatOperands(Decoder &d, Type type, unsigned sources) {
  d.expectCount(sources + 1, sources + 1);
  d.now.type = type;
  for (unsigned i = 1; i <= sources; ++i)
    d.now.op[i] = d.src(i, type);
  d.now.op[0] = d.dst(0u, type);
}

static uint32_t takeFlags(Decoder &d) {
  uint32_t flags = 0;
  flags |= d.take("ftz") ? FlagFtz : 0;
  flags |= d.take("sat") ? FlagSat : 0;
  flags |= d.take("relu") ? FlagRelu : 0;
  flags |= d.take("NaN") ? FlagNan : 0;
  return flags;
}

static void decodeFloat(Decoder &d, Type type, FloatOp op, unsigned sources) {
  const int rounding = takeRounding(d);
  d.now.aux = takeFlags(d);
  if (bitsOf(type) == 16 || type == Type::F16x2 || type == Type::BF16x2) {
    d.now.run = halfHandler(op, type);
    if (rounding > 0)
      d.unsupported();
    if (op == FloatOp::Fma && type != Type::F16 && type != Type::F16x2 && (d.now.aux & FlagSat))
      d.unsupported();
  } else if (rounding > 0) {
    const auto mode = static_cast<Rounding>(rounding); // rn, rz, rm, rp are in the order of Rounding
    d.now.run = directedHandler(op, type == Type::F64, mode);
  } else if (type == Type::F32) {
    const bool isMinMax = op == FloatOp::Min || op == FloatOp::Max;
    if ((d.now.aux & FlagRelu) || (isMinMax ? d.now.aux & FlagSat : d.now.aux & FlagNan))
      d.unsupported();
    d.now.run = floatHandler(op, d.now.aux & FlagFtz, d.now.aux & (FlagSat | FlagNan));
  } else if (type == Type::F64 && d.now.aux == 0) {
    d.now.run = doubleHandler(op);
  }
  if (!d.now.run)
    d.unsupported();
  floatOperands(d, type, sources);
}

static void arithmetic(Decoder &d, FloatOp op, unsigned sources, void (*integer)(Decoder &, Type)) {
  const Type type = d.needType();
  if (isFloat(type))
    decodeFloat(d, type, op, sources);
  else if (isInteger(type) && integer)
    integer(d, type);
  else
    d.unsupported();
}

void decodeAdd(Decoder &d) {
  arithmetic(d, FloatOp::Add, 2, [](Decoder &d, Type t) { decodeIntegerAdd(d, t, false); });
}
void decodeSub(Decoder &d) {
  arithmetic(d, FloatOp::Sub, 2, [](Decoder &d, Type t) { decodeIntegerAdd(d, t, true); });
}
void decodeMul(Decoder &d) { arithmetic(d, FloatOp::Mul, 2, decodeIntegerMul); }
void decodeFma(Decoder &d) { arithmetic(d, FloatOp::Fma, 3, nullptr); }
void decodeMad(Decoder &d) {
  arithmetic(d, FloatOp::Fma, 3, [](Decoder &d, Type t) { decodeIntegerMad(d, t, false); });
}
void decodeMin(Decoder &d) {
  arithmetic(d, FloatOp::Min, 2, [](Decoder &d, Type t) { decodeIntegerMinMax(d, t, false); });
}
void decodeMax(Decoder &d) {
  arithmetic(d, FloatOp::Max, 2, [](Decoder &d, Type t) { decodeIntegerMinMax(d, t, true); });
}
void decodeAbs(Decoder &d) { arithmetic(d, FloatOp::Abs, 1, decodeIntegerAbs); }
void decodeNeg(Decoder &d) { arithmetic(d, FloatOp::Neg, 1, decodeIntegerNeg); }

/// .approx and .full give the correctly rounded quotient, which lies within their bounds.
void decodeDiv(Decoder &d) {
  d.takeOne({"approx", "full"});
  arithmetic(d, FloatOp::Div, 2, decodeIntegerDiv);
}

/// rcp and rsqrt.approx.ftz.f64: from the high words of the argument to those of the result, the low ones being 0.
template <bool Root> static double grossly(double a) {
  const auto high = [](double v) {
    const double kept = std::bit_cast<double>(std::bit_cast<uint64_t>(v) & ~uint64_t(0xffffffff));
    return std::fabs(kept) < 0x1p-1022 ? std::copysign(0.0, kept) : kept;
  };
  const double x = high(a), r = Root ? 1 / std::sqrt(x) : 1 / x;
  return r != r ? std::bit_cast<double>(uint64_t(0x7fffffff) << 32) : high(r);
}

static void unary(Decoder &d, FloatOp op) {
  if (!d.take("approx") || !d.has("f64") || (op != FloatOp::Rcp && op != FloatOp::Rsqrt))
    return arithmetic(d, op, 1, nullptr);
  if (!d.take("ftz"))
    d.unsupported();
  floatOperands(d, d.needType(), 1);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    in.flags ? mapLanes<double, double>(w, in, mask, grossly<true>)
             : mapLanes<double, double>(w, in, mask, grossly<false>);
  };
  d.now.flags = op == FloatOp::Rsqrt;
}
void decodeSqrt(Decoder &d) { unary(d, FloatOp::Sqrt); }
void decodeRcp(Decoder &d) { unary(d, FloatOp::Rcp); }
void decodeRsqrt(Decoder &d) { unary(d, FloatOp::Rsqrt); }
void decodeEx2(Decoder &d) { unary(d, FloatOp::Exp2); }
void decodeLg2(Decoder &d) { unary(d, FloatOp::Log2); }
void decodeSin(Decoder &d) { unary(d, FloatOp::Sin); }
void decodeCos(Decoder &d) { unary(d, FloatOp::Cos); }
void decodeTanh(Decoder &d) { unary(d, FloatOp::Tanh); }

void decodeCopysign(Decoder &d) {
  const Type type = d.needType();
  floatOperands(d, type, 2);
  if (type == Type::F32)
    d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
      mapLanes<uint32_t, uint32_t, uint32_t>(
          w, in, mask, [](uint32_t a, uint32_t b) { return (b & 0x7fffffff) | (a & 0x80000000); });
    };
  else if (type == Type::F64)
    d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
      constexpr uint64_t Sign = uint64_t(1) << 63;
      mapLanes<uint64_t, uint64_t, uint64_t>(w, in, mask,
                                             [](uint64_t a, uint64_t b) { return (b & ~Sign) | (a & Sign); });
    };
  else
    d.unsupported();
}

enum FloatTest : uint32_t { Finite, Infinite, Number, NotANumber, Normal, Subnormal };

template <typename T> static void testProperty(Warp &w, const Instr &in, uint32_t mask) {
  const uint32_t bits = testLanes<T>(w, in.op[1], in.op[1], [&](T a, T) {
    const int kind = std::fpclassify(a);
    switch (in.aux) {
    case Finite: return std::isfinite(a);
    case Infinite: return kind == FP_INFINITE;
    case Number: return kind != FP_NAN;
    case NotANumber: return kind == FP_NAN;
    case Normal: return kind == FP_NORMAL;
    default: return kind == FP_SUBNORMAL;
    }
  });
  w.setPredicate(in.op[0], bits, mask);
}

void decodeTestp(Decoder &d) {
  const int test = d.takeOne({"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
  const Type type = d.needType();
  if (test < 0 || (type != Type::F32 && type != Type::F64))
    d.unsupported();
  d.expectCount(2, 2);
  d.now.aux = static_cast<uint32_t>(test);
  d.now.op[1] = d.src(1, type);
  d.now.op[0] = d.dstPredicate(d.operand(0));
  d.now.run = type == Type::F32 ? &testProperty<float> : &testProperty<double>;
}

} // namespace muntin::emulator
