//===- AssemblyTest.cpp - what assemblers say ------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Assemble/Assembly.h"

#include <gtest/gtest.h>

using namespace muntin;

TEST(AssembleReport, IsReadKernelByKernel) {
  const Result<Assembly> assembly = readReport(R"(ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'count' for 'sm_80'
ptxas info    : Function properties for count
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 24 registers, used 0 barriers, 400 bytes cmem[0]
ptxas info    : Compiling entry function 'forward' for 'sm_80'
ptxas info    : Function properties for forward
    16 bytes stack frame, 12 bytes spill stores, 20 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers, 528 bytes smem, 616 bytes cmem[0]
ptxas info    : Compile time = 100 ms)");
  ASSERT_TRUE(assembly) << assembly.status().message();
  ASSERT_EQ(assembly->kernels.size(), 2u);
  const KernelUse &count = assembly->kernels[0], &forward = assembly->kernels[1];
  EXPECT_EQ(count.entry, "count");
  EXPECT_EQ(count.registers, 24);
  EXPECT_EQ(count.localBytes(), 0);
  EXPECT_EQ(forward.entry, "forward");
  EXPECT_EQ(forward.registers, 255);
  EXPECT_EQ(forward.stackBytes, 16);
  EXPECT_EQ(forward.spillStoreBytes, 12);
  EXPECT_EQ(forward.spillLoadBytes, 20);
  EXPECT_EQ(forward.sharedBytes, 528);
  EXPECT_EQ(assembly->localBytes(), 48);
  EXPECT_EQ(assembly->objection(), "ptxas spills 16 bytes of forward (12 stored, 20 loaded)");
  EXPECT_TRUE(assembly->messages.empty());
}

TEST(AssembleReport, PotentialLossesCountThoughTheyAreCalledInformation) {
  const Result<Assembly> assembly = readReport(
      "ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized\n"
      "ptxas warning : something is odd\nptxas info    : Compiling entry function 'k' for 'sm_90a'\n"
      "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\nptxas info    : Used 168 registers\n");
  ASSERT_TRUE(assembly) << assembly.status().message();
  EXPECT_EQ(assembly->messages,
            (std::vector<std::string>{"(C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized",
                                      "something is odd"}));
  EXPECT_NE(assembly->objection().find("C7510"), std::string::npos);
}

TEST(AssembleReport, LocalMemoryWithoutSpills) {
  const Result<Assembly> assembly = readReport(
      "ptxas info    : Compiling entry function 'k' for 'sm_80'\n"
      "    40 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\nptxas info    : Used 9 registers\n");
  ASSERT_TRUE(assembly);
  EXPECT_EQ(assembly->objection(), "ptxas puts 40 bytes of k into local memory");
}

TEST(AssembleReport, SilenceIsNotTakenForTheAbsenceOfSpills) {
  EXPECT_EQ(readReport("").status().code(), StatusCode::CheckFailed);
  EXPECT_EQ(readReport("ptxas info    : Compiling entry function 'k' for 'sm_80'\n").status().code(),
            StatusCode::CheckFailed);
}

/// As the program and the library of 13.0 say it.
TEST(AssembleReport, WhoseFaultItIs) {
  const std::pair<const char *, Fault> lines[] = {
      {"ptxas kernel.ptx, line 4; error   : Unknown modifier '.u33'", Fault::Text},
      {"ptxas application ptx input, line 4; error   : Unknown modifier '.u33'", Fault::Text},
      {"ptxas error   : Entry function 'k' uses too much shared data (0xea60 bytes, 0xc000 max)", Fault::Text},
      {"ptxas fatal   : Unresolved extern function 'foo'", Fault::Text},
      {"ptxas k9.ptx, line 1; fatal   : Unsupported .version 9.9; current version is '9.0'", Fault::Version},
      {"ptxas fatal   : Value 'sm_999' is not defined for option 'gpu-name'", Fault::Version},
      {"ptxas fatal   : Internal error: writing file", Fault::Machine},
      {"ptxas fatal   : Input file 'kernel.ptx' could not be opened", Fault::Machine},
      {"ptxas fatal   : Memory allocation failure", Fault::Machine},
      {"sh: 1: not found", Fault::Machine}};
  for (const auto &[line, fault] : lines)
    EXPECT_EQ(faultOf(complaintIn("ptxas info    : 0 bytes gmem\n" + std::string(line) +
                                  "\nptxas fatal   : Ptx assembly aborted due to errors\n")),
              fault)
        << line;
}
