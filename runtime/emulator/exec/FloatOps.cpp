//===- FloatOps.cpp - f32 and f64 arithmetic, round to nearest ------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/FloatOps.h"

namespace muntin::emulator {

namespace {

template <bool Ftz> float in(float x) { return Ftz ? flush(x) : x; }
template <bool Ftz, bool Sat> float out(float x) {
  const float r = Ftz ? flush(x) : x;
  return Sat ? saturate(r) : canonical(r);
}

template <bool Z, bool S> struct FAdd {
  float operator()(float a, float b) const { return out<Z, S>(in<Z>(a) + in<Z>(b)); }
};
template <bool Z, bool S> struct FSub {
  float operator()(float a, float b) const { return out<Z, S>(in<Z>(a) - in<Z>(b)); }
};
template <bool Z, bool S> struct FMul {
  float operator()(float a, float b) const { return out<Z, S>(in<Z>(a) * in<Z>(b)); }
};
template <bool Z, bool S> struct FDiv {
  float operator()(float a, float b) const { return out<Z, S>(in<Z>(a) / in<Z>(b)); }
};
template <bool Z, bool S> struct FFma {
  float operator()(float a, float b, float c) const { return out<Z, S>(std::fma(in<Z>(a), in<Z>(b), in<Z>(c))); }
};
template <bool Z, bool S> struct FAbs {
  float operator()(float a) const { return asFloat(asBits(in<Z>(a)) & 0x7fffffff); }
};
template <bool Z, bool S> struct FNeg {
  float operator()(float a) const { return asFloat(asBits(in<Z>(a)) ^ 0x80000000); }
};
template <bool Z, bool S> struct FSqrt {
  float operator()(float a) const { return out<Z, S>(std::sqrt(in<Z>(a))); }
};
template <bool Z, bool S> struct FRcp {
  float operator()(float a) const { return out<Z, S>(1.0f / in<Z>(a)); }
};
template <bool Z, bool S> struct FRsqrt {
  float operator()(float a) const {
    return out<Z, S>(static_cast<float>(1.0 / std::sqrt(static_cast<double>(in<Z>(a)))));
  }
};
template <bool Z, bool S> struct FExp2 {
  float operator()(float a) const { return out<Z, S>(exp2Approx(in<Z>(a))); }
};
template <bool Z, bool S> struct FLog2 {
  float operator()(float a) const { return out<Z, S>(static_cast<float>(std::log2(static_cast<double>(in<Z>(a))))); }
};
template <bool Z, bool S> struct FSin {
  float operator()(float a) const { return out<Z, S>(static_cast<float>(std::sin(static_cast<double>(in<Z>(a))))); }
};
template <bool Z, bool S> struct FCos {
  float operator()(float a) const { return out<Z, S>(static_cast<float>(std::cos(static_cast<double>(in<Z>(a))))); }
};
template <bool Z, bool S> struct FTanh {
  float operator()(float a) const { return out<Z, S>(static_cast<float>(std::tanh(static_cast<double>(in<Z>(a))))); }
};

/// minNum and maxNum: a NaN loses, -0 < +0. With S the .NaN form: a NaN wins.
template <bool Z, bool S> struct FMin {
  float operator()(float a, float b) const {
    const float x = in<Z>(a), y = in<Z>(b);
    const float least = x == y ? asFloat(asBits(x) | asBits(y)) : x < y ? x : y;
    const float other = S ? asFloat(CanonicalNan32) : canonical(x != x ? y : x);
    return x != x || y != y ? other : least;
  }
};
template <bool Z, bool S> struct FMax {
  float operator()(float a, float b) const {
    const float x = in<Z>(a), y = in<Z>(b);
    const float most = x == y ? asFloat(asBits(x) & asBits(y)) : x > y ? x : y;
    const float other = S ? asFloat(CanonicalNan32) : canonical(x != x ? y : x);
    return x != x || y != y ? other : most;
  }
};

template <template <bool, bool> class Op, typename... A> Handler forms(bool ftz, bool second) {
  if (ftz)
    return second ? &lanes<Op<true, true>, float, A...> : &lanes<Op<true, false>, float, A...>;
  return second ? &lanes<Op<false, true>, float, A...> : &lanes<Op<false, false>, float, A...>;
}

struct DAdd {
  double operator()(double a, double b) const { return canonical(a + b); }
};
struct DSub {
  double operator()(double a, double b) const { return canonical(a - b); }
};
struct DMul {
  double operator()(double a, double b) const { return canonical(a * b); }
};
struct DDiv {
  double operator()(double a, double b) const { return canonical(a / b); }
};
struct DFma {
  double operator()(double a, double b, double c) const { return canonical(std::fma(a, b, c)); }
};
struct DSqrt {
  double operator()(double a) const { return canonical(std::sqrt(a)); }
};
struct DRcp {
  double operator()(double a) const { return canonical(1.0 / a); }
};
struct DRsqrt {
  double operator()(double a) const { return canonical(1.0 / std::sqrt(a)); }
};
struct DAbs {
  double operator()(double a) const { return std::bit_cast<double>(std::bit_cast<uint64_t>(a) & ~(uint64_t(1) << 63)); }
};
struct DNeg {
  double operator()(double a) const { return std::bit_cast<double>(std::bit_cast<uint64_t>(a) ^ (uint64_t(1) << 63)); }
};
struct DMin {
  double operator()(double a, double b) const {
    if (a != a || b != b)
      return canonical(a != a ? b : a);
    return a == b ? (std::signbit(a) ? a : b) : std::min(a, b);
  }
};
struct DMax {
  double operator()(double a, double b) const {
    if (a != a || b != b)
      return canonical(a != a ? b : a);
    return a == b ? (std::signbit(a) ? b : a) : std::max(a, b);
  }
};

} // namespace

Handler floatHandler(FloatOp op, bool ftz, bool second) {
  switch (op) {
  case FloatOp::Add: return forms<FAdd, float, float>(ftz, second);
  case FloatOp::Sub: return forms<FSub, float, float>(ftz, second);
  case FloatOp::Mul: return forms<FMul, float, float>(ftz, second);
  case FloatOp::Div: return forms<FDiv, float, float>(ftz, second);
  case FloatOp::Fma: return forms<FFma, float, float, float>(ftz, second);
  case FloatOp::Min: return forms<FMin, float, float>(ftz, second);
  case FloatOp::Max: return forms<FMax, float, float>(ftz, second);
  case FloatOp::Abs: return forms<FAbs, float>(ftz, second);
  case FloatOp::Neg: return forms<FNeg, float>(ftz, second);
  case FloatOp::Sqrt: return forms<FSqrt, float>(ftz, second);
  case FloatOp::Rcp: return forms<FRcp, float>(ftz, second);
  case FloatOp::Rsqrt: return forms<FRsqrt, float>(ftz, second);
  case FloatOp::Exp2: return forms<FExp2, float>(ftz, second);
  case FloatOp::Log2: return forms<FLog2, float>(ftz, second);
  case FloatOp::Sin: return forms<FSin, float>(ftz, second);
  case FloatOp::Cos: return forms<FCos, float>(ftz, second);
  case FloatOp::Tanh: return forms<FTanh, float>(ftz, second);
  }
  return nullptr;
}

Handler doubleHandler(FloatOp op) {
  switch (op) {
  case FloatOp::Add: return &lanes<DAdd, double, double, double>;
  case FloatOp::Sub: return &lanes<DSub, double, double, double>;
  case FloatOp::Mul: return &lanes<DMul, double, double, double>;
  case FloatOp::Div: return &lanes<DDiv, double, double, double>;
  case FloatOp::Fma: return &lanes<DFma, double, double, double, double>;
  case FloatOp::Min: return &lanes<DMin, double, double, double>;
  case FloatOp::Max: return &lanes<DMax, double, double, double>;
  case FloatOp::Abs: return &lanes<DAbs, double, double>;
  case FloatOp::Neg: return &lanes<DNeg, double, double>;
  case FloatOp::Sqrt: return &lanes<DSqrt, double, double>;
  case FloatOp::Rcp: return &lanes<DRcp, double, double>;
  case FloatOp::Rsqrt: return &lanes<DRsqrt, double, double>;
  default: return nullptr;
  }
}

} // namespace muntin::emulator
