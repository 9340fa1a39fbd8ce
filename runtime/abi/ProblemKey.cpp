//===- ProblemKey.cpp - the canonical text of a problem -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Problem.h"
#include "runtime/abi/Target.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace muntin {
namespace {

constexpr std::string_view kHeader = "muntin-problem-1";
constexpr std::string_view kOperations[] = {"forward", "backward"}; // in the order of Operation

/// Reads words that single spaces separate. The canonical text is compared at
/// the end, so this needs to be no stricter than it takes to be unambiguous.
class KeyReader {
public:
  explicit KeyReader(std::string_view text) : rest(text) {}

  std::string_view word() {
    const size_t end = rest.find(' ');
    const std::string_view result = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return result;
  }

  /// The value of a field that must come next, or may.
  std::optional<std::string_view> field(std::string_view name) {
    if (!rest.starts_with(name) || !rest.substr(name.size()).starts_with('='))
      return std::nullopt;
    return word().substr(name.size() + 1);
  }

  template <typename Integer> Status number(std::string_view name, Integer &value) {
    const std::optional<std::string_view> text = field(name);
    if (!text)
      return expected(name);
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size())
      return Status::invalid(fmt::format("problem key: {} is '{}', expected a number", name, *text));
    return {};
  }

  Status expected(std::string_view name) const {
    constexpr size_t kShown = 32;
    return Status::invalid(fmt::format("problem key: expected {}=..., got '{}'", name, rest.substr(0, kShown)));
  }

  std::string_view rest;
};

Status parseHead(KeyReader &reader, Problem &problem) {
  if (const std::string_view header = reader.word(); header != kHeader)
    return Status::invalid(fmt::format("problem key: expected '{}', got '{}'", kHeader, header.substr(0, 32)));
  const std::string_view operation = reader.word();
  if (operation != kOperations[0] && operation != kOperations[1])
    return Status::invalid(
        fmt::format("problem key: operation is '{}', expected forward or backward", operation.substr(0, 32)));
  problem.operation = operation == kOperations[0] ? Operation::Forward : Operation::Backward;
  const Result<ElementType> element = parseElementType(reader.word());
  if (!element)
    return element.status();
  problem.element = *element;
  return {};
}

Status parseFields(KeyReader &reader, Problem &problem) {
  if (Status status = reader.number("rank", problem.rank); !status)
    return status;
  if (Status status = reader.number("d", problem.headDim); !status)
    return status;
  if (Status status = reader.number("dv", problem.valueDim); !status)
    return status;
  const auto target = reader.field("target");
  if (!target)
    return reader.expected("target");
  problem.target = *target;
  if (reader.rest.starts_with("align="))
    if (Status status = reader.number("align", problem.alignment); !status)
      return status;
  if (reader.rest.starts_with("shared="))
    if (Status status = reader.number("shared", problem.sharedBytes); !status)
      return status;
  problem.templateName = reader.field("template").value_or("");
  problem.plan = reader.field("plan").value_or("");
  constexpr std::string_view kMask = "mask=";
  if (!reader.rest.starts_with(kMask))
    return reader.expected("mask");
  const Result<Mask> mask = parseMask(reader.rest.substr(kMask.size()));
  if (!mask)
    return mask.status();
  problem.mask = *mask;
  return {};
}

} // namespace

std::string problemKey(const Problem &problem) {
  // A problem that checkProblem refuses still has a text, for messages; parseProblemKey refuses it in turn.
  const Result<Mask> expanded = expandMask(problem.mask, problem.rank);
  const Result<const Target *> target = findTarget(problem.target);
  std::string key =
      fmt::format("{} {} {} rank={} d={} dv={} target={}", kHeader,
                  kOperations[problem.operation == Operation::Backward], elementTypeName(problem.element), problem.rank,
                  problem.headDim, problem.valueDim, target ? (*target)->name : problem.target);
  if (problem.alignment > 0)
    key += fmt::format(" align={}", problem.alignment);
  if (problem.sharedBytes > 0)
    key += fmt::format(" shared={}", problem.sharedBytes);
  if (!problem.templateName.empty())
    key += " template=" + problem.templateName;
  if (!problem.plan.empty())
    key += " plan=" + problem.plan;
  key += " mask=" + printMask(expanded ? canonicalMask(*expanded) : problem.mask);
  return key;
}

Result<Problem> parseProblemKey(std::string_view text) {
  KeyReader reader(text);
  Problem problem;
  if (Status status = parseHead(reader, problem); !status)
    return status;
  if (Status status = parseFields(reader, problem); !status)
    return status;
  if (Status status = checkProblem(problem); !status)
    return status;
  if (const std::string canonical = problemKey(problem); canonical != text)
    return Status::invalid(fmt::format("problem key: not in canonical form, expected '{}'", canonical));
  return problem;
}

} // namespace muntin
