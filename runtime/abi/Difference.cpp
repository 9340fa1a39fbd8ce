//===- Difference.cpp - in which fields two problems differ ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Difference.h"

#include "runtime/abi/Target.h"

namespace muntin {

static std::string canonicalText(const Problem &problem) {
  const Result<Mask> expanded = expandMask(problem.mask, problem.rank);
  return printMask(expanded ? canonicalMask(*expanded) : problem.mask);
}

static std::string targetName(const Problem &problem) {
  const Result<const Target *> target = findTarget(problem.target);
  return target ? (*target)->name : problem.target;
}

std::vector<FieldDifference> differences(const Problem &asked, const Problem &found) {
  std::vector<FieldDifference> list;
  const auto compare = [&](const char *field, std::string left, std::string right) {
    if (left != right)
      list.push_back({field, std::move(left), std::move(right)});
  };
  const auto operation = [](const Problem &p) { return p.operation == Operation::Forward ? "forward" : "backward"; };
  const auto orAny = [](const std::string &text) { return text.empty() ? "any" : text; };
  compare("op", operation(asked), operation(found));
  compare("dtype", elementTypeName(asked.element), elementTypeName(found.element));
  compare("rank", std::to_string(asked.rank), std::to_string(found.rank));
  compare("head-dim", std::to_string(asked.headDim), std::to_string(found.headDim));
  compare("value-dim", std::to_string(asked.valueDim), std::to_string(found.valueDim));
  compare("target", targetName(asked), targetName(found));
  compare("align", std::to_string(asked.alignment), std::to_string(found.alignment));
  const auto sharedOf = [](const Problem &p) { return p.sharedBytes ? std::to_string(p.sharedBytes) : "any"; };
  compare("shared", sharedOf(asked), sharedOf(found));
  compare("template", orAny(asked.templateName), orAny(found.templateName));
  compare("plan", orAny(asked.plan), orAny(found.plan));
  compare("mask", canonicalText(asked), canonicalText(found));
  return list;
}

} // namespace muntin
