//===- Judge.cpp - runs a case and says what is wrong with the result -----===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/conformance/Judge.h"
#include "compiler/Reference/Element.h"
#include "compiler/Reference/Pairs.h"
#include "compiler/Reference/Random.h"
#include "tests/support/GuardedMemory.h"

#include <algorithm>
#include <cstring>
#include <regex>

namespace muntin::conformance {

using reference::TensorView;
using testing::GuardedMemory;

namespace {
/// A tensor in guarded memory, all of it NaN: bytes of 0xff are one in every element type.
struct Placed {
  GuardedMemory memory;
  TensorView view;
  int64_t depth = 1;

  Placed(const Layout &layout, ElementType element, int64_t depth)
      : memory(layout.span * elementTypeBytes(element),
               layout.flushRight ? GuardedMemory::Flush::Right : GuardedMemory::Flush::Left),
        depth(depth) {
    memory.fill(0xff);
    view = {memory.data() + layout.first * elementTypeBytes(element), element, layout.strides};
  }
};
} // namespace

/// visit(first element, row number) for each row of the tensor [batch, *grid, heads].
template <typename Visit>
static void forEachRow(const TensorView &view, int64_t batch, const std::vector<int64_t> &grid, int64_t heads,
                       Visit visit) {
  const auto extents = reference::makeGrids(grid, grid).query;
  const int64_t tokens = reference::tokenCount(extents);
  for (int64_t row = 0; row < batch * tokens * heads; ++row) {
    const int64_t token = row / heads;
    visit(view.offset(token / tokens, reference::tokenAt(extents, token % tokens), row % heads), row);
  }
}

static void fill(Placed &placed, const Case &c, Tensor tensor, double size) {
  const bool query = tensor == Tensor::Query;
  const TensorView &view = placed.view;
  forEachRow(view, c.shape.batch, query ? c.shape.grid : c.shape.kvGrid, query ? c.shape.heads : c.shape.kvHeads,
             [&](int64_t first, int64_t row) {
               for (int64_t d = 0; d < placed.depth; ++d) {
                 const float number = reference::randomNormal(c.name.seed, tensor, row * placed.depth + d);
                 reference::writeElement(view.element, const_cast<void *>(view.data), first + d,
                                         static_cast<float>(number * size));
               }
             });
  placed.memory.protect(false);
}

/// "" or the first byte that is not the tensor's and was written.
static std::string findWrittenGap(const Placed &placed, const Case &c, const char *name) {
  const auto *begin = placed.memory.openBegin();
  std::vector<bool> used(placed.memory.openSize());
  const int64_t bytes = elementTypeBytes(placed.view.element);
  const int64_t origin = static_cast<const std::byte *>(placed.view.data) - begin;
  forEachRow(placed.view, c.shape.batch, c.shape.grid, c.shape.heads, [&](int64_t first, int64_t) {
    const auto at = used.begin() + origin + first * bytes;
    std::fill(at, at + placed.depth * bytes, true);
  });
  for (size_t i = 0; i < used.size(); ++i)
    if (!used[i] && begin[i] != std::byte(0xff))
      return std::string("a gap of ") + name + " was written, at byte " +
             std::to_string(static_cast<int64_t>(i) - origin) + " from its first element";
  return "";
}

static bool sameBytes(const Placed &a, const Placed &b) {
  return std::memcmp(a.memory.openBegin(), b.memory.openBegin(), a.memory.openSize()) == 0;
}

/// Segment numbers right before a guard.
static GuardedMemory place(const std::optional<std::vector<int32_t>> &segments) {
  GuardedMemory memory(segments ? segments->size() * sizeof(int32_t) : 0, GuardedMemory::Flush::Right);
  if (memory.size() > 0)
    std::memcpy(memory.data(), segments->data(), memory.size());
  memory.protect(false);
  return memory;
}

namespace {
struct Answer {
  Placed out, lse;

