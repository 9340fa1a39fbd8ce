//===- Cuda.h - kernels of a second author ----------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels beside this file are compiled to PTX by nvcc when a test runs.
// Without nvcc the small ones run from golden/, the others are skipped. Each
// one runs late, eager and at random with the race checker on.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_EMULATOR_CUDA_CUDA_H
#define MUNTIN_TESTS_RUNTIME_EMULATOR_CUDA_CUDA_H

#include "runtime/emulator/exec/TensorMap.h"
#include "tests/runtime/emulator/Harness.h"

#include <random>

namespace muntin::emulator::test {

/// PTX of a file: by nvcc and the golden one, as far as they are there. Says loudly if there is none.
std::vector<std::string> ptxOf(const std::string &file, unsigned architecture = 80, const std::string &flags = "");

/// Runs the body for each text of the file and each asynchrony.
void onEach(const std::string &file, const std::function<void(Session &)> &body, unsigned architecture = 80,
            const std::string &flags = "");

/// Launches and expects no report.
void runClean(Session &session, const std::string &kernel, const LaunchShape &shape, std::vector<uint8_t> params);

/// Numbers of [-1, 1) with few enough bits for every format.
std::vector<float> smallNumbers(size_t count, unsigned seed);

struct Bfloat {
  uint16_t bits;
  static Bfloat of(float v) {
    const auto b = std::bit_cast<uint32_t>(v);
    return {static_cast<uint16_t>((b + 0x7fff + ((b >> 16) & 1)) >> 16)};
  }
  operator float() const { return std::bit_cast<float>(uint32_t(bits) << 16); }
};

template <typename T> std::vector<T> converted(const std::vector<float> &values) {
  std::vector<T> out;
  for (const float v : values)
    if constexpr (std::is_same_v<T, Bfloat>)
      out.push_back(Bfloat::of(v));
    else
      out.push_back(static_cast<T>(v));
  return out;
}

/// |got - want| <= bound (1 + |want|) everywhere.
template <typename T>
void expectNear(const std::vector<T> &got, const std::vector<double> &want, double bound, const char *what) {
  ASSERT_EQ(got.size(), want.size());
  unsigned wrong = 0;
  for (size_t i = 0; i < want.size() && wrong < 4; ++i)
    if (const double error = std::abs(double(got[i]) - want[i]) / (1 + std::abs(want[i])); !(error <= bound)) {
      ++wrong;
      ADD_FAILURE() << what << "[" << i << "]: got " << double(got[i]) << ", expected " << want[i];
    }
}

/// A map of a bf16 tensor that lies without gaps, the first extent innermost, swizzled by 128 bytes.
TensorMapData tensorMap(uint64_t base, const std::vector<uint32_t> &extents, const std::vector<uint16_t> &box);

} // namespace muntin::emulator::test

#endif // MUNTIN_TESTS_RUNTIME_EMULATOR_CUDA_CUDA_H
