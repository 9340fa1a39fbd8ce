//===- Run.cpp - muntin-emulate run ---------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Profile.h"
#include "runtime/emulator/tool/Command.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>

namespace muntin::emulator {

static void triple(const std::string &text, uint32_t *out) {
  if (std::sscanf(text.c_str(), "%ux%ux%u", &out[0], &out[1], &out[2]) < 1)
    refuse("expected X, XxY or XxYxZ, got '" + text + "'");
}

RunRequest parseRun(int argc, char **argv, int first) {
  RunRequest r;
  for (int i = first; i < argc; ++i) {
    const std::string a = argv[i];
    const auto value = [&]() -> std::string { return i + 1 < argc ? argv[++i] : (refuse(a + " needs a value"), ""); };
    if (a == "--grid")
      triple(value(), r.shape.grid);
    else if (a == "--block")
      triple(value(), r.shape.block);
    else if (a == "--cluster")
      triple(value(), r.shape.cluster);
    else if (a == "--shared")
      r.shape.dynamicShared = static_cast<uint32_t>(std::strtoul(value().c_str(), nullptr, 0));
    else if (a == "--steps")
      r.options.stepLimit = std::strtoull(value().c_str(), nullptr, 0);
    else if (a == "--json")
      r.json = true;
    else if (a == "--profile")
      r.profile = true;
    else if (a == "--trace")
      r.trace = std::atoi(value().c_str());
    else if (a == "--check") {
      const std::string v = value();
      if (v != "off" && v != "memory" && v != "race")
        refuse("--check is '" + v + "', expected off, memory or race");
      r.options.check = v == "off" ? CheckLevel::Off : v == "race" ? CheckLevel::Race : CheckLevel::Memory;
    } else if (a == "--async") {
      const std::string v = value();
      if (v != "late" && v != "eager" && v.rfind("random:", 0) != 0)
        refuse("--async is '" + v + "', expected late, eager or random:SEED");
      r.options.async = v == "late" ? AsyncMode::Late : v == "eager" ? AsyncMode::Eager : AsyncMode::Random;
      if (r.options.async == AsyncMode::Random)
        r.options.seed = std::strtoull(v.c_str() + 7, nullptr, 10);
    } else if (a.rfind("--", 0) == 0)
      refuse("unknown option '" + a + "'");
    else
      r.arguments.push_back(a);
  }
  return r;
}

/// The data behind a .npy header, or the whole file.
static std::string payload(const std::string &path) {
  const std::string raw = readFile(path);
  if (raw.rfind("\x93NUMPY", 0) != 0 || raw.size() < 12)
    return raw;
  const auto byte = [&](size_t i) { return size_t(static_cast<unsigned char>(raw[i])); };
  const size_t length = raw[6] == 1 ? byte(8) + 256 * byte(9) : byte(8) + 256 * byte(9) + 65536 * byte(10);
  return raw.substr((raw[6] == 1 ? 10 : 12) + length);
}

namespace {

struct Memory {
  std::string path; ///< of an `out` argument
  uint64_t address, bytes;
};

/// Adds one argument to the parameters.
void collect(Emulator &e, const std::string &argument, Params &params, std::vector<Memory> &memory) {
  const size_t colon = argument.find(':');
  const std::string kind = argument.substr(0, colon),
                    rest = colon == std::string::npos ? "" : argument.substr(colon + 1);
  const auto upload = [&](const void *data, uint64_t bytes, const std::string &path) {
    const uint64_t at = data ? e.upload(data, bytes) : e.allocate(bytes);
    memory.push_back({path, at, bytes});
    params.add(at);
  };
  if (kind == "u32" || kind == "s32") {
    params.add(static_cast<uint32_t>(std::strtoll(rest.c_str(), nullptr, 0)));
  } else if (kind == "u64") {
    params.add(static_cast<uint64_t>(std::strtoull(rest.c_str(), nullptr, 0)));
  } else if (kind == "f32") {
    params.add(std::strtof(rest.c_str(), nullptr));
  } else if (kind == "in") {
    const std::string data = payload(rest);
    upload(data.data(), data.size(), "");
  } else if (kind == "zero") {
    const std::vector<uint8_t> data(std::strtoull(rest.c_str(), nullptr, 0));
    upload(data.data(), data.size(), "");
  } else if (kind == "out") {
    const size_t last = rest.rfind(':');
    if (last == std::string::npos)
      refuse("expected out:FILE:BYTES, got '" + argument + "'");
    upload(nullptr, std::strtoull(rest.c_str() + last + 1, nullptr, 0), rest.substr(0, last));
  } else {
    refuse("unknown argument '" + argument + "'");
  }
}

} // namespace

RunOutcome runKernel(const std::string &text, const std::string &name, const RunRequest &r, Profile *profile,
                     Trace *trace) {
  Emulator e(architectureOf(text), r.options);
  auto module = e.load(text);
  if (!module)
    refuse(module.status().message());
  const auto kernel = (*module)->kernel(name);
  if (!kernel)
    refuse("no kernel '" + name + "' in the text");
  Params params;
  std::vector<Memory> memory;
  for (const std::string &a : r.arguments)
    collect(e, a, params, memory);
  const std::vector<uint8_t> bytes = params;
  if (bytes.size() < kernel->paramBytes)
    refuse("the kernel takes " + std::to_string(kernel->paramBytes) + " bytes of parameters, " +
           std::to_string(bytes.size()) + " were given");
  RunOutcome outcome{e.launch(*kernel, r.shape, bytes, profile, trace), {}, {}};
  if (profile) // whose lines point into the module
    outcome.profile = r.json ? describeAsJson(*profile) : describe(*profile);
  for (const Memory &m : memory) {
    const uint8_t *host = e.host(m.address, m.bytes);
    outcome.buffers.push_back({m.path, {host, host + m.bytes}});
  }
  return outcome;
}

int runCommand(const std::string &path, const std::string &name, const RunRequest &r) {
  Profile profile;
  Trace trace;
  trace.warp = static_cast<uint32_t>(std::max(0, r.trace));
  const RunOutcome o =
      runKernel(readFile(path), name, r, r.profile ? &profile : nullptr, r.trace >= 0 ? &trace : nullptr);
  for (const std::string &line : trace.lines)
    std::printf("%s\n", line.c_str());
  for (const Report &report : o.result.reports)
    std::printf("%s\n", r.json ? report.json().c_str() : report.sentence().c_str());
  for (const std::string &line : o.profile)
    std::printf("%s\n", line.c_str());
  for (const RunOutcome::Buffer &b : o.buffers)
    if (!b.path.empty())
      std::ofstream(b.path, std::ios::binary)
          .write(reinterpret_cast<const char *>(b.bytes.data()), static_cast<std::streamsize>(b.bytes.size()));
  std::fprintf(stderr, "%s, %llu warp instructions\n", o.result.ok ? "done" : "failed",
               static_cast<unsigned long long>(o.result.steps));
  return o.result.ok ? 0 : 1;
}

} // namespace muntin::emulator
