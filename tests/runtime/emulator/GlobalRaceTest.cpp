//===- GlobalRaceTest.cpp - races between CTAs, and their correct twins ----===//
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
  std::string words; ///< of the report; empty: correct
  uint32_t ctas = 2, threads = 32, cluster = 1;
  std::string version = "8.3";
};

/// %r1 thread, %r2 CTA, %q0 the first thread, %q1 the first CTA; %rd1 data, %rd2 + 4096 a flag; s shared memory.
void check(const Program &p) {
  const std::string text =
      ".version " + p.version +
      "\n.target sm_90a\n.address_size 64\n"
      ".visible .entry k(.param .u64 p)\n{\n.reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .f32 %f<4>; .reg .pred %q<4>;\n"
      ".shared .align 128 .b8 s[4096];\n.shared .align 8 .b64 m;\nld.param.u64 %rd1, [p]; mov.u32 %r1, %tid.x;\n"
      "mov.u32 %r2, %ctaid.x; setp.eq.u32 %q0, %r1, 0; setp.eq.u32 %q1, %r2, 0; add.u64 %rd2, %rd1, 4096;\n"
      "mad.wide.u32 %rd3, %r1, 16, %rd1; mov.u32 %r3, s; mad.lo.u32 %r4, %r1, 16, %r3;\n" +
      p.body + "\nret;\n}\n";
  assemble(text, 90);
  for (const AsyncMode mode : modes)
    for (uint64_t seed = 0; seed < (mode == AsyncMode::Random ? 3 : 1); ++seed) {
      Options options;
      options.async = mode;
      options.seed = seed;
      options.check = CheckLevel::Race;
      options.threads = seed == 2 ? 1 : 2;
      Session run(text, 90, options);
      ASSERT_TRUE(run.loaded()) << run.error;
      const uint64_t at = run.upload(std::vector<uint32_t>(4096));
      const LaunchResult r = run.launch("k", {{p.ctas, 1, 1}, {p.threads, 1, 1}, {p.cluster, 1, 1}}, Params().add(at));
      if (p.words.empty()) {
        EXPECT_TRUE(r.ok) << p.name;
        EXPECT_TRUE(r.reports.empty()) << p.name << ": " << r.reports[0].sentence();
        continue;
      }
      ASSERT_FALSE(r.ok) << p.name;
      EXPECT_EQ(r.reports[0].kind, ReportKind::Race) << p.name << ": " << r.reports[0].sentence();
      EXPECT_NE(r.reports[0].sentence().find(p.words), std::string::npos) << p.name << ": " << r.reports[0].sentence();
      EXPECT_NE(r.reports[0].otherLine, 0u) << p.name;
    }
}

TEST(GlobalRace, PlainAccesses) {
  check({"two CTAs write", "st.global.b32 [%rd1], %r1;", "writes global memory that warp 0 of CTA ("});
  check({"each writes its own", "mad.wide.u32 %rd4, %r2, 512, %rd3; st.global.b32 [%rd4], %r1;", ""});
  check({"both read", "ld.global.b32 %r5, [%rd3];", ""});
  check({"one reads", "@%q1 st.global.b32 [%rd3], %r1; @!%q1 ld.global.b32 %r5, [%rd3];",
         "expected a release and an acquire of gpu scope"});
  check({"wide and narrow", "@%q1 st.global.v4.b32 [%rd3], {%r1, %r1, %r1, %r1}; @!%q1 ld.global.b32 %r5, [%rd3+8];",
         "of CTA ("});
  check({"bytes side by side",
         "cvt.u64.u32 %rd4, %r2; add.u64 %rd4, %rd4, %rd1; cvt.u16.u32 %r5, %r1; @%q0 st.global.u8 [%rd4], %r5;", ""});
  check({"read, then written", "@%q1 ld.global.b32 %r5, [%rd3]; @!%q1 st.global.b32 [%rd3], %r1;", "global memory"});
}

