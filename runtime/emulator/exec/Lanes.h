//===- Lanes.h - the same operation on 32 lanes -----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every arithmetic handler is one loop over the lanes that the compiler
// turns into vector code. Destinations and sources are either the same
// register or disjoint, so the loops may assume that lanes are independent.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_LANES_H
#define MUNTIN_EMULATOR_EXEC_LANES_H

#include "runtime/emulator/exec/Warp.h"

#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

namespace muntin::emulator {

/// The unsigned integer of a size.
template <unsigned Bytes>
using Bits =
    std::conditional_t<Bytes == 1, uint8_t,
                       std::conditional_t<Bytes == 2, uint16_t, std::conditional_t<Bytes == 4, uint32_t, uint64_t>>>;

/// How a value of T lies in a register: 32 bits, or 64.
template <typename T> using Slot = std::conditional_t<(sizeof(T) > 4), uint64_t, uint32_t>;

template <typename T> inline T fromSlot(Slot<T> slot) { return std::bit_cast<T>(static_cast<Bits<sizeof(T)>>(slot)); }
template <typename T> inline Slot<T> toSlot(T value) { return std::bit_cast<Bits<sizeof(T)>>(value); }

template <typename T> inline const Slot<T> *sourceOf(const Warp &w, Ref r) { return w.words<Slot<T>>(r); }

template <typename R, typename... A, typename F, size_t... I>
inline void mapLanesImpl(Warp &w, const Instr &in, uint32_t mask, F f, std::index_sequence<I...>) {
  Slot<R> *d = w.words<Slot<R>>(in.op[0]);
  const auto sources = std::make_tuple(sourceOf<A>(w, in.op[1 + I])...);
  if (mask == FullMask) {
#pragma clang loop vectorize(assume_safety) interleave(enable)
    for (unsigned i = 0; i < WarpSize; ++i)
      d[i] = toSlot<R>(f(fromSlot<A>(std::get<I>(sources)[i])...));
    return;
  }
#pragma clang loop vectorize(assume_safety) interleave(enable)
  for (unsigned i = 0; i < WarpSize; ++i) {
    const Slot<R> value = toSlot<R>(f(fromSlot<A>(std::get<I>(sources)[i])...));
    d[i] = (mask >> i) & 1 ? value : d[i];
  }
}

/// op[0] = f(op[1], op[2], ...) on each lane of the mask; R and A are the types of result and arguments.
template <typename R, typename... A, typename F> inline void mapLanes(Warp &w, const Instr &in, uint32_t mask, F f) {
  mapLanesImpl<R, A...>(w, in, mask, f, std::index_sequence_for<A...>());
}

/// The lanes of the mask for which f(op[first], op[first + 1]) holds.
template <typename A, typename F> inline uint32_t testLanes(Warp &w, Ref a, Ref b, F f) {
  const Slot<A> *x = w.words<Slot<A>>(a), *y = w.words<Slot<A>>(b);
  uint32_t bits = 0;
  for (unsigned i = 0; i < WarpSize; ++i)
    bits |= static_cast<uint32_t>(f(fromSlot<A>(x[i]), fromSlot<A>(y[i]))) << i;
  return bits;
}

template <typename F> inline void eachLane(uint32_t mask, F f) {
  for (; mask; mask &= mask - 1)
    f(static_cast<unsigned>(std::countr_zero(mask)));
}

/// A handler made of a function object on values: op[0] = Op()(op[1], ...).
template <typename Op, typename R, typename... A> void lanes(Warp &w, const Instr &in, uint32_t mask) {
  mapLanes<R, A...>(w, in, mask, Op());
}

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_LANES_H
