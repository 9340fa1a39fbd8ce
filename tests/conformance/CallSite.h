//===- CallSite.h - a case as the C interface wants it ------- -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_CONFORMANCE_CALLSITE_H
#define MUNTIN_TESTS_CONFORMANCE_CALLSITE_H

#include "compiler/Reference/Check.h"
#include "tests/conformance/Case.h"

#include <muntin/muntin.h>

namespace muntin::conformance {

/// A failure with the message of mtn_last_error().
Status statusOf(mtn_status status);

/// Problem, tensors and arguments; they point into each other.
struct CallSite {
  std::string mask;
  mtn_problem problem;
  mtn_shape shape;
  mtn_tensor query, key, value, out, lse, segments, kvSegments;
  mtn_arguments arguments;
  double scale;

  CallSite(const Case &c, const reference::Inputs &inputs, const reference::Outputs &outputs, int threads);
  CallSite(const CallSite &) = delete;
};

} // namespace muntin::conformance

#endif // MUNTIN_TESTS_CONFORMANCE_CALLSITE_H
