//===- Suite.cpp - many cases, counted and reported -----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/conformance/Suite.h"
#include "compiler/Reference/Parallel.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <set>
#include <unistd.h>

namespace muntin::conformance {

std::string replayCommand(const Plan &plan, const Case &c) {
  const std::string target = c.problem.target.empty() ? "" : " --target " + c.problem.target;
  const std::string templateName = c.problem.templateName.empty() ? "auto" : c.problem.templateName;
  return "muntin-conformance" + plan.replayArguments + target + " --template " + templateName + " --seed " +
         std::to_string(c.name.seed) + " --replay " + std::to_string(c.name.kernel) + "." +
         std::to_string(c.name.shape);
}

// What runs now, where a signal handler can read it: a fault may come from any thread, so all are printed.
static std::array<std::array<char, 512>, 64> inProgress;

static void printInProgress(int signal) {
  static constexpr char kText[] = "\nA signal while one of these ran:\n";
  (void)!write(STDERR_FILENO, kText, sizeof kText - 1);
  for (const auto &command : inProgress)
    if (command[0]) {
      (void)!write(STDERR_FILENO, command.data(), strlen(command.data()));
      (void)!write(STDERR_FILENO, "\n", 1);
    }
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void reportCrashes() {
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
    std::signal(signal, printInProgress);
}

namespace {
/// Names the case in `inProgress` while it runs.
class Announced {
public:
  explicit Announced(const std::string &command) { std::snprintf(slot().data(), slot().size(), "%s", command.c_str()); }
  ~Announced() { slot()[0] = 0; }

private:
  static std::array<char, 512> &slot() {
    static std::atomic<size_t> threads = 0;
    thread_local const size_t mine = threads++ % inProgress.size();
    return inProgress[mine];
  }
};

/// A report that several workers write to.
struct Shared {
  Report report;
  std::set<std::string> seen, ran; ///< keys; without queries or keys, nothing need be compiled
  int64_t done = 0;
  std::mutex mutex;
};
} // namespace

/// Numbers replaced by '#', so that alike refusals are counted together.
static std::string withoutNumbers(const std::string &message) {
  std::string text;
  for (const char c : message)
    if (!std::isdigit(static_cast<unsigned char>(c)))
      text += c;
    else if (text.empty() || text.back() != '#')
      text += '#';
  return text.substr(0, 120);
}

static std::string groupOf(const Problem &problem) {
  const auto named = [](const std::string &name) { return name.empty() ? std::string("(chosen)") : name; };
  return named(problem.templateName) + " " + named(problem.target) + " " + elementTypeName(problem.element);
}

/// False if the case failed.
static bool record(Shared &shared, const Plan &plan, const Case &c, const Verdict &verdict) {
  const std::lock_guard lock(shared.mutex);
  Report &report = shared.report;
  ++shared.done;
  for (Tally *tally : {&report.all, &report.groups[groupOf(c.problem)]}) {
    tally->passed += verdict.kind == Verdict::Kind::Passed;
    tally->refused += verdict.kind == Verdict::Kind::Refused;
    tally->failed += verdict.kind == Verdict::Kind::Failed;
    if (verdict.kind == Verdict::Kind::Passed)
      tally->worstOfLimit = std::max(tally->worstOfLimit, verdict.ofLimit);
  }
  shared.seen.insert(problemKey(c.problem));
  if (verdict.kind == Verdict::Kind::Passed && c.shape.queries() * c.shape.batch > 0 && c.shape.keys() > 0)
    shared.ran.insert(problemKey(c.problem));
  if (verdict.kind == Verdict::Kind::Refused)
    ++report.refusals[withoutNumbers(verdict.message)];
  else if (verdict.kind == Verdict::Kind::Failed)
    report.failures.push_back(verdict.message.substr(0, 400) + "\n  " + describe(c) +
                              "\n  replay: " + replayCommand(plan, c));
  return verdict.kind != Verdict::Kind::Failed;
}

/// So many refusals and nothing else: the template is not tested.
static constexpr int64_t kRefusalsOfNoUse = 60;

Report runSuite(Device &device, const Plan &plan, const std::function<void(int64_t)> &progress) {
  Shared shared;
  const uint64_t compiledBefore = device.compiles();
  reference::parallelFor(plan.kernels, plan.workers, [&](int64_t index) {
    for (int64_t shape = 0; shape < plan.shapesPerKernel; ++shape) {
      {
        const std::lock_guard lock(shared.mutex);
        if (static_cast<int64_t>(shared.report.failures.size()) >= plan.maxFailures)
          return;
      }
      const CaseName name{plan.seed, plan.firstKernel + index, plan.firstShape + shape};
      const Case c = makeCase(name, plan.scope);
      const Announced announced(replayCommand(plan, c));
      if (!record(shared, plan, c, judge(device, c)))
        break;
    }
    const std::lock_guard lock(shared.mutex);
    if (progress)
      progress(shared.done);
  });
  Report &report = shared.report;
  report.compiles = device.compiles() - compiledBefore;
  report.kernels = shared.ran.size();
  for (const auto &[name, tally] : report.groups)
    if (tally.passed == 0 && tally.refused >= kRefusalsOfNoUse)
      report.failures.push_back(name + " refused all of " + std::to_string(tally.refused) + " cases");
  if (const std::string reports = device.reports(); !reports.empty())
    report.failures.push_back("reports of the device, the first of which are\n" + reports.substr(0, 2000));
  const uint64_t most = shared.seen.size() * static_cast<uint64_t>(device.kernelsPerProblem());
  if (report.failures.empty() && (report.compiles < shared.ran.size() || report.compiles > most))
    report.failures.push_back(std::to_string(report.compiles) + " compilations for " + std::to_string(report.kernels) +
                              " problems that ran: another shape compiles nothing");
  return std::move(report);
}

std::string printReport(const Report &report) {
  char line[256];
  std::string text = "template target element              passed refused failed  worst error of its limit\n";
  const auto row = [&](const std::string &name, const Tally &tally) {
    std::snprintf(line, sizeof line, "%-36s %6lld %7lld %6lld  %.3f\n", name.c_str(),
                  static_cast<long long>(tally.passed), static_cast<long long>(tally.refused),
                  static_cast<long long>(tally.failed), tally.worstOfLimit);
    text += line;
  };
  for (const auto &[name, tally] : report.groups)
    row(name, tally);
  row("all", report.all);
  text += std::to_string(report.compiles) + " compilations for " + std::to_string(report.kernels) + " problems\n";
  for (const auto &[message, count] : report.refusals)
    text += "refused " + std::to_string(count) + " times: " + message + "\n";
  for (const std::string &failure : report.failures)
    text += "\nFAILED: " + failure + "\n";
  return text;
}

} // namespace muntin::conformance
