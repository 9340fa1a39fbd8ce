//===- ControlTest.cpp - divergence, calls, loops, ends -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Harness.h"

namespace muntin::emulator::test {
namespace {

TEST(Control, DivergentRecursion) {
  // Fibonacci by recursion, a different argument in each lane.
  const std::string text = header() + R"(
.func (.param .b32 result) fib(.param .b32 n)
{
  .reg .b32 %r<8>; .reg .pred %p;
  ld.param.b32 %r1, [n];
  mov.b32 %r5, %r1;
  setp.lt.s32 %p, %r1, 2;
  @%p bra END;
  add.s32 %r2, %r1, -1;
  { .param .b32 a; .param .b32 b; st.param.b32 [a], %r2; call.uni (b), fib, (a); ld.param.b32 %r3, [b]; }
  add.s32 %r2, %r1, -2;
  { .param .b32 a; .param .b32 b; st.param.b32 [a], %r2; call.uni (b), fib, (a); ld.param.b32 %r4, [b]; }
  add.s32 %r5, %r3, %r4;
END:
  st.param.b32 [result], %r5;
  ret;
}
.visible .entry k(.param .u64 out)
{
  .reg .b32 %r<8>; .reg .b64 %rd<4>;
  mov.u32 %r1, %tid.x;
  { .param .b32 a; .param .b32 b; st.param.b32 [a], %r1; call (b), fib, (a); ld.param.b32 %r2, [b]; }
  ld.param.u64 %rd1, [out];
  mad.wide.u32 %rd1, %r1, 4, %rd1;
  st.global.b32 [%rd1], %r2;
  ret;
})";
  assemble(text, 80);
  Session run(text);
  ASSERT_TRUE(run.loaded()) << run.error;
  const uint64_t out = run.upload(std::vector<uint32_t>(16));
  ASSERT_TRUE(run.launch("k", {{1, 1, 1}, {16, 1, 1}}, Params().add(out)).ok);
  uint32_t a = 0, b = 1;
  for (const uint32_t v : run.download<uint32_t>(out, 16)) {
    EXPECT_EQ(v, a);
    a = std::exchange(b, a + b);
  }
}

TEST(Control, SpinLockWithinAWarp) {
  // Each lane takes the lock in turn; without rotation the spinning lanes would starve the holder.
  const std::string text = header() + R"(
.visible .entry k(.param .u64 lock, .param .u64 count)
{
  .reg .b32 %r<8>; .reg .b64 %rd<4>; .reg .pred %p;
  ld.param.u64 %rd1, [lock]; ld.param.u64 %rd2, [count];
SPIN:
  atom.global.cas.b32 %r1, [%rd1], 0, 1;
  setp.ne.b32 %p, %r1, 0;
  @%p bra SPIN;
  ld.volatile.global.u32 %r2, [%rd2]; add.u32 %r2, %r2, 1; st.volatile.global.u32 [%rd2], %r2;
  membar.gl;
  atom.global.exch.b32 %r3, [%rd1], 0;
  ret;
})";
  assemble(text, 80);
  for (const CheckLevel check : {CheckLevel::Memory, CheckLevel::Race}) {
    Options options;
    options.check = check;
    options.stepLimit = 10'000'000;
    Session run(text, 80, options);
    ASSERT_TRUE(run.loaded()) << run.error;
    const uint64_t lock = run.upload(std::vector<uint32_t>(1)), count = run.upload(std::vector<uint32_t>(1));
    const LaunchResult r = run.launch("k", {{3, 1, 1}, {96, 1, 1}}, Params().add(lock).add(count));
    ASSERT_TRUE(r.ok) << r.reports[0].sentence();
    EXPECT_EQ(run.download<uint32_t>(count, 1)[0], 288u);
  }
}

TEST(Control, JumpTables) {
  const std::string text = header() + R"(
.visible .entry k(.param .u64 out)
{
  .reg .b32 %r<8>; .reg .b64 %rd<4>;
  mov.u32 %r1, %tid.x; and.b32 %r2, %r1, 3;
  ts: .branchtargets A, B, C, A;
  mov.b32 %r3, 0;
  brx.idx %r2, ts;
A: add.s32 %r3, %r3, 10; bra END;
B: add.s32 %r3, %r3, 20; bra END;
C: add.s32 %r3, %r3, 30;
END:
  ld.param.u64 %rd1, [out]; mad.wide.u32 %rd1, %r1, 4, %rd1; st.global.b32 [%rd1], %r3; ret;
})";
  assemble(text, 80);
  Session run(text);
  ASSERT_TRUE(run.loaded()) << run.error;
  const uint64_t out = run.upload(std::vector<uint32_t>(32));
  ASSERT_TRUE(run.launch("k", {{1, 1, 1}, {32, 1, 1}}, Params().add(out)).ok);
  const auto got = run.download<uint32_t>(out, 32);
  for (unsigned i = 0; i < 32; ++i)
    EXPECT_EQ(got[i], i % 4 == 1 ? 20u : i % 4 == 2 ? 30u : 10u);
}

