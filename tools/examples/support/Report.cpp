//===- Report.cpp - the denoiser's options and its account ----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Report.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace demo {

std::optional<int> parseOptions(int argc, char **argv, Options &options) {
  CLI::App app{"Adds noise to a photograph and removes it with non-local means, run as neighbourhood attention.\n"
               "Example: denoise photograph.jpg --sigma 0.1 --after clean.png"};
  const CLI::Validator odd(
      [](const std::string &text) { return std::atoll(text.c_str()) % 2 ? "" : "expected an odd number, got " + text; },
      "ODD");
  const CLI::Validator finite( // a range lets NaN pass
      [](const std::string &text) {
        return std::isfinite(std::atof(text.c_str())) ? "" : "expected a finite number, got " + text;
      },
      "");
  app.add_option("image", options.image, "PNG or JPEG, grey or colour")->required();
  app.add_option("--before", options.before, "where the noisy picture goes")->capture_default_str();
  app.add_option("--after", options.after, "where the denoised picture goes")->capture_default_str();
  app.add_option("--arrays", options.arrays, "a folder for clean, noisy and denoised as .npy")
      ->check(CLI::ExistingDirectory);
  app.add_option("--sigma", options.sigma, "standard deviation of the noise; white is 1")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e6))
      ->check(finite);
  app.add_option("--h", options.h, "how unlike patches may be; default sigma")
      ->check(CLI::Range(1e-6, 1e6))
      ->check(finite);
  app.add_option("--patch", options.patch, "side of a patch")
      ->capture_default_str()
      ->check(CLI::Range(1, 15))
      ->check(odd);
  app.add_option("--window", options.window, "side of the window")
      ->capture_default_str()
      ->check(CLI::Range(1, 1023))
      ->check(odd);
  app.add_option("--size", options.size, "the middle of the picture, so many pixels at most in each direction")
      ->capture_default_str()
      ->check(CLI::Range(1, 16384));
  app.add_option("--seed", options.seed, "of the noise")->capture_default_str();
  app.add_option("--threads", options.threads, "default: all cores")->check(CLI::Range(1, 4096));
  app.add_option("--repeats", options.repeats, "calls timed after the first")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--report", options.report, "a file for the JSON object");
  app.add_flag("--json", options.json, "print one JSON object");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.h == 0)
    options.h = options.sigma > 0 ? options.sigma : 0.08;
  return std::nullopt;
}

int exitCode(mtn_status status) {
  switch (status) {
  case MTN_OK: return 0;
  case MTN_CHECK_FAILED: return 1;
  case MTN_UNAVAILABLE:
  case MTN_OUT_OF_MEMORY: return 3;
  case MTN_COMPILE_FAILED: return 4;
  default: return 2;
  }
}

muntin::Outcome Report::describe(const muntin::Session &session, const muntin::Kernel &kernel,
                                 const muntin::Extents &extents) {
  const auto info = kernel.info();
  if (!info)
    return info.error();
  plan = info->plan;
  target = info->target;
  compileSeconds = info->compile_seconds;
  for (size_t n = 0; n < info->num_stages; ++n)
    stages.emplace_back(info->stages[n].stage, info->stages[n].seconds);
  const auto chosen = kernel.variant(extents);
  if (!chosen)
    return chosen.error();
  variant = *chosen;
  const auto pairs = kernel.processedPairs(extents);
  if (!pairs)
    return pairs.error();
  pairsProcessed = *pairs;
  const auto stats = session.stats();
  if (!stats)
    return stats.error();
  compiles = stats->compiles;
  const auto device = session.device();
  if (!device)
    return device.error();
  threads = device->threads;
  return {};
}

void Report::progress(const char *format, ...) const {
  va_list arguments;
  va_start(arguments, format);
  std::fputs("denoise: ", stderr);
  std::vfprintf(stderr, format, arguments);
  std::fputc('\n', stderr);
  va_end(arguments);
}

std::string Report::json(const Options &options, const Picture &clean) const {
  nlohmann::ordered_json object = {{"image", options.image},
                                   {"width", clean.width},
                                   {"height", clean.height},
                                   {"channels", clean.channels},
                                   {"sigma", options.sigma},
                                   {"h", options.h},
                                   {"patch", options.patch},
                                   {"window", options.window},
                                   {"psnr_noisy", noisyPsnr},
                                   {"psnr_denoised", denoisedPsnr},
                                   {"plan", nlohmann::ordered_json::parse(plan, nullptr, false)},
                                   {"variant", variant},
                                   {"target", target},
                                   {"threads", threads},
                                   {"compiles", compiles},
                                   {"compile_seconds", compileSeconds},
                                   {"first_call_seconds", firstCallSeconds},
                                   {"run_seconds", nextCallSeconds},
                                   {"run_seconds_one_thread", oneThreadSeconds},
                                   {"pairs_kept", pairsKept},
                                   {"pairs_processed", pairsProcessed},
                                   {"flops_effective", rate()},
                                   {"flops_peak", peakFlops},
                                   {"share_of_peak", share()},
                                   {"checked_pixels", checkedPixels},
                                   {"max_relative_error", relativeError},
                                   {"error_limit", errorLimit},
                                   {"before", options.before},
                                   {"after", options.after}};
  for (const auto &[stage, seconds] : stages)
    object["stage_seconds"][stage] = seconds;
  return object.dump(2) + "\n";
}

std::string Report::planText() const {
  const auto object = nlohmann::json::parse(plan, nullptr, false);
  const bool hasText = object.is_object() && object.contains("text") && object["text"].is_string();
  return hasText ? object["text"].get<std::string>() : plan;
}

void Report::printText(const Options &options, const Picture &clean) const {
  std::printf("photograph   %s, %lld x %lld, %s\n", options.image.c_str(), (long long)clean.width,
              (long long)clean.height, clean.channels == 1 ? "grey" : "colour");
  std::printf("problem      patch %lldx%lld, window %lldx%lld, h %g; noise %g, seed %llu\n", (long long)options.patch,
              (long long)options.patch, (long long)options.window, (long long)options.window, options.h, options.sigma,
              (unsigned long long)options.seed);
  std::printf("PSNR         %.2f dB noisy -> %.2f dB denoised\n", noisyPsnr, denoisedPsnr);
  std::printf("plan         %s; variant %s, for %s\n", planText().c_str(), variant.c_str(), target.c_str());
  std::printf("pairs        %.1f million in all windows, %.1f million computed\n", pairsKept * 1e-6,
              pairsProcessed * 1e-6);
  std::printf("compile      %.3f s (", compileSeconds);
  for (size_t n = 0; n < stages.size(); ++n)
    std::printf("%s%s %.0f ms", n ? ", " : "", stages[n].first.c_str(), stages[n].second * 1e3);
  std::printf("), %llu kernel\n", (unsigned long long)compiles);
  std::printf("first call   %.3f s, compilation included\n", firstCallSeconds);
  std::printf("next call    %.3f s, median of %d, %d thread%s\n", nextCallSeconds, options.repeats, threads,
              threads == 1 ? "" : "s");
  std::printf("one thread   %.3f s\n", oneThreadSeconds);
  std::printf("speed        %.1f GFLOP/s of kept pairs, %.0f %% of this machine's %.1f\n", rate() * 1e-9, share() * 100,
              peakFlops * 1e-9);
  std::printf("check        relative error %.1e over %lld pixels, limit %.1e: %s\n", relativeError,
              (long long)checkedPixels, errorLimit, relativeError <= errorLimit ? "ok" : "WRONG");
  std::printf("pictures     %s, %s\n", options.before.c_str(), options.after.c_str());
}

} // namespace demo
