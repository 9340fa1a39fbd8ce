//===- MatrixTest.cpp - mma of all types, moves of 8 x 8 matrices ---------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One warp loads fragment registers from memory, lane by lane, and stores the
// result so. Where a register's elements belong is written here once more,
// from the ISA's figures: g = lane / 4, t = lane % 4.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Mma.h"
#include "tests/runtime/emulator/Harness.h"

#include <cstring>
#include <random>

namespace muntin::emulator::test {
namespace {

struct Mma {
  std::string shape, types; ///< e.g. "m16n8k32", "s32.s8.s8.s32"
  unsigned m, k;
  unsigned inBytes, sumBytes;
  double (*value)(int);              ///< of a random integer
  uint64_t (*encode)(double);        ///< of an input
  uint64_t (*encodeSum)(double);     ///< of a sum
  double (*sumValue)(int) = nullptr; ///< of C, where it is not as the inputs
};

/// Row of A's (or column of B's) element `e` of a lane, and its k: registers of 4 bytes, or one f64.
std::pair<unsigned, unsigned> elementOfA(const Mma &f, unsigned lane, unsigned e) {
  const unsigned g = lane / 4, t = lane % 4, parts = f.inBytes == 8 ? 1 : 4 / f.inBytes, reg = e / parts;
  if (f.m == 8)
    return {g, t};
  return {g + 8 * (reg % 2), parts * t + e % parts + 4 * parts * (reg / 2)};
}
std::pair<unsigned, unsigned> elementOfB(const Mma &f, unsigned lane, unsigned e) {
  const unsigned g = lane / 4, t = lane % 4, parts = f.inBytes == 8 ? 1 : 4 / f.inBytes;
  return {g, parts * t + e % parts + 4 * parts * (e / parts)};
}
std::pair<unsigned, unsigned> elementOfSum(unsigned lane, unsigned e) {
  return {lane / 4 + 8 * (e / 2), 2 * (lane % 4) + e % 2};
}

/// Fragments lie lane by lane: elements * bytes each. Loads and stores of one fragment, as registers %x0 and up.
std::string moveFragment(const std::string &name, const std::string &base, unsigned bytes, bool wide, bool store) {
  const unsigned step = wide ? 8 : 4;
  const std::string type = wide ? "f64" : "b32";
  std::string text = "mad.wide.u32 %at, %lane, " + std::to_string(bytes) + ", %" + base + ";\n";
  for (unsigned i = 0; i < bytes / step; ++i) {
    const std::string where = "[%at+" + std::to_string(step * i) + "]", reg = "%" + name + std::to_string(i);
    text += store ? "st.global." + type + " " + where + ", " + reg + ";\n"
                  : "ld.global." + type + " " + reg + ", " + where + ";\n";
  }
  return text;
}

std::string listOf(const std::string &name, unsigned count) {
  std::string text = "{";
  for (unsigned i = 0; i < count; ++i)
    text += (i ? ", %" : "%") + name + std::to_string(i);
  return text + "}";
}

void check(const Mma &f) {
  const unsigned nA = f.m * f.k / 32, nB = f.k * 8 / 32, nC = f.m * 8 / 32;
  const bool wide = f.inBytes == 8;
  const unsigned step = wide ? 8 : 4;
  const std::string type = wide ? "f64" : "b32";
  const std::string text =
      header() + ".visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c)\n{\n.reg .b64 %at, %pa, %pb, %pc;\n" +
      ".reg .u32 %lane;\n.reg ." + type + " %a<8>, %b<8>, %c<8>;\nmov.u32 %lane, %tid.x;\n" +
      "ld.param.u64 %pa, [a];\nld.param.u64 %pb, [b];\nld.param.u64 %pc, [c];\n" +
      moveFragment("a", "pa", nA * f.inBytes, wide, false) + moveFragment("b", "pb", nB * f.inBytes, wide, false) +
      moveFragment("c", "pc", nC * f.sumBytes, wide, false) + "mma.sync.aligned." + f.shape + ".row.col." + f.types +
      " " + listOf("c", nC * f.sumBytes / step) + ", " + listOf("a", nA * f.inBytes / step) + ", " +
      listOf("b", nB * f.inBytes / step) + ", " + listOf("c", nC * f.sumBytes / step) + ";\n" +
      moveFragment("c", "pc", nC * f.sumBytes, wide, true) + "ret;\n}\n";
  assemble(text, 80);
  std::mt19937 random(17);
  std::vector<double> a(f.m * f.k), b(8 * f.k), c(f.m * 8);
  for (auto *v : {&a, &b, &c})
    for (double &x : *v)
      x = (v == &c && f.sumValue ? f.sumValue : f.value)(static_cast<int>(random() % 4096));
  const auto pack = [](unsigned elements, unsigned bytes, auto place, auto encode) {
    std::vector<uint8_t> out(32 * elements * bytes);
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned e = 0; e < elements; ++e) {
        const uint64_t bits = encode(place(lane, e));
        std::memcpy(&out[(lane * elements + e) * bytes], &bits, bytes);
      }
    return out;
  };
  const auto inA = [&](unsigned l, unsigned e) {
    const auto [r, k] = elementOfA(f, l, e);
    return a[r * f.k + k];
  };
  const auto inB = [&](unsigned l, unsigned e) {
    const auto [n, k] = elementOfB(f, l, e);
    return b[n * f.k + k];
  };
  const auto inC = [&](unsigned l, unsigned e) {
    const auto [r, n] = elementOfSum(l, e);
    return c[r * 8 + n];
  };
  const auto want = [&](unsigned l, unsigned e) {
    const auto [r, n] = elementOfSum(l, e);
    double sum = c[r * 8 + n];
    for (unsigned k = 0; k < f.k; ++k)
      sum += a[r * f.k + k] * b[n * f.k + k];
    return sum;
  };
  Session run(text);
  ASSERT_TRUE(run.loaded()) << run.error;
  const uint64_t sums = run.upload(pack(nC, f.sumBytes, inC, f.encodeSum));
  const LaunchResult r = run.launch("k", {{1, 1, 1}, {32, 1, 1}},
                                    Params()
                                        .add(run.upload(pack(nA, f.inBytes, inA, f.encode)))
                                        .add(run.upload(pack(nB, f.inBytes, inB, f.encode)))
                                        .add(sums));
  ASSERT_TRUE(r.ok) << r.reports[0].sentence();
  EXPECT_EQ(run.download<uint8_t>(sums, 32 * nC * f.sumBytes), pack(nC, f.sumBytes, want, f.encodeSum))
      << f.shape << " " << f.types;
}

uint64_t halfBits(double v) { return std::bit_cast<uint16_t>(static_cast<_Float16>(v)); }
uint64_t bhalfBits(double v) { return std::bit_cast<uint32_t>(static_cast<float>(v)) >> 16; }
uint64_t floatBits(double v) { return std::bit_cast<uint32_t>(static_cast<float>(v)); }
uint64_t doubleBits(double v) { return std::bit_cast<uint64_t>(v); }
uint64_t integerBits(double v) { return static_cast<uint32_t>(static_cast<int64_t>(v)); }
uint64_t saturatedBits(double v) { return integerBits(std::clamp<double>(v, INT32_MIN, INT32_MAX)); }
double extreme(int i) { return i % 2 ? INT32_MAX : INT32_MIN; }
// Values whose sums of products are exact, so that the order of the sums does not matter.
double eighths(int i) { return (i % 17 - 8) / 8.0; }
double signedByte(int i) { return i % 256 - 128; }
double unsignedByte(int i) { return i % 256; }
double fine(int i) { return (i - 2048) / 1048576.0; }

TEST(Matrix, MmaOfAllTypes) {
  check({"m16n8k16", "f32.bf16.bf16.f32", 16, 16, 2, 4, eighths, bhalfBits, floatBits});
  check({"m16n8k16", "f32.f16.f16.f32", 16, 16, 2, 4, eighths, halfBits, floatBits});
  check({"m16n8k8", "f32.bf16.bf16.f32", 16, 8, 2, 4, eighths, bhalfBits, floatBits});
  check({"m16n8k8", "f32.f16.f16.f32", 16, 8, 2, 4, eighths, halfBits, floatBits});
  check({"m16n8k16", "f16.f16.f16.f16", 16, 16, 2, 2, eighths, halfBits, halfBits});
  check({"m16n8k8", "f16.f16.f16.f16", 16, 8, 2, 2, eighths, halfBits, halfBits});
  check({"m16n8k8", "f32.tf32.tf32.f32", 16, 8, 4, 4, eighths, floatBits, floatBits});
  check({"m16n8k4", "f32.tf32.tf32.f32", 16, 4, 4, 4, eighths, floatBits, floatBits});
  check({"m16n8k32", "s32.s8.s8.s32", 16, 32, 1, 4, signedByte, integerBits, integerBits});
  check({"m16n8k16", "s32.s8.s8.s32", 16, 16, 1, 4, signedByte, integerBits, integerBits});
  check({"m16n8k32", "s32.u8.u8.s32", 16, 32, 1, 4, unsignedByte, integerBits, integerBits});
  check({"m16n8k32", "s32.s8.s8.s32", 16, 32, 1, 4, signedByte, integerBits, integerBits, extreme});
  check({"m16n8k32", "satfinite.s32.s8.s8.s32", 16, 32, 1, 4, signedByte, integerBits, saturatedBits, extreme});
  check({"m8n8k4", "f64.f64.f64.f64", 8, 4, 8, 8, fine, doubleBits, doubleBits});
}

/// Runs one warp on the body: `in` gives each lane 16 bytes %x0..%x3 at offset 16 lane, %y0..%y3 come out.
std::vector<uint16_t> moved(const std::string &body, const std::vector<uint16_t> &in, unsigned architecture) {
  const std::string text = header(architecture) + R"(
.visible .entry k(.param .u64 in, .param .u64 out)
{
  .reg .b32 %x<4>, %y<4>, %lane, %s, %row; .reg .b64 %p, %q; .shared .align 16 .b8 s[512];
  ld.param.u64 %p, [in]; ld.param.u64 %q, [out]; mov.u32 %lane, %tid.x; mov.u32 %s, s; mad.lo.u32 %row, %lane, 16, %s;
  mad.wide.u32 %p, %lane, 16, %p; mad.wide.u32 %q, %lane, 16, %q;
  ld.global.v4.b32 {%x0,%x1,%x2,%x3}, [%p]; mov.b32 %y0, 0; mov.b32 %y1, 0; mov.b32 %y2, 0; mov.b32 %y3, 0;
)" + body + "\n  st.global.v4.b32 [%q], {%y0,%y1,%y2,%y3}; ret;\n}\n";
  assemble(text, architecture);
  Session run(text, architecture);
  EXPECT_TRUE(run.loaded()) << run.error;
  const uint64_t out = run.upload(std::vector<uint16_t>(256));
  const LaunchResult r = run.launch("k", {{1, 1, 1}, {32, 1, 1}}, Params().add(run.upload(in)).add(out));
  EXPECT_TRUE(r.ok);
  return run.download<uint16_t>(out, 256);
}

