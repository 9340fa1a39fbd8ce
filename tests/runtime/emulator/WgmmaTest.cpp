//===- WgmmaTest.cpp - wgmma's layouts and hazards -------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Harness.h"

#include <cstring>
#include <random>

namespace muntin::emulator::test {
namespace {

/// A product of one instruction: D[64][n] = A[64][k] B[k][n].
struct Product {
  std::string type;
  unsigned n, k, bytes;
  unsigned swizzle; ///< as in tensor maps: 0 none, 1 32, 2 64, 3 128
  bool transposeA, transposeB, registersA;
  uint64_t (*bits)(float);
  std::string typeB = {}; ///< where it is another one
  uint64_t (*bitsB)(float) = nullptr;
};

/// The image of a matrix in shared memory in the canonical layout: `rows` of M or N. Offsets come out for the
/// descriptor.
std::vector<uint8_t> image(const Product &g, const std::vector<float> &values, unsigned rows, bool mnMajor,
                           uint32_t &leading, uint32_t &stride) {
  const unsigned span = g.swizzle ? 16u << g.swizzle : 16, per = span / g.bytes;
  std::vector<uint8_t> out(size_t(std::max(rows, 64u)) * 256);
  // K-major: groups of 8 rows, each row `span` bytes of k. MN-major: groups of 8 k, each k `span` bytes of rows.
  if (!mnMajor) {
    stride = 8 * span * (g.swizzle ? 1 : g.k * g.bytes / 16);
    leading = g.swizzle ? 16 : 128;
  } else if (g.swizzle) {
    stride = 8 * span;
    leading = stride * (g.k / 8);
  } else {
    leading = 128 * (rows / 8);
    stride = 128;
  }
  for (unsigned r = 0; r < rows; ++r)
    for (unsigned k = 0; k < g.k; ++k) {
      unsigned at;
      if (!mnMajor) {
        const unsigned chunk = k * g.bytes / 16, inner = k * g.bytes % 16;
        at = g.swizzle ? (r / 8) * stride + (r % 8) * span + 16 * place(g.swizzle, r, chunk) + inner
                       : (r / 8) * stride + chunk * leading + (r % 8) * 16 + inner;
      } else {
        const unsigned group = r / per, chunk = r % per * g.bytes / 16, inner = r * g.bytes % 16;
        at = g.swizzle ? group * leading + (k / 8) * stride + (k % 8) * span + 16 * place(g.swizzle, k, chunk) + inner
                       : (r / 8) * stride + (k / 8) * leading + (k % 8) * 16 + inner;
      }
      const uint64_t bits = g.bits(values[r * g.k + k]);
      std::memcpy(&out[at], &bits, g.bytes);
    }
  return out;
}

uint64_t descriptor(uint32_t start, uint32_t leading, uint32_t stride, unsigned swizzle) {
  const uint64_t code = swizzle ? 4 - swizzle : 0; // 1 is 128 B, 3 is 32 B
  return (start >> 4) | uint64_t(leading >> 4) << 16 | uint64_t(stride >> 4) << 32 | code << 62;
}

/// All of shared memory is loaded, one product made onto sums of 2, the accumulators stored thread by thread.
std::string textOf(const Product &g) {
  std::string list, fragment = "%a0,%a1,%a2,%a3", loads, stores;
  for (unsigned i = 0; i < g.n / 2; ++i) {
    list += (i ? ",%f" : "%f") + std::to_string(i);
    loads += "mov.f32 %f" + std::to_string(i) + ", 0f40000000;\n";
    stores += "st.global.f32 [%rd4+" + std::to_string(4 * i) + "], %f" + std::to_string(i) + ";\n";
  }
  const bool sixteen = g.type == "bf16" || g.type == "f16";
  const std::string flags = sixteen ? std::string(", ") +
                                          (g.registersA   ? ""
                                           : g.transposeA ? "1, "
                                                          : "0, ") +
                                          (g.transposeB ? "1" : "0")
                                    : "";
  const std::string text =
      header(90) +
      ".visible .entry k(.param .u64 in, .param .u64 frag, .param .u64 out, .param .u64 da, .param .u64 db)\n{\n.reg "
      ".f32 %f<" +
      std::to_string(g.n / 2) +
      ">; .reg .b32 %a<4>; .reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .pred %p, %q;\n.shared .align 1024 .b8 s[98304];\n"
      "mov.u32 %r1, %tid.x; ld.param.u64 %rd1, [in]; shl.b32 %r2, %r1, 4; mov.u32 %r3, s; cvt.u64.u32 %rd2, %r2; "
      "add.u64 %rd1, %rd1, %rd2; add.u32 %r3, %r3, %r2; mov.b32 %r4, 0;\n"
      "L: ld.global.v4.b32 {%r5,%r6,%r7,%r8}, [%rd1]; st.shared.v4.b32 [%r3], {%r5,%r6,%r7,%r8}; add.u64 %rd1, %rd1, "
      "2048; add.u32 %r3, %r3, 2048; add.u32 %r4, %r4, 1; setp.lt.u32 %q, %r4, 48; @%q bra L;\n"
      "ld.param.u64 %rd3, [frag]; add.u64 %rd3, %rd3, %rd2; ld.global.v4.b32 {" +
      fragment + "}, [%rd3]; ld.param.u64 %rd5, [da]; ld.param.u64 %rd6, [db]; setp.eq.u32 %p, 0, 0;\n" + loads +
      "fence.proxy.async.shared::cta; bar.sync 0; wgmma.fence.sync.aligned;\nwgmma.mma_async.sync.aligned.m64n" +
      std::to_string(g.n) + "k" + std::to_string(g.k) + ".f32." + g.type + "." + (g.typeB.empty() ? g.type : g.typeB) +
      " {" + list + "}, " + (g.registersA ? "{" + fragment + "}" : "%rd5") + ", %rd6, %p, 1, 1" + flags +
      ";\nwgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;\n"
      "ld.param.u64 %rd4, [out]; mul.wide.u32 %rd7, %r1, " +
      std::to_string(g.n * 2) + "; add.u64 %rd4, %rd4, %rd7;\n" + stores + "ret;\n}\n";
  std::string with = text;
  with.replace(with.find(".shared .align 1024 .b8 s[98304];"), 33,
               ".shared .align 1024 .b8 s[40960];"); // static shared memory is limited
  with.replace(with.find("%r4, 48;"), 8, "%r4, 20;");
  return with;
}

/// A in registers: register i of lane 4g + t holds row g + 8 (i % 2) of its warp's 16, k from (i / 2) half of k on.
std::vector<uint32_t> fragmentsOf(const Product &g, const std::vector<float> &a) {
  std::vector<uint32_t> fragment4(128 * 4);
  const unsigned parts = 4 / g.bytes;
  for (unsigned row = 0; row < 64; ++row)
    for (unsigned k = 0; k < g.k; ++k) {
      const unsigned thread = row / 16 * 32 + row % 8 * 4 + k / parts % 4, i = row / 8 % 2 + 2 * (k / (4 * parts));
      fragment4[thread * 4 + i] |= static_cast<uint32_t>(g.bits(a[row * g.k + k]) << (8 * g.bytes * (k % parts)));
    }
  return fragment4;
}

void check(const Product &g) {
  const std::string with = textOf(g);
  assemble(with, 90);
  std::mt19937 random(3);
  std::vector<float> a(64 * g.k), b(size_t(g.n) * g.k);
  for (auto *v : {&a, &b})
    for (float &x : *v)
      x = static_cast<float>(static_cast<int>(random() % 9) - 4);
  uint32_t leadA = 0, strideA = 0, leadB = 0, strideB = 0;
  std::vector<uint8_t> memory = image(g, a, 64, g.transposeA, leadA, strideA);
  memory.resize(8192);
  Product right = g;
  right.bits = g.bitsB ? g.bitsB : g.bits;
  const std::vector<uint8_t> second = image(right, b, g.n, g.transposeB, leadB, strideB);
  memory.insert(memory.end(), second.begin(), second.end());
  memory.resize(40960);
  const std::vector<uint32_t> fragment4 = fragmentsOf(g, a);
  for (const AsyncMode mode : modes) {
    Options options;
    options.async = mode;
    options.check = CheckLevel::Race;
    Session run(with, 90, options);
    ASSERT_TRUE(run.loaded()) << run.error;
    const uint64_t in = run.upload(memory), frag = run.upload(fragment4),
                   out = run.upload(std::vector<float>(64 * g.n));
    const LaunchResult r = run.launch("k", {{1, 1, 1}, {128, 1, 1}},
                                      Params()
                                          .add(in)
                                          .add(frag)
                                          .add(out)
                                          .add(descriptor(0, leadA, strideA, g.swizzle))
                                          .add(descriptor(8192, leadB, strideB, g.swizzle)));
    ASSERT_TRUE(r.ok) << r.reports[0].sentence();
    const auto got = run.download<float>(out, 64 * g.n);
    for (unsigned row = 0; row < 64; ++row)
      for (unsigned n = 0; n < g.n; ++n) {
        float want = 2;
        for (unsigned k = 0; k < g.k; ++k)
          want += a[row * g.k + k] * b[n * g.k + k];
        const unsigned thread = row / 16 * 32 + row % 8 * 4 + n / 2 % 4, i = n % 2 + 2 * (row / 8 % 2) + 4 * (n / 8);
        ASSERT_EQ(got[thread * (g.n / 2) + i], want)
            << g.type << " swizzle " << g.swizzle << " " << g.transposeA << g.transposeB << g.registersA << " row "
            << row << " column " << n;
      }
  }
}

TEST(Wgmma, WgmmaLayouts) {
  const auto bf16 = [](float v) -> uint64_t { return std::bit_cast<uint32_t>(v) >> 16; };
  const auto f16 = [](float v) -> uint64_t { return std::bit_cast<uint16_t>(static_cast<_Float16>(v)); };
  const auto tf32 = [](float v) -> uint64_t { return std::bit_cast<uint32_t>(v); };
  for (unsigned swizzle = 0; swizzle < 4; ++swizzle)
    for (const bool ta : {false, true})
      for (const bool tb : {false, true})
        check({"bf16", 64, 16, 2, swizzle, ta, tb, false, bf16});
  check({"f16", 128, 16, 2, 3, false, true, false, f16});
  check({"f16", 128, 16, 2, 3, false, true, true, f16});
  check({"bf16", 8, 16, 2, 3, false, false, true, bf16});
  check({"bf16", 24, 16, 2, 2, false, false, false, bf16});
  check({"tf32", 64, 8, 4, 3, false, false, false, tf32});
  check({"tf32", 32, 8, 4, 1, false, false, true, tf32});
  // Eight bits: -4 .. 4 by hand.
  const auto e4m3 = [](float v) -> uint64_t {
    static constexpr unsigned magnitude[] = {0, 0x38, 0x40, 0x44, 0x48};
    return magnitude[static_cast<int>(std::abs(v))] | (v < 0 ? 0x80 : 0);
  };
  const auto e5m2 = [](float v) -> uint64_t {
    static constexpr unsigned magnitude[] = {0, 0x3c, 0x40, 0x42, 0x44};
    return magnitude[static_cast<int>(std::abs(v))] | (v < 0 ? 0x80 : 0);
  };
  check({"e4m3", 64, 32, 1, 3, false, false, false, e4m3});
  check({"e5m2", 64, 32, 1, 2, false, false, true, e5m2});
  check({"e5m2", 64, 32, 1, 3, false, false, false, e5m2, "e4m3", e4m3});
  check({"e4m3", 32, 32, 1, 3, false, false, true, e4m3, "e5m2", e5m2});
}

TEST(Wgmma, RegistersUnderWayAreAHazard) {
  const std::string begin = header(90) +
                            ".visible .entry k()\n{\n.reg .f32 %f<8>; .reg .b64 %rd<4>; .reg .pred %p;\n.shared .align "
                            "1024 .b8 s[8192];\nsetp.eq.u32 %p, 0, 0; mov.b64 %rd1, 4611686293305360384;\n"
                            "mov.f32 %f0, 0f00000000; mov.f32 %f1, %f0; mov.f32 %f2, %f0; mov.f32 %f3, %f0;\n";
  const std::string
      fence = "wgmma.fence.sync.aligned;\n",
      product = "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f0,%f1,%f2,%f3}, %rd1, %rd1, %p, 1, 1, 0, 0;\n",
      commit = "wgmma.commit_group.sync.aligned;\n", wait = "wgmma.wait_group.sync.aligned 0;\n", end = "ret;\n}\n";
  const auto run = [&](const std::string &body) {
    Options options;
    options.check = CheckLevel::Race;
    Session s(begin + body + end, 90, options);
    EXPECT_TRUE(s.loaded()) << s.error;
    const LaunchResult r = s.launch("k", {{1, 1, 1}, {128, 1, 1}, {1, 1, 1}, 8192}, {});
    return r.ok ? std::string() : r.reports[0].sentence();
  };
  EXPECT_EQ(run(fence + product + commit + wait + "add.f32 %f4, %f0, %f1;\n"), "");
  EXPECT_NE(run(fence + product + commit + "add.f32 %f4, %f0, %f1;\n" + wait).find("reads an accumulator of a wgmma"),
            std::string::npos);
  EXPECT_NE(run(fence + product + commit + "mov.f32 %f0, %f4;\n" + wait).find("writes a register of a wgmma"),
            std::string::npos);
  EXPECT_NE(run(product + commit + wait).find("since the last wgmma.fence"), std::string::npos);
  EXPECT_EQ(run(fence + product + product + commit + wait), "");
}

} // namespace
} // namespace muntin::emulator::test
