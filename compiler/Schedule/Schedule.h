//===- Schedule.h - a template with its parameters filled in ---*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_SCHEDULE_SCHEDULE_H
#define MUNTIN_COMPILER_SCHEDULE_SCHEDULE_H

#include "compiler/Plan/Plan.h"
#include "runtime/abi/Problem.h"

#include <string>

namespace muntin {

/// The text of `plan`'s template for `problem`: the file as it stands in
/// templates/, its block of parameters replaced and nothing else.
Result<std::string> instantiateTemplate(const Problem &problem, const Plan &plan);

} // namespace muntin

#endif // MUNTIN_COMPILER_SCHEDULE_SCHEDULE_H
