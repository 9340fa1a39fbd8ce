//===- Footprint.h - how far tensors reach from their pointers *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A prepared call sees the same layouts again with other pointers. What follows
// from a layout alone is worked out once, so that a run compares addresses:
//
//        begin = data + low            data              end = data + high
//          |--------------------------- * ------------------------|
//
// Nearly all callers keep their tensors apart like that. Where they do not
// (interleaved tensors, or a mistake), checkMemory() decides and explains.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_LAUNCH_FOOTPRINT_H
#define MUNTIN_RUNTIME_LAUNCH_FOOTPRINT_H

#include "runtime/launch/TensorView.h"

namespace muntin::runtime {

/// The pointers of a run, in the order of Tensor; null for tensors that are not given.
using Pointers = std::array<void *, kNumTensors>;
Pointers pointersOf(const TensorSet &tensors);

class Footprints {
public:
  Footprints() = default;
  explicit Footprints(const TensorSet &layouts);

  /// True if `pointers` are proved to be what checkMemory() and the workspace ask for: not null, aligned, within the
  /// address space, and nothing that is written shares a byte with anything else. False proves nothing.
  bool apart(const Pointers &pointers, const void *workspace, int64_t workspaceBytes) const;

private:
  struct Reach {
    int64_t low = 0, high = 0;
    uintptr_t misaligned = 0; ///< bits of the address that must be 0
    bool any = false;         ///< false: not given, or without an element
  };
  std::array<Reach, kNumTensors> reach_;
  bool provable_ = false; ///< the outputs do not overlap themselves
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_LAUNCH_FOOTPRINT_H
