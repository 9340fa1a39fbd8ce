//===- Footprint.cpp - how far tensors reach from their pointers *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/launch/Footprint.h"

namespace muntin::runtime {

constexpr uintptr_t kWorkspaceAlignment = 64;

Pointers pointersOf(const TensorSet &tensors) {
  Pointers pointers;
  for (int i = 0; i < kNumTensors; ++i)
    pointers[i] = tensors[i] ? tensors[i]->data : nullptr;
  return pointers;
}

Footprints::Footprints(const TensorSet &layouts) : provable_(true) {
  for (int i = 0; i < kNumTensors; ++i) {
    if (!layouts[i] || layouts[i]->empty())
      continue;
    const std::optional<ByteReach> reach = byteReach(*layouts[i]);
    if (!reach || (isOutput(static_cast<Tensor>(i)) && !isInjective(*layouts[i]))) {
      provable_ = false;
      return;
    }
    reach_[i] = {reach->low, reach->high, static_cast<uintptr_t>(dataTypeBytes(layouts[i]->type)) - 1, true};
  }
}

namespace {
struct Addresses {
  uintptr_t begin, end;
  bool meets(const Addresses &other) const { return begin < other.end && other.begin < end; }
};
} // namespace

bool Footprints::apart(const Pointers &pointers, const void *workspace, int64_t workspaceBytes) const {
  if (!provable_)
    return false;
  bool fine = true; // no early exit: what is likely is that all is well
  std::array<Addresses, kNumTensors> spans;
  for (int i = 0; i < kNumTensors; ++i) {
    const auto address = reinterpret_cast<uintptr_t>(pointers[i]);
    const Reach &reach = reach_[i];
    const auto below = static_cast<uintptr_t>(-reach.low), above = static_cast<uintptr_t>(reach.high);
    fine &= !reach.any |
            ((address != 0) & ((address & reach.misaligned) == 0) & (address >= below) & (address + above >= address));
    spans[i] = reach.any ? Addresses{address - below, address + above} : Addresses{0, 0}; // meets nothing
  }
  const auto out = spans[static_cast<size_t>(Tensor::Out)], lse = spans[static_cast<size_t>(Tensor::Lse)];
  const auto begin = reinterpret_cast<uintptr_t>(workspace);
  const Addresses scratch{begin, begin + static_cast<uintptr_t>(workspaceBytes)};
  if (workspaceBytes > 0)
    fine &= (begin != 0) & (begin % kWorkspaceAlignment == 0) & (scratch.end > begin);
  for (int i = 0; i < kNumTensors; ++i) {
    if (static_cast<Tensor>(i) != Tensor::Out)
      fine &= !out.meets(spans[i]);
    if (static_cast<Tensor>(i) != Tensor::Lse)
      fine &= !lse.meets(spans[i]);
    if (workspaceBytes > 0)
      fine &= !scratch.meets(spans[i]);
  }
  return fine;
}

} // namespace muntin::runtime
