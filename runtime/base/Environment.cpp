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
      {"MUNTIN_THREADS", "threads of a run; default: the processors this process may use"},
      {"MUNTIN_DUMP", "folder into which every stage of every compilation is written"},
      {"MUNTIN_OVERRIDE", "folder from which stages of a compilation are read back"},
      {"MUNTIN_LOG", "error, warn, info or debug; default warn"},
      {"MUNTIN_CACHE", "off, ro or rw: the disk cache; this version has none and takes only off"},
      {"MUNTIN_CACHE_DIR", "folder of the disk cache; not in this version"},
      {"MUNTIN_CACHE_LIMIT", "size of the disk cache in bytes, with K, M or G; not in this version"},
      {"XDG_RUNTIME_DIR", "first choice for the private folder of loaded kernels"},
      {"TMPDIR", "second choice; the third is /tmp"},
  };
  return table;
}

static Status notInThisVersion(const char *name, std::string_view value) {
  return {StatusCode::NotInThisVersion,
          fmt::format("{} is '{}', but the disk cache is not in this version", name, value)};
}

static Status readCacheVariables(const std::function<std::string(const char *)> &get) {
  if (const std::string mode = get("MUNTIN_CACHE"); mode == "ro" || mode == "rw")
    return notInThisVersion("MUNTIN_CACHE", mode);
  else if (!mode.empty() && mode != "off")
    return Status::invalid(fmt::format("MUNTIN_CACHE is '{}', expected off, ro or rw", mode));
  for (const char *name : {"MUNTIN_CACHE_DIR", "MUNTIN_CACHE_LIMIT"})
    if (const std::string value = get(name); !value.empty())
      return notInThisVersion(name, value);
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
  if (Status status = readCacheVariables(get); !status)
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
