//===- Check.cpp - is a result right? -------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Check.h"
#include "compiler/Reference/Element.h"
#include "compiler/Reference/Parallel.h"
#include "compiler/Reference/Random.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace muntin::reference {

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

Limits limitsFor(ElementType element, int64_t elements, double scoreSize) {
  const double larger = 4e-7 * std::max(scoreSize - 20, 0.0);
  switch (element) {
  case ElementType::F32: return {3e-6 + larger, 1e-5 + larger};
  case ElementType::F16: return {5e-4 + larger, 1e-4 + larger};
  case ElementType::BF16: return {(elements < 64 ? 8e-3 : 4e-3) + larger, 5e-3 + larger};
  }
  return {0, 0};
}

namespace {
/// What one row adds to its slice.
struct RowError {
  double squaredError = 0, squaredResult = 0, squaredSpread = 0; // |O-R|^2, |R|^2, |T|^2
  double lse = 0, scoreSize = 0;
};

struct Slice {
  RowError sum;             // lse and scoreSize: the greatest
  double worstRowError = 0; // greatest squaredError of a row
  int64_t worstRow = 0, worstLseRow = 0, rows = 0;
};

/// Rows are numbered row-major in [B, *grid, H].
struct Rows {
  Grids grids;
  int64_t heads, all, chosen;

  Rows(const Shape &shape, int64_t maxPairs) : grids(makeGrids(shape.grid, shape.kvGrid)), heads(shape.heads) {
    all = shape.batch * tokenCount(grids.query) * heads;
    const int64_t keys = std::max<int64_t>(tokenCount(grids.key), 1);
    chosen = std::min(all, std::max<int64_t>(maxPairs / keys, 1));
  }
  /// A random row of the i-th of `chosen` equal parts; where all rows are chosen, that is row i.
  int64_t at(uint64_t seed, int64_t i) const {
    const auto bound = [&](int64_t part) { return static_cast<int64_t>(static_cast<__int128>(part) * all / chosen); };
    const uint64_t size = static_cast<uint64_t>(bound(i + 1) - bound(i));
    constexpr uint64_t kRowStream = 0x526f7773; // apart from the tensors' streams
    return bound(i) + static_cast<int64_t>(randomWord(seed, kRowStream, i) % size);
  }
  int64_t head(int64_t row) const { return row % heads; }
  int64_t batch(int64_t row) const { return row / heads / tokenCount(grids.query); }
  Coordinates query(int64_t row) const { return tokenAt(grids.query, row / heads % tokenCount(grids.query)); }
};
} // namespace

static double lseError(double actual, double expected) {
  if (actual == expected) // both -inf
    return 0;
  const double error = std::fabs(actual - expected);
  return std::isnan(error) ? kInfinity : error;
}

static RowError judgeRow(const Problem &problem, const Rows &rows, int64_t row, const Row &expected,
                         const Outputs &outputs) {
  const int64_t batch = rows.batch(row), head = rows.head(row);
  const Coordinates query = rows.query(row);
  std::vector<double> actual(problem.valueDim);
  readElements(outputs.out.element, outputs.out.data, outputs.out.offset(batch, query, head), problem.valueDim,
               actual.data());
  const bool noKeys = expected.lse == -kInfinity;
  RowError error;
  for (int64_t d = 0; d < problem.valueDim; ++d) {
    const double difference = actual[d] - expected.out[d];
    error.squaredError += noKeys && difference != 0 ? kInfinity : difference * difference;
    error.squaredResult += expected.out[d] * expected.out[d];
    error.squaredSpread += expected.spread[d];
  }
  if (!(error.squaredError >= 0)) // a NaN
    error.squaredError = kInfinity;
  error.scoreSize = expected.scoreSize;
  if (outputs.lse.data) {
    const int64_t at = outputs.lse.offset(batch, query, head);
    error.lse = lseError(readElement(outputs.lse.element, outputs.lse.data, at), expected.lse);
  }
  return error;
}

static void addRow(Slice &slice, int64_t row, const RowError &error) {
  ++slice.rows;
  slice.sum.squaredError += error.squaredError;
  slice.sum.squaredResult += error.squaredResult;
  slice.sum.squaredSpread += error.squaredSpread;
  slice.sum.scoreSize = std::max(slice.sum.scoreSize, error.scoreSize);
  if (error.squaredError > slice.worstRowError) {
    slice.worstRowError = error.squaredError;
    slice.worstRow = row;
  }
  if (error.lse > slice.sum.lse) {
    slice.sum.lse = error.lse;
    slice.worstLseRow = row;
  }
}

