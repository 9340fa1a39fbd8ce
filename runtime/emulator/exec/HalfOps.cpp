//===- HalfOps.cpp - f16 and bf16 arithmetic ------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One rounding per operation: sums and products of two halves are computed
// in f32, whose 24 bits suffice for a second rounding to be harmless; fused
// products go through round to odd.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/FloatOps.h"

namespace muntin::emulator {

namespace {

template <typename H> float input(H h, uint32_t flags) {
  if ((flags & FlagFtz) && (h.bits & (H::format.largest & ~((1u << H::format.mantissa) - 1))) == 0)
    return std::copysign(0.0f, h.value());
  return h.value();
}

template <typename H> H finish(H h, uint32_t flags) {
  const uint32_t exponentMask = (0x7fffu >> H::format.mantissa) << H::format.mantissa;
  if ((flags & FlagFtz) && (h.bits & exponentMask) == 0)
    h.bits &= 0x8000;
  if (flags & FlagSat)
    return H::of(saturate(h.value()));
  if ((flags & FlagRelu) && h.value() <= 0.0f)
    return {0};
  return h;
}

template <typename H> H least(H a, H b, uint32_t flags, bool max) {
  const float x = input(a, flags), y = input(b, flags);
  if (x != x || y != y)
    return (flags & FlagNan) || (x != x && y != y) ? H{CanonicalNan16} : H::of(x != x ? y : x);
  if (x == y)
    return H::of(std::signbit(x) == max ? y : x);
  return H::of((x > y) == max ? x : y);
}

template <typename H> H compute(FloatOp op, H a, H b, H c, uint32_t flags) {
  const float x = input(a, flags), y = input(b, flags), z = input(c, flags);
  switch (op) {
  case FloatOp::Add: return H::of(x + y);
  case FloatOp::Sub: return H::of(x - y);
  case FloatOp::Mul: return H::of(x * y);
  case FloatOp::Fma:
    return {static_cast<uint16_t>(encodeFloat(fmaToOdd(x, y, z), H::format, Rounding::NearestEven, false))};
  case FloatOp::Min: return least(a, b, flags, false);
  case FloatOp::Max: return least(a, b, flags, true);
  case FloatOp::Abs: return {static_cast<uint16_t>(a.bits & 0x7fff)};
  case FloatOp::Neg: return {static_cast<uint16_t>(a.bits ^ 0x8000)};
  case FloatOp::Exp2: return H::of(exp2Approx(x));
  default: return H::of(std::tanh(x));
  }
}

template <typename H, bool Packed, FloatOp Op> void half(Warp &w, const Instr &in, uint32_t mask) {
  uint32_t *d = w.words<uint32_t>(in.op[0]);
  const uint32_t *s[3];
  for (unsigned i = 0; i < 3; ++i)
    s[i] = w.words<uint32_t>(in.op[1 + i] == NoRef ? in.op[1] : in.op[1 + i]);
  eachLane(mask, [&](unsigned i) {
    uint32_t r = 0;
    for (unsigned part = 0; part < (Packed ? 2 : 1); ++part) {
      const auto piece = [&](unsigned k) { return H{static_cast<uint16_t>(s[k][i] >> (16 * part))}; };
      const H result = finish(compute<H>(Op, piece(0), piece(1), piece(2), in.aux), in.aux);
      r |= uint32_t(result.bits) << (16 * part);
    }
    d[i] = r;
  });
}

template <typename H, bool Packed> Handler operations(FloatOp op) {
  switch (op) {
  case FloatOp::Add: return &half<H, Packed, FloatOp::Add>;
  case FloatOp::Sub: return &half<H, Packed, FloatOp::Sub>;
  case FloatOp::Mul: return &half<H, Packed, FloatOp::Mul>;
  case FloatOp::Fma: return &half<H, Packed, FloatOp::Fma>;
  case FloatOp::Min: return &half<H, Packed, FloatOp::Min>;
  case FloatOp::Max: return &half<H, Packed, FloatOp::Max>;
  case FloatOp::Abs: return &half<H, Packed, FloatOp::Abs>;
  case FloatOp::Neg: return &half<H, Packed, FloatOp::Neg>;
  case FloatOp::Exp2: return &half<H, Packed, FloatOp::Exp2>;
  case FloatOp::Tanh: return &half<H, Packed, FloatOp::Tanh>;
  default: return nullptr;
  }
}

} // namespace

Handler halfHandler(FloatOp op, Type type) {
  switch (type) {
  case Type::F16: return operations<Half, false>(op);
  case Type::F16x2: return operations<Half, true>(op);
  case Type::BF16: return operations<BHalf, false>(op);
  case Type::BF16x2: return operations<BHalf, true>(op);
  default: return nullptr;
  }
}

} // namespace muntin::emulator
