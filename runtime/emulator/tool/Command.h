//===- Command.h - parts of muntin-emulate ----------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_TOOL_COMMAND_H
#define MUNTIN_EMULATOR_TOOL_COMMAND_H

#include "runtime/emulator/Emulator.h"

#include <string>
#include <vector>

namespace muntin::emulator {

/// Ends the program with a message and exit code 2.
[[noreturn]] void refuse(const std::string &message);
std::string readFile(const std::string &path);
/// Of the device that a module is for.
unsigned architectureOf(const std::string &text);

/// `run FILE.ptx KERNEL [options] ARGUMENT...`, beyond the kernel.
struct RunRequest {
  Options options;
  LaunchShape shape;
  bool json = false, profile = false;
  int trace = -1;
  std::vector<std::string> arguments;
};
RunRequest parseRun(int argc, char **argv, int first);

/// What a kernel left behind.
struct RunOutcome {
  LaunchResult result;
  struct Buffer {
    std::string path; ///< of an `out` argument
    std::vector<uint8_t> bytes;
  };
  std::vector<Buffer> buffers;      ///< one per argument that is memory
  std::vector<std::string> profile; ///< if asked for: a line for each instruction
};
/// Loads the text and launches the kernel; refuses where it cannot.
RunOutcome runKernel(const std::string &text, const std::string &kernel, const RunRequest &request,
                     Profile *profile = nullptr, Trace *trace = nullptr);

// The commands; each returns the exit code.
int runCommand(const std::string &path, const std::string &kernel, const RunRequest &request);
int mutateKernel(const std::string &path, const std::string &kernel, const RunRequest &request);
/// `kind`: forward-sm80, forward-sm90a or backward-sm90a, whose arguments and results are known.
int mutateAttention(const std::string &kind, const std::string &path);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_TOOL_COMMAND_H
