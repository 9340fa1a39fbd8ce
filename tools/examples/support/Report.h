//===- Report.h - the denoiser's options and its account -------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EXAMPLES_SUPPORT_REPORT_H
#define MUNTIN_EXAMPLES_SUPPORT_REPORT_H

#include "ImageIO.h"

#include "muntin/muntin.hpp"

#include <optional>
#include <string>
#include <vector>

namespace demo {

struct Options {
  std::string image;
  std::string before = "before.png", after = "after.png";
  std::string arrays;  ///< a folder for clean, noisy and denoised as .npy; empty: none
  std::string report;  ///< a file for the JSON object; empty: none
  double sigma = 0.08; ///< standard deviation of the noise; white is 1
  double h = 0;        ///< 0: sigma
  int64_t patch = 7, window = 21, size = 512;
  uint64_t seed = 0;
  int threads = 0; ///< 0: the session's default
  int repeats = 3; ///< calls timed after the first
  bool json = false;
};

/// Returns the exit code if the program is to end here (help, or a wrong request).
std::optional<int> parseOptions(int argc, char **argv, Options &options);

/// 2 for a wrong request, 3 for what this machine cannot do, 1 for damage, 4 for a defect of Muntin's.
int exitCode(mtn_status status);

struct Report {
  std::string plan, target, variant; ///< plan: a JSON object
  std::vector<std::pair<std::string, double>> stages;
  double compileSeconds = 0, firstCallSeconds = 0;
  double nextCallSeconds = 0, oneThreadSeconds = 0; ///< medians
  uint64_t compiles = 0;
  uint64_t pairsKept = 0, pairsProcessed = 0;
  int threads = 1;

  double flops = 0; ///< of kept pairs
  double peakFlops = 0;
  double noisyPsnr = 0, denoisedPsnr = 0;
  int64_t checkedPixels = 0;
  double largestScore = 0, relativeError = 0, errorLimit = 0;

  /// Fills in what the library knows about the kernel.
  muntin::Outcome describe(const muntin::Session &session, const muntin::Kernel &kernel,
                           const muntin::Extents &extents);
  /// A line on stderr, as printf.
  [[gnu::format(printf, 2, 3)]] void progress(const char *format, ...) const;
  /// One JSON object.
  std::string json(const Options &options, const Picture &clean) const;
  /// To stdout, for people.
  void printText(const Options &options, const Picture &clean) const;

private:
  std::string planText() const;                           ///< the plan's own text form, if it has one
  double rate() const { return flops / nextCallSeconds; } ///< of kept pairs, per second
  double share() const { return peakFlops > 0 ? rate() / peakFlops : 0; }
};

} // namespace demo

#endif // MUNTIN_EXAMPLES_SUPPORT_REPORT_H
