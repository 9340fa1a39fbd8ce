//===- MemoryTest.cpp - loads, stores, atomics, bounds --------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Harness.h"

#include <numeric>

namespace muntin::emulator::test {
namespace {

constexpr const char *Prologue = ".visible .entry k(.param .u64 p)\n{\n.reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .f32 "
                                 "%f<8>; .reg .b16 %h<4>; .reg .pred %q;\n"
                                 ".shared .align 16 .b8 s[256];\nld.param.u64 %rd1, [p]; mov.u32 %r1, %tid.x;\n";

struct Outcome {
  LaunchResult result;
  std::vector<uint32_t> data;
};

Outcome runBody(const std::string &body, std::vector<uint32_t> data, LaunchShape shape = {{1, 1, 1}, {32, 1, 1}},
                Options options = {}, unsigned architecture = 80) {
  const std::string text = header(architecture) + Prologue + body + "\nret;\n}\n";
  assemble(text, architecture);
  Session run(text, architecture, options);
  EXPECT_TRUE(run.loaded()) << run.error;
  if (!run.loaded())
    return {};
  const uint64_t at = run.upload(data);
  Outcome o{run.launch("k", shape, Params().add(at)), {}};
  o.data = run.download<uint32_t>(at, data.size());
  return o;
}

void expectFault(const Outcome &o, ReportKind kind, const std::string &words) {
  ASSERT_FALSE(o.result.ok) << words;
  EXPECT_EQ(info(o.result.reports[0].kind).name, info(kind).name);
  EXPECT_NE(o.result.reports[0].sentence().find(words), std::string::npos) << o.result.reports[0].sentence();
}

TEST(Memory, BoundsAreExactToTheByte) {
  // 100 words; lane 24 reads word 99, then one byte beyond.
  const std::vector<uint32_t> data(25);
  EXPECT_TRUE(runBody("setp.ne.u32 %q, %r1, 0; @%q bra E; ld.global.b32 %r2, [%rd1+96]; E:", data).result.ok);
  expectFault(runBody("ld.global.b8 %h1, [%rd1+100];", data), ReportKind::OutOfBounds,
              "100 bytes beyond the start of an allocation of 100 bytes");
  expectFault(runBody("mad.wide.u32 %rd2, %r1, 4, %rd1; ld.global.b32 %r2, [%rd2];", data), ReportKind::OutOfBounds,
              "lane 25");
  expectFault(runBody("st.global.b32 [%rd1+-4], %r1;", data), ReportKind::OutOfBounds, "4 bytes at");
  expectFault(runBody("ld.global.v2.b32 {%r2, %r3}, [%rd1+4];", data), ReportKind::Misaligned,
              "expected a multiple of 8");
  expectFault(runBody("mov.u32 %r2, s; ld.shared.b32 %r3, [%r2+256];", data), ReportKind::OutOfBounds,
              "shared memory, which has 256 bytes");
  expectFault(runBody("mov.b64 %rd3, 4096; ld.b32 %r3, [%rd3];", data), ReportKind::OutOfBounds,
              "no allocation is near");
}

TEST(Memory, UseAfterFree) {
  const std::string text = header() + Prologue + "ld.global.b32 %r2, [%rd1+8];\nret;\n}\n";
  Session run(text);
  const uint64_t at = run.upload(std::vector<uint32_t>(16));
  run.emulator.memory.release(at);
  const LaunchResult r = run.launch("k", {{1, 1, 1}, {1, 1, 1}}, Params().add(at));
  ASSERT_FALSE(r.ok);
  EXPECT_EQ(r.reports[0].kind, ReportKind::UseAfterFree);
  EXPECT_NE(r.reports[0].message.find("byte 8 of an allocation of 64 bytes that was freed"), std::string::npos);
}

TEST(Memory, UninitialisedReadsAreReportedNotFatal) {
  const std::string text =
      header() + Prologue +
      "ld.global.b32 %r2, [%rd1+8]; st.global.b32 [%rd1+12], %r2; ld.global.b32 %r3, [%rd1+12];\nret;\n}\n";
  Session run(text);
  const uint64_t at = run.emulator.allocate(64);
  const LaunchResult r = run.launch("k", {{1, 1, 1}, {1, 1, 1}}, Params().add(at));
  EXPECT_TRUE(r.ok);
  ASSERT_EQ(r.reports.size(), 1u); // what the kernel itself wrote is not reported
  EXPECT_EQ(r.reports[0].kind, ReportKind::UninitializedRead);
}

TEST(Memory, SharedMemoryStartsAsNan) {
  const Outcome o =
      runBody("mov.u32 %r2, s; ld.shared.b32 %r3, [%r2+16]; st.global.b32 [%rd1], %r3;", {0}, {{1, 1, 1}, {1, 1, 1}});
  EXPECT_EQ(o.data[0], 0xffffffffu);
}

TEST(Memory, WidthsAndVectors) {
  const Outcome o = runBody(R"(
  setp.ne.u32 %q, %r1, 0; @%q bra E;
  ld.global.s8 %r2, [%rd1]; ld.global.u8 %r3, [%rd1]; ld.global.s16 %r4, [%rd1]; ld.global.u16 %r5, [%rd1];
  st.global.v4.b32 [%rd1+16], {%r2, %r3, %r4, %r5};
  ld.global.s32 %rd2, [%rd1]; st.global.b64 [%rd1+32], %rd2;
  ld.global.nc.L1::no_allocate.v2.u32 {%r6, %r7}, [%rd1]; st.global.v2.u32 [%rd1+40], {%r7, %r6};
  st.global.b8 [%rd1+48], %r2; st.global.b16 [%rd1+50], %r2;
E:)",
                            {0xffff9280, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  ASSERT_TRUE(o.result.ok) << o.result.reports[0].sentence();
  EXPECT_EQ(o.data[4], 0xffffff80u);
  EXPECT_EQ(o.data[5], 0x80u);
  EXPECT_EQ(o.data[6], 0xffff9280u);
  EXPECT_EQ(o.data[7], 0x9280u);
  EXPECT_EQ(o.data[8], 0xffff9280u);
  EXPECT_EQ(o.data[9], 0xffffffffu);
  EXPECT_EQ(o.data[10], 5u);
  EXPECT_EQ(o.data[11], 0xffff9280u);
  EXPECT_EQ(o.data[12], 0xff800080u);
}

TEST(Memory, GenericAddressesAndWindows) {
  const Outcome o = runBody(R"(
  .local .align 8 .b8 l[16];
  mov.u32 %r2, s; cvt.u64.u32 %rd2, %r2; cvta.shared.u64 %rd3, %rd2; mad.wide.u32 %rd3, %r1, 4, %rd3;
  st.b32 [%rd3], %r1;
  mov.u64 %rd4, l; st.local.b32 [%rd4+4], 77; cvta.local.u64 %rd5, %rd4; ld.b32 %r5, [%rd5+4];
  isspacep.shared %q, %rd3; selp.b32 %r6, 1000, 0, %q; isspacep.local %q, %rd5; selp.b32 %r7, 2000, 0, %q;
  isspacep.global %q, %rd1; selp.b32 %r8, 4000, 0, %q;
  bar.sync 0; xor.b32 %r3, %r1, 1; mad.lo.u32 %r3, %r3, 4, %r2; ld.shared.b32 %r4, [%r3];
  add.u32 %r4, %r4, %r5; add.u32 %r4, %r4, %r6; add.u32 %r4, %r4, %r7; add.u32 %r4, %r4, %r8;
  mad.wide.u32 %rd6, %r1, 4, %rd1; st.global.b32 [%rd6], %r4;)",
                            std::vector<uint32_t>(32));
  ASSERT_TRUE(o.result.ok) << o.result.reports[0].sentence();
  for (unsigned i = 0; i < 32; ++i)
    EXPECT_EQ(o.data[i], (i ^ 1) + 7077);
}

TEST(Memory, Atomics) {
  struct Case {
    std::string op, operand;
    uint32_t start, want;
  };
  // 64 lanes in two CTAs; the result does not depend on their order.
  const Case cases[] = {{"add.u32", "%r1", 5, 5 + 2 * 496}, {"min.s32", "%r2", 5, static_cast<uint32_t>(-31)},
                        {"max.u32", "%r1", 5, 31},          {"or.b32", "%r1", 64, 95},
                        {"and.b32", "%r1", 0xff, 0},        {"xor.b32", "%r1", 3, 3},
                        {"inc.u32", "6", 0, 64 % 7},        {"add.f32", "0f3F000000", 0x3f800000, 0x42040000}};
  for (const Case &c : cases)
    for (const std::string form : {"atom.global.", "red.global."}) {
      const std::string type = c.op.substr(c.op.find('.') + 1), to = type == "f32" ? "%f1" : "%r3";
      const Outcome o = runBody("neg.s32 %r2, %r1; " + form + c.op + " " + (form[0] == 'a' ? to + ", " : "") +
                                    "[%rd1], " + c.operand + ";",
                                {c.start}, {{2, 1, 1}, {32, 1, 1}});
      ASSERT_TRUE(o.result.ok);
      EXPECT_EQ(o.data[0], c.want) << form << c.op;
    }
  // Pairs, halves and vectors.
  EXPECT_EQ(runBody("mov.b32 %r2, 0x3c003c00; red.global.add.noftz.f16x2 [%rd1], %r2;", {0}).data[0], 0x50005000u);
  EXPECT_EQ(
      runBody("mov.b32 %r2, 0x3f803f80; red.global.add.noftz.bf16x2 [%rd1], %r2;", {0}, {{1, 1, 1}, {32, 1, 1}}, {}, 90)
          .data[0],
      0x42004200u);
  const auto vector =
      runBody("mov.f32 %f1, 0f3F800000; mov.f32 %f2, 0f40000000; red.global.add.v2.f32 [%rd1], {%f1, %f2};", {0, 0},
              {{1, 1, 1}, {32, 1, 1}}, {}, 90);
  EXPECT_EQ(vector.data, (std::vector<uint32_t>{0x42000000, 0x42800000}));
  EXPECT_EQ(runBody("mov.b64 %rd2, 0d3FF0000000000000; red.global.add.f64 [%rd1], %rd2;", {0, 0}).data[1], 0x40400000u);
  // Compare and swap: exactly one lane wins.
  const auto cas = runBody(
      "atom.global.cas.b32 %r2, [%rd1], 0, 9; setp.eq.u32 %q, %r2, 0; @%q red.global.add.u32 [%rd1+4], 1;", {0, 0});
  EXPECT_EQ(cas.data, (std::vector<uint32_t>{9, 1}));
  EXPECT_EQ(runBody("mov.u32 %r2, s; st.shared.u32 [s], 0; bar.sync 0; red.shared.add.u32 [s], 2; bar.sync 0; "
                    "ld.shared.u32 %r3, [s]; st.global.b32 [%rd1], %r3;",
                    {0})
                .data[0],
            64u);
}

} // namespace
} // namespace muntin::emulator::test