TEST(Matrix, LoadsStoresAndTransposes) {
  std::vector<uint16_t> in(256);
  for (unsigned i = 0; i < 256; ++i)
    in[i] = static_cast<uint16_t>(i * 7 + 1);
  const std::string rows = "st.shared.v4.b32 [%row], {%x0,%x1,%x2,%x3}; bar.warp.sync -1; ";
  const std::string back = " bar.warp.sync -1; ld.shared.v4.b32 {%y0,%y1,%y2,%y3}, [%row];";
  for (const bool transpose : {false, true}) {
    const std::string t = transpose ? ".trans" : "";
    const auto loaded =
        moved(rows + "ldmatrix.sync.aligned.m8n8.x4" + t + ".shared.b16 {%y0,%y1,%y2,%y3}, [%row];", in, 80);
    const auto stored =
        moved("stmatrix.sync.aligned.m8n8.x4" + t + ".shared.b16 [%row], {%x0,%x1,%x2,%x3};" + back, in, 90);
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned matrix = 0; matrix < 4; ++matrix)
        for (unsigned half = 0; half < 2; ++half) {
          const unsigned g = lane / 4, c = 2 * (lane % 4) + half;
          // Row r of matrix i is what lane 8 i + r points at.
          const unsigned element = (8 * matrix + (transpose ? c : g)) * 8 + (transpose ? g : c);
          EXPECT_EQ(loaded[lane * 8 + 2 * matrix + half], in[element]);
          EXPECT_EQ(stored[element], in[lane * 8 + 2 * matrix + half]);
        }
  }
  const auto turned = moved("movmatrix.sync.aligned.m8n8.trans.b16 %y0, %x0;", in, 80);
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned half = 0; half < 2; ++half) { // element (g, c) comes from the lane that holds (c, g)
      const unsigned g = lane / 4, c = 2 * (lane % 4) + half;
      EXPECT_EQ(turned[lane * 8 + half], in[(4 * c + g / 2) * 8 + g % 2]);
    }
}

