//===- PlanJson.h - what the compiler says about a plan ----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_PLANJSON_H
#define MUNTIN_TOOLS_MUNTIN_PLANJSON_H

#include "runtime/abi/Image.h"
#include "tools/muntin/Boxes.h"
#include "tools/muntin/Report.h"

namespace muntin {

/// The JSON object of MTN_EMIT_PLAN: the plan's fields, and `candidates`.
Result<Json> planJson(const Options &options, const Request &request);

/// The name of the plan's variant for a grid of queries; empty where the plan has none, as for GPUs.
std::string variantFor(const Json &plan, const std::vector<int64_t> &grid);
/// The plan with the fields of that variant in place of those of the general one.
Json planOfVariant(const Json &plan, const std::string &variant);
/// The variants, one line each; empty if there is one alone.
std::vector<std::string> printVariants(const Json &plan);

/// The boxes of a plan of that rank.
Result<PlanBoxes> boxesOf(const Json &plan, int rank);

/// Seconds on one thread: the flops of the pairs that the kernel computes, at the share of `peak` that the plan
/// predicts for them. Null where the plan predicts nothing.
Json predictedSeconds(const Json &plan, const Problem &problem, uint64_t processed, double peak);

/// What an image holds for machines: [{"kind": "cubin", "target": "sm_80", "bytes": 31000}, ...].
Json binariesJson(const Image &image);
/// "cubin sm_80 (31 KiB), ptx sm_80 (104 KiB)".
std::string printBinaries(const Json &binaries);

/// 8x4 for [8, 4], text without quotes, anything else as JSON.
std::string printValue(const Json &value);
/// A plan on one line: its own text form, which --plan takes, or "name value, name value".
std::string printPlan(const Json &plan);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_PLANJSON_H
