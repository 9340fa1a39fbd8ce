//===- Problem.cpp - checks of problems and shapes ------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Problem.h"
#include "runtime/abi/Target.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>

namespace muntin {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();

struct ElementRow {
  const char *name;
  int bytes;
};
constexpr ElementRow kElements[] = {{"f32", 4}, {"f16", 2}, {"bf16", 2}}; // in the order of ElementType

/// The product of numbers >= 0, kLargest if it does not fit.
int64_t product(std::span<const int64_t> factors) {
  if (std::ranges::find(factors, 0) != factors.end())
    return 0;
  int64_t result = 1;
  for (const int64_t factor : factors)
    if (__builtin_mul_overflow(result, factor, &result))
      return kLargest;
  return result;
}

Status outOfRange(std::string_view field, int64_t value, int64_t least, int64_t most) {
  return Status::invalid(fmt::format("{} is {}, expected {} to {}", field, value, least, most));
}

/// Names and plans stand between the spaces of a key.
Status checkWord(std::string_view field, std::string_view text) {
  constexpr size_t kLongest = 4096;
  if (text.size() > kLongest)
    return Status::invalid(fmt::format("{} has {} bytes, expected at most {}", field, text.size(), kLongest));
  const auto bad = std::ranges::find_if(text, [](unsigned char c) { return c <= ' ' || c >= 0x7f; });
  if (bad != text.end())
    return Status::invalid(fmt::format("{} has byte {:#04x} at offset {}, expected printable characters without spaces",
                                       field, static_cast<unsigned char>(*bad), bad - text.begin()));
  return {};
}

Status checkTarget(const std::string &name) {
  const Result<const Target *> target = findTarget(name);
  if (!target)
    return target.status();
  if (name != (*target)->name)
    return Status::invalid(fmt::format("target is '{}', expected it spelled out, as '{}'", name, (*target)->name));
  return {};
}

/// The bytes of a dense tensor must fit in 63 bits; strided ones are checked at launch.
Status checkBytes(std::string_view tensor, std::initializer_list<int64_t> factors) {
  if (product(factors) < kLargest)
    return {};
  return Status::invalid(fmt::format("{} has more than {} bytes", tensor, kLargest - 1));
}

} // namespace

const char *elementTypeName(ElementType type) { return kElements[static_cast<size_t>(type)].name; }
int elementTypeBytes(ElementType type) { return kElements[static_cast<size_t>(type)].bytes; }

Result<ElementType> parseElementType(std::string_view text) {
  const auto row = std::ranges::find(kElements, text, &ElementRow::name);
  if (row == std::end(kElements))
    return Status::invalid(fmt::format("dtype is '{}', expected f32, f16 or bf16", text));
  return static_cast<ElementType>(row - kElements);
}

constexpr int64_t kWidestCopy = 16; // bytes

int64_t rowAlignment(const Problem &problem) {
  if (static_cast<size_t>(problem.element) >= std::size(kElements))
    return 0; // checkProblem() will say so
  const int64_t bytes = elementTypeBytes(problem.element);
  return std::gcd(std::gcd(kWidestCopy, problem.headDim * bytes), problem.valueDim * bytes);
}

static Status checkAlignment(const Problem &problem, const Target &target) {
  if (!target.gpu)
    return problem.alignment == 0 ? Status() : outOfRange("alignment", problem.alignment, 0, 0);
  const int64_t least = elementTypeBytes(problem.element), most = rowAlignment(problem);
  const bool power = problem.alignment > 0 && (problem.alignment & (problem.alignment - 1)) == 0;
  if (power && problem.alignment >= least && problem.alignment <= most)
    return {};
  return Status::invalid(fmt::format("alignment is {}, expected a power of two from {} to {}, which divides the rows",
                                     problem.alignment, least, most));
}

static Status checkShared(const Problem &problem, const Target &target) {
  // From what the smallest plan takes to what a block may have on compute capability 9.0.
  constexpr int64_t least = 1024, most = 227 * 1024;
  if (problem.sharedBytes == 0 || (target.gpu && problem.sharedBytes >= least && problem.sharedBytes <= most))
    return {};
  if (!target.gpu)
    return outOfRange("shared", problem.sharedBytes, 0, 0);
  return outOfRange("shared", problem.sharedBytes, least, most);
}

