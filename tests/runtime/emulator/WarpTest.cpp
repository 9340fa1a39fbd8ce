//===- WarpTest.cpp - shuffles, votes, matches, matrices, products --------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Harness.h"

#include <cmath>
#include <random>

namespace muntin::emulator::test {
namespace {

/// One warp; 32 inputs per lane-word.
std::vector<uint64_t> warp(const Form &form, const std::function<Inputs(unsigned)> &input, unsigned architecture = 80) {
  std::vector<Inputs> in;
  for (unsigned i = 0; i < 32; ++i)
    in.push_back(input(i));
  return evaluate(form, in, architecture);
}

TEST(Warp, Shuffles) {
  const auto value = [](unsigned i) { return Inputs{100 + i}; };
  auto got = warp({"shfl.sync.up.b32 %d, %a, 3, 0, -1;", "b32", "b32"}, value);
  for (unsigned i = 0; i < 32; ++i)
    EXPECT_EQ(got[i], 100 + (i >= 3 ? i - 3 : i));
  got = warp({"shfl.sync.down.b32 %d|%p, %a, 5, 31, -1; @!%p mov.b32 %d, 7;", "b32", "b32"}, value);
  for (unsigned i = 0; i < 32; ++i)
    EXPECT_EQ(got[i], i + 5 <= 31 ? 105 + i : 7);
  got = warp({"shfl.sync.bfly.b32 %d, %a, 16, 31, -1;", "b32", "b32"}, value);
  for (unsigned i = 0; i < 32; ++i)
    EXPECT_EQ(got[i], 100 + (i ^ 16));
  // Segments of eight lanes: mask 0x18 in bits 8-12.
  got = warp({"shfl.sync.idx.b32 %d, %a, 3, 0x181f, -1;", "b32", "b32"}, value);
  for (unsigned i = 0; i < 32; ++i)
    EXPECT_EQ(got[i], 100 + i / 8 * 8 + 3);
}

TEST(Warp, VotesAndMatches) {
  const auto odd = [](unsigned i) { return Inputs{i & 1}; };
  for (const uint64_t v : warp({"vote.sync.ballot.b32 %d, %a, -1;", "b32", "pred"}, odd))
    EXPECT_EQ(v, 0xaaaaaaaau);
  for (const uint64_t v : warp({"vote.sync.any.pred %d, %a, -1;", "pred", "pred"}, odd))
    EXPECT_EQ(v, 1u);
  for (const uint64_t v : warp({"vote.sync.all.pred %d, %a, -1;", "pred", "pred"}, odd))
    EXPECT_EQ(v, 0u);
  for (const uint64_t v : warp({"vote.sync.uni.pred %d, %a, -1;", "pred", "pred"}, [](unsigned) { return Inputs{0}; }))
    EXPECT_EQ(v, 1u);
  const auto got = warp({"match.any.sync.b32 %d, %a, -1;", "b32", "b32"}, [](unsigned i) { return Inputs{i % 5}; });
  for (unsigned i = 0; i < 32; ++i) {
    uint64_t want = 0;
    for (unsigned j = i % 5; j < 32; j += 5)
      want |= 1ull << j;
    EXPECT_EQ(got[i], want);
  }
  for (const uint64_t v : warp({"match.all.sync.b64 %d|%p, %a, -1;", "b32", "b64"}, [](unsigned) { return Inputs{9}; }))
    EXPECT_EQ(v, 0xffffffffu);
  for (const uint64_t v : warp({"activemask.b32 %d;", "b32"}, odd))
    EXPECT_EQ(v, 0xffffffffu);
  for (const uint64_t v : warp({"elect.sync %d|%p, 0xffffffff;", "b32"}, odd, 90))
    EXPECT_EQ(v, 0u);
}

TEST(Warp, Redux) {
  const auto value = [](unsigned i) { return Inputs{(i * 2654435761u) & 0xffffffff}; };
  uint32_t sum = 0, all = ~0u, any = 0, odd = 0, most = 0;
  int32_t least = INT32_MAX;
  for (unsigned i = 0; i < 32; ++i) {
    const auto v = static_cast<uint32_t>(i * 2654435761u);
    sum += v, all &= v, any |= v, odd ^= v, most = std::max(most, v), least = std::min(least, static_cast<int32_t>(v));
  }
  const std::pair<const char *, uint32_t> cases[] = {{"add.u32", sum},  {"and.b32", all},
                                                     {"or.b32", any},   {"xor.b32", odd},
                                                     {"max.u32", most}, {"min.s32", static_cast<uint32_t>(least)}};
  for (const auto &[op, want] : cases)
    for (const uint64_t v : warp({std::string("redux.sync.") + op + " %d, %a, -1;", "b32", "b32"}, value))
      EXPECT_EQ(v, want) << op;
}

TEST(Warp, MatrixLoads) {
  // Four 8 x 8 matrices of halves; element (m, r, c) has the value 64 m + 8 r + c.
  for (const bool transpose : {false, true}) {
    const std::string text =
        header() +
        ".visible .entry k(.param .u64 in, .param .u64 out)\n{\n.reg .b32 %r<16>; .reg .b64 %rd<4>;\n"
        ".shared .align 16 .b8 s[512];\nmov.u32 %r1, %tid.x; ld.param.u64 %rd1, [in]; mad.wide.u32 %rd1, %r1, 16, "
        "%rd1;\n"
        "ld.global.v4.b32 {%r2,%r3,%r4,%r5}, [%rd1]; mov.u32 %r6, s; mad.lo.u32 %r6, %r1, 16, %r6; st.shared.v4.b32 "
        "[%r6], {%r2,%r3,%r4,%r5};\n"
        "bar.sync 0; ldmatrix.sync.aligned.m8n8.x4" +
        std::string(transpose ? ".trans" : "") +
        ".shared.b16 {%r7,%r8,%r9,%r10}, [%r6];\n"
        "ld.param.u64 %rd2, [out]; mad.wide.u32 %rd2, %r1, 16, %rd2; st.global.v4.b32 [%rd2], {%r7,%r8,%r9,%r10}; "
        "ret;\n}\n";
    assemble(text, 80);
    Session run(text);
    ASSERT_TRUE(run.loaded()) << run.error;
    std::vector<uint16_t> data(256);
    for (unsigned i = 0; i < 256; ++i)
      data[i] = static_cast<uint16_t>(i);
    const uint64_t in = run.upload(data), out = run.upload(std::vector<uint32_t>(128));
    ASSERT_TRUE(run.launch("k", {{1, 1, 1}, {32, 1, 1}}, Params().add(in).add(out)).ok);
    const auto got = run.download<uint16_t>(out, 256);
    for (unsigned m = 0; m < 4; ++m)
      for (unsigned r = 0; r < 8; ++r)
        for (unsigned c = 0; c < 8; ++c) {
          const unsigned row = transpose ? c : r, column = transpose ? r : c; // whose fragment place it has
          EXPECT_EQ(got[(row * 4 + column / 2) * 8 + 2 * m + column % 2], 64 * m + 8 * r + c);
        }
  }
}

struct Mma {
  std::string shape, types;
  unsigned k, bytes; ///< bytes of an input element
  float (*value)(uint64_t bits);
  uint64_t (*bits)(float value);
};

uint32_t f32Bits(float v) { return std::bit_cast<uint32_t>(v); }

/// D = A B + C on integers that every format holds, so that the result is exact.
void product(const Mma &m) {
  const unsigned parts = 4 / m.bytes, regsB = m.k / (4 * parts), regsA = 2 * regsB;
  std::string lists[2];
  for (unsigned i = 0; i < regsA; ++i)
    lists[0] += (i ? ", %r" : "%r") + std::to_string(10 + i);
  for (unsigned i = 0; i < regsB; ++i)
    lists[1] += (i ? ", %r" : "%r") + std::to_string(20 + i);
  std::string text =
      header() +
      ".visible .entry k(.param .u64 in, .param .u64 out)\n{\n.reg .b32 %r<32>; .reg .f32 %f<8>; .reg .b64 %rd<4>;\n"
      "mov.u32 %r1, %tid.x; ld.param.u64 %rd1, [in]; mad.wide.u32 %rd1, %r1, 64, %rd1;\n";
  for (unsigned i = 0; i < regsA; ++i)
    text += "ld.global.b32 %r" + std::to_string(10 + i) + ", [%rd1+" + std::to_string(4 * i) + "];\n";
  for (unsigned i = 0; i < regsB; ++i)
    text += "ld.global.b32 %r" + std::to_string(20 + i) + ", [%rd1+" + std::to_string(16 + 4 * i) + "];\n";
  for (unsigned i = 0; i < 4; ++i)
    text += "ld.global.f32 %f" + std::to_string(i) + ", [%rd1+" + std::to_string(32 + 4 * i) + "];\n";
  text += "mma.sync.aligned." + m.shape + ".row.col.f32." + m.types + ".f32 {%f0,%f1,%f2,%f3}, {" + lists[0] + "}, {" +
          lists[1] +
          "}, {%f0,%f1,%f2,%f3};\nld.param.u64 %rd2, [out]; mad.wide.u32 %rd2, %r1, 16, %rd2; st.global.v4.f32 [%rd2], "
          "{%f0,%f1,%f2,%f3}; ret;\n}\n";
  assemble(text, 80);
  Session run(text);
  ASSERT_TRUE(run.loaded()) << run.error;
  std::mt19937 random(7);
  const auto small = [&] { return static_cast<float>(static_cast<int>(random() % 17) - 8); };
  std::vector<float> a(16 * m.k), b(m.k * 8), c(16 * 8);
  for (auto *v : {&a, &b, &c})
    for (float &x : *v)
      x = small();
  // Where an element lives, from its coordinates: the ISA's figures read backwards.
  std::vector<uint32_t> in(32 * 16);
  const auto place = [&](unsigned lane, unsigned word, unsigned part, uint64_t bits) {
    in[lane * 16 + word] |= static_cast<uint32_t>(bits << (8 * m.bytes * part));
  };
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned k = 0; k < m.k; ++k)
      place((row % 8) * 4 + (k / parts) % 4, row / 8 + 2 * (k / (4 * parts)), k % parts, m.bits(a[row * m.k + k]));
  for (unsigned k = 0; k < m.k; ++k)
    for (unsigned n = 0; n < 8; ++n)
      place(n * 4 + (k / parts) % 4, 4 + k / (4 * parts), k % parts, m.bits(b[k * 8 + n]));
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned n = 0; n < 8; ++n)
      in[((row % 8) * 4 + n / 2) * 16 + 8 + 2 * (row / 8) + n % 2] = f32Bits(c[row * 8 + n]);
  const uint64_t inAt = run.upload(in), out = run.upload(std::vector<float>(128));
  ASSERT_TRUE(run.launch("k", {{1, 1, 1}, {32, 1, 1}}, Params().add(inAt).add(out)).ok);
  const auto got = run.download<float>(out, 128);
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned n = 0; n < 8; ++n) {
      float want = c[row * 8 + n];
      for (unsigned k = 0; k < m.k; ++k)
        want += a[row * m.k + k] * b[k * 8 + n];
      EXPECT_EQ(got[((row % 8) * 4 + n / 2) * 4 + 2 * (row / 8) + n % 2], want)
          << m.shape << m.types << row << " " << n;
    }
}

