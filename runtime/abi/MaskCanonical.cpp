//===- MaskCanonical.cpp - one form for equal masks -----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Mask.h"

#include <algorithm>
#include <iterator>

namespace muntin {
namespace {

Mask full() { return {}; }

Mask negated(Mask child) {
  Mask mask{.kind = MaskKind::Not};
  mask.children.push_back(std::move(child));
  return mask;
}

/// True if `mask` restricts the legal extents or needs segments, so that
/// dropping it would change what a caller must bring.
bool demands(const Mask &mask) {
  return mask.kind == MaskKind::Neighborhood || mask.kind == MaskKind::Document ||
         std::ranges::any_of(mask.children, demands);
}

/// `children` are canonical. The unit of all_of is full(), its zero is
/// not(full()); those of any_of are the other way round.
Mask combined(MaskKind kind, const std::vector<Mask> &children) {
  Mask unit = kind == MaskKind::AllOf ? full() : negated(full());
  const Mask zero = kind == MaskKind::AllOf ? negated(full()) : full();

  Mask result{.kind = kind};
  for (const Mask &child : children) {
    if (child.kind == kind)
      result.children.insert(result.children.end(), child.children.begin(), child.children.end());
    else
      result.children.push_back(child);
  }
  std::erase(result.children, unit);
  if (std::ranges::find(result.children, zero) != result.children.end())
    std::erase_if(result.children, [&](const Mask &child) { return child != zero && !demands(child); });

  std::ranges::sort(result.children, {}, printMask);
  result.children.erase(std::ranges::unique(result.children).begin(), result.children.end());
  if (result.children.empty())
    return unit;
  return result.children.size() == 1 ? Mask(result.children.front()) : result;
}

/// Coordinates differ by less than kMaxExtent, so a greater bound is none.
void clampToExtents(Mask &mask) {
  for (AxisValues *side : {&mask.left, &mask.right})
    for (int64_t &value : *side)
      if (value >= kMaxExtent)
        value = kUnbounded;
  for (AxisValues *length : {&mask.size, &mask.halo})
    for (int64_t &value : *length)
      value = std::min(value, kMaxExtent);
}

} // namespace

Mask canonicalMask(const Mask &mask) {
  std::vector<Mask> children;
  std::ranges::transform(mask.children, std::back_inserter(children), canonicalMask);
  switch (mask.kind) {
  case MaskKind::AllOf:
  case MaskKind::AnyOf: return combined(mask.kind, children);
  case MaskKind::Not: return children[0].kind == MaskKind::Not ? Mask(children[0].children[0]) : negated(children[0]);
  default:
    Mask result = mask;
    clampToExtents(result);
    return result;
  }
}

} // namespace muntin
