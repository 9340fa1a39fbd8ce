//===- IntegerBits.cpp - shifts, fields, permutations, carries ------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/IntegerOps.h"

namespace muntin::emulator {

template <typename T> struct MulWide {
  Twice<T> operator()(T a, T b) const { return Twice<T>(a) * Twice<T>(b); }
};
template <typename T> struct MadWide {
  Twice<T> operator()(T a, T b, Twice<T> c) const { return Add<Twice<T>>()(Twice<T>(a) * Twice<T>(b), c); }
};

template <typename T> static Handler wide(bool accumulate) {
  return accumulate ? &lanes<MadWide<T>, Twice<T>, T, T, Twice<T>> : &lanes<MulWide<T>, Twice<T>, T, T>;
}

Handler wideHandler(Type type, bool accumulate) {
  switch (type) {
  case Type::U16: return wide<uint16_t>(accumulate);
  case Type::S16: return wide<int16_t>(accumulate);
  case Type::U32: return wide<uint32_t>(accumulate);
  case Type::S32: return wide<int32_t>(accumulate);
  default: return nullptr;
  }
}

// Borrow is the inverse carry of a + ~b + carry; the flag holds the carry, for subtraction the borrow.
template <typename T, bool Subtract> static void carry(Warp &w, const Instr &in, uint32_t mask) {
  const T *a = w.words<T>(in.op[1]), *b = w.words<T>(in.op[2]);
  T *d = w.words<T>(in.op[0]);
  const uint32_t flags = in.op[3] == NoRef ? 0 : w.predicate(in.op[3]);
  uint32_t out = 0;
  eachLane(mask, [&](unsigned i) {
    using Wide = unsigned __int128;
    const Wide c = (flags >> i) & 1;
    const Wide r = Subtract ? Wide(a[i]) - Wide(b[i]) - c : Wide(a[i]) + Wide(b[i]) + c;
    d[i] = static_cast<T>(r);
    out |= static_cast<uint32_t>((r >> (8 * sizeof(T))) & 1) << i;
  });
  if (in.op[4] != NoRef)
    w.setPredicate(in.op[4], out, mask);
}

Handler carryHandler(bool wide, bool subtract) {
  if (wide)
    return subtract ? &carry<uint64_t, true> : &carry<uint64_t, false>;
  return subtract ? &carry<uint32_t, true> : &carry<uint32_t, false>;
}

template <typename T> static void madCarry(Warp &w, const Instr &in, uint32_t mask) {
  using U = Unsigned<T>;
  const U *a = w.words<U>(in.op[1]), *b = w.words<U>(in.op[2]), *c = w.words<U>(in.op[3]);
  U *d = w.words<U>(in.op[0]);
  const uint32_t flags = in.op[4] == NoRef ? 0 : w.predicate(in.op[4]);
  uint32_t out = 0;
  eachLane(mask, [&](unsigned i) {
    const U part = in.aux == 1 ? U(MulHigh<T>()(T(a[i]), T(b[i]))) : U(Mul<T>()(T(a[i]), T(b[i])));
    const unsigned __int128 r = (unsigned __int128)(part) + c[i] + ((flags >> i) & 1);
    d[i] = static_cast<U>(r);
    out |= static_cast<uint32_t>((r >> (8 * sizeof(T))) & 1) << i;
  });
  if (in.op[5] != NoRef)
    w.setPredicate(in.op[5], out, mask);
}

Handler madCarryHandler(Type type) {
  switch (type) {
  case Type::S32: return &madCarry<int32_t>;
  case Type::U64: return &madCarry<uint64_t>;
  case Type::S64: return &madCarry<int64_t>;
  default: return &madCarry<uint32_t>;
  }
}

// Shift amounts beyond the width clamp to it.
template <typename T> struct ShiftLeft {
  T operator()(T a, uint32_t n) const { return n >= 8 * sizeof(T) ? T(0) : wrap<T>(uint64_t(a) << n); }
};
template <typename T> struct ShiftRight {
  T operator()(T a, uint32_t n) const {
    constexpr uint32_t Most = 8 * sizeof(T) - 1;
    if (n > Most)
      return std::is_signed_v<T> ? static_cast<T>(a >> Most) : T(0);
    return static_cast<T>(a >> n);
  }
};
template <typename T> static Handler shift(bool left) {
  return left ? &lanes<ShiftLeft<T>, T, T, uint32_t> : &lanes<ShiftRight<T>, T, T, uint32_t>;
}

Handler shiftHandler(Type type, bool left) {
  switch (type) {
  case Type::B16:
  case Type::U16: return shift<uint16_t>(left);
  case Type::S16: return shift<int16_t>(left);
  case Type::B32:
  case Type::U32: return shift<uint32_t>(left);
  case Type::S32: return shift<int32_t>(left);
  case Type::B64:
  case Type::U64: return shift<uint64_t>(left);
  case Type::S64: return shift<int64_t>(left);
  default: return nullptr;
  }
}

template <bool Left, bool Clamp> struct Funnel {
  uint32_t operator()(uint32_t a, uint32_t b, uint32_t c) const {
    const uint32_t n = Clamp ? (c < 32 ? c : 32) : c & 31;
    const uint64_t both = uint64_t(b) << 32 | a;
    return Left ? static_cast<uint32_t>((both << n) >> 32) : static_cast<uint32_t>(both >> n);
  }
};
template <bool Left, bool Clamp>
constexpr Handler funnel = &lanes<Funnel<Left, Clamp>, uint32_t, uint32_t, uint32_t, uint32_t>;

Handler funnelHandler(bool left, bool clamp) {
  if (left)
    return clamp ? funnel<true, true> : funnel<true, false>;
  return clamp ? funnel<false, true> : funnel<false, false>;
}

Handler lop3Handler() {
  return [](Warp &w, const Instr &in, uint32_t mask) {
    uint32_t on[8];
    for (unsigned row = 0; row < 8; ++row)
      on[row] = (in.aux >> row) & 1 ? FullMask : 0;
    mapLanes<uint32_t, uint32_t, uint32_t, uint32_t>(w, in, mask, [&on](uint32_t a, uint32_t b, uint32_t c) {
      return (~a & ~b & ~c & on[0]) | (~a & ~b & c & on[1]) | (~a & b & ~c & on[2]) | (~a & b & c & on[3]) |
             (a & ~b & ~c & on[4]) | (a & ~b & c & on[5]) | (a & b & ~c & on[6]) | (a & b & c & on[7]);
    });
  };
}

/// The four byte selectors of a prmt mode, as one default-mode selector.
static uint32_t selectorOf(uint32_t mode, uint32_t c) {
  const uint32_t n = c & 3;
  static constexpr uint32_t Forward[] = {0x3210, 0x4321, 0x5432, 0x6543}, Backward[] = {0x5670, 0x6701, 0x7012, 0x0123},
                            Replicate[] = {0x0000, 0x1111, 0x2222, 0x3333},
                            ClampLeft[] = {0x3210, 0x3211, 0x3222, 0x3333},
                            ClampRight[] = {0x0000, 0x1110, 0x2210, 0x3210},
                            Replicate16[] = {0x1010, 0x3232, 0x1010, 0x3232};
  switch (mode) {
  case 1: return Forward[n];
  case 2: return Backward[n];
  case 3: return Replicate[n];
  case 4: return ClampLeft[n];
  case 5: return ClampRight[n];
  case 6: return Replicate16[n];
  default: return c;
  }
}

Handler permuteHandler() {
  return [](Warp &w, const Instr &in, uint32_t mask) {
    const uint32_t mode = in.aux;
    mapLanes<uint32_t, uint32_t, uint32_t, uint32_t>(w, in, mask, [mode](uint32_t a, uint32_t b, uint32_t c) {
      const uint64_t both = uint64_t(b) << 32 | a;
      const uint32_t selector = selectorOf(mode, c);
      uint32_t r = 0;
      for (unsigned i = 0; i < 4; ++i) {
        const uint32_t s = (selector >> (4 * i)) & 15;
        uint32_t byte = static_cast<uint32_t>(both >> (8 * (s & 7))) & 255;
        if (s & 8) // replicate the sign
          byte = byte & 128 ? 255 : 0;
        r |= byte << (8 * i);
      }
      return r;
    });
  };
}

// Positions and lengths count modulo 256. Bits beyond the value are its sign bit, or zero.
template <typename T> struct Extract {
  T operator()(T a, uint32_t position, uint32_t length) const {
    constexpr uint32_t Width = 8 * sizeof(T);
    const uint32_t pos = position & 255, len = length & 255;
    if (len == 0)
      return 0;
    const bool sign = std::is_signed_v<T> && (Unsigned<T>(a) >> std::min(pos + len - 1, Width - 1)) & 1;
    Unsigned<T> r = pos >= Width ? 0 : Unsigned<T>(a) >> pos;
    const uint32_t keep = std::min(len, pos >= Width ? 0 : Width - pos);
    if (keep < Width) {
      const Unsigned<T> low = (Unsigned<T>(1) << keep) - 1;
      r = sign ? r | ~low : r & low;
    }
    return static_cast<T>(r);
  }
};

Handler extractHandler(Type type) {
  switch (type) {
  case Type::U32: return &lanes<Extract<uint32_t>, uint32_t, uint32_t, uint32_t, uint32_t>;
  case Type::S32: return &lanes<Extract<int32_t>, int32_t, int32_t, uint32_t, uint32_t>;
  case Type::U64: return &lanes<Extract<uint64_t>, uint64_t, uint64_t, uint32_t, uint32_t>;
  case Type::S64: return &lanes<Extract<int64_t>, int64_t, int64_t, uint32_t, uint32_t>;
  default: return nullptr;
  }
}

template <typename T> struct Insert {
  T operator()(T a, T b, uint32_t position, uint32_t length) const {
    constexpr uint32_t Width = 8 * sizeof(T);
    const uint32_t pos = position & 255, len = std::min(length & 255, Width);
    if (pos >= Width || len == 0)
      return b;
    const T field = (len >= Width ? ~T(0) : (T(1) << len) - 1) << pos;
    return (b & ~field) | ((a << pos) & field);
  }
};

Handler insertHandler(Type type) {
  if (type == Type::B64)
    return &lanes<Insert<uint64_t>, uint64_t, uint64_t, uint64_t, uint32_t, uint32_t>;
  return type == Type::B32 ? &lanes<Insert<uint32_t>, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t> : nullptr;
}

template <bool Clamp> struct MakeMask {
  uint32_t operator()(uint32_t position, uint32_t length) const {
    const uint32_t pos = Clamp ? std::min(position, 32u) : position & 31;
    const uint32_t len = Clamp ? std::min(length, 32u) : length & 31;
    return static_cast<uint32_t>(((uint64_t(1) << len) - 1) << pos);
  }
};
Handler maskHandler(bool clamp) {
  return clamp ? &lanes<MakeMask<true>, uint32_t, uint32_t, uint32_t>
               : &lanes<MakeMask<false>, uint32_t, uint32_t, uint32_t>;
}

template <typename T, bool Clamp> struct Extend {
  T operator()(T a, uint32_t n) const {
    const uint32_t bits = Clamp ? std::min(n, 32u) : n & 31;
    if (bits == 0 || bits == 32)
      return bits ? a : 0;
    return static_cast<T>(static_cast<T>(uint32_t(a) << (32 - bits)) >> (32 - bits));
  }
};
Handler extendHandler(bool isSigned, bool clamp) {
  if (isSigned)
    return clamp ? &lanes<Extend<int32_t, true>, int32_t, int32_t, uint32_t>
                 : &lanes<Extend<int32_t, false>, int32_t, int32_t, uint32_t>;
  return clamp ? &lanes<Extend<uint32_t, true>, uint32_t, uint32_t, uint32_t>
               : &lanes<Extend<uint32_t, false>, uint32_t, uint32_t, uint32_t>;
}

static int64_t byteOf(uint32_t v, unsigned i, bool isSigned) {
  return isSigned ? int64_t(int8_t(v >> (8 * i))) : int64_t(uint8_t(v >> (8 * i)));
}
static int64_t halfOf(uint32_t v, unsigned i, bool isSigned) {
  return isSigned ? int64_t(int16_t(v >> (16 * i))) : int64_t(uint16_t(v >> (16 * i)));
}

Handler dotHandler(unsigned ways) {
  if (ways == 4)
    return [](Warp &w, const Instr &in, uint32_t mask) {
      const bool sa = in.aux & 1, sb = in.aux & 2;
      mapLanes<uint32_t, uint32_t, uint32_t, uint32_t>(w, in, mask, [sa, sb](uint32_t a, uint32_t b, uint32_t c) {
        int64_t sum = c;
        for (unsigned i = 0; i < 4; ++i)
          sum += byteOf(a, i, sa) * byteOf(b, i, sb);
        return static_cast<uint32_t>(sum);
      });
    };
  return [](Warp &w, const Instr &in, uint32_t mask) {
    const bool sa = in.aux & 1, sb = in.aux & 2;
    const unsigned first = in.aux & 4 ? 2 : 0;
    mapLanes<uint32_t, uint32_t, uint32_t, uint32_t>(w, in, mask, [sa, sb, first](uint32_t a, uint32_t b, uint32_t c) {
      return static_cast<uint32_t>(int64_t(c) + halfOf(a, 0, sa) * byteOf(b, first, sb) +
                                   halfOf(a, 1, sa) * byteOf(b, first + 1, sb));
    });
  };
}

} // namespace muntin::emulator
