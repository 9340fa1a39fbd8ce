//===- Difference.h - in which fields two problems differ ------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Who looks for a kernel and does not find it is told the nearest one there is,
// and why it is another.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ABI_DIFFERENCE_H
#define MUNTIN_ABI_DIFFERENCE_H

#include "runtime/abi/Problem.h"

#include <string>
#include <vector>

namespace muntin {

struct FieldDifference {
  const char *field; ///< as the command line calls it: "mask", "head-dim", ...
  std::string asked, found;
};

/// The fields in which the two differ, in the order of the problem key. The fewer, the nearer; one that is left to the
/// planner reads "any".
std::vector<FieldDifference> differences(const Problem &asked, const Problem &found);

} // namespace muntin

#endif // MUNTIN_ABI_DIFFERENCE_H
