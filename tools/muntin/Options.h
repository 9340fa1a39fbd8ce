//===- Options.h - the command line, as it was written ---------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// CLI11 only splits the line into options. Values stay text until Request.cpp
// reads them strictly, so that each message names field, value and bound.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_OPTIONS_H
#define MUNTIN_TOOLS_MUNTIN_OPTIONS_H

#include "runtime/abi/Result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace muntin {

using Text = std::optional<std::string>; ///< absent: not given

struct Options {
  // The problem.
  Text op, mask, rank, grid, kvGrid, batch, heads, kvHeads, headDim, valueDim, dtype, scale, templateName, plan, shared;
  // Where it runs.
  Text device, threads;
  std::vector<std::string> targets;
  // Tensors.
  Text q, k, v, segments, kvSegments, out, lse, random;
  bool check = false;
  // Many problems: every value of an option that is given several times, and files that list them (Problems.h).
  std::map<std::string, std::vector<std::string>> repeated;
  std::vector<std::string> problems;
  // Output.
  Text emit, output, color, embed, cubin;
  Text key;  ///< of a problem, for `cache why`
  Text file; ///< for `show bundle`
  bool json = false;
  // show
  std::vector<std::string> queries;
  Text queryBox, queryStep, keyBox, at, width;
  // bench
  Text seconds;
};

void addProblemOptions(CLI::App &command, Options &options);
void addTensorOptions(CLI::App &command, Options &options);
void addDeviceOptions(CLI::App &command, Options &options);
void addTargetOption(CLI::App &command, Options &options, bool repeated);
/// --cubin: what images of GPUs carry beside PTX.
void addCubinOption(CLI::App &command, Options &options);
void addJsonOption(CLI::App &command, Options &options);
void addPictureOptions(CLI::App &command, Options &options);

/// Strict readers. `field` is the option as the user knows it ("--heads").
Result<int64_t> parseInteger(std::string_view field, std::string_view text, int64_t least, int64_t most);
Result<double> parseFinite(std::string_view field, std::string_view text);
/// `56x56`: 1 to 3 numbers, each from `least` to 2^31 - 1.
Result<std::vector<int64_t>> parseExtents(std::string_view field, std::string_view text, int64_t least);
std::string printExtents(const std::vector<int64_t> &extents); ///< "56x56"

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_OPTIONS_H