/// Random bits: ordinary numbers, denormals, infinities and NaNs of either format.
TEST(Mma, VectorWidthsAgree) {
  if (!hasWideVectors())
    GTEST_SKIP() << "*** SKIPPED: no AVX-512 here ***";
  std::mt19937 random(7);
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<uint32_t> bits(10 * 32);
    for (uint32_t &v : bits)
      v = static_cast<uint32_t>(random()) & (trial % 2 ? 0x9fff9fff : ~0u); // smaller ones do not all overflow
    std::vector<float> narrow(4 * 32), wide(4 * 32);
    const uint32_t *a[4], *b[2] = {&bits[4 * 32], &bits[5 * 32]};
    const float *c[4];
    float *d[4], *e[4];
    for (int i = 0; i < 4; ++i) {
      a[i] = &bits[size_t(i) * 32];
      c[i] = reinterpret_cast<const float *>(&bits[(6 + size_t(i)) * 32]);
      d[i] = &narrow[size_t(i) * 32];
      e[i] = &wide[size_t(i) * 32];
    }
    multiply16816Narrow(a, b, c, d, trial & 2);
    multiply16816Wide(a, b, c, e, trial & 2);
    for (size_t i = 0; i < narrow.size(); ++i)
      if (narrow[i] == narrow[i]) // which NaN it is, PTX leaves open
        ASSERT_EQ(std::bit_cast<uint32_t>(narrow[i]), std::bit_cast<uint32_t>(wide[i])) << trial << " " << i;
      else
        ASSERT_NE(wide[i], wide[i]) << trial << " " << i;
  }
}

} // namespace
} // namespace muntin::emulator::test