TEST(GlobalRace, WithinACta) {
  const std::string body = "setp.lt.u32 %q2, %r1, 32; @%q2 st.global.b32 [%rd3], %r1; ";
  check({"no barrier", body + "xor.b32 %r5, %r1, 32; mad.wide.u32 %rd4, %r5, 16, %rd1; ld.global.b32 %r6, [%rd4];",
         "expected a barrier", 1, 64});
  check({"barrier",
         body + "bar.sync 0; xor.b32 %r5, %r1, 32; mad.wide.u32 %rd4, %r5, 16, %rd1; ld.global.b32 %r6, [%rd4];", "", 1,
         64});
}

/// CTA 0 writes and raises a flag; CTA 1 waits for it and reads.
std::string flagged(const std::string &release, const std::string &acquire) {
  return "@!%q1 bra READ; st.global.b32 [%rd3], %r1; bar.warp.sync -1; @%q0 " + release +
         " bra.uni END;\nREAD: " + acquire +
         " setp.eq.u32 %q2, %r5, 0; @%q2 bra READ; FENCE; ld.global.b32 %r6, [%rd3];\nEND:";
}

std::string with(std::string text, const std::string &fence) {
  const size_t at = text.find("FENCE;");
  return text.replace(at, 6, fence);
}

TEST(GlobalRace, Flags) {
  const std::string modern = flagged("st.release.gpu.global.u32 [%rd2], 1;", "ld.acquire.gpu.global.u32 %r5, [%rd2];");
  check({"release and acquire", with(modern, ""), ""});
  const std::string narrow = flagged("st.release.cta.global.u32 [%rd2], 1;", "ld.acquire.cta.global.u32 %r5, [%rd2];");
  check({"of CTA scope", with(narrow, ""), "global memory"});
  const std::string relaxed = flagged("st.relaxed.gpu.global.u32 [%rd2], 1;", "ld.relaxed.gpu.global.u32 %r5, [%rd2];");
  check({"relaxed", with(relaxed, "fence.acq_rel.gpu;"), "global memory"});
  const std::string fenced =
      flagged("fence.acq_rel.gpu; @%q0 st.relaxed.gpu.global.u32 [%rd2], 1;", "ld.relaxed.gpu.global.u32 %r5, [%rd2];");
  check({"fences", with(fenced, "fence.acq_rel.gpu;"), ""});
  check({"no fence of the reader", with(fenced, ""), "global memory"});
  check({"the reader's fence has CTA scope", with(fenced, "fence.acq_rel.cta;"), "global memory"});
  const std::string old =
      flagged("membar.gl; @%q0 st.volatile.global.u32 [%rd2], 1;", "ld.volatile.global.u32 %r5, [%rd2];");
  check({"volatile and membar", with(old, "membar.gl;"), ""});
}

