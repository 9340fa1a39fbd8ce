//===- Options.cpp - the command line, as it was written -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Options.h"

#include "runtime/abi/Mask.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <limits>

using namespace muntin;

void muntin::addProblemOptions(CLI::App &command, Options &o) {
  const char *group = "Problem";
  auto add = [&](const char *name, Text &to, const char *value, const char *help) {
    command.add_option(name, to, help)->type_name(value)->group(group);
  };
  add("--op", o.op, "forward", "what to compute (default forward)");
  add("--mask", o.mask, "TEXT", "who attends to whom (default full()); see `muntin show mask --help`");
  add("--grid", o.grid, "56x56", "extents of the query tokens, 1 to 3 axes");
  add("--kv-grid", o.kvGrid, "56x56", "extents of the key tokens (default: those of --grid)");
  add("--batch", o.batch, "N", "default 1");
  add("--heads", o.heads, "N", "query heads (default 1)");
  add("--kv-heads", o.kvHeads, "N", "key and value heads, a divisor of --heads (default --heads)");
  add("--head-dim", o.headDim, "N", "elements of a query and a key, 1 to 256 (default 64)");
  add("--value-dim", o.valueDim, "N", "elements of a value (default --head-dim)");
  add("--dtype", o.dtype, "f32|f16|bf16", "element type (default: that of the files, else f32)");
  add("--scale", o.scale, "X", "factor of the scores, any finite number (default 1/sqrt(head-dim))");
  add("--template", o.templateName, "NAME",
      "force a template: row, unfused, naive, online, live, border, stages, roles, window");
  add("--shared", o.shared, "BYTES", "GPUs: shared memory that a plan may use, with K or not (default 99K)");
  add("--plan", o.plan, "TEXT", "force a plan, as `explain` prints it (for experiments)");
}

void muntin::addTensorOptions(CLI::App &command, Options &o) {
  const char *group = "Tensors (NumPy .npy files, heads last: [batch, *grid, heads, dim])";
  auto add = [&](const char *name, Text &to, const char *value, const char *help) {
    command.add_option(name, to, help)->type_name(value)->group(group);
  };
  add("--q", o.q, "FILE", "queries [B, *grid, H, D], f32, f16 or bf16");
  add("--k", o.k, "FILE", "keys [B, *kv_grid, Hkv, D]");
  add("--v", o.v, "FILE", "values [B, *kv_grid, Hkv, Dv]");
  add("--segments", o.segments, "FILE", "int32 [B, tokens] for document() (default: random)");
  add("--kv-segments", o.kvSegments, "FILE", "those of the keys, where the grids differ");
  add("--random", o.random, "SEED", "standard normal input instead of files (default 0)");
}

void muntin::addDeviceOptions(CLI::App &command, Options &o) {
  command.add_option("--device", o.device, "where to run (default cpu); `muntin devices` lists them")
      ->type_name("cpu|cuda[:N]|emulator[:sm_80]")
      ->group("Machine");
  command.add_option("--threads", o.threads, "threads (default: MUNTIN_THREADS, else all cores)")
      ->type_name("N")
      ->group("Machine");
}

void muntin::addTargetOption(CLI::App &command, Options &o, bool repeated) {
  auto *option =
      command.add_option("--target", o.targets,
                         repeated ? "what to compile for, may be repeated (default host); `muntin devices` lists them"
                                  : "what to compile for (default host); `muntin devices` lists them");
  option->type_name("NAME")->group("Machine")->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void muntin::addCubinOption(CLI::App &command, Options &o) {
  command
      .add_option("--cubin", o.cubin,
                  "GPUs: architectures to assemble for, beside PTX (default: the target's own, where there is ptxas)")
      ->type_name("sm_80,sm_90")
      ->group("Machine");
}

void muntin::addJsonOption(CLI::App &command, Options &o) {
  command.add_flag("--json", o.json, "print one JSON object, numbers in SI base units")->group("Output");
}

void muntin::addPictureOptions(CLI::App &command, Options &o) {
  command.add_option("--out", o.output, "write an SVG picture instead of the terminal's")
      ->type_name("FILE.svg")
      ->group("Output");
  command.add_option("--color", o.color, "auto (default), always or never")->type_name("WHEN")->group("Output");
  command.add_option("--width", o.width, "widest terminal picture in columns (default 100)")
      ->type_name("N")
      ->group("Output");
}

//===----------------------------------------------------------------------===//
// Strict readers
//===----------------------------------------------------------------------===//

static std::string expectation(int64_t least, int64_t most) {
  return most == std::numeric_limits<int64_t>::max() ? fmt::format("a whole number of {} or more", least)
                                                     : fmt::format("a whole number from {} to {}", least, most);
}

Result<int64_t> muntin::parseInteger(std::string_view field, std::string_view text, int64_t least, int64_t most) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return Status::invalid(fmt::format("{} is '{}'; expected {}", field, text, expectation(least, most)));
  return value;
}

Result<double> muntin::parseFinite(std::string_view field, std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return Status::invalid(fmt::format("{} is '{}'; expected a finite number", field, text));
  return value;
}

Result<std::vector<int64_t>> muntin::parseExtents(std::string_view field, std::string_view text, int64_t least) {
  std::vector<int64_t> extents;
  const std::string_view whole = text;
  for (bool more = true; more;) {
    const size_t cross = text.find('x');
    more = cross != std::string_view::npos;
    constexpr int64_t most = std::numeric_limits<int32_t>::max();
    Result<int64_t> extent = parseInteger(field, text.substr(0, cross), least, most);
    if (!extent)
      return Status::invalid(fmt::format("{} is '{}'; expected numbers from {} to {} joined by x, as in 56x56", field,
                                         whole, least, most));
    extents.push_back(*extent);
    text.remove_prefix(more ? cross + 1 : text.size());
  }
  if (extents.size() > kMaxRank)
    return Status::invalid(
        fmt::format("{} is '{}', which has {} axes; expected 1 to {}", field, whole, extents.size(), kMaxRank));
  return extents;
}

std::string muntin::printExtents(const std::vector<int64_t> &extents) {
  return fmt::format("{}", fmt::join(extents, "x"));
}
