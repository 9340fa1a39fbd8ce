//===- IntegerOps.h - integer operations on one lane ------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_INTEGEROPS_H
#define MUNTIN_EMULATOR_EXEC_INTEGEROPS_H

#include "runtime/emulator/exec/Lanes.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace muntin::emulator {

template <typename T> using Unsigned = std::make_unsigned_t<T>;
/// The type of twice the width, for products.
template <typename T>
using Twice = std::conditional_t<
    std::is_signed_v<T>,
    std::conditional_t<
        sizeof(T) == 1, int16_t,
        std::conditional_t<sizeof(T) == 2, int32_t, std::conditional_t<sizeof(T) == 4, int64_t, __int128>>>,
    std::conditional_t<
        sizeof(T) == 1, uint16_t,
        std::conditional_t<sizeof(T) == 2, uint32_t, std::conditional_t<sizeof(T) == 4, uint64_t, unsigned __int128>>>>;

/// Two's complement arithmetic without overflow in C++: through 64-bit unsigned.
template <typename T> constexpr T wrap(uint64_t v) { return static_cast<T>(v); }

template <typename T> struct Add {
  T operator()(T a, T b) const { return wrap<T>(uint64_t(a) + uint64_t(b)); }
};
template <typename T> struct Sub {
  T operator()(T a, T b) const { return wrap<T>(uint64_t(a) - uint64_t(b)); }
};
template <typename T> struct Mul {
  T operator()(T a, T b) const { return wrap<T>(uint64_t(a) * uint64_t(b)); }
};
template <typename T> struct Mad {
  T operator()(T a, T b, T c) const { return wrap<T>(uint64_t(a) * uint64_t(b) + uint64_t(c)); }
};
template <typename T> struct MulHigh {
  T operator()(T a, T b) const { return static_cast<T>((Twice<T>(a) * Twice<T>(b)) >> (8 * sizeof(T))); }
};
template <typename T> struct MadHigh {
  T operator()(T a, T b, T c) const { return Add<T>()(MulHigh<T>()(a, b), c); }
};
template <typename T> struct AddSaturated {
  T operator()(T a, T b) const {
    const int64_t sum = int64_t(a) + int64_t(b);
    return static_cast<T>(std::clamp<int64_t>(sum, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  }
};
template <typename T> struct SubSaturated {
  T operator()(T a, T b) const {
    const int64_t difference = int64_t(a) - int64_t(b);
    return static_cast<T>(
        std::clamp<int64_t>(difference, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  }
};

/// The 48-bit product of the low 24 bits.
template <typename T> constexpr int64_t product24(T a, T b) {
  if constexpr (std::is_signed_v<T>)
    return (int64_t(int32_t(uint32_t(a) << 8) >> 8)) * (int64_t(int32_t(uint32_t(b) << 8) >> 8));
  else
    return int64_t(uint64_t(a & 0xffffff) * uint64_t(b & 0xffffff));
}
template <typename T> struct Mul24Low {
  T operator()(T a, T b) const { return static_cast<T>(product24(a, b)); }
};
template <typename T> struct Mul24High {
  T operator()(T a, T b) const { return static_cast<T>(product24(a, b) >> 16); }
};

// PTX leaves division by zero open; hardware gives all ones, and the dividend as remainder.
template <typename T> struct Div {
  T operator()(T a, T b) const {
    if (b == 0)
      return static_cast<T>(-1);
    if (std::is_signed_v<T> && b == static_cast<T>(-1))
      return wrap<T>(-uint64_t(a));
    return static_cast<T>(a / b);
  }
};
template <typename T> struct Rem {
  T operator()(T a, T b) const {
    if (b == 0)
      return a;
    return std::is_signed_v<T> && b == static_cast<T>(-1) ? T(0) : static_cast<T>(a % b);
  }
};
template <typename T> struct Sad {
  T operator()(T a, T b, T c) const {
    const uint64_t difference = a < b ? uint64_t(b) - uint64_t(a) : uint64_t(a) - uint64_t(b);
    return wrap<T>(uint64_t(c) + difference);
  }
};
template <typename T> struct Min {
  T operator()(T a, T b) const { return a < b ? a : b; }
};
template <typename T> struct Max {
  T operator()(T a, T b) const { return a > b ? a : b; }
};
template <typename T> struct Abs {
  T operator()(T a) const { return a < 0 ? wrap<T>(-uint64_t(a)) : a; }
};
template <typename T> struct Neg {
  T operator()(T a) const { return wrap<T>(-uint64_t(a)); }
};
template <typename T> struct And {
  T operator()(T a, T b) const { return a & b; }
};
template <typename T> struct Or {
  T operator()(T a, T b) const { return a | b; }
};
template <typename T> struct Xor {
  T operator()(T a, T b) const { return a ^ b; }
};
template <typename T> struct Not {
  T operator()(T a) const { return static_cast<T>(~a); }
};
template <typename T> struct Cnot {
  T operator()(T a) const { return a == 0; }
};
template <typename T> struct Brev {
  T operator()(T a) const {
    if constexpr (sizeof(T) == 8)
      return static_cast<T>(__builtin_bitreverse64(a));
    else
      return static_cast<T>(__builtin_bitreverse32(a));
  }
};
template <typename T> struct Popc {
  uint32_t operator()(T a) const { return std::popcount(Unsigned<T>(a)); }
};
template <typename T> struct Clz {
  uint32_t operator()(T a) const { return std::countl_zero(Unsigned<T>(a)); }
};
/// Position of the highest bit that is not the sign; all ones if there is none.
template <typename T> struct Bfind {
  uint32_t operator()(T a) const {
    const auto bits = Unsigned<T>(a < 0 ? ~a : a);
    return bits == 0 ? ~0u : 8 * sizeof(T) - 1 - std::countl_zero(bits);
  }
};
template <typename T> struct BfindShift {
  uint32_t operator()(T a) const {
    const uint32_t at = Bfind<T>()(a);
    return at == ~0u ? at : 8 * sizeof(T) - 1 - at;
  }
};

template <typename Op, typename T, unsigned N> constexpr Handler integerHandler() {
  if constexpr (N == 1)
    return &lanes<Op, T, T>;
  else if constexpr (N == 2)
    return &lanes<Op, T, T, T>;
  else
    return &lanes<Op, T, T, T, T>;
}

template <typename Op, unsigned N> Handler predicateHandler() {
  return [](Warp &w, const Instr &in, uint32_t mask) {
    if constexpr (N == 1)
      w.setPredicate(in.op[0], ~w.predicate(in.op[1]), mask);
    else
      w.setPredicate(in.op[0], Op()(w.predicate(in.op[1]), w.predicate(in.op[2])), mask);
  };
}

template <template <typename> class Op> Handler countHandler(Type type) {
  switch (type) {
  case Type::S32: return &lanes<Op<int32_t>, uint32_t, int32_t>;
  case Type::U64:
  case Type::B64: return &lanes<Op<uint64_t>, uint32_t, uint64_t>;
  case Type::S64: return &lanes<Op<int64_t>, uint32_t, int64_t>;
  default: return &lanes<Op<uint32_t>, uint32_t, uint32_t>;
  }
}

constexpr Type widened(Type type) {
  switch (type) {
  case Type::U16: return Type::U32;
  case Type::S16: return Type::S32;
  case Type::U32: return Type::U64;
  case Type::S32: return Type::S64;
  default: return Type::None;
  }
}

Handler wideHandler(Type type, bool accumulate);
Handler carryHandler(bool wide, bool subtract);
Handler madCarryHandler(Type type);
Handler shiftHandler(Type type, bool left);
Handler funnelHandler(bool left, bool clamp);
Handler lop3Handler();
Handler permuteHandler();
Handler extractHandler(Type type);
Handler insertHandler(Type type);
Handler maskHandler(bool clamp);
Handler extendHandler(bool isSigned, bool clamp);
Handler dotHandler(unsigned ways);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_INTEGEROPS_H
