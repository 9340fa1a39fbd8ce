//===- FloatTest.cpp - one test per floating-point instruction form -------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Harness.h"

#include <bit>
#include <cfenv>
#include <cmath>

namespace muntin::emulator::test {
namespace {

float f32(uint64_t b) { return std::bit_cast<float>(static_cast<uint32_t>(b)); }
double f64(uint64_t b) { return std::bit_cast<double>(b); }
uint64_t bits(float v) { return v != v ? 0x7fffffff : std::bit_cast<uint32_t>(v); }
uint64_t bits(double v) { return v != v ? 0x7fffffffffffffff : std::bit_cast<uint64_t>(v); }
float flushed(float v) { return std::fpclassify(v) == FP_SUBNORMAL ? std::copysign(0.0f, v) : v; }
float clamped(float v) { return v != v || v <= 0 ? 0.0f : std::min(v, 1.0f); }

/// Evaluates under a rounding mode of the host.
template <typename F> auto rounded(int mode, F f) {
  std::fesetround(mode);
  volatile auto r = f();
  std::fesetround(FE_TONEAREST);
  return r;
}

struct Mode {
  const char *name;
  int host;
};
constexpr Mode modes[] = {{"rn", FE_TONEAREST}, {"rz", FE_TOWARDZERO}, {"rm", FE_DOWNWARD}, {"rp", FE_UPWARD}};

TEST(Float, SingleArithmetic) {
  for (const Mode m : modes) {
    const std::string r = m.name;
    const auto op = [&](const std::string &name, auto f) {
      check({name + "." + r + ".f32 %d, %a, %b;", "f32", "f32", "f32"}, [&](uint64_t a, uint64_t b, uint64_t) {
        volatile float x = f32(a), y = f32(b);
        return bits(rounded(m.host, [&] { return f(x, y); }));
      });
      check({name + "." + r + ".ftz.f32 %d, %a, %b;", "f32", "f32", "f32"}, [&](uint64_t a, uint64_t b, uint64_t) {
        volatile float x = flushed(f32(a)), y = flushed(f32(b));
        return bits(flushed(rounded(m.host, [&] { return f(x, y); })));
      });
    };
    op("add", [](volatile float &a, volatile float &b) { return a + b; });
    op("sub", [](volatile float &a, volatile float &b) { return a - b; });
    op("mul", [](volatile float &a, volatile float &b) { return a * b; });
    op("div", [](volatile float &a, volatile float &b) { return a / b; });
    check({"fma." + r + ".f32 %d, %a, %b, %c;", "f32", "f32", "f32", "f32"}, [&](uint64_t a, uint64_t b, uint64_t c) {
      volatile float x = f32(a), y = f32(b), z = f32(c);
      return bits(rounded(m.host, [&] { return std::fma(x, y, z); }));
    });
    check({"sqrt." + r + ".f32 %d, %a;", "f32", "f32"}, [&](uint64_t a, uint64_t, uint64_t) {
      volatile float x = f32(a);
      return bits(rounded(m.host, [&] { return std::sqrt(x); }));
    });
    check({"rcp." + r + ".f32 %d, %a;", "f32", "f32"}, [&](uint64_t a, uint64_t, uint64_t) {
      volatile float x = f32(a);
      return bits(rounded(m.host, [&] { return 1.0f / x; }));
    });
  }
}

TEST(Float, Saturation) {
  check({"add.sat.f32 %d, %a, %b;", "f32", "f32", "f32"},
        [](uint64_t a, uint64_t b, uint64_t) { return bits(clamped(f32(a) + f32(b))); });
  check({"mul.ftz.sat.f32 %d, %a, %b;", "f32", "f32", "f32"},
        [](uint64_t a, uint64_t b, uint64_t) { return bits(clamped(flushed(flushed(f32(a)) * flushed(f32(b))))); });
  check({"fma.rz.sat.f32 %d, %a, %b, %c;", "f32", "f32", "f32", "f32"}, [](uint64_t a, uint64_t b, uint64_t c) {
    volatile float x = f32(a), y = f32(b), z = f32(c);
    return bits(clamped(rounded(FE_TOWARDZERO, [&] { return std::fma(x, y, z); })));
  });
}

TEST(Float, DoubleArithmetic) {
  for (const Mode m : modes) {
    const std::string r = m.name;
    const auto op = [&](const std::string &name, auto f) {
      check({name + "." + r + ".f64 %d, %a, %b;", "f64", "f64", "f64"}, [&](uint64_t a, uint64_t b, uint64_t) {
        volatile double x = f64(a), y = f64(b);
        return bits(rounded(m.host, [&] { return f(x, y); }));
      });
    };
    op("add", [](volatile double &a, volatile double &b) { return a + b; });
    op("sub", [](volatile double &a, volatile double &b) { return a - b; });
    op("mul", [](volatile double &a, volatile double &b) { return a * b; });
    op("div", [](volatile double &a, volatile double &b) { return a / b; });
    check({"fma." + r + ".f64 %d, %a, %b, %c;", "f64", "f64", "f64", "f64"}, [&](uint64_t a, uint64_t b, uint64_t c) {
      volatile double x = f64(a), y = f64(b), z = f64(c);
      return bits(rounded(m.host, [&] { return std::fma(x, y, z); }));
    });
  }
}

template <typename T> T least(T a, T b, bool max, bool nanWins) {
  if (a != a || b != b)
    return nanWins || (a != a && b != b) ? T(NAN) : a != a ? b : a;
  if (a == b)
    return std::signbit(a) == max ? b : a;
  return (a < b) == max ? b : a;
}

TEST(Float, MinimumAndMaximum) {
  for (const bool max : {false, true}) {
    const std::string op = max ? "max" : "min";
    check({op + ".f32 %d, %a, %b;", "f32", "f32", "f32"},
          [=](uint64_t a, uint64_t b, uint64_t) { return bits(least(f32(a), f32(b), max, false)); });
    check({op + ".NaN.f32 %d, %a, %b;", "f32", "f32", "f32"},
          [=](uint64_t a, uint64_t b, uint64_t) { return bits(least(f32(a), f32(b), max, true)); });
    check({op + ".ftz.f32 %d, %a, %b;", "f32", "f32", "f32"},
          [=](uint64_t a, uint64_t b, uint64_t) { return bits(least(flushed(f32(a)), flushed(f32(b)), max, false)); });
    check({op + ".f64 %d, %a, %b;", "f64", "f64", "f64"},
          [=](uint64_t a, uint64_t b, uint64_t) { return bits(least(f64(a), f64(b), max, false)); });
  }
  check({"abs.f32 %d, %a;", "f32", "f32"}, [](uint64_t a, uint64_t, uint64_t) { return a & 0x7fffffff; });
  check({"neg.f32 %d, %a;", "f32", "f32"}, [](uint64_t a, uint64_t, uint64_t) { return a ^ 0x80000000; });
  check({"neg.f64 %d, %a;", "f64", "f64"}, [](uint64_t a, uint64_t, uint64_t) { return a ^ (1ull << 63); });
  check({"copysign.f32 %d, %a, %b;", "f32", "f32", "f32"},
        [](uint64_t a, uint64_t b, uint64_t) { return (b & 0x7fffffff) | (a & 0x80000000); });
}

/// Distance in representable values; 0 for NaN against NaN.
uint64_t ulps(float got, float want) {
  if (got != got || want != want)
    return got != got && want != want ? 0 : ~0ull;
  const auto key = [](float v) {
    const int32_t b = std::bit_cast<int32_t>(v);
    return int64_t(b < 0 ? INT32_MIN - b : b);
  };
  return static_cast<uint64_t>(std::abs(key(got) - key(want)));
}

void approximate(const std::string &instruction, double (*f)(double), uint64_t most, float low, float high, bool ftz) {
  std::vector<Inputs> in;
  for (int i = 0; i <= 4000; ++i)
    in.push_back({std::bit_cast<uint32_t>(low + (high - low) * static_cast<float>(i) / 4000)});
  const auto got = evaluate({instruction + " %d, %a;", "f32", "f32"}, in);
  for (size_t i = 0; i < got.size(); ++i) {
    float want = static_cast<float>(f(f32(in[i][0])));
    want = ftz ? flushed(want) : want;
    if (ftz && std::fabs(want) < 1.2e-38f)
      continue; // the border of flushing
    ASSERT_LE(ulps(f32(got[i]), want), most)
        << instruction << " of " << f32(in[i][0]) << ": " << f32(got[i]) << " not " << want;
  }
}

TEST(Float, Approximations) {
  approximate("ex2.approx.f32", std::exp2, 2, -155, 130, false);
  approximate("ex2.approx.ftz.f32", std::exp2, 2, -140, 130, true);
  approximate("lg2.approx.f32", std::log2, 2, 0.001f, 1000, false);
  approximate("rcp.approx.ftz.f32", [](double x) { return 1 / x; }, 1, -50, 50.5f, true);
  approximate("rsqrt.approx.f32", [](double x) { return 1 / std::sqrt(x); }, 2, 0.001f, 1000, false);
  approximate("sqrt.approx.f32", std::sqrt, 1, 0, 1000, false);
  approximate("sin.approx.f32", std::sin, 2, -3, 3, false);
  approximate("cos.approx.f32", std::cos, 2, -3, 3, false);
  approximate("tanh.approx.f32", std::tanh, 2, -9, 9, false);
  // Special values.
  const auto special = evaluate({"ex2.approx.ftz.f32 %d, %a;", "f32", "f32"},
                                {{0xff800000}, {0x7f800000}, {0x7fc00000}, {0}, {0x80000000}});
  EXPECT_EQ(special, (std::vector<uint64_t>{0, 0x7f800000, 0x7fffffff, 0x3f800000, 0x3f800000}));
}

// Halves: exact arithmetic in double (11 and 8 bits), rounded once by integer arithmetic.

double half(uint64_t b, bool isB) {
  const int exponentBits = isB ? 8 : 5, mantissa = isB ? 7 : 10, bias = (1 << (exponentBits - 1)) - 1;
  const int e = static_cast<int>((b >> mantissa) & ((1u << exponentBits) - 1));
  const double m = static_cast<double>(b & ((1u << mantissa) - 1));
  const double sign = b >> 15 ? -1 : 1;
  if (e == (1 << exponentBits) - 1)
    return m != 0 ? NAN : sign * INFINITY;
  return sign * (e == 0 ? std::ldexp(m, 1 - bias - mantissa) : std::ldexp(m + (1 << mantissa), e - bias - mantissa));
}

uint64_t toHalf(long double v, bool isB) {
  if (v != v)
    return 0x7fff;
  const int mantissa = isB ? 7 : 10, bias = isB ? 127 : 15;
  const uint64_t sign = std::signbit(v) ? 0x8000 : 0;
  long double a = std::fabs(v);
  if (std::isinf(a))
    return sign | (isB ? 0x7f80 : 0x7c00);
  if (a == 0)
    return sign;
  const int e = std::max(std::ilogb(a), 1 - bias);
  const long double steps = std::nearbyint(std::ldexp(a, mantissa - e));
  const auto b = static_cast<uint64_t>(steps + std::ldexp(static_cast<long double>(e + bias - 1), mantissa));
  return sign | std::min<uint64_t>(b, isB ? 0x7f80 : 0x7c00);
}

TEST(Float, Halves) {
  for (const bool isB : {false, true}) {
    const std::string t = isB ? "bf16" : "f16";
    const auto v = [=](uint64_t b) { return static_cast<long double>(half(b, isB)); };
    check({"fma.rn." + t + " %d, %a, %b, %c;", t, t, t, t}, [=](uint64_t a, uint64_t b, uint64_t c) {
      // 113 bits hold the exact sum of these values, but where one is far too small to matter.
      const auto r = static_cast<long double>(static_cast<__float128>(v(a)) * v(b) + static_cast<__float128>(v(c)));
      return toHalf(r, isB);
    });
    check({"abs." + t + " %d, %a;", t, t}, [](uint64_t a, uint64_t, uint64_t) { return a & 0x7fff; });
    check({"neg." + t + " %d, %a;", t, t}, [](uint64_t a, uint64_t, uint64_t) { return a ^ 0x8000; });
    for (const bool max : {false, true})
      check({(max ? "max." : "min.") + t + " %d, %a, %b;", t, t, t}, [=](uint64_t a, uint64_t b, uint64_t) {
        return toHalf(least(half(a, isB), half(b, isB), max, false), isB);
      });
  }
  check({"add.f16 %d, %a, %b;", "f16", "f16", "f16"},
        [](uint64_t a, uint64_t b, uint64_t) { return toHalf(half(a, false) + half(b, false), false); });
  check({"mul.f16 %d, %a, %b;", "f16", "f16", "f16"},
        [](uint64_t a, uint64_t b, uint64_t) { return toHalf(half(a, false) * half(b, false), false); });
  check({"sub.f16 %d, %a, %b;", "f16", "f16", "f16"},
        [](uint64_t a, uint64_t b, uint64_t) { return toHalf(half(a, false) - half(b, false), false); });
}

TEST(Float, PackedHalves) {
  // The halves of a pair do not touch each other.
  const auto in = [] {
    std::vector<Inputs> v;
    for (const uint64_t a : edges("f16"))
      for (const uint64_t b : edges("f16"))
        v.push_back({a << 16 | b, b << 16 | a, 0x3c004000});
    return v;
  }();
  const auto got = evaluate({"add.f16x2 %d, %a, %b;", "f16x2", "f16x2", "f16x2"}, in);
  for (size_t i = 0; i < got.size(); ++i) {
    const uint64_t a = in[i][0] >> 16, b = in[i][0] & 65535, sum = toHalf(half(a, false) + half(b, false), false);
    EXPECT_EQ(got[i], sum << 16 | sum);
  }
  const auto fused = evaluate({"fma.rn.bf16x2 %d, %a, %b, %c;", "bf16x2", "bf16x2", "bf16x2", "bf16x2"},
                              {{0x3f804000, 0x40004040, 0x3f80bf80}});
  EXPECT_EQ(fused[0], 0x404040a0u); // 1 * 2 + 1 = 3 and 2 * 3 - 1 = 5
}

TEST(Float, Comparisons) {
  struct Op {
    const char *name;
    bool (*f)(double, double);
  };
  constexpr Op ops[] = {
      {"eq", [](double a, double b) { return a == b; }}, {"lt", [](double a, double b) { return a < b; }},
      {"le", [](double a, double b) { return a <= b; }}, {"gt", [](double a, double b) { return a > b; }},
      {"ge", [](double a, double b) { return a >= b; }}, {"ne", [](double a, double b) { return a < b || a > b; }}};
  for (const Op &op : ops)
    for (const bool unordered : {false, true}) {
      const std::string name = std::string(op.name) + (unordered ? "u" : "");
      check({"setp." + name + ".f32 %d, %a, %b;", "pred", "f32", "f32"}, [&](uint64_t a, uint64_t b, uint64_t) {
        const float x = f32(a), y = f32(b);
        return uint64_t(x != x || y != y ? unordered : op.f(x, y));
      });
      check({"setp." + name + ".f16 %d, %a, %b;", "pred", "f16", "f16"}, [&](uint64_t a, uint64_t b, uint64_t) {
        const double x = half(a, false), y = half(b, false);
        return uint64_t(x != x || y != y ? unordered : op.f(x, y));
      });
    }
  check({"setp.num.f64 %d, %a, %b;", "pred", "f64", "f64"},
        [](uint64_t a, uint64_t b, uint64_t) { return uint64_t(f64(a) == f64(a) && f64(b) == f64(b)); });
  check({"setp.nan.f32 %d, %a, %b;", "pred", "f32", "f32"},
        [](uint64_t a, uint64_t b, uint64_t) { return uint64_t(f32(a) != f32(a) || f32(b) != f32(b)); });
  check({"setp.gt.ftz.f32 %d, %a, %b;", "pred", "f32", "f32"},
        [](uint64_t a, uint64_t b, uint64_t) { return uint64_t(flushed(f32(a)) > flushed(f32(b))); });
  check({"testp.subnormal.f32 %d, %a;", "pred", "f32"},
        [](uint64_t a, uint64_t, uint64_t) { return uint64_t(std::fpclassify(f32(a)) == FP_SUBNORMAL); });
  check({"testp.infinite.f64 %d, %a;", "pred", "f64"},
        [](uint64_t a, uint64_t, uint64_t) { return uint64_t(std::isinf(f64(a))); });
}

/// Of f64 only the high words count: 20 bits of the fraction.
TEST(Float, GrossReciprocals) {
  for (const bool root : {false, true})
    check({root ? "rsqrt.approx.ftz.f64 %d, %a;" : "rcp.approx.ftz.f64 %d, %a;", "f64", "f64"},
          [&](uint64_t a, uint64_t, uint64_t) -> uint64_t {
            a = a >> 32 << 32;
            double x = std::bit_cast<double>(a);
            if (std::fpclassify(x) == FP_SUBNORMAL)
              x = std::signbit(x) ? -0.0 : 0.0;
            const double r = root ? 1 / std::sqrt(x) : 1 / x;
            if (std::isnan(r))
              return uint64_t(0x7fffffff) << 32;
            if (std::fpclassify(r) == FP_SUBNORMAL)
              return std::signbit(r) ? uint64_t(1) << 63 : 0;
            return std::bit_cast<uint64_t>(r) >> 32 << 32;
          });
}

} // namespace
} // namespace muntin::emulator::test
