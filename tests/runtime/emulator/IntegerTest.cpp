//===- IntegerTest.cpp - one test per integer instruction form ------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Harness.h"

#include <bit>

namespace muntin::emulator::test {
namespace {

using S = __int128;

S value(uint64_t bits, unsigned width, bool isSigned) {
  const uint64_t v = width == 64 ? bits : bits & ((uint64_t(1) << width) - 1);
  if (isSigned && (v >> (width - 1)) & 1)
    return S(v) - (S(1) << width);
  return S(v);
}
uint64_t cut(S v, unsigned width) {
  const auto bits = static_cast<uint64_t>(v);
  return width == 64 ? bits : bits & ((uint64_t(1) << width) - 1);
}

/// Checks an operation on every integer type that it has; the formula works on exact values.
void integers(const std::string &op, unsigned sources, const std::function<S(S, S, S)> &f, unsigned leastWidth = 16) {
  for (const unsigned width : {16u, 32u, 64u})
    for (const bool isSigned : {false, true}) {
      if (width < leastWidth)
        continue;
      const std::string type = (isSigned ? "s" : "u") + std::to_string(width);
      Form form{op + "." + type + " %d, %a" + (sources > 1 ? ", %b" : "") + (sources > 2 ? ", %c" : "") + ";", type,
                type, sources > 1 ? type : "", sources > 2 ? type : ""};
      check(form, [&](uint64_t a, uint64_t b, uint64_t c) {
        return cut(f(value(a, width, isSigned), value(b, width, isSigned), value(c, width, isSigned)), width);
      });
    }
}

TEST(Integer, Arithmetic) {
  integers("add", 2, [](S a, S b, S) { return a + b; });
  integers("sub", 2, [](S a, S b, S) { return a - b; });
  integers("mul.lo", 2, [](S a, S b, S) { return S((unsigned __int128)a * (unsigned __int128)b); });
  integers("mad.lo", 3,
           [](S a, S b, S c) { return S((unsigned __int128)a * (unsigned __int128)b + (unsigned __int128)c); });
  integers("min", 2, [](S a, S b, S) { return a < b ? a : b; });
  integers("max", 2, [](S a, S b, S) { return a > b ? a : b; });
  integers("sad", 3, [](S a, S b, S c) { return c + (a < b ? b - a : a - b); });
}

TEST(Integer, HighProducts) {
  for (const bool isSigned : {false, true})
    for (const unsigned width : {16u, 32u}) {
      const std::string type = (isSigned ? "s" : "u") + std::to_string(width);
      const auto product = [=](uint64_t a, uint64_t b) {
        return value(a, width, isSigned) * value(b, width, isSigned);
      };
      check({"mul.hi." + type + " %d, %a, %b;", type, type, type},
            [&](uint64_t a, uint64_t b, uint64_t) { return cut(product(a, b) >> width, width); });
      const std::string twice = (isSigned ? "s" : "u") + std::to_string(2 * width);
      check({"mul.wide." + type + " %d, %a, %b;", twice, type, type},
            [&](uint64_t a, uint64_t b, uint64_t) { return cut(product(a, b), 2 * width); });
      check({"mad.wide." + type + " %d, %a, %b, %c;", twice, type, type, twice},
            [&](uint64_t a, uint64_t b, uint64_t c) {
              return cut(product(a, b) + value(c, 2 * width, isSigned), 2 * width);
            });
    }
  check({"mul.hi.u64 %d, %a, %b;", "u64", "u64", "u64"},
        [](uint64_t a, uint64_t b, uint64_t) { return uint64_t(((unsigned __int128)a * b) >> 64); });
  check({"mad.hi.s32 %d, %a, %b, %c;", "s32", "s32", "s32", "s32"}, [](uint64_t a, uint64_t b, uint64_t c) {
    return cut(((value(a, 32, true) * value(b, 32, true)) >> 32) + value(c, 32, true), 32);
  });
}

TEST(Integer, Saturating) {
  const auto clamp = [](S v) {
    return cut(v > 2147483647 ? S(2147483647) : v < -S(2147483648) ? -S(2147483648) : v, 32);
  };
  check({"add.sat.s32 %d, %a, %b;", "s32", "s32", "s32"},
        [&](uint64_t a, uint64_t b, uint64_t) { return clamp(value(a, 32, true) + value(b, 32, true)); });
  check({"sub.sat.s32 %d, %a, %b;", "s32", "s32", "s32"},
        [&](uint64_t a, uint64_t b, uint64_t) { return clamp(value(a, 32, true) - value(b, 32, true)); });
}

TEST(Integer, Division) {
  // By zero: all ones and the dividend, as hardware does.
  integers("div", 2, [](S a, S b, S) { return b == 0 ? S(-1) : a / b; });
  integers("rem", 2, [](S a, S b, S) { return b == 0 ? a : a % b; });
}

TEST(Integer, Signs) {
  for (const unsigned width : {16u, 32u, 64u}) {
    const std::string type = "s" + std::to_string(width);
    check({"neg." + type + " %d, %a;", type, type},
          [=](uint64_t a, uint64_t, uint64_t) { return cut(-value(a, width, true), width); });
    check({"abs." + type + " %d, %a;", type, type}, [=](uint64_t a, uint64_t, uint64_t) {
      const S v = value(a, width, true);
      return cut(v < 0 ? -v : v, width);
    });
  }
}

TEST(Integer, Multiply24) {
  const auto low = [](uint64_t v, bool isSigned) { return value(v & 0xffffff, 24, isSigned); };
  for (const bool isSigned : {false, true}) {
    const std::string t = isSigned ? "s32" : "u32";
    check({"mul24.lo." + t + " %d, %a, %b;", t, t, t},
          [&](uint64_t a, uint64_t b, uint64_t) { return cut(low(a, isSigned) * low(b, isSigned), 32); });
    check({"mul24.hi." + t + " %d, %a, %b;", t, t, t},
          [&](uint64_t a, uint64_t b, uint64_t) { return cut((low(a, isSigned) * low(b, isSigned)) >> 16, 32); });
  }
}

TEST(Integer, Carries) {
  // 64-bit sums and products from 32-bit halves, checked whole.
  const std::string split = "mov.b64 {%r0, %r1}, %a; mov.b64 {%r2, %r3}, %b; ", join = " mov.b64 %d, {%r4, %r5};";
  check({split + "add.cc.u32 %r4, %r0, %r2; addc.u32 %r5, %r1, %r3;" + join, "u64", "u64", "u64"},
        [](uint64_t a, uint64_t b, uint64_t) { return a + b; });
  check({split + "sub.cc.u32 %r4, %r0, %r2; subc.u32 %r5, %r1, %r3;" + join, "u64", "u64", "u64"},
        [](uint64_t a, uint64_t b, uint64_t) { return a - b; });
  check({split +
             "mul.lo.u32 %r4, %r0, %r2; mul.hi.u32 %r5, %r0, %r2; mad.lo.u32 %r5, %r0, %r3, %r5; mad.lo.u32 %r5, %r1, "
             "%r2, %r5;" +
             join,
         "u64", "u64", "u64"},
        [](uint64_t a, uint64_t b, uint64_t) { return a * b; });
  check(
      {"mov.b64 {%r0, %r1}, %a; mov.b64 {%r2, %r3}, %b; mad.lo.cc.u32 %r4, %r0, 3, %r2; madc.hi.u32 %r5, %r0, 3, %r3;" +
           join,
       "u64", "u64", "u64"},
      [](uint64_t a, uint64_t b, uint64_t) { return (a & 0xffffffff) * 3 + b; });
}

TEST(Integer, Logic) {
  for (const std::string type : {"b16", "b32", "b64"}) {
    const unsigned width = type == "b16" ? 16 : type == "b32" ? 32 : 64;
    check({"and." + type + " %d, %a, %b;", type, type, type}, [](uint64_t a, uint64_t b, uint64_t) { return a & b; });
    check({"or." + type + " %d, %a, %b;", type, type, type}, [](uint64_t a, uint64_t b, uint64_t) { return a | b; });
    check({"xor." + type + " %d, %a, %b;", type, type, type}, [](uint64_t a, uint64_t b, uint64_t) { return a ^ b; });
    check({"not." + type + " %d, %a;", type, type}, [=](uint64_t a, uint64_t, uint64_t) { return cut(S(~a), width); });
    check({"cnot." + type + " %d, %a;", type, type}, [](uint64_t a, uint64_t, uint64_t) { return uint64_t(a == 0); });
  }
  check({"and.pred %d, %a, %b;", "pred", "pred", "pred"}, [](uint64_t a, uint64_t b, uint64_t) { return a & b; });
  check({"or.pred %d, %a, %b;", "pred", "pred", "pred"}, [](uint64_t a, uint64_t b, uint64_t) { return a | b; });
  check({"xor.pred %d, %a, %b;", "pred", "pred", "pred"}, [](uint64_t a, uint64_t b, uint64_t) { return a ^ b; });
  check({"not.pred %d, %a;", "pred", "pred"}, [](uint64_t a, uint64_t, uint64_t) { return a ^ 1; });
}

TEST(Integer, Lop3) {
  for (const unsigned table : {0x00u, 0xffu, 0x96u, 0xe8u, 0x3cu, 0xcau, 0x01u, 0x80u})
    check({"lop3.b32 %d, %a, %b, %c, " + std::to_string(table) + ";", "b32", "b32", "b32", "b32"},
          [=](uint64_t a, uint64_t b, uint64_t c) {
            uint64_t r = 0;
            for (unsigned i = 0; i < 32; ++i)
              r |= uint64_t((table >> (((a >> i) & 1) * 4 + ((b >> i) & 1) * 2 + ((c >> i) & 1))) & 1) << i;
            return r;
          });
}

TEST(Integer, Shifts) {
  for (const unsigned width : {16u, 32u, 64u}) {
    const std::string w = std::to_string(width);
    check({"shl.b" + w + " %d, %a, %b;", "b" + w, "b" + w, "u32"},
          [=](uint64_t a, uint64_t n, uint64_t) { return n >= width ? 0 : cut(S(a) << n, width); });
    check({"shr.u" + w + " %d, %a, %b;", "u" + w, "u" + w, "u32"},
          [=](uint64_t a, uint64_t n, uint64_t) { return n >= width ? 0 : a >> n; });
    check({"shr.s" + w + " %d, %a, %b;", "s" + w, "s" + w, "u32"}, [=](uint64_t a, uint64_t n, uint64_t) {
      return cut(value(a, width, true) >> std::min<uint64_t>(n, width - 1), width);
    });
  }
  const auto funnel = [](uint64_t a, uint64_t b, uint64_t n, bool left) {
    const uint64_t both = b << 32 | a;
    return left ? (n == 32 ? a : cut(S(both << n) >> 32, 32)) : cut(S(both >> n), 32);
  };
  for (const bool left : {true, false}) {
    const std::string dir = left ? "l" : "r";
    check({"shf." + dir + ".wrap.b32 %d, %a, %b, %c;", "b32", "b32", "b32", "u32"},
          [=](uint64_t a, uint64_t b, uint64_t c) { return funnel(a, b, c & 31, left); });
    check({"shf." + dir + ".clamp.b32 %d, %a, %b, %c;", "b32", "b32", "b32", "u32"},
          [=](uint64_t a, uint64_t b, uint64_t c) { return funnel(a, b, std::min<uint64_t>(c, 32), left); });
  }
}

TEST(Integer, Counting) {
  check({"popc.b32 %d, %a;", "u32", "b32"},
        [](uint64_t a, uint64_t, uint64_t) { return uint64_t(__builtin_popcount(unsigned(a))); });
  check({"popc.b64 %d, %a;", "u32", "b64"},
        [](uint64_t a, uint64_t, uint64_t) { return uint64_t(__builtin_popcountll(a)); });
  const auto clz = [](uint64_t a, unsigned width) {
    unsigned n = 0;
    while (n < width && !((a >> (width - 1 - n)) & 1))
      ++n;
    return uint64_t(n);
  };
  check({"clz.b32 %d, %a;", "u32", "b32"}, [&](uint64_t a, uint64_t, uint64_t) { return clz(a, 32); });
  check({"clz.b64 %d, %a;", "u32", "b64"}, [&](uint64_t a, uint64_t, uint64_t) { return clz(a, 64); });
  for (const unsigned width : {32u, 64u})
    for (const bool isSigned : {false, true}) {
      const std::string t = (isSigned ? "s" : "u") + std::to_string(width);
      const auto find = [=](uint64_t a) {
        if (isSigned && (a >> (width - 1)) & 1)
          a = cut(S(~a), width);
        return a == 0 ? uint64_t(0xffffffff) : width - 1 - clz(a, width);
      };
      check({"bfind." + t + " %d, %a;", "u32", t}, [=](uint64_t a, uint64_t, uint64_t) { return find(a); });
      check({"bfind.shiftamt." + t + " %d, %a;", "u32", t},
            [=](uint64_t a, uint64_t, uint64_t) { return find(a) == 0xffffffff ? find(a) : width - 1 - find(a); });
    }
  for (const unsigned width : {32u, 64u})
    check({"brev.b" + std::to_string(width) + " %d, %a;", "b" + std::to_string(width), "b" + std::to_string(width)},
          [=](uint64_t a, uint64_t, uint64_t) {
            uint64_t r = 0;
            for (unsigned i = 0; i < width; ++i)
              r |= ((a >> i) & 1) << (width - 1 - i);
            return r;
          });
}

TEST(Integer, Fields) {
  for (const unsigned width : {32u, 64u})
    for (const bool isSigned : {false, true}) {
      const std::string t = (isSigned ? "s" : "u") + std::to_string(width);
      check({"bfe." + t + " %d, %a, %b, %c;", t, t, "u32", "u32"}, [=](uint64_t a, uint64_t b, uint64_t c) {
        const unsigned pos = b & 255, len = c & 255;
        uint64_t r = 0;
        const bool sign = isSigned && len != 0 && (a >> std::min(pos + len - 1, width - 1)) & 1;
        for (unsigned i = 0; i < width; ++i)
          r |= uint64_t(i < len && pos + i < width ? (a >> (pos + i)) & 1 : sign) << i;
        return r;
      });
    }
  for (const unsigned width : {32u, 64u}) {
    const std::string t = "b" + std::to_string(width);
    check({"bfi." + t + " %d, %a, %b, %c, 5;", t, t, t, "u32"}, [=](uint64_t a, uint64_t b, uint64_t c) {
      for (unsigned i = 0; i < 5 && (c & 255) + i < width; ++i) {
        const uint64_t bit = uint64_t(1) << ((c & 255) + i);
        b = (a >> i) & 1 ? b | bit : b & ~bit;
      }
      return b;
    });
  }
  check({"bmsk.clamp.b32 %d, %a, %b;", "b32", "u32", "u32"}, [](uint64_t a, uint64_t b, uint64_t) {
    uint64_t r = 0;
    for (uint64_t i = 0; i < std::min<uint64_t>(b, 32); ++i)
      r |= a + i < 32 ? uint64_t(1) << (a + i) : 0;
    return r;
  });
  check({"szext.wrap.s32 %d, %a, %b;", "s32", "s32", "u32"}, [](uint64_t a, uint64_t b, uint64_t) {
    const unsigned n = b & 31;
    return n == 0 ? 0 : cut(value(a, n, true), 32);
  });
}

TEST(Integer, Permute) {
  check({"prmt.b32 %d, %a, %b, %c;", "b32", "b32", "b32", "b32"}, [](uint64_t a, uint64_t b, uint64_t c) {
    const uint64_t both = b << 32 | a;
    uint64_t r = 0;
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned s = (c >> (4 * i)) & 15;
      uint64_t byte = (both >> (8 * (s & 7))) & 255;
      if (s & 8)
        byte = byte >= 128 ? 255 : 0;
      r |= byte << (8 * i);
    }
    return r;
  });
  const auto bytes = [](uint64_t a, uint64_t b, std::array<unsigned, 4> from) {
    const uint64_t both = b << 32 | a;
    uint64_t r = 0;
    for (unsigned i = 0; i < 4; ++i)
      r |= ((both >> (8 * from[i])) & 255) << (8 * i);
    return r;
  };
  check({"prmt.b32.f4e %d, %a, %b, %c;", "b32", "b32", "b32", "b32"}, [&](uint64_t a, uint64_t b, uint64_t c) {
    const unsigned n = c & 3;
    return bytes(a, b, {n, n + 1, n + 2, n + 3});
  });
  check({"prmt.b32.b4e %d, %a, %b, %c;", "b32", "b32", "b32", "b32"}, [&](uint64_t a, uint64_t b, uint64_t c) {
    const unsigned n = c & 3;
    return bytes(a, b, {n, (n + 7) & 7, (n + 6) & 7, (n + 5) & 7});
  });
  check({"prmt.b32.rc8 %d, %a, %b, %c;", "b32", "b32", "b32", "b32"}, [&](uint64_t a, uint64_t b, uint64_t c) {
    const unsigned n = c & 3;
    return bytes(a, b, {n, n, n, n});
  });
  check({"prmt.b32.ecl %d, %a, %b, %c;", "b32", "b32", "b32", "b32"}, [&](uint64_t a, uint64_t b, uint64_t c) {
    const unsigned n = c & 3;
    return bytes(a, b, {n, std::max(n, 1u), std::max(n, 2u), 3});
  });
  check({"prmt.b32.ecr %d, %a, %b, %c;", "b32", "b32", "b32", "b32"}, [&](uint64_t a, uint64_t b, uint64_t c) {
    const unsigned n = c & 3;
    return bytes(a, b, {0, std::min(n, 1u), std::min(n, 2u), n});
  });
  check({"prmt.b32.rc16 %d, %a, %b, %c;", "b32", "b32", "b32", "b32"}, [&](uint64_t a, uint64_t b, uint64_t c) {
    const unsigned n = 2 * (c & 1);
    return bytes(a, b, {n, n + 1, n, n + 1});
  });
}

TEST(Integer, DotProducts) {
  check({"dp4a.s32.u32 %d, %a, %b, %c;", "s32", "b32", "b32", "s32"}, [](uint64_t a, uint64_t b, uint64_t c) {
    S sum = S(c);
    for (unsigned i = 0; i < 4; ++i)
      sum += value((a >> (8 * i)) & 255, 8, true) * value((b >> (8 * i)) & 255, 8, false);
    return cut(sum, 32);
  });
  check({"dp2a.hi.u32.s32 %d, %a, %b, %c;", "s32", "b32", "b32", "s32"}, [](uint64_t a, uint64_t b, uint64_t c) {
    S sum = S(c);
    for (unsigned i = 0; i < 2; ++i)
      sum += value((a >> (16 * i)) & 65535, 16, false) * value((b >> (8 * i + 16)) & 255, 8, true);
    return cut(sum, 32);
  });
}

TEST(Integer, Comparisons) {
  const auto holds = [](const std::string &op, S a, S b) {
    return op == "eq"                 ? a == b
           : op == "ne"               ? a != b
           : op == "lt" || op == "lo" ? a < b
           : op == "le" || op == "ls" ? a <= b
           : op == "gt" || op == "hi" ? a > b
                                      : a >= b;
  };
  for (const std::string type : {"u16", "s16", "u32", "s32", "u64", "s64"})
    for (const std::string op : {"eq", "ne", "lt", "le", "gt", "ge"}) {
      const unsigned width = static_cast<unsigned>(std::stoi(type.substr(1)));
      check({"setp." + op + "." + type + " %d, %a, %b;", "pred", type, type}, [=](uint64_t a, uint64_t b, uint64_t) {
        return uint64_t(holds(op, value(a, width, type[0] == 's'), value(b, width, type[0] == 's')));
      });
    }
  for (const std::string op : {"lo", "ls", "hi", "hs"})
    check({"setp." + op + ".u32 %d, %a, %b;", "pred", "u32", "u32"},
          [=](uint64_t a, uint64_t b, uint64_t) { return uint64_t(holds(op, S(a), S(b))); });
  check({"setp.lt.and.s32 %d|%p, %a, %b, %c;", "pred", "s32", "s32", "pred"},
        [=](uint64_t a, uint64_t b, uint64_t c) { return uint64_t(value(a, 32, true) < value(b, 32, true) && c); });
  check({"setp.lt.or.s32 %p|%d, %a, %b, !%c;", "pred", "s32", "s32", "pred"},
        [=](uint64_t a, uint64_t b, uint64_t c) { return uint64_t(!(value(a, 32, true) < value(b, 32, true)) || !c); });
  check({"set.gt.u32.s32 %d, %a, %b;", "u32", "s32", "s32"},
        [=](uint64_t a, uint64_t b, uint64_t) { return value(a, 32, true) > value(b, 32, true) ? 0xffffffffull : 0; });
  check({"set.eq.f32.u32 %d, %a, %b;", "f32", "u32", "u32"},
        [=](uint64_t a, uint64_t b, uint64_t) { return a == b ? 0x3f800000ull : 0; });
}

TEST(Integer, MovesAndSelects) {
  check({"selp.b32 %d, %a, %b, %c;", "b32", "b32", "b32", "pred"},
        [](uint64_t a, uint64_t b, uint64_t c) { return c ? a : b; });
  check({"selp.b64 %d, %a, %b, !%c;", "b64", "b64", "b64", "pred"},
        [](uint64_t a, uint64_t b, uint64_t c) { return c ? b : a; });
  check({"slct.u32.s32 %d, %a, %b, %c;", "u32", "u32", "u32", "s32"},
        [](uint64_t a, uint64_t b, uint64_t c) { return c >> 31 ? b : a; });
  check({"slct.b64.f32 %d, %a, %b, %c;", "b64", "b64", "b64", "f32"},
        [](uint64_t a, uint64_t b, uint64_t c) { return std::bit_cast<float>(uint32_t(c)) >= 0.0f ? a : b; });
  check({"mov.b32 {%h0, %h1}, %a; mov.b32 %d, {%h1, %h0};", "b32", "b32"},
        [](uint64_t a, uint64_t, uint64_t) { return (a >> 16) | (a & 65535) << 16; });
  check({"mov.b64 {%h0, _, %h2, %h3}, %a; mov.b64 %d, {%h3, %h2, %h0, %h0};", "b64", "b64"},
        [](uint64_t a, uint64_t, uint64_t) {
          return a >> 48 | ((a >> 32) & 65535) << 16 | (a & 65535) << 32 | (a & 65535) << 48;
        });
  check({"mov.b64 {%r0, %r1}, %a; mov.b64 %d, {%r1, %r0};", "b64", "b64"},
        [](uint64_t a, uint64_t, uint64_t) { return a >> 32 | a << 32; });
}

} // namespace
} // namespace muntin::emulator::test
