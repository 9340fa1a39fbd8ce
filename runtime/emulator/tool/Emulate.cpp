//===- Emulate.cpp - muntin-emulate: kernels by hand ----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Profile.h"
#include "runtime/emulator/isa/Decoder.h"
#include "runtime/emulator/tool/Attention.h"
#include "runtime/emulator/tool/Mutate.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>

using namespace muntin::emulator;

namespace {

constexpr const char *Usage = R"(usage:
  muntin-emulate list FILE.ptx                     kernels, their resources, instructions by class
  muntin-emulate table                             the instructions that are executed, as Markdown
  muntin-emulate run FILE.ptx KERNEL [options] ARGUMENT...
  muntin-emulate mutate forward-sm80|forward-sm90a|backward-sm90a FILE.ptx
arguments: u32:N s32:N u64:N f32:X   in:FILE (its bytes)   out:FILE:BYTES   zero:BYTES   (.npy headers are skipped)
options: --grid X[xYxZ] --block X[xYxZ] --cluster X[xYxZ] --shared BYTES --async late|eager|random:SEED
         --check off|memory|race --steps N --json --profile --trace WARP
)";

[[noreturn]] void refuse(const std::string &message) {
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

constexpr const char *ClassNames[] = {"integer", "float",   "convert", "move", "memory", "shared",
                                      "atomic",  "control", "barrier", "warp", "tensor", "async"};

int list(const std::string &path) {
  const std::string text = readFile(path);
  Emulator e(architectureOf(text));
  auto module = e.load(text);
  if (!module)
    refuse(module.status().message());
  for (const auto &[name, kernel] : (*module)->kernels()) {
    uint64_t counts[12] = {};
    for (const auto &routine : kernel->routines)
      for (const Instr &in : routine->code)
        ++counts[static_cast<int>(instructionTable()[in.row].kind)];
    std::printf("%s: %u parameter bytes, %u bytes static shared, %u bytes local, frame of %u bytes per warp\n ",
                name.c_str(), kernel->paramBytes, kernel->staticShared, kernel->localBytes,
                kernel->routines[0]->frameWords * 4);
    for (int c = 0; c < 12; ++c)
      if (counts[c])
        std::printf(" %s %llu", ClassNames[c], static_cast<unsigned long long>(counts[c]));
    std::printf("\n");
  }
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

struct RunRequest {
  Options options;
  LaunchShape shape;
  bool json = false, profile = false;
  int trace = -1;
  std::vector<std::string> arguments;
};

void triple(const std::string &text, uint32_t *out) {
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
std::string payload(const std::string &path) {
  const std::string raw = readFile(path);
  if (raw.rfind("\x93NUMPY", 0) != 0 || raw.size() < 12)
    return raw;
  const auto byte = [&](size_t i) { return size_t(static_cast<unsigned char>(raw[i])); };
  const size_t length = raw[6] == 1 ? byte(8) + 256 * byte(9) : byte(8) + 256 * byte(9) + 65536 * byte(10);
  return raw.substr((raw[6] == 1 ? 10 : 12) + length);
}

struct Output {
  std::string path;
  uint64_t address, bytes;
};

Params collect(Emulator &e, const std::vector<std::string> &arguments, std::vector<Output> &outputs) {
  Params params;
  for (const std::string &a : arguments) {
    const size_t colon = a.find(':');
    const std::string kind = a.substr(0, colon), rest = colon == std::string::npos ? "" : a.substr(colon + 1);
    if (kind == "u32" || kind == "s32")
      params.add(static_cast<uint32_t>(std::strtoll(rest.c_str(), nullptr, 0)));
    else if (kind == "u64")
      params.add(static_cast<uint64_t>(std::strtoull(rest.c_str(), nullptr, 0)));
    else if (kind == "f32")
      params.add(std::strtof(rest.c_str(), nullptr));
    else if (kind == "in") {
      const std::string data = payload(rest);
      params.add(e.upload(data.data(), data.size()));
    } else if (kind == "zero") {
      const std::vector<uint8_t> data(std::strtoull(rest.c_str(), nullptr, 0));
      params.add(e.upload(data.data(), data.size()));
    } else if (kind == "out") {
      const size_t last = rest.rfind(':');
      if (last == std::string::npos)
        refuse("expected out:FILE:BYTES, got '" + a + "'");
      const uint64_t bytes = std::strtoull(rest.c_str() + last + 1, nullptr, 0), at = e.allocate(bytes);
      outputs.push_back({rest.substr(0, last), at, bytes});
      params.add(at);
    } else
      refuse("unknown argument '" + a + "'");
  }
  return params;
}

void printProfile(const Kernel &kernel, const Profile &profile, bool json) {
  if (!json)
    std::printf("%6s %-44s %10s %6s %10s %8s %10s %8s\n", "line", "instruction", "executed", "lanes", "wavefronts",
                "extra", "sectors", "extra");
  for (const auto &[key, l] : profile.lines) {
    const Instruction &i = key.first->function->body[key.second];
    const double lanes = l.executed ? double(l.lanes) / double(l.executed) : 0;
    const char *format =
        json ? "{\"line\": %u, \"instruction\": \"%.*s\", \"executed\": %llu, \"lanes\": %.2f, \"wavefronts\": %llu, "
               "\"wavefronts_extra\": %llu, \"sectors\": %llu, \"sectors_extra\": %lld}\n"
             : "%6u %-44.*s %10llu %6.2f %10llu %8llu %10llu %8lld\n";
    std::printf(format, i.line, static_cast<int>(std::min<size_t>(i.mnemonic.size(), 44)), i.mnemonic.data(),
                static_cast<unsigned long long>(l.executed), lanes, static_cast<unsigned long long>(l.wavefronts),
                static_cast<unsigned long long>(l.wavefronts - l.leastWavefronts),
                static_cast<unsigned long long>(l.sectors),
                static_cast<long long>(l.sectors) - static_cast<long long>(l.leastSectors));
  }
  (void)kernel;
}

int run(const std::string &path, const std::string &name, const RunRequest &r) {
  const std::string text = readFile(path);
  Emulator e(architectureOf(text), r.options);
  auto module = e.load(text);
  if (!module)
    refuse(module.status().message());
  const auto kernel = (*module)->kernel(name);
  if (!kernel)
    refuse("no kernel '" + name + "' in '" + path + "'");
  std::vector<Output> outputs;
  const std::vector<uint8_t> params = collect(e, r.arguments, outputs);
  if (params.size() < kernel->paramBytes)
    refuse("the kernel takes " + std::to_string(kernel->paramBytes) + " bytes of parameters, " +
           std::to_string(params.size()) + " were given");
  Profile profile;
  Trace trace;
  trace.warp = static_cast<uint32_t>(std::max(0, r.trace));
  const LaunchResult result =
      e.launch(*kernel, r.shape, params, r.profile ? &profile : nullptr, r.trace >= 0 ? &trace : nullptr);
  for (const std::string &line : trace.lines)
    std::printf("%s\n", line.c_str());
  for (const Report &report : result.reports)
    std::printf("%s\n", r.json ? report.json().c_str() : report.sentence().c_str());
  if (r.profile)
    printProfile(*kernel, profile, r.json);
  for (const Output &o : outputs)
    std::ofstream(o.path, std::ios::binary)
        .write(reinterpret_cast<const char *>(e.host(o.address, o.bytes)), static_cast<std::streamsize>(o.bytes));
  std::fprintf(stderr, "%s, %llu warp instructions\n", result.ok ? "done" : "failed",
               static_cast<unsigned long long>(result.steps));
  return result.ok ? 0 : 1;
}

/// What noticed a mutation; empty if nothing did.
std::string noticed(const std::string &kind, const std::string &text) {
  AttentionProblem p;
  p.heads = 1;
  if (kind == "backward-sm90a") { // knows no window
    p.tokens = 384;
  } else { // so that the loops over both borders and over full boxes run, and stages are used again
    p.tokens = 768;
    p.left = 300;
    p.right = 200;
  }
  const auto one = [&](AsyncMode mode, uint64_t seed) {
    Options options;
    options.check = CheckLevel::Race;
    options.async = mode;
    options.seed = seed;
    options.stepLimit = 20'000'000;
    const AttentionOutcome o = kind == "backward-sm90a" ? runBackward(text, p, options)
                                                        : runForward(text, kind == "forward-sm90a", p, options);
    if (!o.error.empty())
      return o.error;
    if (!o.reports.empty())
      return o.reports[0].sentence();
    const double *g = o.worstGradients;
    // Written so that NaN is wrong, too.
    const bool right = o.worstOutput <= 0.02 && o.worstLse <= 0.01 && g[0] <= 0.02 && g[1] <= 0.02 && g[2] <= 0.02;
    return right ? std::string() : std::string("a wrong result");
  };
  for (const AsyncMode mode : {AsyncMode::Late, AsyncMode::Eager})
    if (std::string why = one(mode, 0); !why.empty())
      return why;
  return one(AsyncMode::Random, 1);
}

int mutate(const std::string &kind, const std::string &path) {
  auto module = Module::parse(readFile(path));
  if (!module)
    refuse(module.status().message());
  if (const std::string why = noticed(kind, (*module)->text); !why.empty())
    refuse("the kernel itself fails: " + why);
  const auto mutations = mutationsOf(**module);
  size_t found = 0;
  for (const Mutation &m : mutations) {
    const std::string why = noticed(kind, m.text);
    found += !why.empty();
    if (why.empty())
      std::printf("survives: line %u, %s\n", m.line, m.what.c_str());
    else
      std::printf("noticed: line %u, %s: %.140s\n", m.line, m.what.c_str(), why.c_str());
  }
  std::printf("noticed %zu of %zu mutations\n", found, mutations.size());
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "table")
    return table();
  if (command == "list" && argc == 3)
    return list(argv[2]);
  if (command == "run" && argc >= 4)
    return run(argv[2], argv[3], parseRun(argc, argv, 4));
  if (command == "mutate" && argc == 4)
    return mutate(argv[2], argv[3]);
  std::fputs(Usage, stderr);
  return 2;
}
