//===- Check.h - is a result right? -------------------------- -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The measure of `--check`, and of every test. Per slice (one batch entry, one head):
//
//   relative error = |O - R| / max(|R|, |T|)        2-norms over the slice's rows and Dv
//
// with R and T of Attention.h and O as stored. Dividing by |T| too keeps the measure fair where values cancel.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_REFERENCE_CHECK_H
#define MUNTIN_COMPILER_REFERENCE_CHECK_H

#include "compiler/Reference/Attention.h"

#include <cstdint>
#include <string>

namespace muntin::reference {

struct Outputs {
  TensorView out;
  TensorView lse; ///< data may be null: not judged
};

struct CheckOptions {
  int64_t maxPairs = int64_t(1) << 30; ///< beyond, that many pairs' worth of random rows is judged
  uint64_t seed = 0;
  int threads = 0; ///< 0: as many as the machine has; no bit of the result depends on it
};

struct Limits {
  double relative; ///< of a slice
  double lse;      ///< absolute, of a row
};
/// For a slice of `elements` numbers whose scores have at most the size `scoreSize` (Row::scoreSize). Up to 20 these
/// are the limits of the contract; beyond, each unit adds 4e-7 to both: about seven roundings of a score in f32.
Limits limitsFor(ElementType element, int64_t elements, double scoreSize);

struct CheckResult {
  bool pass = true;
  double maxRelativeError = 0; ///< over the slices; infinity if a NaN is met
  double maxLseError = 0;      ///< over the rows; infinity if only one side is -inf, or a NaN is met
  Limits limits = {0, 0};      ///< of the slice that comes closest to its limits, or exceeds them most
  int64_t rowsChecked = 0;
  int64_t rows = 0;
  std::string worst; ///< one sentence about that slice
};

/// Judges `outputs`. `problem` and `shape` are checked. A query without keys must have exactly 0 and -inf.
CheckResult check(const Problem &problem, const Shape &shape, const Inputs &inputs, const Outputs &outputs,
                  const CheckOptions &options = {});

} // namespace muntin::reference

#endif // MUNTIN_COMPILER_REFERENCE_CHECK_H
