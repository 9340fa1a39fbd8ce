//===- RaceTest.cpp - programs that break the rules, and their correct twins -===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Harness.h"

namespace muntin::emulator::test {
namespace {

struct Program {
  std::string name, body;
  ReportKind kind;
  std::string words; ///< of the report; empty: correct
  unsigned architecture = 80;
  uint32_t threads = 64;
};

void check(const Program &p) {
  const std::string text =
      header(p.architecture) +
      ".visible .entry k(.param .u64 p)\n{\n.reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .pred %q<4>;\n"
      ".shared .align 1024 .b8 s[4096];\n.shared .align 8 .b64 m;\nld.param.u64 %rd1, [p]; mov.u32 %r1, %tid.x; "
      "shl.b32 %r2, %r1, 4; mov.u32 %r3, s; add.u32 %r4, %r3, %r2;\n"
      "setp.lt.u32 %q1, %r1, 32; setp.eq.u32 %q0, %r1, 0; cvt.u64.u32 %rd2, %r2; add.u64 %rd3, %rd1, %rd2; xor.b32 "
      "%r5, %r2, 512; add.u32 %r6, %r3, %r5;\n" +
      p.body + "\nret;\n}\n";
  assemble(text, p.architecture);
  for (const AsyncMode mode : modes)
    for (uint64_t seed = 0; seed < (mode == AsyncMode::Random ? 3 : 1); ++seed) {
      Options options;
      options.async = mode;
      options.seed = seed;
      options.check = CheckLevel::Race;
      options.stepLimit = 1000000;
      Session run(text, p.architecture, options);
      ASSERT_TRUE(run.loaded()) << run.error;
      const uint64_t at = run.upload(std::vector<uint32_t>(4096));
      const LaunchResult r = run.launch("k", {{1, 1, 1}, {p.threads, 1, 1}}, Params().add(at));
      if (p.words.empty()) {
        EXPECT_TRUE(r.ok) << p.name;
        EXPECT_TRUE(r.reports.empty()) << p.name << ": " << r.reports[0].sentence();
        continue;
      }
      ASSERT_FALSE(r.ok) << p.name;
      EXPECT_EQ(info(r.reports[0].kind).name, info(p.kind).name) << p.name << ": " << r.reports[0].sentence();
      EXPECT_NE(r.reports[0].sentence().find(p.words), std::string::npos) << p.name << ": " << r.reports[0].sentence();
    }
}

TEST(Race, GenericAccesses) {
  check({"read after write, no barrier", "st.shared.b32 [%r4], %r1; ld.shared.b32 %r7, [%r6];", ReportKind::Race,
         "expected a barrier"});
  check({"read after write", "st.shared.b32 [%r4], %r1; bar.sync 0; ld.shared.b32 %r7, [%r6];", ReportKind::Race, ""});
  check({"write after read, no barrier",
         "st.shared.b32 [%r4], %r1; bar.sync 0; ld.shared.b32 %r7, [%r6]; st.shared.b32 [%r4], %r7;", ReportKind::Race,
         "reads"});
  check({"write after read",
         "st.shared.b32 [%r4], %r1; bar.sync 0; ld.shared.b32 %r7, [%r6]; bar.sync 0; st.shared.b32 [%r4], %r7;",
         ReportKind::Race, ""});
  check({"write after write", "st.shared.b32 [s], %r1;", ReportKind::Race, "writes shared memory that warp"});
  check({"neighbouring halves are no race",
         "mad.lo.u32 %r7, %r1, 2, %r3; cvt.u16.u32 %r8, %r1; st.shared.b16 [%r7], %r8;", ReportKind::Race, ""});
  check({"barrier of others only",
         "st.shared.b32 [%r4], %r1; @%q1 bar.sync 1, 32; @!%q1 bar.sync 2, 32; ld.shared.b32 %r7, [%r6];",
         ReportKind::Race, "expected a barrier"});
  check({"atomics do not race",
         "@%q0 st.shared.b32 [s], 0; bar.sync 0; red.shared.add.u32 [s], 1; bar.sync 0; ld.shared.b32 %r7, [s];",
         ReportKind::Race, ""});
  check({"atomics and plain",
         "@%q0 st.shared.b32 [s], 0; bar.sync 0; @%q1 red.shared.add.u32 [s], 1; @!%q1 ld.shared.b32 %r7, [s];",
         ReportKind::Race, "expected a barrier"});
}

TEST(Race, CopiesThatNobodyWaitsFor) {
  const std::string copy = "cp.async.cg.shared.global [%r4], [%rd3], 16; cp.async.commit_group; ";
  check({"no wait", copy + "bar.sync 0; ld.shared.b32 %r7, [%r6];", ReportKind::Race,
         "expected cp.async.wait_group, then a barrier"});
  check({"no barrier", copy + "cp.async.wait_group 0; ld.shared.b32 %r7, [%r6];", ReportKind::Race,
         "a cp.async of warp"});
  check({"own data needs only the wait", copy + "cp.async.wait_group 0; ld.shared.b32 %r7, [%r4];", ReportKind::Race,
         ""});
  check({"right", copy + "cp.async.wait_group 0; bar.sync 0; ld.shared.b32 %r7, [%r6];", ReportKind::Race, ""});
  check({"one group too few",
         copy + "cp.async.ca.shared.global [%r4+1024], [%rd3], 4; cp.async.commit_group; cp.async.wait_group 2; "
                "bar.sync 0; ld.shared.b32 %r7, [%r6];",
         ReportKind::Race, "cp.async.wait_group"});
  check({"the older group is enough",
         copy + "cp.async.ca.shared.global [%r4+1024], [%rd3], 4; cp.async.commit_group; cp.async.wait_group 1; "
                "bar.sync 0; ld.shared.b32 %r7, [%r6]; cp.async.wait_all;",
         ReportKind::Race, ""});
  check({"over data being read",
         copy + "cp.async.wait_group 0; bar.sync 0; ld.shared.b32 %r7, [%r6]; " + copy + "cp.async.wait_group 0;",
         ReportKind::Race, "a cp.async of warp"});
  check({"size 0 touches nothing",
         "mov.b64 %rd4, 64; cp.async.cg.shared.global [%r4], [%rd4], 16, 0; cp.async.wait_all; bar.sync 0; "
         "ld.shared.b32 %r7, [%r6];",
         ReportKind::Race, ""});
}

TEST(Race, UnwaitedPlainCopyAtTheEndIsARemark) {
  const std::string text =
      header() + ".visible .entry k(.param .u64 p)\n{\n.reg .b64 %rd<4>;\n.shared .align 16 .b8 s[16];\nld.param.u64 "
                 "%rd1, [p];\ncp.async.cg.shared.global [s], [%rd1], 16;\nret;\n}\n";
  assemble(text, 80);
  Session run(text);
  const LaunchResult r = run.launch("k", {{1, 1, 1}, {1, 1, 1}}, Params().add(run.upload(std::vector<uint32_t>(4))));
  EXPECT_TRUE(r.ok);
  ASSERT_EQ(r.reports.size(), 1u);
  EXPECT_EQ(r.reports[0].kind, ReportKind::Remark);
}

TEST(Race, Mbarriers) {
  const std::string init = "@%q0 mbarrier.init.shared.b64 [m], 2; bar.sync 0; ";
  const std::string wait = "W: mbarrier.try_wait.parity.shared.b64 %q2, [m], 0; @!%q2 bra W; ";
  const std::string lane = "and.b32 %r9, %r1, 31; setp.eq.u32 %q3, %r9, 0; ";
  check({"release and acquire",
         init + lane + "st.shared.b32 [%r4], %r1; bar.warp.sync -1; @%q3 mbarrier.arrive.shared.b64 _, [m]; " + wait +
             "ld.shared.b32 %r7, [%r6];",
         ReportKind::Race, "", 90});
  check({"within a warp",
         "@%q0 mbarrier.init.shared.b64 [m], 1; bar.warp.sync -1; " + lane +
             "@%q3 mbarrier.arrive.shared.b64 _, [m]; " + wait,
         ReportKind::Race, "", 90, 32});
  check({"used before it is initialised", lane + "@%q3 mbarrier.arrive.shared.b64 _, [m];", ReportKind::BarrierMisuse,
         "no mbarrier was initialised", 90});
  check({"too many arrivals",
         "@%q0 mbarrier.init.shared.b64 [m], 1; bar.sync 0; @%q1 mbarrier.expect_tx.shared.b64 [m], 16; @%q1 "
         "mbarrier.arrive.shared.b64 _, [m];",
         ReportKind::BarrierMisuse, "where 0 are pending", 90});
  check({"not the last arrival",
         "@%q0 mbarrier.init.shared.b64 [m], 2; bar.warp.sync -1; @%q0 mbarrier.arrive.noComplete.shared.b64 %rd4, "
         "[m], 1;",
         ReportKind::Race, "", 90, 32});
  check({"the last arrival after all",
         "@%q0 mbarrier.init.shared.b64 [m], 1; bar.warp.sync -1; @%q0 mbarrier.arrive.noComplete.shared.b64 %rd4, "
         "[m], 1;",
         ReportKind::BarrierMisuse, "with .noComplete where 1 are pending", 90, 32});
  check({"initialised twice", "@%q0 mbarrier.init.shared.b64 [m], 1; bar.sync 0; @%q0 mbarrier.init.shared.b64 [m], 1;",
         ReportKind::BarrierMisuse, "a second time", 90});
  check({"overwritten",
         "@%q0 mbarrier.init.shared.b64 [m], 1; @%q0 st.shared.b32 [m], 0; bar.sync 0; " + lane +
             "@%q3 mbarrier.arrive.shared.b64 _, [m];",
         ReportKind::BarrierMisuse, "overwritten", 90});
  check({"nobody arrives", init + wait, ReportKind::Deadlock, "parity 0", 90});
}

TEST(Race, BulkCopies) {
  const std::string init = "@%q0 mbarrier.init.shared.b64 [m], 1; fence.mbarrier_init.release.cluster; bar.sync 0; ";
  const std::string load = "@%q0 mbarrier.arrive.expect_tx.shared.b64 _, [m], 1024; @%q0 "
                           "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s], [%rd1], 1024, [m]; ";
  const std::string wait = "W: mbarrier.try_wait.parity.shared.b64 %q2, [m], 0; @!%q2 bra W; ";
  check({"load", init + load + wait + "ld.shared.b32 %r7, [%r4];", ReportKind::Race, "", 90});
  check({"no wait", init + load + "ld.shared.b32 %r7, [%r4]; " + wait, ReportKind::Race,
         "that completes on an mbarrier", 90});
  check({"expects too few",
         init +
             "@%q0 mbarrier.arrive.expect_tx.shared.b64 _, [m], 1008; @%q0 "
             "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s], [%rd1], 1024, [m]; " +
             wait,
         ReportKind::Deadlock, "parity 0", 90});
  check({"size",
         init + "mov.b32 %r9, 24; @%q0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s], [%rd1], "
                "%r9, [m];",
         ReportKind::AsyncMisuse, "expected a multiple of 16", 90});
  const std::string store =
      "@%q0 cp.async.bulk.global.shared::cta.bulk_group [%rd1], [s], 1024; @%q0 cp.async.bulk.commit_group; ";
  check({"store",
         "st.shared.v4.b32 [%r4], {%r1, %r1, %r1, %r1}; fence.proxy.async.shared::cta; bar.sync 0; " + store +
             "cp.async.bulk.wait_group 0;",
         ReportKind::Race, "", 90});
  check({"no proxy fence",
         "st.shared.v4.b32 [%r4], {%r1, %r1, %r1, %r1}; bar.sync 0; " + store + "cp.async.bulk.wait_group 0;",
         ReportKind::Race, "expected fence.proxy.async", 90});
  check({"over data being stored",
         "st.shared.v4.b32 [%r4], {%r1, %r1, %r1, %r1}; fence.proxy.async.shared::cta; bar.sync 0; " + store +
             "bar.sync 0; st.shared.b32 [%r4], %r1; cp.async.bulk.wait_group 0;",
         ReportKind::Race, "cp.async.bulk.wait_group", 90});
  check({"under way at the end", "fence.proxy.async; bar.sync 0; " + store, ReportKind::AsyncMisuse,
         "expected cp.async.bulk.wait_group", 90});
}

TEST(Race, UnpublishedMbarrierIsARemark) {
  const std::string text =
      header(90) +
      ".visible .entry k(.param .u64 p)\n{\n.reg .b64 %rd<4>; .reg .pred %q;\n.shared .align 16 .b8 s[16]; "
      ".shared .align 8 .b64 m;\nld.param.u64 %rd1, [p]; mbarrier.init.shared.b64 [m], 1;\n"
      "mbarrier.arrive.expect_tx.shared.b64 _, [m], 16;\n"
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s], [%rd1], 16, [m];\n"
      "W: mbarrier.try_wait.parity.shared.b64 %q, [m], 0; @!%q bra W;\nret;\n}\n";
  assemble(text, 90);
  Options options;
  options.check = CheckLevel::Race;
  Session run(text, 90, options);
  const LaunchResult r = run.launch("k", {{1, 1, 1}, {1, 1, 1}}, Params().add(run.upload(std::vector<uint32_t>(4))));
  EXPECT_TRUE(r.ok);
  ASSERT_EQ(r.reports.size(), 1u);
  EXPECT_EQ(r.reports[0].kind, ReportKind::Remark);
  EXPECT_NE(r.reports[0].message.find("expected fence.mbarrier_init or fence.proxy.async"), std::string::npos);
}

} // namespace
} // namespace muntin::emulator::test
