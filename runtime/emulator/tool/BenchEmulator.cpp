//===- BenchEmulator.cpp - bench-emulator: how fast the emulator is -------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Mma.h"
#include "runtime/emulator/tool/Attention.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>

using namespace muntin::emulator;

namespace {

/// Seconds of processor time, so that a busy machine does not count.
double now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::string readFile(const char *path) {
  std::ifstream f(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(f), {}};
}

/// A loop of `body` on one warp; nanoseconds per repetition of it.
double loop(unsigned architecture, const std::string &registers, const std::string &body, unsigned perLoop,
            unsigned loops, unsigned threads = 32) {
  std::string text =
      std::string(architecture >= 90 ? ".version 8.0\n.target sm_90a\n" : ".version 8.0\n.target sm_80\n") +
      ".address_size 64\n.visible .entry k()\n{\n.reg .b32 %n; .reg .pred %go; .shared .align 1024 .b8 s[32768];\n" +
      registers + "mov.b32 %n, 0;\nLOOP:\n";
  for (unsigned i = 0; i < perLoop; ++i)
    text += body;
  text += "add.s32 %n, %n, 1; setp.lt.s32 %go, %n, " + std::to_string(loops) + "; @%go bra LOOP;\nret;\n}\n";
  Options options;
  options.check = CheckLevel::Off;
  options.async = AsyncMode::Eager;
  options.threads = 1;
  Emulator e(architecture, options);
  auto module = e.load(text);
  if (!module) {
    std::printf("%s\n", module.status().message().c_str());
    return 0;
  }
  double best = 1e9;
  for (int trial = 0; trial < 5; ++trial) {
    const double start = now();
    e.launch(*(*module)->kernel("k"), {{1, 1, 1}, {threads, 1, 1}}, {});
    best = std::min(best, now() - start);
  }
  return best / perLoop / loops * 1e9;
}

void micro() {
  const std::string floats = ".reg .f32 %f<8>; mov.f32 %f1, 0f3F800000; mov.f32 %f2, 0f3F000000;\n";
  const double fma = loop(80, floats, "fma.rn.f32 %f3, %f1, %f2, %f3;\n", 64, 20000);
  std::printf("scalar: %.2f ns per 32-lane fma, %.0f million warp instructions per second per core\n", fma, 1e3 / fma);
  std::string registers = ".reg .b32 %r<16>; .reg .f32 %f<8>;\n",
              body = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f0,%f1,%f2,%f3}, {%r0,%r1,%r2,%r3}, "
                     "{%r4,%r5}, {%f0,%f1,%f2,%f3};\n";
  std::printf("m16n8k16 bf16: %.1f ns\n", loop(80, registers, body, 32, 4000));
  std::string list;
  for (int i = 0; i < 64; ++i)
    list += (i ? ",%f" : "%f") + std::to_string(i);
  registers = ".reg .f32 %f<64>; .reg .b64 %a, %b; .reg .pred %p; .reg .b32 %s; setp.eq.b32 %p, 0, 0; mov.u32 %s, s; "
              "shr.u32 %s, %s, 4; cvt.u64.u32 %a, %s; or.b64 %a, %a, 4611686293305360384; add.u64 %b, %a, 1024;\n";
  body = "wgmma.fence.sync.aligned; wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" + list +
         "}, %a, %b, %p, 1, 1, 0, 0; wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;\n";
  std::printf("wgmma m64n128k16 bf16 (four warps): %.0f ns\n", loop(90, registers, body, 4, 200, 128));
}

/// The same arithmetic as an attention CTA (128 queries, `keys` keys, D 128) in three plain loops, twice.
double plainLoops(unsigned keys) {
  std::vector<float> a(128 * 128, 1), b(size_t(keys) * 128, 1), s(size_t(128) * keys), o(128 * 128);
  const double start = now();
  for (unsigned i = 0; i < 128; ++i)
    for (unsigned d = 0; d < 128; ++d)
      for (unsigned j = 0; j < keys; ++j)
        s[i * keys + j] += a[i * 128 + d] * b[d * keys + j];
  for (unsigned i = 0; i < 128; ++i)
    for (unsigned j = 0; j < keys; ++j)
      for (unsigned d = 0; d < 128; ++d)
        o[i * 128 + d] += s[i * keys + j] * b[j * 128 + d];
  volatile float keep = o[5];
  (void)keep;
  return now() - start;
}

