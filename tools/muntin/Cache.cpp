//===- Cache.cpp - muntin cache -------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cache/Tally.h"
#include "tools/muntin/CacheFiles.h"
#include "tools/muntin/Command.h"
#include "tools/muntin/Report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <ctime>

using namespace muntin;
using runtime::Event;

static constexpr const char *kExamples = R"(Examples:
  muntin cache stat
  muntin cache why --rank 2 --mask 'neighborhood(window=7x7)'
  MUNTIN_CACHE_LIMIT=100M muntin cache gc)";

//===-- What the parts share ----------------------------------------------===//

Result<CachePlace> muntin::openCache() {
  Result<runtime::Environment> environment = runtime::readEnvironment();
  if (!environment)
    return environment.status();
  if (environment->cacheDir.empty())
    return Status(StatusCode::Unavailable,
                  "no folder is known for the cache: set MUNTIN_CACHE_DIR, XDG_CACHE_HOME or HOME");
  runtime::CacheFolder folder(environment->cacheDir);
  if (auto opened = folder.open(false); !opened && opened.status().code() != StatusCode::Unavailable)
    return opened.status();
  return CachePlace{std::move(folder), std::move(*environment)};
}

std::vector<CacheFile> muntin::readCache(const runtime::CacheFolder &folder) {
  std::vector<CacheFile> files;
  for (runtime::FileInfo &info : folder.list()) {
    runtime::EntryFile read = folder.read(info.name, "", "");
    const Entry &entry = read.entry;
    // Found means what it says; a lookup would look under the name that follows from the keys.
    if (read.reason == runtime::Reason::Found && info.name != entryFileName(entry.image.problemKey, entry.compiler)) {
      read.reason = runtime::Reason::Foreign;
      read.why = fmt::format("{} holds the entry of another key", read.path);
    }
    if (read.reason != runtime::Reason::Absent) // gone since it was listed
      files.push_back({std::move(info), std::move(read)});
  }
  return files;
}

const char *muntin::reasonName(runtime::Reason reason) { return runtime::eventName(runtime::eventOf(reason)); }

std::string muntin::shortId(const std::string &compiler) { return compiler.substr(0, 12); }

//===-- The parts ---------------------------------------------------------===//

static Status path(const CachePlace &cache, const Options &) {
  emit(cache.folder.path() + "\n");
  return {};
}

static Status stat(const CachePlace &cache, const Options &options) {
  const std::vector<runtime::FileInfo> files = cache.folder.list();
  uint64_t bytes = 0, misses = 0;
  for (const runtime::FileInfo &file : files)
    bytes += file.bytes;
  const runtime::Counts counts = runtime::Tally(cache.folder).read();
  const auto count = [&](Event event) { return counts[static_cast<size_t>(event)]; };
  Json reasons;
  std::string words;
  for (int event = static_cast<int>(Event::MissAbsent); event <= static_cast<int>(Event::MissUnreadable); ++event) {
    const uint64_t times = counts[static_cast<size_t>(event)];
    const char *name = eventName(static_cast<Event>(event));
    misses += times;
    reasons[name] = times;
    if (times > 0)
      words += fmt::format("{}{} {}", words.empty() ? ": " : ", ", formatCount(times), name);
  }
  if (options.json) {
    emitJson({{"path", cache.folder.path()},
              {"entries", files.size()},
              {"bytes", bytes},
              {"limit", cache.environment.cacheLimit},
              {"hits", count(Event::Hit)},
              {"misses", misses},
              {"misses_by_reason", reasons},
              {"compiles", count(Event::Compile)},
              {"evictions", count(Event::Eviction)},
              {"write_failures", count(Event::WriteFailed)}});
    return {};
  }
  Facts facts;
  facts.add("folder", cache.folder.path());
  facts.add("entries", fmt::format("{}, {} of {}", formatCount(files.size()), formatBytes(static_cast<double>(bytes)),
                                   formatBytes(static_cast<double>(cache.environment.cacheLimit))));
  facts.add("hits", formatCount(count(Event::Hit)));
  facts.add("misses", formatCount(misses) + words);
  facts.add("compiles", formatCount(count(Event::Compile)));
  facts.add("evictions", formatCount(count(Event::Eviction)));
  facts.add("write failures", formatCount(count(Event::WriteFailed)));
  emit(facts.print());
  return {};
}

