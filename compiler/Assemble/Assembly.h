//===- Assembly.h - what an assembler made, and what it said ---*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_ASSEMBLE_ASSEMBLY_H
#define MUNTIN_COMPILER_ASSEMBLE_ASSEMBLY_H

#include "runtime/abi/Result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muntin {

/// What one kernel takes of a GPU.
struct KernelUse {
  std::string entry;
  int64_t registers = 0;       ///< of a thread
  int64_t stackBytes = 0;      ///< local memory of a thread
  int64_t spillStoreBytes = 0; ///< of registers that did not fit, per thread
  int64_t spillLoadBytes = 0;  ///< the same, read back
  int64_t sharedBytes = 0;     ///< of a block, beside what a launch asks for
  int64_t localBytes() const { return stackBytes + spillStoreBytes + spillLoadBytes; }
};

struct Assembly {
  std::string architecture; ///< "sm_80"
  std::string cubin;
  std::vector<KernelUse> kernels;
  std::vector<std::string> messages; ///< warnings, and potential performance losses, which ptxas prints as information

  /// Why the plan behind it should give way to another: a spill, local memory, a potential performance loss. "" if
  /// nothing speaks against it.
  std::string objection() const;
  /// For the least of several evils: bytes of local memory and spills, of all kernels.
  int64_t localBytes() const;
};

/// Reads `ptxas -v`. CheckFailed where it names no kernel, so that silence is never taken for the absence of spills.
Result<Assembly> readReport(std::string_view report);

/// The line of an output that tells what is wrong: the first with an error in it, else the last that is not empty.
std::string complaintIn(const std::string &output);

/// Whose fault it is: the text's; the assembler's, which is older than the text or does not know the architecture; or
/// that of the machine, which has no room, no memory, no such file.
enum class Fault { Text, Version, Machine };
Fault faultOf(const std::string &complaint);

/// Whether the bytes are a whole ELF file for NVIDIA GPUs.
bool isCubin(std::string_view bytes);

} // namespace muntin

#endif // MUNTIN_COMPILER_ASSEMBLE_ASSEMBLY_H