void report(const char *name, const AttentionOutcome &o) {
  if (!o.error.empty())
    return void(std::printf("%s: %s\n", name, o.error.c_str()));
  std::printf("%s: %.2f ms per CTA, %llu warp instructions; worst output error %.2e, LSE %.2e, gradients %.2e %.2e "
              "%.2e; %zu reports\n",
              name, o.secondsPerCta * 1e3, static_cast<unsigned long long>(o.steps), o.worstOutput, o.worstLse,
              o.worstGradients[0], o.worstGradients[1], o.worstGradients[2], o.reports.size());
  for (const Report &r : o.reports)
    std::printf("    %s\n", r.sentence().c_str());
}

/// `only`: settings whose name contains it.
void attention(const char *kind, const std::string &text, bool backward, bool maps, const std::string &only) {
  const double parse = now();
  const bool parsed = Module::parse(text).ok();
  const double parseSeconds = now() - parse;
  const auto lines = static_cast<double>(std::count(text.begin(), text.end(), '\n'));
  std::printf("%s: parse %.2f us per line (%s)\n", kind, parseSeconds / lines * 1e6, parsed ? "ok" : "failed");
  struct Setting {
    const char *name;
    CheckLevel check;
    AsyncMode async;
    uint64_t seed;
    unsigned threads;
  };
  const Setting settings[] = {{"checks off, late, 1 thread", CheckLevel::Off, AsyncMode::Late, 0, 1},
                              {"checks off, late, 2 threads", CheckLevel::Off, AsyncMode::Late, 0, 2},
                              {"memory, late", CheckLevel::Memory, AsyncMode::Late, 0, 1},
                              {"race, late", CheckLevel::Race, AsyncMode::Late, 0, 1},
                              {"race, eager", CheckLevel::Race, AsyncMode::Eager, 0, 1},
                              {"race, random 1", CheckLevel::Race, AsyncMode::Random, 1, 1},
                              {"race, random 2", CheckLevel::Race, AsyncMode::Random, 2, 1},
                              {"race, random 3", CheckLevel::Race, AsyncMode::Random, 3, 1}};
  AttentionProblem full, windowed;
  full.launches = 5;
  windowed.left = 200;
  windowed.right = 77;
  for (const Setting &s : settings) {
    if (std::string_view(s.name).find(only) == std::string_view::npos)
      continue;
    Options options;
    options.check = s.check;
    options.async = s.async;
    options.seed = s.seed;
    options.threads = s.threads;
    report((std::string(kind) + ", full, " + s.name).c_str(),
           backward ? runBackward(text, {}, options) : runForward(text, maps, full, options));
    if (!backward && s.check != CheckLevel::Off)
      report((std::string(kind) + ", window 200/77, " + s.name).c_str(), runForward(text, maps, windowed, options));
  }
}

} // namespace

int main(int argc, char **argv) {
  std::string only;
  micro();
  std::printf("plain C++ loops for 128 x 512 x 128: %.2f ms\n", plainLoops(512) * 1e3);
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--only") {
      only = argv[i + 1];
      continue;
    }
    const std::string text = readFile(argv[i + 1]);
    if (option == "--forward-sm80")
      attention("forward sm_80", text, false, false, only);
    else if (option == "--forward-sm90a")
      attention("forward sm_90a", text, false, true, only);
    else if (option == "--backward-sm90a")
      attention("backward sm_90a", text, true, true, only);
    else {
      std::fprintf(
          stderr,
          "unknown option %s; expected --only TEXT, --forward-sm80, --forward-sm90a or --backward-sm90a FILE.ptx\n",
          argv[i]);
      return 2;
    }
  }
  return 0;
}
