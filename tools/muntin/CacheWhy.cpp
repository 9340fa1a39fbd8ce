//===- CacheWhy.cpp - muntin cache why ------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Difference.h"
#include "runtime/jit/CompilerLibrary.h"
#include "tools/muntin/CacheFiles.h"
#include "tools/muntin/Command.h"
#include "tools/muntin/Report.h"

#include <fmt/format.h>

using namespace muntin;

static Result<Problem> problemOf(const Options &options) {
  if (options.key) {
    Result<Problem> problem = parseProblemKey(*options.key);
    return problem ? std::move(problem) : Status::invalid(fmt::format("KEY: {}", problem.status().message()));
  }
  Result<Request> request = makeRequest(options, {.shape = false});
  if (!request)
    return request.status();
  return std::move(request->problem);
}

namespace {
struct Nearest {
  const CacheFile *file = nullptr;
  std::vector<FieldDifference> differences;
};
} // namespace

/// The entry with the fewest differences, of equals the one used last.
static Nearest findNearest(const std::vector<CacheFile> &files, const Problem &problem, const std::string &compiler) {
  Nearest nearest;
  for (const CacheFile &file : files) {
    const Result<Problem> found = parseProblemKey(file.read.entry.image.problemKey);
    if (file.read.reason != runtime::Reason::Found || !found)
      continue;
    std::vector<FieldDifference> fields = differences(problem, *found);
    if (file.read.entry.compiler != compiler && !compiler.empty())
      fields.push_back({"compiler", shortId(compiler), shortId(file.read.entry.compiler)});
    const auto isNearer = [&] {
      if (!nearest.file || fields.size() != nearest.differences.size())
        return !nearest.file || fields.size() < nearest.differences.size();
      return file.info.used.tv_sec > nearest.file->info.used.tv_sec;
    };
    if (isNearer())
      nearest = {&file, std::move(fields)};
  }
  return nearest;
}

/// What find() of a session would have, and in words why it has not.
static std::string explain(const runtime::EntryFile &own, const Nearest &nearest, const std::string &compiler) {
  if (own.reason != runtime::Reason::Found && own.reason != runtime::Reason::Absent)
    return fmt::format("its entry cannot be used ({}): {}", reasonName(own.reason), own.why);
  if (!nearest.file)
    return "the cache has no entry that can be used";
  if (nearest.differences.empty() || own.reason == runtime::Reason::Found)
    return compiler.empty() ? "no compiler library is found: the newest entry of the problem serves" : "";
  if (nearest.differences.size() == 1 && nearest.differences[0].field == std::string_view("compiler"))
    return "the problem is cached, but by another build of the compiler";
  return fmt::format("no entry is for this problem; the nearest differs in {} field{}", nearest.differences.size(),
                     nearest.differences.size() == 1 ? "" : "s");
}

static Json toJson(const Nearest &nearest) {
  if (!nearest.file)
    return {};
  const Entry &entry = nearest.file->read.entry;
  Json fields = Json::array();
  for (const auto &[field, asked, found] : nearest.differences)
    fields.push_back({{"field", field}, {"asked", asked}, {"cached", found}});
  return {{"key", entry.image.problemKey},
          {"compiler", entry.compiler},
          {"path", nearest.file->read.path},
          {"differences", fields}};
}

Status muntin::explainMiss(const Options &options) {
  const Result<Problem> problem = problemOf(options);
  if (!problem)
    return problem.status();
  const Result<CachePlace> cache = openCache();
  if (!cache)
    return cache.status();
  const Result<std::string> identity = runtime::CompilerLibrary({.path = cache->environment.compiler}).identity();
  const std::string compiler = identity ? *identity : "", key = problemKey(*problem);
  const std::vector<CacheFile> files = readCache(cache->folder);
  const Nearest nearest = findNearest(files, *problem, compiler);
  runtime::EntryFile own;
  if (!compiler.empty())
    own = cache->folder.read(entryFileName(key, compiler), key, compiler);
  else if (nearest.file && nearest.differences.empty())
    own = nearest.file->read;
  const bool cached = own.reason == runtime::Reason::Found;
  const std::string why = identity ? explain(own, nearest, compiler) : identity.status().message();

  if (options.json) {
    emitJson({{"key", key},
              {"compiler", compiler},
              {"cached", cached},
              {"path", cached ? Json(own.path) : Json()},
              {"reason", why},
              {"nearest", cached ? Json() : toJson(nearest)}});
    return {};
  }
  Facts facts;
  facts.add("problem", key);
  facts.add("compiler", compiler.empty() ? "none is found" : compiler);
  facts.add("cached", cached ? "yes: " + own.path : "no");
  if (!why.empty())
    facts.add("why", why);
  if (!cached && nearest.file)
    for (const auto &[field, asked, found] : nearest.differences)
      facts.add("  " + std::string(field), fmt::format("asked {}, cached {}", asked, found));
  emit(facts.print());
  return {};
}
