//===- Judge.h - runs a case and says what is wrong with the result  -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_CONFORMANCE_JUDGE_H
#define MUNTIN_TESTS_CONFORMANCE_JUDGE_H

#include "tests/conformance/Device.h"

namespace muntin::conformance {

struct Verdict {
  enum class Kind { Passed, Refused, Failed } kind = Kind::Passed;
  std::string message; ///< why not passed
  double relativeError = 0, lseError = 0;
  double ofLimit = 0; ///< the greater of both errors over its limit
};

/// Each tensor lies between two guards; gaps of inputs hold NaN, inputs cannot be written, outputs are NaN before the
/// run. Afterwards every element agrees with the reference, every gap still holds its bytes, and other numbers of
/// threads give the same bits. A forced template may refuse a case with a message about it; nothing else may.
Verdict judge(Device &device, const Case &c);

} // namespace muntin::conformance

#endif // MUNTIN_TESTS_CONFORMANCE_JUDGE_H
