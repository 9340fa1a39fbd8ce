//===- Environment.cpp - every variable the runtime reads --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/Environment.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace muntin::runtime {

const std::vector<Variable> &environmentTable() {
  static const std::vector<Variable> table = {
      {"MUNTIN_COMPILER", "path of the compiler library; default: beside libmuntin.so"},
      {"MUNTIN_CUDA_LIBRARY", "the CUDA driver; default: libcuda.so.1"},
      {"MUNTIN_PTXAS", "the assembler of GPU kernels: a program, or off; default: the best that is found"},
      {"MUNTIN_THREADS", "threads of a run; default: the processors this process may use"},
      {"MUNTIN_DUMP", "folder into which every stage of every compilation is written"},
      {"MUNTIN_OVERRIDE", "folder from which stages of a compilation are read back"},
      {"MUNTIN_LOG", "error, warn, info or debug; default warn"},
      {"MUNTIN_CACHE", "off, ro or rw: the disk cache; default rw"},
      {"MUNTIN_CACHE_DIR", "folder of the disk cache; default: muntin in XDG_CACHE_HOME"},
      {"MUNTIN_CACHE_LIMIT", "size of the disk cache in bytes, with K, M or G; default 1G"},
      {"XDG_CACHE_HOME", "folder of caches; default: .cache in HOME"},
      {"HOME", "where XDG_CACHE_HOME is by default"},
      {"XDG_RUNTIME_DIR", "first choice for the private folder of loaded kernels"},
      {"TMPDIR", "second choice; the third is /tmp"},
  };
  return table;
}

static Result<uint64_t> parseBytes(std::string_view text) {
  const size_t unit = std::string_view("KMG").find(text.back());
  const int shift = unit == std::string_view::npos ? 0 : 10 * (static_cast<int>(unit) + 1);
  const std::string_view digits = text.substr(0, text.size() - (shift > 0));
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number > UINT64_MAX >> shift)
    return Status::invalid(
        fmt::format("MUNTIN_CACHE_LIMIT is '{}', expected bytes below 2^64: a number, with K, M or G behind it", text));
  return number << shift;
}

/// Where the cache is if nobody says so; "" if the environment names no place. Relative paths are no place.
static std::string defaultCacheDir(const std::string &xdgCacheHome, const std::string &home) {
  if (xdgCacheHome.starts_with('/'))
    return xdgCacheHome + "/muntin";
  return home.starts_with('/') ? home + "/.cache/muntin" : "";
}

static Status readCacheVariables(const std::function<std::string(const char *)> &get, Environment &environment) {
  if (const std::string mode = get("MUNTIN_CACHE"); mode == "off")
    environment.cache = CacheMode::Off;
  else if (mode == "ro")
    environment.cache = CacheMode::ReadOnly;
  else if (!mode.empty() && mode != "rw")
    return Status::invalid(fmt::format("MUNTIN_CACHE is '{}', expected off, ro or rw", mode));
  environment.cacheDir = get("MUNTIN_CACHE_DIR");
  const std::string otherwise = defaultCacheDir(get("XDG_CACHE_HOME"), get("HOME"));
  if (environment.cacheDir.empty())
    environment.cacheDir = otherwise;
  if (const std::string text = get("MUNTIN_CACHE_LIMIT"); !text.empty()) {
    const Result<uint64_t> limit = parseBytes(text);
    if (!limit)
      return limit.status();
    environment.cacheLimit = *limit;
  }
  return {};
}

static Result<int> parseThreads(std::string_view text) {
  int threads = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), threads);
  if (error != std::errc() || end != text.data() + text.size() || threads < 1 || threads > kMaxThreads)
    return Status::invalid(fmt::format("MUNTIN_THREADS is '{}', expected a number from 1 to {}", text, kMaxThreads));
  return threads;
}

Result<Environment> readEnvironment(const Lookup &lookup) {
  const auto get = [&](const char *name) {
    const char *value = lookup(name);
    return std::string(value ? value : "");
  };
  Environment environment;
  environment.compiler = get("MUNTIN_COMPILER");
  environment.dumpDir = get("MUNTIN_DUMP");
  environment.overrideDir = get("MUNTIN_OVERRIDE");
  environment.cudaLibrary = get("MUNTIN_CUDA_LIBRARY");
  environment.ptxas = get("MUNTIN_PTXAS");
  if (const std::string text = get("MUNTIN_THREADS"); !text.empty()) {
    Result<int> threads = parseThreads(text);
    if (!threads)
      return threads.status();
    environment.threads = *threads;
  }
  if (const std::string text = get("MUNTIN_LOG"); !text.empty()) {
    Result<LogLevel> level = parseLogLevel(text);
    if (!level)
      return Status::invalid("MUNTIN_LOG: " + level.status().message());
    environment.logLevel = *level;
  }
  if (Status status = readCacheVariables(get, environment); !status)
    return status;
  for (const std::string &folder : {get("XDG_RUNTIME_DIR"), get("TMPDIR"), std::string("/tmp")})
    if (folder.starts_with('/'))
      environment.temporaryDirs.push_back(folder);
  return environment;
}

Result<Environment> readEnvironment() {
  return readEnvironment([](const char *name) { return std::getenv(name); });
}

} // namespace muntin::runtime
