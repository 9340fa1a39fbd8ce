//===- Atomics.cpp - atom and red -----------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/FloatOps.h"
#include "runtime/emulator/exec/IntegerOps.h"
#include "runtime/emulator/exec/LoadStore.h"

#include "runtime/emulator/check/Profile.h"

namespace muntin::emulator {

namespace {

template <typename T, AtomicOp Op> struct Combine {
  T operator()(T old, T b, T c) const {
    if constexpr (Op == AtomicOp::Add)
      return Add<T>()(old, b);
    else if constexpr (Op == AtomicOp::Min)
      return std::min(old, b);
    else if constexpr (Op == AtomicOp::Max)
      return std::max(old, b);
    else if constexpr (Op == AtomicOp::Inc)
      return old >= b ? T(0) : static_cast<T>(old + 1);
    else if constexpr (Op == AtomicOp::Dec)
      return old == 0 || old > b ? b : static_cast<T>(old - 1);
    else if constexpr (Op == AtomicOp::Cas)
      return old == b ? c : old;
    else if constexpr (Op == AtomicOp::Exch)
      return b;
    else if constexpr (Op == AtomicOp::And)
      return old & b;
    else if constexpr (Op == AtomicOp::Or)
      return old | b;
    else
      return old ^ b;
  }
};

// atom.add.f32 flushes subnormals in global memory only where hardware did, long ago; here it never does.
struct AddF32 {
  uint32_t operator()(uint32_t old, uint32_t b, uint32_t) const { return asBits(canonical(asFloat(old) + asFloat(b))); }
};
struct AddF64 {
  uint64_t operator()(uint64_t old, uint64_t b, uint64_t) const {
    return std::bit_cast<uint64_t>(canonical(std::bit_cast<double>(old) + std::bit_cast<double>(b)));
  }
};
template <typename H> uint16_t halfCombine(AtomicOp op, uint16_t old, uint16_t b) {
  const float x = H{old}.value(), y = H{b}.value();
  if (op == AtomicOp::Add)
    return H::of(x + y).bits;
  if (x != x || y != y)
    return H::of(x != x ? y : x).bits;
  return (x < y || (x == y && std::signbit(x))) == (op == AtomicOp::Min) ? old : b;
}
template <typename H, AtomicOp Op> struct HalfOne {
  uint16_t operator()(uint16_t old, uint16_t b, uint16_t) const { return halfCombine<H>(Op, old, b); }
};
template <typename H, AtomicOp Op> struct HalfPair {
  uint32_t operator()(uint32_t old, uint32_t b, uint32_t) const {
    const uint32_t low = halfCombine<H>(Op, static_cast<uint16_t>(old), static_cast<uint16_t>(b));
    return low | uint32_t(halfCombine<H>(Op, static_cast<uint16_t>(old >> 16), static_cast<uint16_t>(b >> 16))) << 16;
  }
};

/// Operands: op[1] address, extras: vec sources, then vec destinations (atom); op[2] the new value of cas.
template <typename M, typename F, bool Returns> void atomic(Warp &w, const Instr &in, uint32_t mask) {
  using U = Bits<sizeof(M)>;
  Touched t;
  computeAddresses(w, in, 1, t.address);
  resolve(w, in, mask, spaceOf(in), sizeof(M) * in.vec, Access::Atomic, t);
  if (w.cta().grid().profile)
    profileAccess(w, in, mask, spaceOf(in), sizeof(M) * in.vec, t);
  w.cta().progress = true;
  const Slot<M> *c = in.op[2] == NoRef ? nullptr : w.words<Slot<M>>(in.op[2]);
  for (unsigned k = 0; k < in.vec; ++k) {
    const Slot<M> *b = w.words<Slot<M>>(w.extra(in, k));
    Slot<M> *d = nullptr;
    if (Returns && w.extra(in, in.vec + k) != NoRef)
      d = w.words<Slot<M>>(w.extra(in, in.vec + k));
    eachLane(mask, [&](unsigned i) {
      const M value = fromSlot<M>(b[i]), other = c ? fromSlot<M>(c[i]) : M();
      const U old = atomicUpdate<U>(t.host[i] + k * sizeof(M), [&](U before) {
        return static_cast<U>(F()(static_cast<M>(before), value, other));
      });
      if (d)
        d[i] = old;
    });
  }
  if (Returns)
    afterRead(w, in, mask, t);
}

template <typename M, typename F> Handler form(bool returns) {
  return returns ? &atomic<M, F, true> : &atomic<M, F, false>;
}

template <typename M> Handler integers(AtomicOp op, bool returns) {
  switch (op) {
  case AtomicOp::Add: return form<M, Combine<M, AtomicOp::Add>>(returns);
  case AtomicOp::Min: return form<M, Combine<M, AtomicOp::Min>>(returns);
  case AtomicOp::Max: return form<M, Combine<M, AtomicOp::Max>>(returns);
  case AtomicOp::Inc: return form<M, Combine<M, AtomicOp::Inc>>(returns);
  case AtomicOp::Dec: return form<M, Combine<M, AtomicOp::Dec>>(returns);
  case AtomicOp::Cas: return form<M, Combine<M, AtomicOp::Cas>>(returns);
  case AtomicOp::Exch: return form<M, Combine<M, AtomicOp::Exch>>(returns);
  case AtomicOp::And: return form<M, Combine<M, AtomicOp::And>>(returns);
  case AtomicOp::Or: return form<M, Combine<M, AtomicOp::Or>>(returns);
  case AtomicOp::Xor: return form<M, Combine<M, AtomicOp::Xor>>(returns);
  }
  return nullptr;
}

template <typename H> Handler halves(AtomicOp op, bool packed, bool returns) {
  switch (op) {
  case AtomicOp::Add:
    return packed ? form<uint32_t, HalfPair<H, AtomicOp::Add>>(returns)
                  : form<uint16_t, HalfOne<H, AtomicOp::Add>>(returns);
  case AtomicOp::Min:
    return packed ? form<uint32_t, HalfPair<H, AtomicOp::Min>>(returns)
                  : form<uint16_t, HalfOne<H, AtomicOp::Min>>(returns);
  case AtomicOp::Max:
    return packed ? form<uint32_t, HalfPair<H, AtomicOp::Max>>(returns)
                  : form<uint16_t, HalfOne<H, AtomicOp::Max>>(returns);
  default: return nullptr;
  }
}

} // namespace

Handler atomicHandler(AtomicOp op, Type type, bool returns) {
  switch (type) {
  case Type::B16: return op == AtomicOp::Cas || op == AtomicOp::Exch ? integers<uint16_t>(op, returns) : nullptr;
  case Type::B32:
  case Type::U32: return integers<uint32_t>(op, returns);
  case Type::S32: return integers<int32_t>(op, returns);
  case Type::B64:
  case Type::U64: return integers<uint64_t>(op, returns);
  case Type::S64: return integers<int64_t>(op, returns);
  case Type::F32: return op == AtomicOp::Add ? form<uint32_t, AddF32>(returns) : nullptr;
  case Type::F64: return op == AtomicOp::Add ? form<uint64_t, AddF64>(returns) : nullptr;
  case Type::F16: return halves<Half>(op, false, returns);
  case Type::F16x2: return halves<Half>(op, true, returns);
  case Type::BF16: return halves<BHalf>(op, false, returns);
  case Type::BF16x2: return halves<BHalf>(op, true, returns);
  default: return nullptr;
  }
}

} // namespace muntin::emulator