Status checkProblem(const Problem &problem) {
  if (problem.operation != Operation::Forward)
    return {StatusCode::NotInThisVersion, "operation backward is not in this version"};
  if (static_cast<size_t>(problem.element) >= std::size(kElements))
    return outOfRange("dtype", static_cast<int64_t>(problem.element), 0, std::size(kElements) - 1);
  if (problem.rank < 1 || problem.rank > kMaxRank)
    return outOfRange("rank", problem.rank, 1, kMaxRank);
  if (problem.headDim < 1 || problem.headDim > kMaxHeadDim)
    return outOfRange("head_dim", problem.headDim, 1, kMaxHeadDim);
  if (problem.valueDim < 1 || problem.valueDim > kMaxHeadDim)
    return outOfRange("value_dim", problem.valueDim, 1, kMaxHeadDim);
  const Result<Mask> expanded = expandMask(problem.mask, problem.rank);
  if (!expanded)
    return expanded.status();
  if (*expanded != problem.mask)
    return Status::invalid(fmt::format("mask is {}, expected it expanded to rank {}, as {}", printMask(problem.mask),
                                       problem.rank, printMask(*expanded)));
  if (Status status = checkWord("template", problem.templateName); !status)
    return status;
  if (Status status = checkWord("plan", problem.plan); !status)
    return status;
  if (Status status = checkTarget(problem.target); !status)
    return status;
  const Target &target = **findTarget(problem.target);
  if (Status status = checkShared(problem, target); !status)
    return status;
  return checkAlignment(problem, target);
}

int64_t Shape::queries() const { return product(grid); }
int64_t Shape::keys() const { return product(kvGrid); }

Status checkShape(const Problem &problem, const Shape &shape) {
  const std::pair<const char *, const Grid *> grids[] = {{"grid", &shape.grid}, {"kv_grid", &shape.kvGrid}};
  for (const auto &[name, grid] : grids) {
    if (grid->size() != static_cast<size_t>(problem.rank))
      return Status::invalid(fmt::format("{} has rank {}, expected {}", name, grid->size(), problem.rank));
    for (size_t axis = 0; axis < grid->size(); ++axis)
      if ((*grid)[axis] < 0 || (*grid)[axis] > kMaxExtent)
        return outOfRange(fmt::format("{} on axis {}", name, axis), (*grid)[axis], 0, kMaxExtent);
  }
  const std::pair<const char *, int64_t> counts[] = {
      {"batch", shape.batch}, {"heads", shape.heads}, {"kv_heads", shape.kvHeads}};
  for (const auto &[name, count] : counts)
    if (count < 0 || count > kMaxExtent)
      return outOfRange(name, count, 0, kMaxExtent);
  if (shape.heads > 0 && (shape.kvHeads == 0 || shape.heads % shape.kvHeads != 0))
    return Status::invalid(fmt::format("heads is {}, expected a multiple of kv_heads, {}", shape.heads, shape.kvHeads));

  const int64_t bytes = elementTypeBytes(problem.element);
  const int64_t queries = product({{shape.batch, shape.queries(), shape.heads}});
  const int64_t keys = product({{shape.batch, shape.keys(), shape.kvHeads}});
  for (const Status &status :
       {checkBytes("q", {queries, problem.headDim, bytes}), checkBytes("k", {keys, problem.headDim, bytes}),
        checkBytes("v", {keys, problem.valueDim, bytes}), checkBytes("out", {queries, problem.valueDim, bytes}),
        checkBytes("lse", {queries, int64_t(sizeof(float))}), checkBytes("segments", {shape.batch, shape.queries(), 4}),
        checkBytes("kv_segments", {shape.batch, shape.keys(), 4})})
    if (!status)
      return status;
  return queries == 0 ? Status() : checkMaskExtents(problem.mask, shape.grid, shape.kvGrid);
}

} // namespace muntin
