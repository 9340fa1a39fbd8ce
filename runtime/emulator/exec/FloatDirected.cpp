//===- FloatDirected.cpp - arithmetic with directed rounding --------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled with -frounding-math; the hardware rounds, under MXCSR.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/FloatOps.h"

#include <xmmintrin.h>

namespace muntin::emulator {

namespace {

class RoundingScope {
public:
  explicit RoundingScope(Rounding rounding) : saved_(_mm_getcsr()) {
    const unsigned mode = rounding == Rounding::Zero   ? _MM_ROUND_TOWARD_ZERO
                          : rounding == Rounding::Down ? _MM_ROUND_DOWN
                          : rounding == Rounding::Up   ? _MM_ROUND_UP
                                                       : _MM_ROUND_NEAREST;
    _mm_setcsr((saved_ & ~static_cast<unsigned>(_MM_ROUND_MASK)) | mode);
  }
  ~RoundingScope() { _mm_setcsr(saved_); }

private:
  unsigned saved_;
};

template <typename T> T compute(FloatOp op, T a, T b, T c) {
  switch (op) {
  case FloatOp::Add: return a + b;
  case FloatOp::Sub: return a - b;
  case FloatOp::Mul: return a * b;
  case FloatOp::Div: return a / b;
  case FloatOp::Fma: return std::fma(a, b, c);
  case FloatOp::Sqrt: return std::sqrt(a);
  default: return T(1) / a;
  }
}

template <typename T, FloatOp Op, Rounding Mode> void directed(Warp &w, const Instr &in, uint32_t mask) {
  constexpr unsigned Sources = Op == FloatOp::Fma ? 3 : Op == FloatOp::Sqrt || Op == FloatOp::Rcp ? 1 : 2;
  const Slot<T> *s[3];
  for (unsigned i = 0; i < 3; ++i)
    s[i] = w.words<Slot<T>>(in.op[1 + (i < Sources ? i : 0)]);
  Slot<T> *d = w.words<Slot<T>>(in.op[0]);
  const bool ftz = in.aux & FlagFtz, sat = in.aux & FlagSat;
  const RoundingScope scope(Mode);
  eachLane(mask, [&](unsigned i) {
    T v[3];
    for (unsigned k = 0; k < 3; ++k) {
      v[k] = fromSlot<T>(s[k][i]);
      if constexpr (sizeof(T) == 4)
        v[k] = ftz ? flush(v[k]) : v[k];
    }
    volatile T barrier = v[0]; // the operation stays between the changes of MXCSR
    volatile T computed = compute<T>(Op, barrier, v[1], v[2]);
    T r = computed;
    if constexpr (sizeof(T) == 4)
      r = sat ? saturate(ftz ? flush(r) : r) : ftz ? flush(r) : r;
    d[i] = toSlot<T>(canonical(r));
  });
}

template <typename T, FloatOp Op> Handler modes(Rounding r) {
  return r == Rounding::Zero   ? &directed<T, Op, Rounding::Zero>
         : r == Rounding::Down ? &directed<T, Op, Rounding::Down>
                               : &directed<T, Op, Rounding::Up>;
}

template <typename T> Handler operations(FloatOp op, Rounding r) {
  switch (op) {
  case FloatOp::Add: return modes<T, FloatOp::Add>(r);
  case FloatOp::Sub: return modes<T, FloatOp::Sub>(r);
  case FloatOp::Mul: return modes<T, FloatOp::Mul>(r);
  case FloatOp::Div: return modes<T, FloatOp::Div>(r);
  case FloatOp::Fma: return modes<T, FloatOp::Fma>(r);
  case FloatOp::Sqrt: return modes<T, FloatOp::Sqrt>(r);
  case FloatOp::Rcp: return modes<T, FloatOp::Rcp>(r);
  default: return nullptr;
  }
}

} // namespace

Handler directedHandler(FloatOp op, bool isDouble, Rounding rounding) {
  return isDouble ? operations<double>(op, rounding) : operations<float>(op, rounding);
}

} // namespace muntin::emulator
