//===- AssembleTest.cpp - assemblers that behave, and others ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Assemble/Assembler.h"
#include "compiler/Assemble/Process.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

#include <fcntl.h>
#include <unistd.h>

using namespace muntin;
using namespace std::chrono_literals;

namespace {

constexpr const char *kPtx = ".version 7.0\n.target sm_80\n";
// A script that writes the smallest thing that passes for a cubin to the file behind -o.
constexpr const char *kWriteCubin = R"(printf '\177ELF\002' > kernel.cubin; head -c 13 /dev/zero >> kernel.cubin
printf '\276' >> kernel.cubin; head -c 45 /dev/zero >> kernel.cubin
)";
constexpr const char *kCleanReport = R"(echo "ptxas info    : Compiling entry function 'k' for 'sm_80'"
echo "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads"
echo "ptxas info    : Used 40 registers, used 1 barriers, 16 bytes smem, 400 bytes cmem[0]"
)";

class Assemble : public ::testing::Test {
protected:
  /// An executable file; its name would do harm in a shell.
  std::string script(const std::string &text, const std::string &name = "ptxas; $(touch broken)") {
    const std::string path = folder_.path() + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << "#!/bin/sh\n" << text;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
  Result<Assembly> run(const std::string &text, std::chrono::duration<double> limit = 60s) {
    return ptxasProgram(script(text), limit)->assemble(kPtx, "sm_80");
  }
  void expectRefused(const std::string &text, StatusCode code, const std::vector<std::string> &words,
                     std::chrono::duration<double> limit = 60s) {
    const Result<Assembly> made = run(text, limit);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.status().code(), code) << made.status().message();
    for (const std::string &word : words)
      EXPECT_NE(made.status().message().find(word), std::string::npos) << made.status().message();
    EXPECT_TRUE(made.status().message().starts_with("assemble: ")) << made.status().message();
    EXPECT_NE(made.status().message().find("ptxas; $(touch broken)"), std::string::npos) << made.status().message();
  }
  /// Which assembler a machine with these variables has: its path, or "".
  std::string found(const std::map<std::string, std::string> &variables, const std::string &ptxas = "") {
    const auto lookUp = [&](const char *name) {
      const auto at = variables.find(name);
      return at == variables.end() ? nullptr : at->second.c_str();
    };
    auto assembler = findAssembler({.ptxas = ptxas, .folder = folder_.path(), .environment = lookUp});
    EXPECT_TRUE(assembler) << assembler.status().message();
    return assembler && *assembler ? (*assembler)->path() : "";
  }

  PrivateFolder folder_ = std::move(*PrivateFolder::create());
};

} // namespace

TEST_F(Assemble, AProgramIsRunInAPrivateFolderWithoutAShell) {
  const std::string note = folder_.path() + "/note";
  const int ours = ::open("/dev/zero", O_RDONLY); // to be inherited, as a careless host's
  const Result<Assembly> made = run("{ pwd; stat -c %a .; cat kernel.ptx; echo $@; readlink /proc/self/fd/0\n"
                                    "ls -l /proc/$$/fd | grep -c /dev/zero; } > '" +
                                    note + "'\n" + kWriteCubin + kCleanReport);
  ::close(ours);
  ASSERT_TRUE(made) << made.status().message();
  EXPECT_EQ(made->architecture, "sm_80");
  EXPECT_EQ(made->objection(), "");
  EXPECT_EQ(made->kernels[0].sharedBytes, 16);
  EXPECT_TRUE(isCubin(made->cubin));
  std::ifstream file(note);
  std::string place, mode, version, target, arguments, input, descriptors;
  for (std::string *line : {&place, &mode, &version, &target, &arguments, &input, &descriptors})
    std::getline(file, *line);
  EXPECT_EQ(mode, "700");
  EXPECT_FALSE(std::filesystem::exists(place)) << "the folder stays behind";
  EXPECT_EQ(version + "\n" + target + "\n", kPtx);
  EXPECT_EQ(arguments, "-v -arch=sm_80 -o kernel.cubin kernel.ptx");
  EXPECT_EQ(input, "/dev/null");
  EXPECT_EQ(descriptors, "0") << "a file of ours is open in the assembler";
  EXPECT_FALSE(std::filesystem::exists("broken"));
}

