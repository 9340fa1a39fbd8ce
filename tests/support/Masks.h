//===- Masks.h - masks written briefly in tests -------------- -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_SUPPORT_MASKS_H
#define MUNTIN_TESTS_SUPPORT_MASKS_H

#include "runtime/abi/Mask.h"

#include <utility>

namespace muntin::masks {

inline Mask ofKind(MaskKind kind) {
  Mask mask;
  mask.kind = kind;
  return mask;
}
inline Mask full() { return ofKind(MaskKind::Full); }
inline Mask causal() { return ofKind(MaskKind::Causal); }
inline Mask document() { return ofKind(MaskKind::Document); }

inline Mask neighborhood(AxisValues window, AxisValues dilation = {1}, AxisValues stride = {1},
                         AxisValues causal = {0}) {
  Mask mask = ofKind(MaskKind::Neighborhood);
  mask.window = std::move(window), mask.dilation = std::move(dilation);
  mask.stride = std::move(stride), mask.causal = std::move(causal);
  return mask;
}
inline Mask sliding(AxisValues left, AxisValues right) {
  Mask mask = ofKind(MaskKind::Sliding);
  mask.left = std::move(left), mask.right = std::move(right);
  return mask;
}
inline Mask block(AxisValues size) {
  Mask mask = ofKind(MaskKind::Block);
  mask.size = std::move(size);
  return mask;
}
inline Mask halo(AxisValues size, AxisValues halo) {
  Mask mask = ofKind(MaskKind::Halo);
  mask.size = std::move(size), mask.halo = std::move(halo);
  return mask;
}
inline Mask global(int64_t tokens) {
  Mask mask = ofKind(MaskKind::Global);
  mask.tokens = tokens;
  return mask;
}
inline Mask withChildren(MaskKind kind, std::vector<Mask> children) {
  Mask mask = ofKind(kind);
  mask.children = std::move(children);
  return mask;
}
inline Mask allOf(std::vector<Mask> children) { return withChildren(MaskKind::AllOf, std::move(children)); }
inline Mask anyOf(std::vector<Mask> children) { return withChildren(MaskKind::AnyOf, std::move(children)); }
inline Mask negation(Mask child) { return withChildren(MaskKind::Not, {std::move(child)}); }

} // namespace muntin::masks

#endif // MUNTIN_TESTS_SUPPORT_MASKS_H
