//===- MaskPrograms.h - what a mask emits, ready to run --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_DIALECT_ATTN_MASKPROGRAMS_H
#define MUNTIN_TESTS_DIALECT_ATTN_MASKPROGRAMS_H

#include "ElementRules.h"
#include "Evaluator.h"
#include "dialect/attn/Attn.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace muntin::testing {

/// A box in numbers.
struct Tokens {
  Coords origin, step, count;

  size_t rank() const { return origin.size(); }
  int64_t size() const { return tokenCount(count); }
  /// The coordinates of its tokens, row-major.
  Coords at(int64_t index) const;
  bool contains(const Coords &token) const;
};

/// The context of tests: dialects loaded, one thread.
mlir::MLIRContext &testContext();

/// The attribute of a legal mask.
attn::MaskAttrInterface attributeOf(const Mask &mask);

/// One method of a mask, emitted once with run-time extents, origins and counts.
/// Steps are constants of the IR.
class MaskProgram {
public:
  static MaskProgram allows(attn::MaskAttrInterface mask, unsigned rank);
  static MaskProgram allowsByAxes(attn::MaskAttrInterface mask, unsigned rank);
  static MaskProgram live(attn::MaskAttrInterface mask, bool fromKeys, const Coords &step);
  /// commonKeys(), if the mask knows them as a box.
  static std::optional<MaskProgram> common(attn::MaskAttrInterface mask, const Coords &step);
  static MaskProgram classify(attn::MaskAttrInterface mask, const Coords &queryStep, const Coords &keyStep);

  bool allows(const Grids &grids, const Coords &query, const Coords &key);
  Tokens live(const Grids &grids, const Tokens &from);
  attn::MaskClass classify(const Grids &grids, const Tokens &queries, const Tokens &keys);

  bool isExact() const { return exact; }
  size_t steps() const { return evaluator->steps(); }

private:
  struct Emission;
  const int64_t *run(const Grids &grids, std::initializer_list<const Coords *> inputs);
  std::vector<HostFunction> hostFunctions(const Grids &grids) const;

  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<Evaluator> evaluator;
  std::vector<int64_t> arguments;
  Coords liveStep;
  std::vector<Coords> rangeSteps; ///< of the boxes that segmentRange was asked for
  bool exact = false;
};

} // namespace muntin::testing

#endif // MUNTIN_TESTS_DIALECT_ATTN_MASKPROGRAMS_H
