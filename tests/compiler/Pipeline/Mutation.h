//===- Mutation.h - kernels with one thing wrong --------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_COMPILER_PIPELINE_MUTATION_H
#define MUNTIN_TESTS_COMPILER_PIPELINE_MUTATION_H

#include "mlir/IR/BuiltinOps.h"

namespace muntin {

/// What is done to one operation of a kernel.
struct Mutation {
  enum class Kind {
    Remove,     ///< its results become arguments of the kernel that nobody bound
    Duplicate,  ///< it stands twice
    Delay,      ///< it changes places with the next one
    OtherValue, ///< an operand becomes another value of the same type that stands before
    LastKind = OtherValue
  };
  Kind kind;
  unsigned operation = 0;         ///< its number, as a walk meets them
  unsigned operand = 0, with = 0; ///< of OtherValue
};

/// All that can be done to the kernels of a module.
std::vector<Mutation> mutationsOf(mlir::ModuleOp module);

/// What was done, for people.
std::string mutate(mlir::ModuleOp module, const Mutation &mutation);

} // namespace muntin

#endif // MUNTIN_TESTS_COMPILER_PIPELINE_MUTATION_H
