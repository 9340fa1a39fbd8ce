//===- Attention.h - attention kernels with a known interface, run and judged --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For kernels as the compiler's samples have them: bf16, head dimension 128,
// tensors [batch, tokens, heads, 128], a window of `left` and `right` keys.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_TOOL_ATTENTION_H
#define MUNTIN_EMULATOR_TOOL_ATTENTION_H

#include "runtime/emulator/Emulator.h"

namespace muntin::emulator {

struct AttentionProblem {
  uint32_t tokens = 512, heads = 2, batch = 1;
  int left = 1 << 20, right = 1 << 20;
  unsigned launches = 1; ///< of the forward kernel; the fastest counts
};

struct AttentionOutcome {
  std::string error;                    ///< empty if it ran
  double worstOutput = 0, worstLse = 0; ///< relative to the slice's norm, and absolute (base 2)
  double worstGradients[3] = {};        ///< dQ, dK, dV
  double secondsPerCta = 0;
  uint64_t steps = 0;
  std::vector<Report> reports;
};

/// The kernel with pointers (sm_80) or tensor maps (sm_90a): forward with a window, or the unmasked backward, whose
/// gradients lie as [batch, heads, tokens, 128], dQ and dK without the factor of the softmax's scale.
AttentionOutcome runForward(std::string_view ptx, bool tensorMaps, const AttentionProblem &p, const Options &options);
AttentionOutcome runBackward(std::string_view ptx, const AttentionProblem &p, const Options &options);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_TOOL_ATTENTION_H