TEST(GlobalRace, Atomics) {
  check({"atomics", "red.global.add.u32 [%rd1], 1; atom.global.add.u32 %r5, [%rd1], 1;", ""});
  check({"float atomics", "mov.f32 %f0, 0f3F800000; red.global.add.f32 [%rd1], %f0;", ""});
  check({"of CTA scope", "red.relaxed.cta.global.add.u32 [%rd1], 1;", "writes global memory"});
  check({"of CTA scope within one", "red.relaxed.cta.global.add.u32 [%rd1], 1;", "", 1, 64});
  check({"atomic and plain", "@%q1 red.global.add.u32 [%rd1], 1; @!%q1 st.global.b32 [%rd1], %r1;", "global memory"});
  // The last CTA to count sums up what all have written.
  const auto last = [](const std::string &early, const std::string &release, const std::string &acquire) {
    return "mad.wide.u32 %rd4, %r2, 1024, %rd3; st.global.b32 [%rd4], %r1; " + early + "bar.sync 0; mov.b32 %r5, 0; " +
           release + "@%q0 atom.global.inc.u32 %r5, [%rd2], 3; " + acquire +
           "@%q0 st.shared.b32 [s], %r5; bar.sync 0; ld.shared.b32 %r5, [s]; setp.ne.u32 %q2, %r5, 3; @%q2 bra END; "
           "ld.global.b32 %r6, [%rd3]; ld.global.b32 %r7, [%rd3+1024]; ld.global.b32 %r8, [%rd3+2048];\nEND:";
  };
  check({"last CTA", last("", "membar.gl; ", "membar.gl; "), "", 4, 64});
  check({"last CTA, nothing released", last("", "", "membar.gl; "), "global memory", 4, 64});
  check({"last CTA, nothing acquired", last("", "membar.gl; ", ""), "global memory", 4, 64});
  // PTX: the fence of the thread that counts must come after what it passes on, here after the barrier.
  check({"last CTA, fences before the barrier", last("membar.gl; ", "", "membar.gl; "), "global memory", 4, 64});
  const std::string lock = "@!%q0 bra END;\nLOCK: atom.global.cas.b32 %r5, [%rd2], 0, 1; setp.ne.u32 %q2, %r5, 0; "
                           "@%q2 bra LOCK; membar.gl; ld.global.b32 %r6, [%rd1]; add.u32 %r6, %r6, 1; st.global.b32 "
                           "[%rd1], %r6; FENCE; atom.global.exch.b32 %r7, [%rd2], 0;\nEND:";
  check({"lock", with(lock, "membar.gl;"), "", 4});
  check({"lock, released too early", with(lock, ""), "global memory", 4});
}

TEST(GlobalRace, BulkCopies) {
  const std::string store = "st.shared.v4.b32 [%r4], {%r1, %r1, %r1, %r1}; fence.proxy.async.shared::cta; bar.sync 0; "
                            "@%q0 cp.async.bulk.global.shared::cta.bulk_group [%rd1], [s], 512; "
                            "@%q0 cp.async.bulk.commit_group; ";
  check({"stored, waited, read", store + "cp.async.bulk.wait_group 0; bar.sync 0; ld.global.b32 %r5, [%rd3];", "", 1});
  check({"stored and read", store + "ld.global.b32 %r5, [%rd3]; cp.async.bulk.wait_group 0;",
         "expected cp.async.bulk.wait_group", 1});
  check({"two CTAs store", store + "cp.async.bulk.wait_group 0;", "a bulk copy of warp 0 of CTA ("});
  const std::string load =
      "@%q0 mbarrier.init.shared.b64 [m], 1; bar.sync 0; st.global.b32 [%rd3], %r1; FENCE; bar.sync "
      "0; @%q0 mbarrier.arrive.expect_tx.shared.b64 _, [m], 512; @%q0 "
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s], [%rd1], 512, [m]; "
      "W: mbarrier.try_wait.parity.shared.b64 %q2, [m], 0; @!%q2 bra W;";
  check({"written, loaded", with(load, "fence.proxy.async.global;"), "", 1});
  check({"written, loaded, no proxy fence", with(load, ""), "expected fence.proxy.async", 1});
  check({"loaded, overwritten", with(load, "fence.proxy.async;") + " st.global.b32 [%rd3], %r1;", "", 1});
  const std::string reduce = "st.shared.v4.b32 [%r4], {%r1, %r1, %r1, %r1}; fence.proxy.async.shared::cta; bar.sync 0; "
                             "@%q0 cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [%rd1], [s], 512; @%q0 "
                             "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;";
  check({"reductions do not race", reduce, ""});
  check({"cp.async reads",
         "@%q1 st.global.b32 [%rd3], %r1; @!%q1 cp.async.cg.shared.global [%r4], [%rd3], 16; "
         "cp.async.wait_all;",
         "global memory"});
}

