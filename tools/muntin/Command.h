//===- Command.h - what the commands share -----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_COMMAND_H
#define MUNTIN_TOOLS_MUNTIN_COMMAND_H

#include "tools/muntin/Request.h"

#include <functional>
#include <span>

namespace muntin {

/// What the chosen command does; the status becomes the exit code, its message goes to stderr.
using Action = std::function<Status(const Options &)>;

// Each adds a command with its options and help to `app`; parsing the line sets `action` to the one chosen.
void addRun(CLI::App &app, Options &options, Action &action);
void addCompile(CLI::App &app, Options &options, Action &action);
void addShow(CLI::App &app, Options &options, Action &action);
void addExplain(CLI::App &app, Options &options, Action &action);
void addBench(CLI::App &app, Options &options, Action &action);
void addCache(CLI::App &app, Options &options, Action &action);
void addDevices(CLI::App &app, Options &options, Action &action);

// The pieces of `show`.
Status showMask(const Options &options);
Status showTiles(const Options &options);
Status showPlan(const Options &options);
Status showBundle(const Options &options);

/// Compiles all requests into one bundle, -o.
Status compileBundle(const Options &options, const std::vector<Request> &requests);

/// The runtime's failure, with the reproducer's path in the message.
Status toStatus(const Outcome &outcome);
/// A session on --device with --threads.
Result<Session> openSession(const Options &options, int threads, mtn_cache_mode cache = MTN_CACHE_DEFAULT);

/// --cubin goes with a GPU among the targets.
Status checkCubins(const Options &options, std::span<const Request> requests);

/// What mtn_compile() made, and when.
struct Compiled {
  std::string output;
  std::vector<std::pair<std::string, double>> stages;
};
Result<Compiled> compileTo(const Session &session, const Request &request, mtn_emit emit);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_COMMAND_H
