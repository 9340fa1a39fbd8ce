//===- FrontEndTest.cpp - what the parser accepts, and what it says when it does not -===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Harness.h"

#include <chrono>

namespace muntin::emulator::test {
namespace {

std::string errorOf(const std::string &text) {
  Session run(text);
  return run.loaded() ? "" : run.error;
}
std::string body(const std::string &b) { return header() + ".visible .entry k()\n{\n" + b + "\nret;\n}\n"; }

TEST(FrontEnd, ErrorsShowLineTextAndCaret) {
  EXPECT_EQ(errorOf(body("  .reg .b32 %r<4>;\n  add.s32 %r1, %r2, ;")),
            "line 7: expected an operand, got ';'\n    add.s32 %r1, %r2, ;\n                      ^");
  EXPECT_NE(errorOf(body("  frobnicate.b32 7;")).find("unsupported instruction 'frobnicate.b32'"), std::string::npos);
}

TEST(FrontEnd, UnknownThingsAreUnsupported) {
  EXPECT_NE(errorOf(body(".reg .b32 %r<4>;\n tex.1d.v4.s32.s32 {%r0,%r1,%r2,%r3}, [%r0, {%r1}];"))
                .find("unsupported instruction 'tex.1d"),
            std::string::npos);
  EXPECT_NE(errorOf(body(".reg .b32 %r<4>;\n add.wrong.s32 %r1, %r2, %r3;"))
                .find("unsupported modifier '.wrong' of 'add.wrong.s32'"),
            std::string::npos);
  EXPECT_NE(errorOf(".version 9.9\n.target sm_80\n").find("unsupported PTX version 9.9"), std::string::npos);
  for (const char *version : {"1468588949.0", "99999999999999999999.0", "8.10", "429496737.0"})
    EXPECT_NE(errorOf(std::string(".version ") + version + "\n.target sm_80\n").find("unsupported PTX version"),
              std::string::npos)
        << version;
  EXPECT_EQ(errorOf(body(".reg .b64 %a; mov.b64 %a, -9223372036854775808;")), "");
  EXPECT_NE(errorOf(body("bra NOWHERE;")).find("unknown name 'NOWHERE'"), std::string::npos);
  EXPECT_NE(errorOf(body("{")).find("a '{' is not closed"), std::string::npos);
  EXPECT_NE(errorOf(header() + ".tex .u64 t;\n").find("unsupported directive '.tex'"), std::string::npos);
}

TEST(FrontEnd, ScopesShadowRegistersAndLabels) {
  const std::string text = header() + R"(
.visible .entry k(.param .u64 out)
{
  .reg .b32 %r<8>; .reg .b64 %rd<4>; .reg .pred %p;
  ld.param.b64 %rd1, [out];
  mov.b32 %r1, 1;
  mov.b32 %r7, 0;
  { .reg .b32 %r1; .reg .pred P1;
    mov.b32 %r1, 100;
    AGAIN: add.s32 %r7, %r7, %r1; setp.lt.s32 P1, %r7, 300; @P1 bra.uni AGAIN;
  }
  { .reg .pred P1;
    AGAIN: add.s32 %r7, %r7, %r1; setp.lt.s32 P1, %r7, 310; @!P1 bra DONE; bra.uni AGAIN;
    DONE:
  }
  st.global.b32 [%rd1], %r7;
  ret;
})";
  assemble(text, 80);
  Session run(text);
  ASSERT_TRUE(run.loaded()) << run.error;
  const uint64_t out = run.upload(std::vector<uint32_t>(1));
  EXPECT_TRUE(run.launch("k", {{1, 1, 1}, {1, 1, 1}}, Params().add(out)).ok);
  EXPECT_EQ(run.download<uint32_t>(out, 1)[0], 310u);
}

TEST(FrontEnd, DirectivesAndDebugSections) {
  const std::string text = header() + R"(
.file 1 "kernel.cu", 0, 12
.global .align 4 .u32 table[4] = {1, 2, 3, 0x40};
.const .align 8 .f64 half = 0d3FE0000000000000;
.global .align 8 .u64 pointer = table+8;
.extern .shared .align 1024 .b8 dynamic[];
.visible .entry k(.param .align 8 .b8 s[24], .param .u64 .ptr .global .align 4 out)
.maxntid 128, 1, 1
.minnctapersm 1
{
  .reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .f64 %fd<2>;
  .pragma "nounroll";
  .loc 1 12 3
  ld.param.u64 %rd1, [out];
  ld.param.u32 %r1, [s+20];
  .loc 1 13 3, function_name $L__info_string0, inlined_at 1 99 2
  ld.global.u64 %rd2, [pointer];
  ld.u32 %r2, [%rd2+4];
  ld.const.f64 %fd1, [half];
  cvt.rzi.s32.f64 %r3, %fd1;
  add.s32 %r4, %r1, %r2; // both
  st.global.u32 [%rd1], %r4; /* the
  end */
  ret;
}
.section .debug_str { $L__info_string0: .b8 0, 65 }
)";
  Session run(text); // no ptxas: the debug section is a stub
  ASSERT_TRUE(run.loaded()) << run.error;
  const uint64_t out = run.upload(std::vector<uint32_t>(1));
  struct S {
    uint32_t v[6];
  } s = {{0, 0, 0, 0, 0, 7}};
  EXPECT_TRUE(run.launch("k", {{1, 1, 1}, {1, 1, 1}}, Params().add(s, 8).add(out)).ok);
  EXPECT_EQ(run.download<uint32_t>(out, 1)[0], 7u + 0x40u);
}