TEST_F(Assemble, ProgramsThatFailSayWhich) {
  expectRefused("echo 'ptxas kernel.ptx, line 3; error   : Parsing error near x'; exit 255", StatusCode::CompileFailed,
                {"refuses the PTX", "line 3", "Parsing error near x"});
  expectRefused(
      "echo \"ptxas kernel.ptx, line 1; fatal   : Unsupported .version 9.9; current version is '9.0'\"; exit 255",
      StatusCode::Unavailable, {"too old", "9.9", "MUNTIN_PTXAS"});
  expectRefused("echo \"ptxas fatal   : Value 'sm_80' is not defined for option 'gpu-name'\"; exit 1",
                StatusCode::Unavailable, {"too old", "sm_80"});
  expectRefused("exit 7", StatusCode::Unavailable, {"exit code 7", "says nothing"});
  expectRefused("kill -SEGV $$", StatusCode::Unavailable, {"signal 11", "Segmentation fault"});
  expectRefused("exit 0", StatusCode::Unavailable, {"wrote no cubin"});
  expectRefused("echo nonsense > kernel.cubin; echo out of ink", StatusCode::Unavailable,
                {"wrote 9 bytes that are no whole cubin", "out of ink"});
  expectRefused(kWriteCubin, StatusCode::Unavailable, {"not understood", "0 of 0 kernels"});
}

/// As ptxas 13.0 says it; a full disk it does not notice.
TEST_F(Assemble, WhatTheMachineLacksIsNoRefusalOfTheText) {
  expectRefused("echo \"ptxas fatal   : Input file 'kernel.ptx' could not be opened\"; exit 255",
                StatusCode::Unavailable, {"failed with exit code 255", "could not be opened", "MUNTIN_PTXAS"});
  expectRefused("echo 'ptxas fatal   : Memory allocation failure'; exit 255", StatusCode::Unavailable,
                {"failed with exit code 255", "Memory allocation failure"});
  expectRefused("kill -KILL $$", StatusCode::Unavailable, {"signal 9", "Killed"});
  expectRefused(": > kernel.cubin\n" + std::string(kCleanReport), StatusCode::Unavailable, {"wrote an empty cubin"});
  // Its table of sections would begin behind the end.
  expectRefused(std::string(kWriteCubin) +
                    "printf '\\101' | dd of=kernel.cubin bs=1 seek=40 conv=notrunc 2>/dev/null\n" + kCleanReport,
                StatusCode::Unavailable, {"wrote 64 bytes that are no whole cubin"});
  expectRefused("echo 'ptxas fatal   : Unresolved extern function f'; exit 255", StatusCode::CompileFailed,
                {"refuses the PTX"});
  expectRefused("echo 'ptxas error   : Entry function k uses too much shared data'; exit 255",
                StatusCode::CompileFailed, {"refuses the PTX", "too much shared data"});
}

TEST_F(Assemble, AFileThatIsNoProgramDoesNotRun) {
  const std::string path = script("", "ptxas; $(touch broken)");
  std::ofstream(path) << "\177no program";
  const Result<Assembly> made = ptxasProgram(path)->assemble(kPtx, "sm_80");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.status().code(), StatusCode::Unavailable);
  EXPECT_NE(made.status().message().find("does not run: cannot start " + path), std::string::npos)
      << made.status().message();
}

TEST_F(Assemble, ProgramsThatHangAreStoppedWithAllTheirChildren) {
  const std::string note = folder_.path() + "/note";
  const auto start = std::chrono::steady_clock::now();
  expectRefused("sleep 1000 & echo $! > '" + note + "'; sleep 1000", StatusCode::Unavailable, {"within 0.5 seconds"},
                0.5s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
  pid_t child = 0;
  std::ifstream(note) >> child;
  ASSERT_GT(child, 0);
  const auto lives = [&] { // not if it is gone, or dead until init takes it
    std::string number, name, state;
    std::ifstream("/proc/" + std::to_string(child) + "/stat") >> number >> name >> state;
    return !state.empty() && state != "Z";
  };
  for (int i = 0; i < 2000 && lives(); ++i) // a signal takes its time on a busy machine
    ::usleep(10000);
  EXPECT_FALSE(lives()) << "a child of the assembler lives on";
}

TEST_F(Assemble, ProgramsThatTalkForeverAreHeardOnlyForAWhile) {
  const Result<Ended> ended =
      runProgram({script("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done")}, "/", 1s);
  ASSERT_TRUE(ended) << ended.status().message();
  EXPECT_TRUE(ended->outOfTime);
  EXPECT_GT(ended->output.size(), 0u);
  EXPECT_LE(ended->output.size(), size_t(1) << 20);
}

/// As in a host program that lets the system reap its children.
TEST_F(Assemble, AStatusThatSomeoneElseTookIsNotMissed) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  const Result<Assembly> made = run(std::string(kWriteCubin) + kCleanReport);
  std::signal(SIGCHLD, before);
  EXPECT_TRUE(made) << made.status().message();
}