TEST(Warp, Products) {
  const auto bf16 = [](float v) -> uint64_t { return f32Bits(v) >> 16; };
  const auto f16 = [](float v) -> uint64_t { return std::bit_cast<uint16_t>(static_cast<_Float16>(v)); };
  const auto tf32 = [](float v) -> uint64_t { return f32Bits(v) | 0x1fff; }; // the low 13 bits are ignored
  product({"m16n8k16", "bf16.bf16", 16, 2, nullptr, bf16});
  product({"m16n8k16", "f16.f16", 16, 2, nullptr, f16});
  product({"m16n8k8", "bf16.bf16", 8, 2, nullptr, bf16});
  product({"m16n8k8", "f16.f16", 8, 2, nullptr, f16});
  product({"m16n8k8", "tf32.tf32", 8, 4, nullptr, tf32});
  product({"m16n8k4", "tf32.tf32", 4, 4, nullptr, tf32});
}

// Whatever the length of a warp's turn: lanes that took two ways and meet at a barrier go on together.
TEST(Warp, LanesThatMeetAtTheEndOfATurnGoOn) {
  const std::string text = header() + R"(
.visible .entry k(.param .u64 out) {
  .reg .b32 %r<5>; .reg .b64 %rd<3>; .reg .pred %p, %q;
  mov.u32 %r0, %tid.x; and.b32 %r1, %r0, 31; mov.u32 %r2, 0; mov.u32 %r3, 0; setp.ge.u32 %p, %r1, 5;
AGAIN:
  @!%p bra DETOUR; // to code further on: the other lanes wait at the barrier first
MEET:
  bar.sync 0;
  add.u32 %r3, %r3, 1; setp.lt.u32 %q, %r3, 50; @%q bra AGAIN;
  ld.param.u64 %rd1, [out]; mad.wide.u32 %rd1, %r0, 4, %rd1; st.global.b32 [%rd1], %r3;
  ret;
DETOUR:
  add.u32 %r2, %r2, 1; bra MEET;
})";
  for (uint64_t seed = 0; seed < 32; ++seed) {
    Session session(text, 80, {.async = AsyncMode::Random, .seed = seed});
    ASSERT_TRUE(session.loaded());
    const uint64_t out = session.upload(std::vector<uint32_t>(64));
    LaunchShape shape;
    shape.block[0] = 64;
    ASSERT_TRUE(session.launch("k", shape, Params().add(out)).ok) << "seed " << seed;
    EXPECT_EQ(session.download<uint32_t>(out, 64), std::vector<uint32_t>(64, 50));
  }
}

} // namespace
} // namespace muntin::emulator::test
