//===- BenchWarmStart.cpp - from exec to the first result --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whole processes, from exec to wait, in turn: one that links libmuntin and does
// nothing, and ones whose kernel is on the disk, alone and among a thousand, or
// in a bundle.
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Entry.h"
#include "tools/bench/runtime/BundleFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

namespace fs = std::filesystem;
using muntin::bench::stop;

namespace {

struct Cost {
  double wall = 0, cpu = 0; ///< milliseconds
};

/// A way to start the process, and what it took.
struct Case {
  const char *name;
  std::vector<std::string> words;
  std::vector<std::string> variables;
  std::vector<Cost> costs;
};

std::vector<char *> pointers(std::vector<std::string> &texts) {
  std::vector<char *> list;
  for (std::string &text : texts)
    list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

double milliseconds(const timeval &time) {
  return 1e3 * static_cast<double>(time.tv_sec) + 1e-3 * static_cast<double>(time.tv_usec);
}

Cost runOnce(Case &what) {
  const std::vector<char *> arguments = pointers(what.words), environment = pointers(what.variables);
  pid_t child = 0;
  int status = 0;
  rusage usage{};
  const auto start = std::chrono::steady_clock::now();
  if (::posix_spawn(&child, FIRST_RESULT, nullptr, nullptr, arguments.data(), environment.data()) != 0)
    stop(std::string("cannot start ") + FIRST_RESULT);
  ::wait4(child, &status, 0, &usage);
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - start;
  if (status != 0)
    stop(fmt::format("{}: it ended with {}", what.name, status));
  return {wall.count(), milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)};
}

double median(const std::vector<Cost> &costs, double Cost::*field) {
  std::vector<double> values;
  for (const Cost &cost : costs)
    values.push_back(cost.*field);
  std::ranges::nth_element(values, values.begin() + static_cast<long>(values.size() / 2));
  return values[values.size() / 2];
}

/// Beside the entry that is there, `count` more of other problems.
void addNeighbours(const fs::path &folder, int count) {
  fs::path entry;
  for (const auto &file : fs::directory_iterator(folder))
    if (file.path().extension() == muntin::kEntrySuffix)
      entry = file.path();
  for (int i = 0; i < count; ++i)
    fs::copy_file(entry, folder / muntin::entryFileName(std::to_string(i), "neighbour"));
}

/// The problem of first-result, which runs without a cache.
void makeBundle(const std::string &path) {
  const auto session = muntin::Session::create();
  if (!session)
    stop(session.error().message());
  const muntin::Attention problem{.rank = 2, .mask = "neighborhood(window=5x5)"};
  muntin::bench::writeBundleFile(path, {muntin::bench::compiledImage(*session, problem)});
}

} // namespace

int main() {
  constexpr int kRuns = 300, kNeighbours = 999;
  std::string base = fs::temp_directory_path() / "muntin-warm-XXXXXX";
  if (!::mkdtemp(base.data()))
    stop("no temporary folder");
  const std::string alone = base + "/alone", among = base + "/among", bundle = base + "/kernels.mtn";
  makeBundle(bundle);
  const auto cached = [](const std::string &folder) { return std::vector<std::string>{"MUNTIN_CACHE_DIR=" + folder}; };
  const auto orphan = [](const std::string &folder) {
    return std::vector<std::string>{"MUNTIN_CACHE_DIR=" + folder, "MUNTIN_COMPILER=/nowhere/compiler.so"};
  };
  Case cases[] = {{"links libmuntin and does nothing", {"first-result", "nothing"}, {}, {}},
                  {"1 entry", {"first-result"}, cached(alone), {}},
                  {"1,000 entries", {"first-result"}, cached(among), {}},
                  {"1 entry, no compiler library", {"first-result"}, orphan(alone), {}},
                  {"1,000 entries, no compiler library", {"first-result"}, orphan(among), {}},
                  {"a bundle", {"first-result", "bundle", bundle}, {"MUNTIN_CACHE=off"}, {}}};
  for (int i : {1, 2}) // compiles
    runOnce(cases[i]);
  addNeighbours(among, kNeighbours);
  for (int run = 0; run < kRuns; ++run)
    for (Case &c : cases)
      c.costs.push_back(runOnce(c));
  fs::remove_all(base);

  const double nothing = median(cases[0].costs, &Cost::wall), nothingCpu = median(cases[0].costs, &Cost::cpu);
  std::printf("a fresh process to the first result, median of %d, above one that does nothing\n", kRuns);
  for (const Case &c : cases) {
    const double wall = median(c.costs, &Cost::wall), cpu = median(c.costs, &Cost::cpu);
    std::printf("%-46s %6.2f ms, %+6.2f   cpu %6.2f ms, %+6.2f   %s\n", c.name, wall, wall - nothing, cpu,
                cpu - nothingCpu, &c == cases ? "" : "at most 2 ms above");
  }
  return 0;
}
