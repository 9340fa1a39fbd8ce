//===- AssemblerTest.cpp - plans that the assembler objects to -------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The assembler is a script that writes a file which passes for a cubin and says
// of each kernel what the test wants to hear.
//
//===----------------------------------------------------------------------===//

#include "Compile.h"

#include "runtime/abi/Image.h"

#include "gtest/gtest.h"

namespace muntin::testing {
namespace {

constexpr const char *kKey =
    "muntin-problem-1 forward bf16 rank=1 d=16 dv=16 target=sm_80 align=16 mask=sliding(left=9, right=0)";
constexpr const char *kForced = "muntin-problem-1 forward bf16 rank=1 d=16 dv=16 target=sm_80 align=16 "
                                "plan=border,query=64,key=32,warps=4,stages=1 mask=sliding(left=9, right=0)";

class CompilerAssembler : public ::testing::Test {
protected:
  /// An assembler that says of its nth call that kernels spill spills[n] bytes; of all later ones the last.
  void assembler(const std::string &spills, const std::string &says = "") {
    script = (folder.path / "ptxas").string();
    const std::string calls = (folder.path / "calls").string();
    std::filesystem::remove(calls);
    writeFile(script, "#!/bin/sh\n[ $1 = --version ] && exit\necho >> " + calls + "\nset -- " + spills +
                          "\nfor i in $(tail -n +2 " + calls +
                          " | sed s/^$/x/); do [ $# -gt 1 ] && shift; done\n"
                          R"(printf '\177ELF\002' > kernel.cubin; head -c 13 /dev/zero >> kernel.cubin
printf '\276' >> kernel.cubin; head -c 45 /dev/zero >> kernel.cubin
for k in $(sed -n 's/.*\.entry \([^(]*\).*/\1/p' kernel.ptx); do
echo "ptxas info    : Compiling entry function '$k' for 'sm_80'"
echo "    $1 bytes stack frame, $1 bytes spill stores, $1 bytes spill loads"
echo "ptxas info    : Used 77 registers"
done
)" + says);
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  }
  Compiled run(const std::string &key, mtnc_emit emit, double seconds = 0) const {
    mtnc_options options{};
    options.struct_size = sizeof options;
    options.emit = emit;
    options.ptxas = script.c_str();
    options.ptxas_seconds = seconds;
    options.cubins = cubins;
    return compile(key, options);
  }
  int calls() const {
    const std::string lines = readFile(folder.path / "calls");
    return static_cast<int>(std::count(lines.begin(), lines.end(), '\n'));
  }

