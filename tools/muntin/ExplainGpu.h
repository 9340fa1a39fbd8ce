//===- ExplainGpu.h - what a plan would take on GPUs -----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_EXPLAINGPU_H
#define MUNTIN_TOOLS_MUNTIN_EXPLAINGPU_H

#include "tools/muntin/Report.h"
#include "tools/muntin/Request.h"

#include <optional>

namespace muntin {

/// Why a launch with these extents would be refused though the plan compiles: more keys than it has room for. Or "".
std::string launchRefusal(const Request &request, const Json &plan);
/// Seconds of a plan (or of a candidate) for a GPU on the machine that its target's row describes; nothing for CPUs.
std::optional<double> gpuSeconds(const Request &request, const Json &plan);

/// For each GPU that can run the plan: the roofline of the pairs that the mask keeps, what binds it, what the model
/// predicts for the plan, and how many blocks and warps a multiprocessor holds. The formulas stand in
/// compiler/Plan/README.md.
Json predictRooflines(const Request &request, const Json &plan, double pairsKept, double tensorBytes);

/// The candidates and the rooflines as tables, and why the winner won. "" for CPUs.
std::string printGpuTables(const Json &plan, const Json &rooflines);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_EXPLAINGPU_H