TEST_F(Assemble, IsFoundInOrder) {
  const std::string beside = script("", "path/ptxas"), home = script("", "home/bin/ptxas"),
                    other = script("", "other/bin/ptxas"),
                    wheel = script("", "venv/lib/python3.11/site-packages/nvidia/cu13/bin/ptxas");
  const std::string root = folder_.path();
  std::map<std::string, std::string> variables{{"PATH", "relative:/nowhere:" + root + "/path"},
                                               {"CUDA_HOME", root + "/home"},
                                               {"CUDA_PATH", root + "/other"},
                                               {"VIRTUAL_ENV", root + "/venv"}};
  EXPECT_EQ(found(variables), beside);
  variables["PATH"] = "/nowhere";
  EXPECT_EQ(found(variables), home);
  variables.erase("CUDA_HOME");
  EXPECT_EQ(found(variables), other);
  variables.erase("CUDA_PATH");
  if (!std::filesystem::exists("/usr/local/cuda/bin/ptxas")) {
    EXPECT_EQ(found(variables), wheel);
    variables.erase("VIRTUAL_ENV");
    EXPECT_EQ(found(variables), "");
  }
  EXPECT_EQ(found(variables, "off"), "");
  EXPECT_EQ(found(variables, home), home) << "what is asked for wins";
  EXPECT_EQ(found({{"PATH", root + "/path"}}, "ptxas"), beside) << "a name is looked for on PATH";
}

TEST_F(Assemble, WhatIsAskedForAndNotThereIsAnError) {
  std::ofstream(folder_.path() + "/text") << "no program";
  for (const std::string &ptxas :
       {std::string("/nowhere/ptxas"), folder_.path(), folder_.path() + "/text", std::string("ptxos")}) {
    const auto assembler = findAssembler({.ptxas = ptxas});
    ASSERT_FALSE(assembler) << ptxas;
    EXPECT_EQ(assembler.status().code(), StatusCode::Unavailable);
    EXPECT_NE(assembler.status().message().find("'" + ptxas + "'"), std::string::npos) << assembler.status().message();
  }
}

TEST_F(Assemble, TheFolderWhereWeStandMayBeGone) {
  const std::filesystem::path before = std::filesystem::current_path();
  const std::string gone = folder_.path() + "/gone", name = script("", "gone/ptxas").substr(gone.size() + 1);
  std::filesystem::current_path(gone);
  EXPECT_EQ(found({}, "./" + name), gone + "/./" + name);
  std::filesystem::remove_all(gone);
  const auto assembler = findAssembler({.ptxas = "./" + name});
  std::filesystem::current_path(before);
  ASSERT_FALSE(assembler);
  EXPECT_EQ(assembler.status().code(), StatusCode::Unavailable);
}

TEST_F(Assemble, APluginThatCannotBeUsedIsAnError) {
  std::ofstream(folder_.path() + "/libmuntin-ptx.so") << "no library";
  const auto assembler = findAssembler({.folder = folder_.path()});
  ASSERT_FALSE(assembler);
  EXPECT_EQ(assembler.status().code(), StatusCode::Unavailable);
  EXPECT_NE(assembler.status().message().find("libmuntin-ptx.so"), std::string::npos) << assembler.status().message();
}

TEST_F(Assemble, TheVersionIsPartOfTheName) {
  EXPECT_EQ(ptxasProgram(script("echo 'Cuda compilation tools, release 13.0, V13.0.88'", "a"))->name(),
            "ptxas 13.0.88");
  const std::string flaky = script("exit 1", "b");
  EXPECT_EQ(ptxasProgram(flaky)->name(), "ptxas of an unknown version");
  script("echo 'Cuda compilation tools, release 13.0, V13.0.88'", "b");
  EXPECT_EQ(ptxasProgram(flaky)->name(), "ptxas 13.0.88") << "a failure is remembered";
  script("exit 1", "b");
  EXPECT_EQ(ptxasProgram(flaky)->name(), "ptxas 13.0.88") << "the version is asked for each time";
}
