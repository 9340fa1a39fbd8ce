//===- Assembly.cpp - what an assembler made, and what it said -------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ptxas -v and the compiler library print the same lines; of each kernel
//
//   ptxas info    : Compiling entry function 'k' for 'sm_80'
//   ptxas info    : Function properties for k
//       8 bytes stack frame, 4 bytes spill stores, 4 bytes spill loads
//   ptxas info    : Used 255 registers, used 1 barriers, 8 bytes stack, 528 bytes smem, 616 bytes cmem[0]
//
// and, for what should have been a warning,
//
//   ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to ...
//
//===----------------------------------------------------------------------===//

#include "compiler/Assemble/Assembly.h"

#include <fmt/format.h>

#include <charconv>

using namespace muntin;

/// The text between two words, or "".
static std::string_view between(std::string_view line, std::string_view before, std::string_view after) {
  const size_t begin = line.find(before);
  if (begin == std::string_view::npos)
    return {};
  line.remove_prefix(begin + before.size());
  const size_t end = line.find(after);
  return end == std::string_view::npos ? std::string_view() : line.substr(0, end);
}

/// The number right before `unit`: of "8 bytes stack frame" before " bytes stack frame". 0 where there is none.
static int64_t numberBefore(std::string_view line, std::string_view unit) {
  const size_t end = line.find(unit);
  if (end == std::string_view::npos)
    return 0;
  size_t begin = end;
  while (begin > 0 && line[begin - 1] >= '0' && line[begin - 1] <= '9')
    --begin;
  int64_t number = 0;
  std::from_chars(line.data() + begin, line.data() + end, number);
  return number;
}

/// "ptxas info    : (C7510) Potential ..." without its beginning.
static std::string_view withoutPrefix(std::string_view line) {
  const size_t colon = line.find(" : ");
  return line.starts_with("ptxas") && colon != std::string_view::npos ? line.substr(colon + 3) : line;
}

static bool isPerformanceLoss(std::string_view text) {
  return text.find("(C75") != std::string_view::npos ||
         text.find("Potential Performance Loss") != std::string_view::npos;
}

Result<Assembly> muntin::readReport(std::string_view report) {
  Assembly assembly;
  size_t measured = 0;
  while (!report.empty()) {
    const std::string_view line = report.substr(0, report.find('\n'));
    report.remove_prefix(std::min(report.size(), line.size() + 1));
    if (const std::string_view entry = between(line, "Compiling entry function '", "'"); !entry.empty())
      assembly.kernels.push_back({.entry = std::string(entry)});
    else if (line.find("warning") != std::string_view::npos || isPerformanceLoss(line))
      assembly.messages.emplace_back(withoutPrefix(line));
    if (assembly.kernels.empty())
      continue;
    KernelUse &kernel = assembly.kernels.back();
    if (line.find(" bytes stack frame") != std::string_view::npos) {
      kernel.stackBytes = numberBefore(line, " bytes stack frame");
      kernel.spillStoreBytes = numberBefore(line, " bytes spill stores");
      kernel.spillLoadBytes = numberBefore(line, " bytes spill loads");
    } else if (line.find("Used ") != std::string_view::npos && line.find(" registers") != std::string_view::npos) {
      kernel.registers = numberBefore(line, " registers");
      kernel.sharedBytes = numberBefore(line, " bytes smem");
      ++measured;
    }
  }
  if (assembly.kernels.empty() || measured != assembly.kernels.size())
    return Status(StatusCode::CheckFailed,
                  fmt::format("its report tells the registers of {} of {} kernels", measured, assembly.kernels.size()));
  return assembly;
}

std::string Assembly::objection() const {
  for (const KernelUse &kernel : kernels)
    if (kernel.localBytes() > 0)
      return kernel.spillStoreBytes + kernel.spillLoadBytes > 0
                 ? fmt::format("ptxas spills {} bytes of {} ({} stored, {} loaded)", kernel.stackBytes, kernel.entry,
                               kernel.spillStoreBytes, kernel.spillLoadBytes)
                 : fmt::format("ptxas puts {} bytes of {} into local memory", kernel.stackBytes, kernel.entry);
  for (const std::string &message : messages)
    if (isPerformanceLoss(message))
      return "ptxas says: " + message;
  return "";
}

int64_t Assembly::localBytes() const {
  int64_t bytes = 0;
  for (const KernelUse &kernel : kernels)
    bytes += kernel.localBytes();
  return bytes;
}

std::string muntin::complaintIn(const std::string &output) {
  std::string last;
  for (size_t begin = 0; begin < output.size();) {
    const size_t end = std::min(output.find('\n', begin), output.size());
    std::string line = output.substr(begin, end - begin);
    begin = end + 1;
    if (line.find("error") != std::string::npos || line.find("fatal") != std::string::npos)
      return line;
    if (!line.empty())
      last = std::move(line);
  }
  constexpr size_t shown = 300;
  return last.empty() ? "it says nothing" : last.substr(0, shown);
}

Fault muntin::faultOf(const std::string &complaint) {
  const auto says = [&](const char *words) { return complaint.find(words) != std::string::npos; };
  if (says("Unsupported .version") || says("gpu-name"))
    return Fault::Version;
  // "ptxas kernel.ptx, line 3; error   : ..."; a fatal line without a place is about the machine or the command.
  const bool hasPlace = says(", line ") && (says(" error ") || says(" fatal "));
  return hasPlace || complaint.starts_with("ptxas error ") || says("Unresolved extern") ? Fault::Text : Fault::Machine;
}

/// The little-endian number at `at`.
static uint64_t numberAt(std::string_view bytes, size_t at, size_t width) {
  uint64_t number = 0;
  for (size_t i = 0; i < width; ++i)
    number |= uint64_t(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return number;
}

bool muntin::isCubin(std::string_view bytes) {
  // The ELF header: magic and class in bytes 0 to 4, the machine in 18 and 19; where the tables of segments and
  // sections begin, how large a row is and how many there are. Both stand behind what they describe: a file that was
  // cut off lacks one.
  constexpr size_t headerBytes = 64, machineAt = 18;
  constexpr uint64_t cudaMachine = 190; // EM_CUDA
  constexpr struct {
    size_t begin, rowBytes, rows;
  } tables[] = {{32, 54, 56}, {40, 58, 60}};
  if (bytes.size() < headerBytes ||
      !bytes.starts_with(std::string_view("\x7f"
                                          "ELF\x02")) ||
      numberAt(bytes, machineAt, 2) != cudaMachine)
    return false;
  for (const auto &table : tables) {
    const uint64_t begin = numberAt(bytes, table.begin, 8);
    if (begin > bytes.size() ||
        numberAt(bytes, table.rowBytes, 2) * numberAt(bytes, table.rows, 2) > bytes.size() - begin)
      return false;
  }
  return true;
}
