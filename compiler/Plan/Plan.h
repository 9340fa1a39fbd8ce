//===- Plan.h - how a problem is cut into tiles ----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan follows from the problem and the target alone, and is right for every
// legal extent. The planner lists candidates, predicts the time of each with a
// cost model, and keeps all of them, so that `muntin explain` can show why the
// winner won. The winner is the best on large grids; where an axis is shorter
// than its query box, up to two others may take its place.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_PLAN_PLAN_H
#define MUNTIN_COMPILER_PLAN_PLAN_H

#include "runtime/abi/Problem.h"
#include "runtime/abi/Target.h"

#include <optional>
#include <string>
#include <vector>

namespace muntin {

/// Extents are below 2^31.
inline constexpr int64_t kAnyExtent = (int64_t(1) << 31) - 1;

struct Plan {
  std::string templateName;
  std::vector<int64_t> queryBox;  ///< tokens per axis
  std::vector<int64_t> queryStep; ///< distance of neighbouring tokens of a box: the residue period of a dilated axis
  std::vector<int64_t> keyBox;    ///< largest key box; empty where the template holds all keys at once
  int64_t rows = 0;               ///< rows of the register block
  int64_t blockVectors = 0;       ///< vectors of the register block
  int64_t lanes = 0;
  bool trimmed = false;       ///< the two vectors of the query box have key boxes of their own; keyBox is that of one
  bool pairs = false;         ///< products are of pairs of bf16
  std::string pack = "none";  ///< "none", "widen" or "pairs", see tile.plan
  std::vector<int64_t> strip; ///< if the tasks pack, extents of the memory for it, in keys; empty: once per head
  int64_t warps = 0;          ///< GPUs: of a block; 0 for CPUs, whose fields are rows to trimmed
  int64_t stages = 0;         ///< GPUs: key boxes on their way or in use at once
  int64_t capacity = 0;       ///< GPUs, `row`: keys whose scores a block holds
  int64_t registers = 0;      ///< GPUs: of a thread, at most; 0: the assembler chooses
  bool oneWalk = false;       ///< GPUs: full boxes and the border in one walk, which masks all
  int64_t resident = 0;       ///< GPUs: blocks on a multiprocessor that take tasks in turn; 0: a block for each task
  std::string engine;         ///< GPUs: "fma", or empty for the matrix units
  std::vector<int64_t> most;  ///< longest query grid that it is for, or kAnyExtent; empty: every grid

  int64_t queries() const;
  /// "general", or after the longest grid: "short_2xN".
  std::string variant() const;
  /// The query box whose live keys the key box holds.
  std::vector<int64_t> hullBox() const;
  /// Keys that buffers hold, padding of odd rows included; 0: all of the grid.
  int64_t keyCapacity() const;
  /// Whether the template has tiles of all keys.
  bool holdsAllKeys() const { return templateName == "row" || templateName == "unfused"; }
  /// Columns of the tiles of keys; 0: of all keys, as many as there are.
  int64_t tileKeys() const;
  /// One line; parsePlan() reads it back.
  std::string print() const;
  bool operator==(const Plan &) const = default;
};

/// A plan with its predicted cost on a nominal grid, in core cycles per query and head.
struct Candidate {
  Plan plan;
  std::vector<int64_t> live; ///< CPUs: keys per axis that a query box meets
  double processedPairs = 0; ///< per query, padding included
  double productCycles = 0;  ///< both products
  double softmaxCycles = 0;  ///< masks, maxima, exponentials
  double boxCycles = 0;      ///< lists, transposition, stores, per query
  double cycles() const { return productCycles + softmaxCycles + boxCycles; }
  int64_t sharedBytes = 0;     ///< GPUs: of a block
  int64_t registers = 0;       ///< GPUs: of a thread, estimated
  double maskInstructions = 0; ///< GPUs: per score of a box that is masked; 0 for a forced plan
  bool mayUnbind = false;      ///< GPUs: the planner bounded the registers, and need not have
  std::string refused;         ///< why it is not eligible; empty if it is
  bool assembled = false;      ///< refused by the assembler, not by the planner
  std::string note;            ///< what is wrong with it though it was kept; empty if nothing is
};

struct Decision {
  std::vector<Candidate> candidates; ///< best first
  /// CPUs: plans for short grids, in the order in which the launch recipe tries them; all other grids have the winner.
  /// Their cost is that of the longest such grid.
  std::vector<Candidate> variants;
  double keptPairs = 0; ///< per query on the nominal grid; 0 if unknown
  std::vector<int64_t> nominalGrid;
  const Candidate &winner() const { return candidates.front(); }
  /// The winner does not do: an eligible candidate takes its place, the next of those that need fewer registers than
  /// all of their template that did not do either or, if there are none, the next of all. False if none is left.
  bool replaceWinner(const std::string &why);
  /// The winner as it is without the planner's bound of registers; false if there is none.
  bool unbindWinner();
  /// Makes the candidate with this plan the winner, whatever was said of it.
  void restore(const Plan &plan, const std::string &note);
};

/// Fails if templates/ has none of this name.
Status checkTemplateName(const std::string &name);

/// "4x8" and back.
std::string listText(const std::vector<int64_t> &values);
bool readList(const std::string &text, std::vector<int64_t> &values);

/// Fails where a forced template or plan does not fit, naming the bound.
Result<Decision> makePlan(const Problem &problem, const Target &target);

/// The text form of print(): "window,query=6x4,key=12x10,block=4x3".
Result<Plan> parsePlan(const std::string &text, const Problem &problem, const Target &target);

} // namespace muntin

#endif // MUNTIN_COMPILER_PLAN_PLAN_H
