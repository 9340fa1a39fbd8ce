//===- Emulate.cpp - muntin-emulate: kernels by hand ----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Decoder.h"
#include "runtime/emulator/tool/Command.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace muntin::emulator {

void refuse(const std::string &message) {
  std::fprintf(stderr, "muntin-emulate: %s\n", message.c_str());
  std::exit(2);
}

std::string readFile(const std::string &path) {
  std::ifstream f(path, std::ios::binary);
  if (!f)
    refuse("cannot read '" + path + "'");
  return {std::istreambuf_iterator<char>(f), {}};
}

unsigned architectureOf(const std::string &text) {
  auto m = Module::parse(text);
  if (!m)
    refuse(m.status().message());
  return (*m)->architecture >= 90 ? 90 : 80;
}

} // namespace muntin::emulator

using namespace muntin::emulator;

namespace {

constexpr const char *Usage = R"(usage:
  muntin-emulate list FILE.ptx [--json]            kernels, their resources, instructions by class
  muntin-emulate table                             the instructions that are executed, as Markdown
  muntin-emulate run FILE.ptx KERNEL [options] ARGUMENT...
  muntin-emulate mutate FILE.ptx KERNEL [options] ARGUMENT...
                                                   one synchronisation instruction less at a time: what nothing notices
  muntin-emulate mutate forward-sm80|forward-sm90a|backward-sm90a FILE.ptx
                                                   the same for an attention kernel with a known interface
arguments: u32:N s32:N u64:N f32:X   in:FILE (its bytes)   out:FILE:BYTES   zero:BYTES   (.npy headers are skipped)
options: --grid X[xYxZ] --block X[xYxZ] --cluster X[xYxZ] --shared BYTES --async late|eager|random:SEED
         --check off|memory|race --steps N --json --profile --trace WARP
)";

constexpr const char *ClassNames[] = {"integer", "float",   "convert", "move", "memory", "shared",
                                      "atomic",  "control", "barrier", "warp", "tensor", "async"};

void printKernel(const Kernel &kernel, bool json) {
  uint64_t counts[12] = {};
  for (const auto &routine : kernel.routines)
    for (const Instr &in : routine->code)
      ++counts[static_cast<int>(instructionTable()[in.row].kind)];
  std::printf(json ? "{\"kernel\": \"%s\", \"parameter_bytes\": %u, \"shared_bytes\": %u, \"local_bytes\": %u, "
                     "\"frame_bytes\": %u, \"instructions\": {"
                   : "%s: %u parameter bytes, %u bytes static shared, %u bytes local, frame of %u bytes per warp\n ",
              kernel.name.c_str(), kernel.paramBytes, kernel.staticShared, kernel.localBytes,
              kernel.routines[0]->frameWords * 4);
  const char *separator = "";
  for (int c = 0; c < 12; ++c) {
    if (!counts[c])
      continue;
    std::printf(json ? "%s\"%s\": %llu" : "%s %s %llu", separator, ClassNames[c],
                static_cast<unsigned long long>(counts[c]));
    separator = json ? ", " : "";
  }
  std::printf(json ? "}}\n" : "\n");
}

int list(const std::string &path, bool json) {
  const std::string text = readFile(path);
  Emulator e(architectureOf(text));
  auto module = e.load(text);
  if (!module)
    refuse(module.status().message());
  for (const auto &[name, kernel] : (*module)->kernels())
    printKernel(*kernel, json);
  return 0;
}

int table() {
  std::printf("| instruction | from | note |\n|---|---|---|\n");
  for (const InstructionRow &row : instructionTable())
    std::printf("| `%s` | %s | %s |\n", std::string(row.form).c_str(),
                row.architecture ? ("sm_" + std::to_string(row.architecture)).c_str() : "",
                std::string(row.note).c_str());
  return 0;
}

bool isAttention(const std::string &kind) {
  return kind == "forward-sm80" || kind == "forward-sm90a" || kind == "backward-sm90a";
}

} // namespace

int main(int argc, char **argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "table")
    return table();
  if (command == "list" && (argc == 3 || (argc == 4 && std::string(argv[3]) == "--json")))
    return list(argv[2], argc == 4);
  if (command == "run" && argc >= 4)
    return runCommand(argv[2], argv[3], parseRun(argc, argv, 4));
  if (command == "mutate" && argc == 4 && isAttention(argv[2]))
    return mutateAttention(argv[2], argv[3]);
  if (command == "mutate" && argc >= 4)
    return mutateKernel(argv[2], argv[3], parseRun(argc, argv, 4));
  std::fputs(Usage, stderr);
  return 2;
}