  TemporaryFolder folder;
  std::string script;
  const char *cubins = nullptr;
};

/// "border,query=..." of the winner, from the JSON of a plan.
std::string winner(const std::string &plan) {
  const std::string key = "\"text\":\"";
  const size_t at = plan.rfind(key); // keys are sorted: those of candidates stand before
  return at == std::string::npos ? "" : plan.substr(at + key.size(), plan.find('"', at + key.size()) - at - key.size());
}

bool has(const std::string &text, const std::string &word) { return text.find(word) != std::string::npos; }

} // namespace

TEST_F(CompilerAssembler, AnImageHasItsCubinBeforeItsPtx) {
  assembler("0");
  const Compiled made = run(kKey, MTNC_EMIT_IMAGE);
  ASSERT_EQ(made.code, StatusCode::Ok) << made.message;
  EXPECT_EQ(made.warning, "");
  EXPECT_EQ(calls(), 1);
  const Result<Image> image = deserializeImage(made.bytes);
  ASSERT_TRUE(image);
  ASSERT_EQ(image->binaries.size(), 2u);
  EXPECT_EQ(image->binaries[0].kind, Binary::Kind::Cubin);
  EXPECT_EQ(image->binaries[0].target, "sm_80");
  EXPECT_EQ(image->binaries[1].kind, Binary::Kind::Ptx);
  EXPECT_TRUE(has(image->plan, "\"registers\":77")) << image->plan;
  EXPECT_EQ(run(kKey, MTNC_EMIT_ASM).bytes, image->binaries[1].bytes);
  EXPECT_EQ(run(kKey, MTNC_EMIT_OBJECT).bytes, image->binaries[0].bytes);
  EXPECT_EQ(std::find(made.stages.begin(), made.stages.end(), "assemble") - made.stages.begin(), 9);
}

TEST_F(CompilerAssembler, WithoutOneThereIsPtxOnly) {
  script = "off";
  const Compiled made = run(kKey, MTNC_EMIT_IMAGE);
  ASSERT_EQ(made.code, StatusCode::Ok) << made.message;
  const Result<Image> image = deserializeImage(made.bytes);
  ASSERT_TRUE(image);
  ASSERT_EQ(image->binaries.size(), 1u);
  EXPECT_EQ(image->binaries[0].kind, Binary::Kind::Ptx);
  EXPECT_TRUE(has(image->plan, "\"assembly\":null")) << image->plan;
  const Compiled cubin = run(kKey, MTNC_EMIT_OBJECT);
  EXPECT_EQ(cubin.code, StatusCode::Unavailable);
  EXPECT_TRUE(has(cubin.message, "MUNTIN_PTXAS")) << cubin.message;
}

TEST_F(CompilerAssembler, CubinsForSeveralArchitecturesAreJudgedTogether) {
  assembler("0 8 0"); // the first plan spills on the second architecture
  cubins = "sm_80,sm_90a";
  const Compiled made = run(kKey, MTNC_EMIT_IMAGE);
  ASSERT_EQ(made.code, StatusCode::Ok) << made.message;
  EXPECT_EQ(calls(), 4);
  const Result<Image> image = deserializeImage(made.bytes);
  ASSERT_TRUE(image);
  ASSERT_EQ(image->binaries.size(), 3u);
  EXPECT_EQ(image->binaries[0].target, "sm_80");
  EXPECT_EQ(image->binaries[1].target, "sm_90a");
  EXPECT_EQ(image->binaries[1].kind, Binary::Kind::Cubin);
  EXPECT_EQ(image->binaries[2].kind, Binary::Kind::Ptx);
  EXPECT_TRUE(has(image->plan, "\"refused\":\"on sm_90a ptxas spills 8 bytes")) << image->plan;
  EXPECT_TRUE(has(image->plan, "\"other_assemblies\":[{\"architecture\":\"sm_90a\"")) << image->plan;
}

TEST_F(CompilerAssembler, TheBoundOfThePlannerIsLiftedWhereItSpills) {
  const std::string key = "muntin-problem-1 forward bf16 rank=1 d=128 dv=128 target=sm_80 align=16 plan=";
  const std::string plan = "border,query=128,key=64,warps=8,stages=1", mask = " mask=sliding(left=9, right=0)";
  assembler("0");
  EXPECT_EQ(winner(run(key + plan + mask, MTNC_EMIT_PLAN).bytes), plan + ",registers=192");
  assembler("8 0");
  const Compiled lifted = run(key + plan + mask, MTNC_EMIT_PLAN);
  ASSERT_EQ(lifted.code, StatusCode::Ok) << lifted.message;
  EXPECT_EQ(calls(), 2);
  EXPECT_EQ(winner(lifted.bytes), plan);
  assembler("8");
  EXPECT_EQ(run(key + plan + mask, MTNC_EMIT_PLAN).code, StatusCode::InvalidArgument);
  EXPECT_EQ(calls(), 2);
  assembler("8 0"); // the problem's own bound stays
  EXPECT_EQ(run(key + plan + ",registers=192" + mask, MTNC_EMIT_PLAN).code, StatusCode::InvalidArgument);
  EXPECT_EQ(calls(), 1);
}

TEST_F(CompilerAssembler, APlanThatSpillsGivesWayToTheNext) {
  script = "off";
  const std::string first = winner(run(kKey, MTNC_EMIT_PLAN).bytes);
  assembler("8 8 0");
  const Compiled made = run(kKey, MTNC_EMIT_PLAN);
  ASSERT_EQ(made.code, StatusCode::Ok) << made.message;
  EXPECT_EQ(calls(), 3);
  EXPECT_NE(winner(made.bytes), first);
  EXPECT_EQ(made.warning, "");
  EXPECT_TRUE(has(made.bytes, "_forward (8 stored, 8 loaded)\",\"text\":\"" + first + "\"}")) << made.bytes;
  assembler("8 8 0");
  const Result<Image> image = deserializeImage(run(kKey, MTNC_EMIT_IMAGE).bytes);
  ASSERT_TRUE(image);
  EXPECT_EQ(winner(image->plan), winner(made.bytes));
  EXPECT_TRUE(has(image->plan, first)) << "who was refused is told";
}

TEST_F(CompilerAssembler, WhereNoneIsCleanTheLeastBadIsKeptAloud) {
  assembler("24 16 32 40");
  const Compiled made = run(kKey, MTNC_EMIT_IMAGE);
  ASSERT_EQ(made.code, StatusCode::Ok) << made.message;
  EXPECT_EQ(calls(), 6) << "tries are bounded";
  const std::string kept = winner(deserializeImage(made.bytes)->plan);
  EXPECT_TRUE(has(made.warning, kept)) << made.warning;
  EXPECT_TRUE(has(made.warning, "spills 16 bytes")) << made.warning;
  EXPECT_TRUE(has(deserializeImage(made.bytes)->plan, "\"note\":\"ptxas spills 16 bytes"));
}

TEST_F(CompilerAssembler, AForcedPlanThatSpillsIsRefused) {
  assembler("8");
  const Compiled made = run(kForced, MTNC_EMIT_IMAGE);
  EXPECT_EQ(made.code, StatusCode::InvalidArgument);
  for (const char *word : {"plan", "border,query=64,key=32,warps=4,stages=1", "8 bytes", "MUNTIN_PTXAS=off"})
    EXPECT_TRUE(has(made.message, word)) << made.message;
  EXPECT_EQ(calls(), 1);
  assembler("0");
  EXPECT_EQ(run(kForced, MTNC_EMIT_IMAGE).code, StatusCode::Ok);
}

TEST_F(CompilerAssembler, APotentialPerformanceLossIsAsBad) {
  assembler("0", "echo 'ptxas info    : (C7510) Potential Performance Loss: serialized'\n");
  const Compiled made = run(kForced, MTNC_EMIT_IMAGE);
  EXPECT_EQ(made.code, StatusCode::InvalidArgument);
  EXPECT_TRUE(has(made.message, "C7510")) << made.message;
}

TEST_F(CompilerAssembler, RefusedPtxLeavesAReproducer) {
  script = (folder.path / "ptxas").string();
  writeFile(script, "#!/bin/sh\necho 'ptxas kernel.ptx, line 3; error   : no'; exit 255\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const Compiled made = run(kKey, MTNC_EMIT_IMAGE);
  EXPECT_EQ(made.code, StatusCode::CompileFailed);
  EXPECT_TRUE(has(made.message, "assemble: " + script)) << made.message;
  ASSERT_FALSE(made.reproducer.empty());
  EXPECT_TRUE(has(readFile(made.reproducer), ".entry"));
  std::filesystem::remove(made.reproducer);
}

/// The first plan spills; while the second is assembled the machine fails.
TEST_F(CompilerAssembler, WhatTheMachineLacksDecidesNoPlan) {
  const std::string second = "[ $(wc -l < " + (folder.path / "calls").string() + ") = 2 ] || exit 0\n";
  for (const auto &[trouble, word] :
       {std::pair("kill -KILL $$\n", "signal 9"),
        {": > kernel.cubin\n", "wrote an empty cubin"},
        {"echo 'ptxas fatal   : Memory allocation failure'; exit 255\n", "Memory allocation failure"}}) {
    assembler("8", second + trouble);
    const Compiled made = run(kKey, MTNC_EMIT_IMAGE);
    EXPECT_EQ(made.code, StatusCode::Unavailable);
    EXPECT_TRUE(has(made.message, word)) << made.message;
    EXPECT_EQ(calls(), 2);
  }
  // A text that is refused is the plan's own fault: the first one's kernel is kept, aloud.
  assembler("8", second + "echo 'ptxas kernel.ptx, line 3; error   : no'; exit 255\n");
  const Compiled made = run(kKey, MTNC_EMIT_IMAGE);
  EXPECT_EQ(made.code, StatusCode::Ok) << made.message;
  EXPECT_TRUE(has(made.warning, "spills 8 bytes")) << made.warning;
  std::filesystem::remove(made.reproducer);
}

TEST_F(CompilerAssembler, AHangingOneIsStopped) {
  script = (folder.path / "ptxas").string();
  writeFile(script, "#!/bin/sh\nsleep 1000\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const Compiled made = run(kKey, MTNC_EMIT_IMAGE, 0.2);
  EXPECT_EQ(made.code, StatusCode::Unavailable);
  EXPECT_TRUE(has(made.message, "0.2 seconds")) << made.message;
}

TEST_F(CompilerAssembler, IsNamed) {
  script = (folder.path / "ptxas").string();
  writeFile(script, "#!/bin/sh\necho 'release 13.0, V13.0.88'\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  mtnc_options options{};
  options.struct_size = sizeof options;
  mtnc_result result;
  for (const auto &[ptxas, expected] : {std::pair(script, "ptxas 13.0.88, " + script), {std::string("off"), ""}}) {
    options.ptxas = ptxas.c_str();
    mtnc_find_assembler(&options, &result);
    ASSERT_EQ(result.status, 0) << result.message;
    EXPECT_EQ(std::string(result.bytes, result.size), expected);
    mtnc_free(&result);
  }
  options.ptxas = "/nowhere/ptxas";
  mtnc_find_assembler(&options, &result);
  EXPECT_EQ(result.status, int(StatusCode::Unavailable));
  EXPECT_TRUE(has(result.message, "/nowhere/ptxas"));
  mtnc_free(&result);
}

/// NVIDIA's library, where the build found it, and the program say the same of a kernel.
TEST_F(CompilerAssembler, TheLibraryAndTheProgramAgree) {
  mtnc_options options{};
  options.struct_size = sizeof options;
  mtnc_result found;
  mtnc_find_assembler(&options, &found);
  const std::string best(found.bytes ? found.bytes : "", found.size);
  mtnc_free(&found);
  if (!best.starts_with("nvptxcompiler"))
    GTEST_SKIP() << "there is no plug-in; the assembler is '" << best << "'";
  const Result<Image> byLibrary = deserializeImage(compile(kKey, options).bytes);
  script = "ptxas";
  const Result<Image> byProgram = deserializeImage(run(kKey, MTNC_EMIT_IMAGE).bytes);
  ASSERT_TRUE(byLibrary && byProgram);
  const auto kernels = [](const std::string &plan) {
    const size_t begin = plan.find("\"kernels\":");
    return plan.substr(begin, plan.find(']', begin) - begin);
  };
  EXPECT_NE(kernels(byLibrary->plan), "");
  EXPECT_EQ(kernels(byLibrary->plan), kernels(byProgram->plan));
}

} // namespace muntin::testing
