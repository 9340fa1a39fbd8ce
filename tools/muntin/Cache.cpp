//===- Cache.cpp - muntin cache -------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Command.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

using namespace muntin;

/// The disk cache is not built yet; its commands are known by name, so that nobody takes silence for an empty cache.
void muntin::addCache(CLI::App &app, Options &, Action &action) {
  CLI::App *command = app.add_subcommand("cache", "the disk cache of kernels (not in this version)");
  command->require_subcommand(1);
  const std::pair<const char *, const char *> parts[] = {{"stat", "entries, bytes, hits, misses, evictions"},
                                                         {"list", "what is cached"},
                                                         {"verify", "check every entry"},
                                                         {"gc", "shrink to the limit"},
                                                         {"why", "explain a miss"},
                                                         {"clear", "remove all entries"},
                                                         {"path", "the cache folder"}};
  for (auto [name, help] : parts) {
    CLI::App *part = command->add_subcommand(name, help);
    part->allow_extras();
    part->callback([&action, name = name] {
      action = [name](const Options &) {
        return Status(StatusCode::NotInThisVersion, fmt::format("cache {} is not in this version", name));
      };
    });
  }
}
