//===- Problems.h - many problems on one command line ----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `compile` takes many problems: options that are given several times stand for
// every combination, and a file lists problems one by one:
//
//   [{"mask": "neighborhood(window=7x7)", "dtype": "f16", "head-dim": 64},
//    {"mask": "causal()", "head-dim": 128}]
//
// Fields are called as the options are; what a problem leaves out is as on the
// command line.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_PROBLEMS_H
#define MUNTIN_TOOLS_MUNTIN_PROBLEMS_H

#include "tools/muntin/Options.h"

namespace muntin {

/// Lets the options of a problem be given several times, and adds --problems. After addProblemOptions and --rank.
void addRepeatedOptions(CLI::App &command, Options &options);

/// The options of each problem, at least one; strings are not checked yet.
Result<std::vector<Options>> expandProblems(const Options &options);

/// The problems of one file, whose text is `json`.
Result<std::vector<Options>> readProblems(const Options &others, std::string_view json);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_PROBLEMS_H
