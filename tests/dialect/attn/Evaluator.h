//===- Evaluator.h - runs the IR that masks emit ---------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exhaustive tests ask the same emitted IR millions of times. It is straight-line
// integer arithmetic on scalars, which this turns into a list of steps.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_DIALECT_ATTN_EVALUATOR_H
#define MUNTIN_TESTS_DIALECT_ATTN_EVALUATOR_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace muntin::testing {

/// What stands for run-time data in the IR: an unrealized_conversion_cast from
/// i64 values to i64 values with an attribute `host`, an index into a table of
/// these.
using HostFunction = std::function<void(const int64_t *arguments, int64_t *results)>;

class Evaluator {
public:
  /// The steps that `results` need; their inputs are the arguments of `block`.
  Evaluator(mlir::Block &block, llvm::ArrayRef<mlir::Value> results);

  /// Runs the steps; returns the results, valid until the next run. i1 is 0 or 1.
  const int64_t *run(const std::vector<int64_t> &arguments, const std::vector<HostFunction> &host = {});

  size_t steps() const { return program.size(); }
  bool usesHost() const { return hosted; }

private:
  struct Step {
    int64_t (*compute)(int64_t, int64_t, int64_t); ///< null: a host function
    unsigned target;
    unsigned operands[3];
    int host;
    std::vector<unsigned> arguments, results; ///< of a host function
  };
  unsigned slotOf(mlir::Value value);
  void append(mlir::Operation &op);

  llvm::DenseMap<mlir::Value, unsigned> slots;
  std::vector<int64_t> memory;
  std::vector<Step> program;
  std::vector<unsigned> resultSlots;
  bool hosted = false;
  std::vector<int64_t> output, hostArguments, hostResults;
};

} // namespace muntin::testing

#endif // MUNTIN_TESTS_DIALECT_ATTN_EVALUATOR_H
