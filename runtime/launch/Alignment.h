//===- Alignment.h - how wide a kernel may copy ------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GPU kernels copy rows of q, k, v and out in units of 16, 8, 4 or 2 bytes, which
// must divide every address that a row can have, and its length.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_LAUNCH_ALIGNMENT_H
#define MUNTIN_RUNTIME_LAUNCH_ALIGNMENT_H

#include "runtime/launch/Footprint.h"
#include "runtime/launch/TensorView.h"

namespace muntin::runtime {

/// The largest unit for these tensors.
int64_t alignmentOf(const TensorSet &tensors);

/// Whether rows and strides, or addresses, are multiples of `alignment`; 0 is any.
Status checkLayoutAlignment(const TensorSet &tensors, int64_t alignment);
Status checkPointerAlignment(const Pointers &pointers, int64_t alignment);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_LAUNCH_ALIGNMENT_H