TEST(FrontEnd, ReportsNameTheSourceLine) {
  const std::string text =
      header() + ".file 1 \"kernel.cu\"\n.visible .entry k(.param .u64 p)\n{\n.reg .b64 %rd<2>;\n.reg .b32 %r<2>;\n"
                 "ld.param.b64 %rd1, [p];\n.loc 1 77 1\nld.global.b32 %r1, [%rd1];\nret;\n}\n";
  Session run(text);
  ASSERT_TRUE(run.loaded()) << run.error;
  const LaunchResult r = run.launch("k", {{1, 1, 1}, {1, 1, 1}}, Params().add(uint64_t(64)));
  ASSERT_FALSE(r.ok);
  EXPECT_EQ(r.reports[0].line, 11u);
  EXPECT_EQ(r.reports[0].source, "kernel.cu:77");
  EXPECT_NE(r.reports[0].json().find("\"kind\": \"out_of_bounds\", \"kernel\": \"k\", \"line\": 11"),
            std::string::npos);
}

TEST(FrontEnd, DeepNestingIsRefused) {
  EXPECT_NE(errorOf(body(std::string(10000, '{'))).find("nested deeper"), std::string::npos);
  EXPECT_NE(errorOf(body("mov.b32 " + std::string(10000, '('))).find("nested deeper"), std::string::npos);
}

/// Hints that an instruction may carry, as nvcc and CUTLASS write them; they change nothing.
TEST(FrontEnd, Hints) {
  const std::string text =
      header(80) + ".visible .entry k(.param .u64 p)\n{\n.reg .b32 %r<4>; .reg .b64 %rd<4>; .shared .align 16 .b8 "
                   "s[16];\nld.param.u64 %rd0, [p]; createpolicy.fractional.L2::evict_first.b64 %rd1, 1.0;\n"
                   "ld.global.L1::evict_last.L2::128B.b32 %r0, [%rd0]; ld.global.nc.L2::256B.v2.b32 {%r0, %r1}, "
                   "[%rd0]; ld.mmio.relaxed.sys.global.u32 %r0, [%rd0];\n"
                   "cp.async.cg.shared.global.L2::128B [s], [%rd0], 16; cp.async.ca.shared.global.L2::cache_hint "
                   "[s], [%rd0], 4, %rd1; cp.async.wait_all;\nst.global.L1::no_allocate.b32 [%rd0], %r1; ret;\n}\n";
  assemble(text, 80);
  Session run(text);
  ASSERT_TRUE(run.loaded()) << run.error;
  const LaunchResult r = run.launch("k", {{1, 1, 1}, {1, 1, 1}}, Params().add(run.upload(std::vector<uint32_t>(8))));
  EXPECT_TRUE(r.ok && r.reports.empty());
}

} // namespace
} // namespace muntin::emulator::test