  explicit Answer(const Case &c)
      : out(c.out, c.problem.element, c.problem.valueDim),
        lse(c.lse.value_or(Layout{.strides = std::vector<int64_t>(c.shape.grid.size() + 2)}), ElementType::F32, 1) {}
  reference::Outputs outputs(const Case &c) const { return {out.view, c.lse ? lse.view : TensorView{}}; }
};
} // namespace

static Verdict failed(std::string message) { return {Verdict::Kind::Failed, std::move(message)}; }

/// What the launch recipe of `row` says of more keys than its plan has room for: the one refusal that depends on
/// extents.
static bool isBeyondCapacity(const Status &status, const Case &c) {
  static const std::regex kSaid(".* is ([0-9]+), expected at most ([0-9]+) for this kernel's plan;.*");
  std::smatch numbers;
  const std::string &message = status.message();
  if (c.problem.templateName != "row" || status.code() != StatusCode::InvalidArgument ||
      !std::regex_match(message, numbers, kSaid))
    return false;
  const int64_t needed = std::stoll(numbers[1]), room = std::stoll(numbers[2]);
  return needed > room && needed >= c.shape.keys(); // whole key boxes, so perhaps more
}

static Verdict verdictOf(const Status &status, const Case &c) {
  const bool refusal = status.code() == StatusCode::NotInThisVersion || status.code() == StatusCode::InvalidArgument;
  const bool aboutTemplate = status.message().find("template") != std::string::npos;
  const bool atLaunch = status.message().find("for this kernel's plan") != std::string::npos;
  const bool mayRefuse =
      atLaunch ? isBeyondCapacity(status, c) : !c.problem.templateName.empty() && refusal && aboutTemplate;
  return {mayRefuse ? Verdict::Kind::Refused : Verdict::Kind::Failed,
          "status " + std::to_string(int(status.code())) + ": " + status.message()};
}

static Verdict judgeResult(const Case &c, const reference::Inputs &inputs, const Answer &answer) {
  for (const auto &gap : {findWrittenGap(answer.out, c, "out"), c.lse ? findWrittenGap(answer.lse, c, "lse") : ""})
    if (!gap.empty())
      return failed(gap);
  const auto checked = reference::check(c.problem, c.shape, inputs, answer.outputs(c), {.threads = 1});
  Verdict verdict;
  verdict.kind = checked.pass ? Verdict::Kind::Passed : Verdict::Kind::Failed;
  verdict.message = checked.pass ? "" : checked.worst;
  verdict.relativeError = checked.maxRelativeError;
  verdict.lseError = checked.maxLseError;
  if (checked.rows > 0)
    verdict.ofLimit =
        std::max(checked.maxRelativeError / checked.limits.relative, checked.maxLseError / checked.limits.lse);
  return verdict;
}

/// A pair that is kept and not processed would be missing from the result, or counted by nobody.
static Verdict judgePairs(Device &device, const Case &c, const reference::Inputs &inputs) {
  const auto processed = device.processedPairs(c, inputs);
  if (!processed) // without keys, a template that does not fit runs, for nothing has to be compiled
    return verdictOf(processed.status(), c);
  const auto kept = reference::pairsKept(c.problem, c.shape, inputs);
  if (!kept || *processed < static_cast<uint64_t>(*kept))
    return failed(std::to_string(*processed) + " pairs processed, " + (kept ? std::to_string(*kept) : "?") + " kept");
  return {};
}

static Verdict judgeThreads(Device &device, const Case &c, const reference::Inputs &inputs, const Answer &answer) {
  for (const int threads : {1, 2, 5}) {
    const Answer again(c);
    if (const Status status = device.run(c, inputs, again.outputs(c), threads); !status)
      return failed("refused when repeated: " + status.message());
    if (!sameBytes(answer.out, again.out) || !sameBytes(answer.lse, again.lse))
      return failed("other bits with " + std::to_string(threads) + " threads than with " + std::to_string(c.threads));
  }
  return {};
}

Verdict judge(Device &device, const Case &c) {
  Placed query(c.query, c.problem.element, c.problem.headDim), key(c.key, c.problem.element, c.problem.headDim),
      value(c.value, c.problem.element, c.problem.valueDim);
  fill(query, c, Tensor::Query, 1);
  fill(key, c, Tensor::Key, 1);
  fill(value, c, Tensor::Value, c.valueSize);
  const GuardedMemory segments = place(c.segments), kvSegments = place(c.kvSegments);
  reference::Inputs inputs{query.view, key.view, value.view, c.scale};
  if (c.segments)
    inputs.segments = reinterpret_cast<const int32_t *>(segments.data());
  if (c.kvSegments)
    inputs.kvSegments = reinterpret_cast<const int32_t *>(kvSegments.data());

  const Answer answer(c);
  if (const Status status = device.run(c, inputs, answer.outputs(c), c.threads); !status)
    return verdictOf(status, c);
  const Verdict verdict = judgeResult(c, inputs, answer);
  if (verdict.kind != Verdict::Kind::Passed || !c.compareThreads)
    return verdict;
  for (const Verdict &other : {judgePairs(device, c, inputs), judgeThreads(device, c, inputs, answer)})
    if (other.kind == Verdict::Kind::Failed)
      return other;
  return verdict;
}

} // namespace muntin::conformance
