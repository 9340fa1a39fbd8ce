//===- Problem.h - what is to be computed, and for which shapes -*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A Problem is what a kernel is compiled for; it is the cache key. A Shape is
// what a launch brings along: another image size compiles nothing.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ABI_PROBLEM_H
#define MUNTIN_ABI_PROBLEM_H

#include "runtime/abi/Mask.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muntin {

enum class Operation : uint8_t { Forward, Backward };
enum class ElementType : uint8_t { F32, F16, BF16 };

const char *elementTypeName(ElementType type); // "f32", "f16", "bf16"
int elementTypeBytes(ElementType type);
Result<ElementType> parseElementType(std::string_view text);

constexpr int64_t kMaxHeadDim = 256;

struct Problem {
  Operation operation = Operation::Forward;
  ElementType element = ElementType::F32;
  int rank = 1;
  int64_t headDim = 64;
  int64_t valueDim = 64;
  Mask mask;                ///< expanded to `rank`
  std::string templateName; ///< empty: the planner chooses
  std::string target;       ///< a row of the target table: "x86-64-v3", "x86-64-v4", "avx512-bf16", ...
  std::string plan;         ///< empty: the planner chooses; else its text form (a knob for experiments)
  /// GPU targets: 16, 8, 4 or 2, which divides the tensors' addresses, strides and rows in bytes; CPUs: 0.
  int64_t alignment = 0;
  /// GPU targets: the bytes of shared memory that the plan of a block may use; 0: what every GPU of the target has.
  int64_t sharedBytes = 0;

  bool operator==(const Problem &) const = default;
};

/// The largest alignment that rows of the problem allow.
int64_t rowAlignment(const Problem &problem);

/// Checks everything that does not depend on the shape.
Status checkProblem(const Problem &problem);

/// The canonical text of a problem: the same for every way of writing it down,
/// and the only input the compiler gets.
///
///   muntin-problem-1 forward f32 rank=2 d=64 dv=64 target=x86-64-v3 mask=neighborhood(...)
std::string problemKey(const Problem &problem);
Result<Problem> parseProblemKey(std::string_view text);

/// Run-time extents. Grids have `rank` entries.
struct Shape {
  int64_t batch = 1;
  int64_t heads = 1;
  int64_t kvHeads = 1;
  Grid grid;
  Grid kvGrid;

  int64_t queries() const; ///< tokens of the query grid
  int64_t keys() const;    ///< tokens of the key grid
};

/// Checks ranks, extents (0 <= extent < 2^31), H % Hkv, the mask's bounds
/// against the extents, and that no product overflows. A shape without queries
/// is legal and is not checked against the mask.
Status checkShape(const Problem &problem, const Shape &shape);

} // namespace muntin

#endif // MUNTIN_ABI_PROBLEM_H