TEST(Control, LoopsOfDifferentLengthsReconverge) {
  // After the loop, a full-mask shuffle proves that the lanes are together again.
  const std::string text = header() + R"(
.visible .entry k(.param .u64 out)
{
  .reg .b32 %r<8>; .reg .b64 %rd<4>; .reg .pred %p;
  mov.u32 %r1, %tid.x; mov.b32 %r2, 0; mov.b32 %r3, 0;
LOOP: add.s32 %r3, %r3, %r2; add.s32 %r2, %r2, 1; setp.le.u32 %p, %r2, %r1; @%p bra LOOP;
  shfl.sync.bfly.b32 %r4, %r3, 1, 31, -1;
  ld.param.u64 %rd1, [out]; mad.wide.u32 %rd1, %r1, 4, %rd1; st.global.b32 [%rd1], %r4; ret;
})";
  assemble(text, 80);
  Session run(text);
  ASSERT_TRUE(run.loaded()) << run.error;
  const uint64_t out = run.upload(std::vector<uint32_t>(32));
  ASSERT_TRUE(run.launch("k", {{1, 1, 1}, {32, 1, 1}}, Params().add(out)).ok);
  const auto got = run.download<uint32_t>(out, 32);
  for (unsigned i = 0; i < 32; ++i)
    EXPECT_EQ(got[i], (i ^ 1) * ((i ^ 1) + 1) / 2);
}

TEST(Control, SpecialRegistersAreReadByActiveLanesOnly) {
  const std::string text = header() + R"(
.visible .entry k(.param .u64 out)
{
  .reg .b32 %r<8>; .reg .b64 %rd<4>; .reg .pred %p;
  mov.u32 %r1, %tid.x; and.b32 %r2, %r1, 1; setp.eq.u32 %p, %r2, 0; mov.u32 %r3, 77; mov.u32 %r4, 78;
  @%p mov.u32 %r3, %tid.x;
  @%p mov.u32 %r4, %ntid.x;
  ld.param.u64 %rd1, [out]; mad.wide.u32 %rd1, %r1, 8, %rd1; st.global.v2.b32 [%rd1], {%r3, %r4}; ret;
})";
  assemble(text, 80);
  Session run(text);
  ASSERT_TRUE(run.loaded()) << run.error;
  const uint64_t out = run.upload(std::vector<uint32_t>(64));
  ASSERT_TRUE(run.launch("k", {{1, 1, 1}, {32, 1, 1}}, Params().add(out)).ok);
  const auto got = run.download<uint32_t>(out, 64);
  for (unsigned i = 0; i < 32; ++i) {
    EXPECT_EQ(got[2 * i], i % 2 ? 77 : i);
    EXPECT_EQ(got[2 * i + 1], i % 2 ? 78u : 32u);
  }
}

LaunchResult runBody(const std::string &body, uint32_t threads, Options options = {}) {
  const std::string text = header() +
                           ".visible .entry k()\n{\n.reg .b32 %r<8>;\n.reg .b64 %rd<8>;\n.reg .pred %p<4>;\n.shared "
                           ".align 16 .b8 s[1024];\n" +
                           body + "\nret;\n}\n";
  assemble(text, 80);
  Session run(text, 80, options);
  EXPECT_TRUE(run.loaded()) << run.error;
  return run.loaded() ? run.launch("k", {{1, 1, 1}, {threads, 1, 1}}, {}) : LaunchResult();
}

void expectFault(const LaunchResult &r, ReportKind kind, const std::string &words, uint32_t line = 0) {
  ASSERT_FALSE(r.ok);
  ASSERT_FALSE(r.reports.empty());
  EXPECT_EQ(info(r.reports[0].kind).name, info(kind).name);
  EXPECT_NE(r.reports[0].sentence().find(words), std::string::npos) << r.reports[0].sentence();
  if (line)
    EXPECT_EQ(r.reports[0].line, line);
}

TEST(Control, Faults) {
  expectFault(runBody("trap;", 32), ReportKind::Trap, "the kernel trapped", 10);
  Options few;
  few.stepLimit = 1000000;
  expectFault(runBody("L: bra L;", 32, few), ReportKind::StepLimit, "this is where it runs", 10);
  expectFault(runBody("mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 32; @%p1 bra L; bar.sync 0; L: bar.sync 1;", 64),
              ReportKind::Deadlock, "waits at barrier");
  expectFault(
      runBody("mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 16; @%p1 bra L; bar.sync 0; bra E; L: bar.sync 1; E:", 32),
      ReportKind::BarrierMisuse, "waits for lanes of its warp");
  expectFault(runBody("mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 16; @%p1 bar.sync 0;", 32), ReportKind::BarrierMisuse,
              "their guard is false");
  expectFault(runBody("mov.b32 %r1, 48; bar.sync 1, %r1;", 64), ReportKind::BarrierMisuse, "a thread count of 48");
  expectFault(runBody("mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 32; @%p1 bar.sync 1, 64; @!%p1 bar.sync 1, 96;", 96),
              ReportKind::BarrierMisuse, "differs from that of the warps");
  expectFault(runBody("mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 16; @%p1 shfl.sync.idx.b32 %r2, %r1, 0, 31, -1;", 32),
              ReportKind::BarrierMisuse, "their guard is false");
}

TEST(Control, BarriersCountRight) {
  // A producer warp arrives, a consumer warp waits; then a reduction over all.
  const LaunchResult r = runBody(R"(
  mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 32;
  @%p1 st.shared.u32 [s], 5;
  @%p1 bar.arrive 3, 64;
  @!%p1 bar.sync 3, 64;
  @!%p1 ld.shared.u32 %r2, [s];
  setp.eq.u32 %p2, %r1, 7;
  bar.red.popc.u32 %r3, 0, %p2;
  setp.ne.u32 %p3, %r3, 1; @%p3 trap;
  bar.red.or.pred %p3, 0, %p2; @!%p3 trap;
  bar.red.and.pred %p3, 0, %p2; @%p3 trap;
  barrier.sync 2;)",
                                 64);
  EXPECT_TRUE(r.ok) << r.reports[0].sentence();
}

} // namespace
} // namespace muntin::emulator::test
