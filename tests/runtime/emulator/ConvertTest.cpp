//===- ConvertTest.cpp - one test per conversion --------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Harness.h"

#include <bit>
#include <cmath>

namespace muntin::emulator::test {
namespace {

float f32(uint64_t b) { return std::bit_cast<float>(static_cast<uint32_t>(b)); }
double f64(uint64_t b) { return std::bit_cast<double>(b); }

__int128 value(uint64_t bits, unsigned width, bool isSigned) {
  const uint64_t v = width == 64 ? bits : bits & ((uint64_t(1) << width) - 1);
  return isSigned && (v >> (width - 1)) & 1 ? __int128(v) - (__int128(1) << width) : __int128(v);
}
uint64_t cut(__int128 v, unsigned width) {
  return static_cast<uint64_t>(v) & (width == 64 ? ~uint64_t(0) : (uint64_t(1) << width) - 1);
}

TEST(Convert, BetweenIntegers) {
  for (const std::string from : {"s16", "u16", "s32", "u32", "s64", "u64"})
    for (const std::string to : {"s16", "u16", "s32", "u32", "s64", "u64"}) {
      const unsigned wf = static_cast<unsigned>(std::stoi(from.substr(1))),
                     wt = static_cast<unsigned>(std::stoi(to.substr(1)));
      check({"cvt." + to + "." + from + " %d, %a;", to, from},
            [=](uint64_t a, uint64_t, uint64_t) { return cut(value(a, wf, from[0] == 's'), wt); });
      if (wt > wf || (from == to))
        continue;
      check({"cvt.sat." + to + "." + from + " %d, %a;", to, from}, [=](uint64_t a, uint64_t, uint64_t) {
        const __int128 high = (__int128(1) << (wt - (to[0] == 's'))) - 1, low = to[0] == 's' ? -high - 1 : 0;
        return cut(std::min(std::max(value(a, wf, from[0] == 's'), low), high), wt);
      });
    }
  // Small types extend to the whole destination register.
  check({"cvt.s8.s32 %d, %a;", "s32", "s32"},
        [](uint64_t a, uint64_t, uint64_t) { return cut(value(a, 8, true), 32); });
  check({"cvt.u8.u32 %d, %a;", "u32", "u32"}, [](uint64_t a, uint64_t, uint64_t) { return a & 255; });
  check({"cvt.pack.sat.s16.s32 %d, %a, %b;", "b32", "s32", "s32"}, [](uint64_t a, uint64_t b, uint64_t) {
    const auto clamp = [](uint64_t v) { return cut(std::clamp<__int128>(value(v, 32, true), -32768, 32767), 16); };
    return clamp(a) << 16 | clamp(b);
  });
}

TEST(Convert, FloatToInteger) {
  struct Mode {
    const char *name;
    double (*f)(double);
  };
  constexpr Mode modes[] = {{"rni", [](double v) { return std::nearbyint(v); }},
                            {"rzi", [](double v) { return std::trunc(v); }},
                            {"rmi", [](double v) { return std::floor(v); }},
                            {"rpi", [](double v) { return std::ceil(v); }}};
  for (const Mode &m : modes)
    for (const std::string to : {"s32", "u32", "s64", "u64"}) {
      const unsigned w = static_cast<unsigned>(std::stoi(to.substr(1)));
      const auto expected = [=](double v) {
        const long double high = std::ldexp(1.0L, int(w) - (to[0] == 's')) - 1, low = to[0] == 's' ? -high - 1 : 0;
        if (v != v)
          return uint64_t(0);
        return cut(static_cast<__int128>(std::min(std::max(static_cast<long double>(m.f(v)), low), high)), w);
      };
      check({std::string("cvt.") + m.name + "." + to + ".f32 %d, %a;", to, "f32"},
            [=](uint64_t a, uint64_t, uint64_t) { return expected(f32(a)); });
      check({std::string("cvt.") + m.name + "." + to + ".f64 %d, %a;", to, "f64"},
            [=](uint64_t a, uint64_t, uint64_t) { return expected(f64(a)); });
    }
  check({"cvt.rni.f32.f32 %d, %a;", "f32", "f32"}, [](uint64_t a, uint64_t, uint64_t) {
    const float r = std::nearbyint(f32(a));
    return uint64_t(r != r ? 0x7fffffff : std::bit_cast<uint32_t>(r));
  });
}

TEST(Convert, IntegerToFloat) {
  check({"cvt.rn.f32.s32 %d, %a;", "f32", "s32"}, [](uint64_t a, uint64_t, uint64_t) {
    return std::bit_cast<uint32_t>(static_cast<float>(static_cast<int32_t>(a)));
  });
  check({"cvt.rn.f32.u32 %d, %a;", "f32", "u32"}, [](uint64_t a, uint64_t, uint64_t) {
    return std::bit_cast<uint32_t>(static_cast<float>(static_cast<uint32_t>(a)));
  });
  check({"cvt.rn.f32.s64 %d, %a;", "f32", "s64"}, [](uint64_t a, uint64_t, uint64_t) {
    return std::bit_cast<uint32_t>(static_cast<float>(static_cast<int64_t>(a)));
  });
  check({"cvt.rn.f64.u64 %d, %a;", "f64", "u64"},
        [](uint64_t a, uint64_t, uint64_t) { return std::bit_cast<uint64_t>(static_cast<double>(a)); });
  check({"cvt.rz.f32.u64 %d, %a;", "f32", "u64"}, [](uint64_t a, uint64_t, uint64_t) {
    const int drop = a ? std::max(0, 40 - std::countl_zero(a)) : 0; // 24 bits stay
    return std::bit_cast<uint32_t>(static_cast<float>((a >> drop) << drop));
  });
}

TEST(Convert, BetweenFloats) {
  check({"cvt.f64.f32 %d, %a;", "f64", "f32"}, [](uint64_t a, uint64_t, uint64_t) {
    const double r = f32(a);
    return r != r ? 0x7fffffffffffffff : std::bit_cast<uint64_t>(r);
  });
  check({"cvt.rn.f32.f64 %d, %a;", "f32", "f64"}, [](uint64_t a, uint64_t, uint64_t) {
    const float r = static_cast<float>(f64(a));
    return uint64_t(r != r ? 0x7fffffff : std::bit_cast<uint32_t>(r));
  });
  check({"cvt.sat.f32.f32 %d, %a;", "f32", "f32"}, [](uint64_t a, uint64_t, uint64_t) {
    const float v = f32(a);
    return uint64_t(std::bit_cast<uint32_t>(v > 0 ? std::min(v, 1.0f) : 0.0f));
  });
  // bf16 is the upper half of f32: nearest even by integer arithmetic.
  const auto bf16 = [](uint64_t a) {
    return f32(a) != f32(a) ? 0x7fff
                            : ((a >> 16) + ((a & 0xffff) > 0x8000 || ((a & 0xffff) == 0x8000 && (a >> 16) & 1)));
  };
  check({"cvt.rn.bf16.f32 %d, %a;", "bf16", "f32"}, [=](uint64_t a, uint64_t, uint64_t) { return bf16(a); });
  check({"cvt.rz.bf16.f32 %d, %a;", "bf16", "f32"},
        [](uint64_t a, uint64_t, uint64_t) { return f32(a) != f32(a) ? 0x7fff : a >> 16; });
  check({"cvt.rn.bf16x2.f32 %d, %a, %b;", "bf16x2", "f32", "f32"},
        [=](uint64_t a, uint64_t b, uint64_t) { return bf16(a) << 16 | bf16(b); });
  check({"cvt.rn.relu.bf16x2.f32 %d, %a, %b;", "bf16x2", "f32", "f32"}, [=](uint64_t a, uint64_t b, uint64_t) {
    const auto relu = [&](uint64_t v) { return f32(v) <= 0 ? 0 : bf16(v); };
    return relu(a) << 16 | relu(b);
  });
  check({"cvt.f32.bf16 %d, %a;", "f32", "bf16"}, [](uint64_t a, uint64_t, uint64_t) { return a << 16; }, 90);
  const auto f16 = [](uint64_t a) {
    return f32(a) != f32(a) ? uint64_t(0x7fff) : uint64_t(std::bit_cast<uint16_t>(static_cast<_Float16>(f32(a))));
  };
  check({"cvt.rn.f16.f32 %d, %a;", "f16", "f32"}, [=](uint64_t a, uint64_t, uint64_t) { return f16(a); });
  check({"cvt.rn.f16x2.f32 %d, %a, %b;", "f16x2", "f32", "f32"},
        [=](uint64_t a, uint64_t b, uint64_t) { return f16(a) << 16 | f16(b); });
  check({"cvt.f32.f16 %d, %a;", "f32", "f16"}, [](uint64_t a, uint64_t, uint64_t) {
    const float r = static_cast<float>(std::bit_cast<_Float16>(static_cast<uint16_t>(a)));
    return uint64_t(std::bit_cast<uint32_t>(r));
  });
}

TEST(Convert, Tf32AwayFromZero) {
  // Half of the last kept place, added to the magnitude, then cut: ties go away from zero.
  check({"cvt.rna.tf32.f32 %d, %a;", "b32", "f32"}, [](uint64_t a, uint64_t, uint64_t) {
    if (f32(a) != f32(a))
      return uint64_t(0x7fffffff);
    if ((a & 0x7f800000) == 0x7f800000)
      return a;
    return ((a & 0x7fffffff) + 0x1000) & 0x7fffe000 ? (((a & 0x7fffffff) + 0x1000) & 0x7fffe000) | (a & 0x80000000)
                                                    : a & 0x80000000;
  });
}

/// All finite values of an 8-bit format, by its definition.
double small(unsigned b, int mantissa, int bias) {
  const unsigned e = (b & 127) >> mantissa, m = b & ((1u << mantissa) - 1);
  const double v = e ? std::ldexp((1u << mantissa) + m, int(e) - bias - mantissa) : std::ldexp(m, 1 - bias - mantissa);
  return b & 128 ? -v : v;
}

/// The nearest finite value, ties to even; saturates.
unsigned nearest(float v, int mantissa, int bias, unsigned largest) {
  if (v != v)
    return 0x7f;
  unsigned best = 0;
  double distance = INFINITY;
  for (unsigned b = 0; b <= largest; ++b) {
    const double d = std::fabs(small(b, mantissa, bias) - std::fabs(static_cast<double>(v)));
    if (d < distance || (d == distance && b % 2 == 0))
      best = b, distance = d;
  }
  if (std::fabs(v) > small(largest, mantissa, bias))
    best = largest;
  return best | (std::signbit(v) ? 128 : 0);
}

TEST(Convert, EightBitFloats) {
  std::vector<Inputs> in;
  for (int i = -600; i <= 600; ++i)
    in.push_back({std::bit_cast<uint32_t>(static_cast<float>(i) * 0.0007f),
                  std::bit_cast<uint32_t>(static_cast<float>(i) * 1.37f)});
  for (const uint64_t a : edges("f32"))
    in.push_back({a, a ^ 0x80000000});
  const auto e4 = evaluate({"cvt.rn.satfinite.e4m3x2.f32 %d, %a, %b;", "b16", "f32", "f32"}, in, 90);
  const auto e5 = evaluate({"cvt.rn.satfinite.e5m2x2.f32 %d, %a, %b;", "b16", "f32", "f32"}, in, 90);
  for (size_t i = 0; i < in.size(); ++i) {
    EXPECT_EQ(e4[i], nearest(f32(in[i][0]), 3, 7, 0x7e) << 8 | nearest(f32(in[i][1]), 3, 7, 0x7e))
        << f32(in[i][0]) << " " << f32(in[i][1]);
    EXPECT_EQ(e5[i], nearest(f32(in[i][0]), 2, 15, 0x7b) << 8 | nearest(f32(in[i][1]), 2, 15, 0x7b))
        << f32(in[i][0]) << " " << f32(in[i][1]);
  }
  std::vector<Inputs> all;
  for (unsigned b = 0; b < 256; ++b)
    if ((b & 127) != 127)
      all.push_back({b << 8 | b});
  const auto back = evaluate({"cvt.rn.f16x2.e4m3x2 %d, %a;", "b32", "b16"}, all, 90);
  for (size_t i = 0; i < all.size(); ++i) {
    const uint64_t want = std::bit_cast<uint16_t>(static_cast<_Float16>(small(all[i][0] & 255, 3, 7)));
    EXPECT_EQ(back[i], want << 16 | want);
  }
}

} // namespace
} // namespace muntin::emulator::test
