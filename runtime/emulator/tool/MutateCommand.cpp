//===- MutateCommand.cpp - muntin-emulate mutate --------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/tool/Attention.h"
#include "runtime/emulator/tool/Command.h"
#include "runtime/emulator/tool/Mutate.h"

#include <cstdio>
#include <functional>

namespace muntin::emulator {

/// What noticed something about a text; empty if nothing did.
using Judge = std::function<std::string(const std::string &text, const Options &options)>;

/// The judge's word late, eager and at random, under the race checker.
static std::string judgeAll(const Judge &judge, const std::string &text, Options options) {
  options.check = CheckLevel::Race;
  options.stepLimit = std::min<uint64_t>(options.stepLimit, 20'000'000);
  for (const AsyncMode mode : {AsyncMode::Late, AsyncMode::Eager, AsyncMode::Random}) {
    options.async = mode;
    options.seed = 1;
    if (std::string why = judge(text, options); !why.empty())
      return why;
  }
  return {};
}

static int mutate(const std::string &path, const std::string &function, const Options &options, const Judge &judge) {
  auto module = Module::parse(readFile(path));
  if (!module)
    refuse(module.status().message());
  if (const std::string why = judgeAll(judge, (*module)->text, options); !why.empty())
    refuse("the kernel itself fails: " + why);
  const auto mutations = mutationsOf(**module, function);
  size_t found = 0;
  for (const Mutation &m : mutations) {
    const std::string why = judgeAll(judge, m.text, options);
    found += !why.empty();
    if (why.empty())
      std::printf("survives: line %u, %s\n", m.line, m.what.c_str());
    else
      std::printf("noticed: line %u, %s: %.140s\n", m.line, m.what.c_str(), why.c_str());
  }
  std::printf("noticed %zu of %zu mutations\n", found, mutations.size());
  return 0;
}

int mutateKernel(const std::string &path, const std::string &kernel, const RunRequest &request) {
  const std::vector<RunOutcome::Buffer> right = runKernel(readFile(path), kernel, request).buffers;
  return mutate(path, kernel, request.options, [&](const std::string &text, const Options &options) -> std::string {
    RunRequest r = request;
    r.options = options;
    const RunOutcome o = runKernel(text, kernel, r);
    if (!o.result.reports.empty())
      return o.result.reports[0].sentence();
    for (size_t i = 0; i < right.size(); ++i)
      if (right[i].bytes != o.buffers[i].bytes)
        return "memory of argument " + std::to_string(i) + " ends otherwise than the kernel's own";
    return {};
  });
}

static std::string judgeAttention(const std::string &kind, const std::string &text, const Options &options) {
  AttentionProblem p;
  p.heads = 1;
  if (kind == "backward-sm90a") { // knows no window
    p.tokens = 384;
  } else { // so that the loops over both borders and over full boxes run, and stages are used again
    p.tokens = 768;
    p.left = 300;
    p.right = 200;
  }
  const AttentionOutcome o =
      kind == "backward-sm90a" ? runBackward(text, p, options) : runForward(text, kind == "forward-sm90a", p, options);
  if (!o.error.empty())
    return o.error;
  if (!o.reports.empty())
    return o.reports[0].sentence();
  const double *g = o.worstGradients;
  // Written so that NaN is wrong, too.
  const bool right = o.worstOutput <= 0.02 && o.worstLse <= 0.01 && g[0] <= 0.02 && g[1] <= 0.02 && g[2] <= 0.02;
  return right ? "" : "a wrong result";
}

int mutateAttention(const std::string &kind, const std::string &path) {
  return mutate(path, "", {}, [&](const std::string &text, const Options &o) { return judgeAttention(kind, text, o); });
}

} // namespace muntin::emulator
