//===- denoise.cpp - a photograph denoised by neighbourhood attention -----===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Non-local means is neighbourhood attention; support/NonLocalMeans.h shows why
// in four lines. This program adds noise to a photograph, describes the problem
// in one struct, lets Muntin compile and run it, and judges the result against
// plain loops over the definition.
//
//===----------------------------------------------------------------------===//

#include "support/ImageIO.h"
#include "support/NonLocalMeans.h"
#include "support/Peak.h"
#include "support/Report.h"

#include "muntin/muntin.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

using namespace demo;

namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// `noisy` -> `out` through Muntin; fills in the report's plan, times and counts.
muntin::Outcome denoise(const Options &options, const NonLocalMeans &method, const Picture &noisy, Picture &out,
                        Report &report) {
  const int64_t height = noisy.height, width = noisy.width, channels = noisy.channels;
  const int64_t dim = method.headDim(channels);
  std::vector<float> q(height * width * dim), k(height * width * dim);
  patchFeatures(method, noisy, q.data(), k.data());
  report.largestScore = -*std::min_element(k.begin(), k.end()); // |f|^2 is by far the largest number in k

  mtn_session_options sessionOptions;
  mtn_session_options_init(&sessionOptions);
  sessionOptions.threads = options.threads;
  const auto session = muntin::Session::create(&sessionOptions);
  if (!session)
    return session.error();

  // What to compute. The picture's extents are not in it: another size runs the same kernel.
  const std::string reach = std::to_string(method.radius);
  const muntin::Attention problem{
      .rank = 2, .headDim = dim, .valueDim = channels, .mask = "sliding(left=" + reach + ", right=" + reach + ")"};
  // What to compute it on: one batch, one head, heads last.
  out = Picture(height, width, channels);
  muntin::Arguments run{.q = muntin::tensor(q.data(), {1, height, width, 1, dim}),
                        .k = muntin::tensor(k.data(), {1, height, width, 1, dim}),
                        .v = muntin::tensor(noisy.pixels.data(), {1, height, width, 1, channels}),
                        .out = muntin::tensor(out.pixels.data(), {1, height, width, 1, channels}),
                        .scale = 1.0};

  const auto start = std::chrono::steady_clock::now();
  const auto kernel = session->prepare(problem);
  if (!kernel)
    return kernel.error();
  if (auto done = kernel->run(run); !done)
    return done;
  report.firstCallSeconds = secondsSince(start);

  // Later calls find the kernel by its problem; no compiler is asked.
  for (const auto &[threads, seconds] : {std::pair(0, &report.nextCallSeconds), {1, &report.oneThreadSeconds}}) {
    run.threads = threads; // 0: the session's
    std::vector<double> times;
    for (int n = 0; n < options.repeats; ++n) {
      const auto begin = std::chrono::steady_clock::now();
      if (auto done = session->forward(problem, run); !done)
        return done;
      times.push_back(secondsSince(begin));
    }
    std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
    *seconds = times[times.size() / 2];
  }
  return report.describe(*session, *kernel, {.grid = {height, width}});
}

/// Compares boxes of `out`, one at a corner and one in the middle, with the definition.
void check(const NonLocalMeans &method, const Picture &noisy, const Picture &out, Report &report) {
  const int64_t height = std::min<int64_t>(48, out.height), width = std::min<int64_t>(56, out.width);
  double difference = 0, size = 0;
  for (int middle : {0, 1}) {
    const int64_t top = middle * (out.height - height) / 2, left = middle * (out.width - width) / 2;
    const Picture expected = referenceMeans(method, noisy, top, left, height, width);
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x)
        for (int64_t c = 0; c < out.channels; ++c) {
          const double reference = expected.at(y, x, c);
          difference += std::pow(out.at(top + y, left + x, c) - reference, 2);
          size += reference * reference;
        }
  }
  report.checkedPixels = 2 * height * width;
  report.relativeError = std::sqrt(difference / size);
  // Scores up to 20 cost 3e-6 at most in f32; beyond, their rounding grows in proportion.
  report.errorLimit = 3e-6 * std::max(1.0, report.largestScore / 20);
}

Error writeFiles(const Options &options, const Report &report, const Picture &clean, const Picture &noisy,
                 const Picture &out) {
  Error error = writePng(options.before, noisy);
  if (error.empty())
    error = writePng(options.after, out);
  if (error.empty() && !options.report.empty())
    error = writeText(options.report, report.json(options, clean));
  if (!options.arrays.empty())
    for (const auto &[name, picture] : {std::pair("clean", &clean), {"noisy", &noisy}, {"denoised", &out}})
      if (error.empty())
        error = writeNpy(options.arrays + "/" + name + ".npy", *picture);
  return error;
}

int fail(const std::string &message, int code) {
  std::fprintf(stderr, "denoise: %s\n", message.c_str());
  return code;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  if (const std::optional<int> code = parseOptions(argc, argv, options))
    return *code;
  Picture photograph;
  if (const Error error = readPicture(options.image, photograph); !error.empty())
    return fail(error, 2);
  const Picture clean = centreCrop(photograph, options.size);
  const Picture noisy = addNoise(clean, options.sigma, options.seed);
  const NonLocalMeans method{.patch = options.patch, .radius = options.window / 2, .h = options.h};

  Report report;
  Picture out;
  report.progress("denoising %lld x %lld pixels", (long long)clean.width, (long long)clean.height);
  if (const auto done = denoise(options, method, noisy, out, report); !done)
    return fail(done.message(), exitCode(done.code()));
  report.progress("comparing two crops with the definition");
  check(method, noisy, out, report);
  report.pairsKept = pairsKept(method, clean.height, clean.width);
  report.flops = 2.0 * report.pairsKept * (method.headDim(clean.channels) + clean.channels);
  report.progress("measuring this machine's peak");
  report.peakFlops = measurePeakF32(report.threads);
  report.noisyPsnr = psnr(clean, noisy);
  report.denoisedPsnr = psnr(clean, out);

  if (const Error error = writeFiles(options, report, clean, noisy, out); !error.empty())
    return fail(error, 2);
  if (options.json)
    std::fputs(report.json(options, clean).c_str(), stdout);
  else
    report.printText(options, clean);
  return report.relativeError <= report.errorLimit ? 0 : fail("the result differs from the definition", 1);
}
