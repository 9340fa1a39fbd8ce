//===- Main.cpp - the command `muntin` ------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Command.h"
#include "tools/muntin/Report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

using namespace muntin;

static constexpr const char *kDescription =
    "Muntin compiles sliding-window (neighbourhood) attention in one, two and three dimensions.";

static constexpr const char *kExamples = R"(Examples:
  muntin run --grid 56x56 --heads 4 --mask 'neighborhood(window=7x7)' --check
  muntin show mask --grid 24 --mask 'sliding(left=4, right=0)'
  muntin explain --grid 56x56 --mask 'neighborhood(window=13x13)'
  muntin bench --grid 56x56 --heads 4 --mask 'neighborhood(window=13x13)' --dtype bf16 --threads 1
  muntin compile --rank 2 --mask 'neighborhood(window=7x7)' --emit asm

`muntin COMMAND --help` says more.

Masks:
  full()   causal()   neighborhood(window=7x7, dilation=1x2, stride=1, causal=0x1)
  sliding(left=128, right=0)   block(size=8x8)   halo(size=8x8, halo=3)   global(tokens=4)   document()
  all_of(a, b, ...)   any_of(a, b, ...)   not(a)

Exit codes:
  0 done   1 a check failed   2 the request is wrong   3 this machine cannot do it   4 a defect of Muntin)";

static int report(const std::string &command, const Status &status) {
  if (status.ok())
    return 0;
  std::fputs(fmt::format("muntin{}: {}\n", command.empty() ? "" : " " + command, status.message()).c_str(), stderr);
  return exitCode(status.code());
}

/// Nothing leaves main as an exception: what the libraries may throw becomes a status.
static Status runAction(const Action &action, const Options &options) {
  try {
    return action(options);
  } catch (const std::bad_alloc &) {
    return {StatusCode::OutOfMemory, "memory is exhausted"};
  } catch (const std::exception &error) {
    return {StatusCode::CompileFailed, fmt::format("defect in the command: {}", error.what())};
  }
}

static std::string commandName(const CLI::App &app) {
  const std::vector<CLI::App *> chosen = app.get_subcommands();
  return chosen.empty() ? "" : chosen.front()->get_name();
}

static int parseAndRun(CLI::App &app, int argc, char **argv) {
  Options options;
  Action action;
  addRun(app, options, action);
  addCompile(app, options, action);
  addShow(app, options, action);
  addExplain(app, options, action);
  addBench(app, options, action);
  addCache(app, options, action);
  addDevices(app, options, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &help) { // --help, --version
    return app.exit(help);
  } catch (const CLI::ParseError &error) {
    return report(commandName(app),
                  Status::invalid(fmt::format("{} (`muntin{} --help` lists what there is)", error.what(),
                                              commandName(app).empty() ? "" : " " + commandName(app))));
  }
  return report(commandName(app), runAction(action, options));
}

int main(int argc, char **argv) {
  std::signal(SIGPIPE, SIG_IGN); // a reader that goes away is an error of writing, not a signal
  CLI::App app(kDescription, "muntin");
  app.set_version_flag("--version", std::string("muntin ") + mtn_version());
  app.footer(kExamples);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  const int code = parseAndRun(app, argc, argv);
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    return code != 0 ? code : report("", {StatusCode::IoError, "standard output cannot be written"});
  return code;
}
