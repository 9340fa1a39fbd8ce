//===- Device.h - what the suite asks of a device ------------ -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_CONFORMANCE_DEVICE_H
#define MUNTIN_TESTS_CONFORMANCE_DEVICE_H

#include "compiler/Reference/Check.h"
#include "tests/conformance/Case.h"

#include <memory>

namespace muntin::conformance {

/// Safe to call from several threads.
class Device {
public:
  virtual ~Device() = default;
  /// Runs the case on these tensors; `outputs` is written to.
  virtual Status run(const Case &c, const reference::Inputs &inputs, const reference::Outputs &outputs,
                     int threads) = 0;
  /// Query-key pairs that a run of the case computes, over batch and heads.
  virtual Result<uint64_t> processedPairs(const Case &c, const reference::Inputs &inputs) = 0;
  /// Successful compilations so far.
  virtual uint64_t compiles() const = 0;
  /// Kernels that a problem may have: on a GPU one for each alignment of its tensors.
  virtual int64_t kernelsPerProblem() const { return 1; }
  /// What the device itself has seen go wrong, one line each; "" where it looks for nothing.
  virtual std::string reports() const { return ""; }
  /// Names that problems may carry, for the scope.
  virtual std::vector<std::string> targets() const { return {""}; }
  /// Templates that it has kernels for; "": the planner chooses.
  virtual std::vector<std::string> templates() const {
    return {"", "row", "unfused", "online", "live", "border", "stages", "roles", "window"};
  }
  /// Element types that it has kernels for.
  virtual std::vector<ElementType> elements() const { return Scope().elements; }
  /// Those that this machine cannot execute: the run says so.
  virtual std::vector<std::string> skippedTargets() const { return {}; }
};

/// A session of the C interface on the device called `name`.
Result<std::unique_ptr<Device>> openSession(const std::string &name);
/// The reference itself, rounded to the element type: it tests the suite.
std::unique_ptr<Device> makeReferenceDevice();

} // namespace muntin::conformance

#endif // MUNTIN_TESTS_CONFORMANCE_DEVICE_H
