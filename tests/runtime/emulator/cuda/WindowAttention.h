//===- WindowAttention.h - a problem for the attention kernels --- -*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention with a window over tensors [tokens, heads, 64] of bf16, and the
// base-2 logarithm of each row's sum, in double. The kernels are flash2.cu's
// and hopper.cu's.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_EMULATOR_CUDA_WINDOWATTENTION_H
#define MUNTIN_TESTS_RUNTIME_EMULATOR_CUDA_WINDOWATTENTION_H

#include "tests/runtime/emulator/cuda/Cuda.h"

namespace muntin::emulator::test {

class WindowAttention {
public:
  WindowAttention(int tokens, int heads, int left, int right);
  /// Runs the kernel; what is reported or wrong, empty if nothing is.
  std::string runFlash2(Session &s) const;
  std::string runHopper(Session &s) const;

private:
  size_t at(int token, int head) const { return (size_t(token) * heads_ + head) * 64; }
  void row(int query, int head);
  std::string launch(Session &s, const char *kernel, uint32_t threads, uint32_t bytes, Params &params) const;

  int tokens_, heads_, left_, right_;
  float scale_ = 0.18f; ///< of the scores, in base 2
  std::vector<Bfloat> q_, k_, v_;
  std::vector<double> out_, lse_;
};

} // namespace muntin::emulator::test

#endif // MUNTIN_TESTS_RUNTIME_EMULATOR_CUDA_WINDOWATTENTION_H