TEST(GlobalRace, Clusters) {
  const std::string put = "xor.b32 %r5, %r2, 1; mapa.shared::cluster.u32 %r6, %r4, %r5; st.shared::cluster.b32 [%r6], "
                          "%r1; ";
  const std::string both = "barrier.cluster.arrive; barrier.cluster.wait; ";
  check({"put, barrier, read", put + both + "ld.shared.b32 %r7, [%r4];", "", 2, 32, 2});
  check({"put, read", put + "ld.shared.b32 %r7, [%r4]; " + both, "expected barrier.cluster", 2, 32, 2});
  check({"relaxed", put + "barrier.cluster.arrive.relaxed; barrier.cluster.wait; ld.shared.b32 %r7, [%r4];",
         "expected barrier.cluster", 2, 32, 2});
  check({"read, then put", "ld.shared.b32 %r7, [%r4]; " + put + both, "shared memory", 2, 32, 2});
  check({"read, barrier, put", "ld.shared.b32 %r7, [%r4]; " + both + put + both, "", 2, 32, 2});
  check({"global memory",
         "mad.wide.u32 %rd4, %r2, 512, %rd3; st.global.b32 [%rd4], %r1; " + both +
             "xor.b32 %r5, %r2, 1; mad.wide.u32 %rd4, %r5, 512, %rd3; ld.global.b32 %r6, [%rd4];",
         "", 2, 32, 2});
  const std::string remote = "@%q0 mbarrier.init.shared.b64 [m], 1; fence.mbarrier_init.release.cluster; " + both +
                             put +
                             "bar.warp.sync -1; mov.u32 %r8, m; mapa.shared::cluster.u32 %r8, %r8, %r5; ARRIVE "
                             "W: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %q2, [m], 0; @!%q2 bra W; "
                             "ld.shared.b32 %r7, [%r4]; " +
                             both;
  const auto arriving = [&](const std::string &how) {
    std::string text = remote;
    return text.replace(text.find("ARRIVE"), 6, "@%q0 mbarrier.arrive." + how + ".shared::cluster.b64 _, [%r8];");
  };
  check({"remote arrival", arriving("release.cluster"), "", 2, 32, 2});
  check({"remote arrival, relaxed", arriving("relaxed.cluster"), "barrier.cluster or an mbarrier", 2, 32, 2, "8.6"});
}

TEST(GlobalRace, CopiesWithinACluster) {
  // Each CTA sends its bytes to the other one, which waits for them on its own mbarrier.
  const std::string send =
      "@%q0 mbarrier.init.shared.b64 [m], 1; fence.mbarrier_init.release.cluster; st.shared.v4.b32 [%r4], {%r1, %r1, "
      "%r1, %r1}; fence.proxy.async; bar.sync 0; barrier.cluster.arrive; barrier.cluster.wait; xor.b32 %r5, %r2, 1; "
      "add.u32 %r6, %r3, 1024; mapa.shared::cluster.u32 %r6, %r6, %r5; mov.u32 %r8, m; mapa.shared::cluster.u32 %r9, "
      "%r8, %r5; @%q0 mbarrier.arrive.expect_tx.shared.b64 _, [m], 512; @%q0 "
      "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%r6], [s], 512, [%r9]; ";
  const std::string wait = "W: mbarrier.try_wait.parity.shared.b64 %q2, [m], 0; @!%q2 bra W; ";
  const std::string both = "barrier.cluster.arrive; barrier.cluster.wait; ";
  check({"sent, waited, read", send + wait + "ld.shared.b32 %r7, [%r4+1024]; " + both, "", 2, 32, 2});
  check({"sent, read", send + "ld.shared.b32 %r7, [%r4+1024]; " + wait + both, "completes on an mbarrier", 2, 32, 2});
  check({"overwritten after the other has it", send + wait + both + "st.shared.b32 [%r4], 0;", "", 2, 32, 2});
  check({"overwritten meanwhile", send + wait + "st.shared.b32 [%r4], 0; " + both, "shared memory", 2, 32, 2});
}

} // namespace
} // namespace muntin::emulator::test
