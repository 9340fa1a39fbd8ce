//===- Suite.h - many cases, counted and reported ------------ -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_CONFORMANCE_SUITE_H
#define MUNTIN_TESTS_CONFORMANCE_SUITE_H

#include "tests/conformance/Judge.h"

#include <functional>
#include <map>

namespace muntin::conformance {

struct Plan {
  uint64_t seed = 0;
  int64_t kernels = 500, shapesPerKernel = 10;
  int64_t firstKernel = 0, firstShape = 0; ///< to replay one case: that kernel and shape, and one of each
  Scope scope;
  int workers = 0;             ///< 0: as many as the machine has cores
  int64_t maxFailures = 10;    ///< stop after so many
  std::string replayArguments; ///< what a replay has to repeat of the command: " --device cpu --dtype 'f16'"
};

struct Tally {
  int64_t passed = 0, refused = 0, failed = 0;
  double worstOfLimit = 0; ///< greatest error over its limit among those that passed
};

struct Report {
  Tally all;
  std::map<std::string, Tally> groups;     ///< by template, target and element type
  std::map<std::string, int64_t> refusals; ///< message without its numbers -> how often
  std::vector<std::string> failures;       ///< each with the command that replays it
  uint64_t compiles = 0, kernels = 0;      ///< compilations, and different problems that ran

  bool passed() const { return failures.empty(); }
};

/// Judges kernels * shapesPerKernel cases. Cases of one kernel run one after another on one worker, and
/// end with the first that fails. Fails also if the
/// device compiled more or less than once per problem. `progress` is called now and then with the cases done.
Report runSuite(Device &device, const Plan &plan, const std::function<void(int64_t)> &progress = {});

/// The table that the command prints.
std::string printReport(const Report &report);

/// A command that runs exactly this case, also on a machine with other targets.
std::string replayCommand(const Plan &plan, const Case &c);

/// From now on a signal prints the commands of the cases in progress before the program dies.
void reportCrashes();

} // namespace muntin::conformance

#endif // MUNTIN_TESTS_CONFORMANCE_SUITE_H