/// Rows are judged in parallel a block at a time and added up in their order, so threads change no bit.
static std::vector<Slice> judgeSlices(const Problem &problem, const Shape &shape, const Inputs &inputs,
                                      const Outputs &outputs, const CheckOptions &options, const Rows &rows) {
  constexpr int64_t kBlock = 4096;
  std::vector<Slice> slices(shape.batch * shape.heads);
  for (int64_t first = 0; first < rows.chosen; first += kBlock) {
    std::vector<int64_t> block, starts; // the rows, and where those of another token start
    for (int64_t i = first; i < std::min(first + kBlock, rows.chosen); ++i) {
      block.push_back(rows.at(options.seed, i));
      if (block.size() == 1 || block.back() / rows.heads != block[block.size() - 2] / rows.heads)
        starts.push_back(static_cast<int64_t>(block.size()) - 1);
    }
    starts.push_back(static_cast<int64_t>(block.size()));
    std::vector<RowError> errors(block.size());
    parallelFor(static_cast<int64_t>(starts.size()) - 1, options.threads, [&](int64_t token) {
      const int64_t batch = rows.batch(block[starts[token]]);
      const Coordinates query = rows.query(block[starts[token]]);
      const auto keys = allowedKeys(problem.mask, rows.grids, query, segmentsOf(shape, inputs, batch));
      for (int64_t i = starts[token]; i < starts[token + 1]; ++i) {
        const Row row = attendRow(problem, shape, inputs, batch, rows.head(block[i]), query, keys);
        errors[i] = judgeRow(problem, rows, block[i], row, outputs);
      }
    });
    for (size_t i = 0; i < block.size(); ++i)
      addRow(slices[rows.batch(block[i]) * shape.heads + rows.head(block[i])], block[i], errors[i]);
  }
  return slices;
}

/// 0 where nothing differs, even from a result of 0.
static double relativeError(const RowError &sum) {
  if (sum.squaredError == 0)
    return 0;
  const double error = std::sqrt(sum.squaredError / std::max(sum.squaredResult, sum.squaredSpread));
  return std::isnan(error) ? kInfinity : error;
}

static std::string describe(const Rows &rows, int64_t row, const char *what, double error, double limit) {
  std::string token;
  for (int axis = 0; axis < rows.grids.rank; ++axis)
    token += (axis ? ", " : "") + std::to_string(rows.query(row)[axis]);
  char text[256];
  std::snprintf(text, sizeof text, "%s of batch %lld, head %lld: error %.3g, limit %.3g, worst at query (%s)", what,
                static_cast<long long>(rows.batch(row)), static_cast<long long>(rows.head(row)), error, limit,
                token.c_str());
  return text;
}

CheckResult check(const Problem &problem, const Shape &shape, const Inputs &inputs, const Outputs &outputs,
                  const CheckOptions &options) {
  const Rows rows(shape, options.maxPairs);
  CheckResult result;
  result.rows = rows.all;
  result.rowsChecked = rows.chosen;
  double worst = -1; // error over limit
  const auto note = [&](const Slice &slice, int64_t row, const char *what, double error, double limit, Limits limits) {
    if (!(error <= limit && std::isfinite(error))) // an infinite score would make the limit infinite
      result.pass = false;
    if (slice.rows == 0 || error / limit <= worst)
      return;
    worst = error / limit;
    result.limits = limits;
    result.worst = describe(rows, row, what, error, limit);
  };
  for (const Slice &slice : judgeSlices(problem, shape, inputs, outputs, options, rows)) {
    const Limits limits = limitsFor(problem.element, slice.rows * problem.valueDim, slice.sum.scoreSize);
    const double error = relativeError(slice.sum);
    result.maxRelativeError = std::max(result.maxRelativeError, error);
    result.maxLseError = std::max(result.maxLseError, slice.sum.lse);
    note(slice, slice.worstRow, "out", error, limits.relative, limits);
    note(slice, slice.worstLseRow, "lse", slice.sum.lse, limits.lse, limits);
  }
  return result;
}

} // namespace muntin::reference