static std::string age(const timespec &then) {
  const double seconds = std::max(0.0, std::difftime(std::time(nullptr), then.tv_sec));
  return seconds < 3600    ? fmt::format("{:.0f} min", seconds / 60)
         : seconds < 86400 ? fmt::format("{:.0f} h", seconds / 3600)
                           : fmt::format("{:.0f} days", seconds / 86400);
}

static Status list(const CachePlace &cache, const Options &options) {
  Json entries = Json::array();
  Table table({"size", "used before", "compiled in", "by", "problem"});
  for (const auto &[info, read] : readCache(cache.folder)) {
    const Entry &entry = read.entry;
    const bool good = read.reason == runtime::Reason::Found;
    entries.push_back({{"file", info.name},
                       {"bytes", info.bytes},
                       {"state", good ? "good" : reasonName(read.reason)},
                       {"key", good ? Json(entry.image.problemKey) : Json()},
                       {"compiler", good ? Json(entry.compiler) : Json()},
                       {"compile_seconds", good ? Json(entry.compileSeconds) : Json()},
                       {"used", info.used.tv_sec}});
    table.add({formatBytes(static_cast<double>(info.bytes)), age(info.used),
               good ? formatSeconds(entry.compileSeconds) : "-", good ? shortId(entry.compiler) : "-",
               good ? entry.image.problemKey : fmt::format("{} ({})", info.name, reasonName(read.reason))});
  }
  if (options.json)
    emitJson({{"entries", entries}});
  else
    emit(entries.empty() ? "no entries\n" : table.print());
  return {};
}

static Status verify(const CachePlace &cache, const Options &options) {
  const std::vector<CacheFile> files = readCache(cache.folder);
  Json bad = Json::array();
  for (const CacheFile &file : files)
    if (file.read.reason != runtime::Reason::Found)
      bad.push_back({{"file", file.read.path}, {"reason", reasonName(file.read.reason)}, {"message", file.read.why}});
  if (options.json) {
    emitJson({{"entries", files.size()}, {"bad", bad}});
  } else {
    for (const Json &file : bad)
      emit(fmt::format("{}: {}\n", file["file"].get<std::string>(), file["message"].get<std::string>()));
    emit(fmt::format("{} of {} entries are good\n", files.size() - bad.size(), files.size()));
  }
  if (bad.empty())
    return {};
  return {StatusCode::CheckFailed, fmt::format("{} of {} entries cannot be used; each is replaced when its problem is "
                                               "asked for",
                                               bad.size(), files.size())};
}

static Status removed(int entries, const Options &options) {
  if (options.json)
    emitJson({{"removed", entries}});
  else
    emit(fmt::format("removed {} entries\n", entries));
  return {};
}

static Status gc(const CachePlace &cache, const Options &options) {
  const int entries = cache.folder.shrink(cache.environment.cacheLimit, "");
  runtime::Tally(cache.folder).add(Event::Eviction, entries);
  return removed(entries, options);
}

static Status clear(const CachePlace &cache, const Options &options) { return removed(cache.folder.clear(), options); }

//===-- The command line --------------------------------------------------===//

void muntin::addCache(CLI::App &app, Options &o, Action &action) {
  CLI::App *command = app.add_subcommand("cache", "the disk cache of kernels");
  command->require_subcommand(1);
  command->footer(kExamples);
  struct Part {
    const char *name, *help;
    Status (*run)(const CachePlace &, const Options &);
  };
  for (const auto &[name, help, run] : {Part{"stat", "entries, bytes, hits, misses, evictions", stat},
                                        {"list", "what is cached", list},
                                        {"verify", "read and check every entry", verify},
                                        {"gc", "shrink to MUNTIN_CACHE_LIMIT, least recently used first", gc},
                                        {"clear", "remove all entries", clear},
                                        {"path", "the cache folder", path}}) {
    CLI::App *part = command->add_subcommand(name, help);
    if (run != path)
      addJsonOption(*part, o);
    part->callback([&action, run = run] {
      action = [run](const Options &options) -> Status {
        const Result<CachePlace> cache = openCache();
        return cache ? run(*cache, options) : cache.status();
      };
    });
  }
  CLI::App *why = command->add_subcommand("why", "is a problem cached, and if not, what differs in the nearest entry");
  why->add_option("problem", o.key, "a problem key, instead of the options below")->type_name("KEY");
  addProblemOptions(*why, o);
  why->add_option("--rank", o.rank, "axes of the grid, where --grid is not given")->type_name("N")->group("Problem");
  addTargetOption(*why, o, /*repeated=*/false);
  addJsonOption(*why, o);
  why->callback([&action] { action = explainMiss; });
}
