//===- WindowAttention.cpp - a problem for the attention kernels - -*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/cuda/WindowAttention.h"

#include <cmath>

namespace muntin::emulator::test {

WindowAttention::WindowAttention(int tokens, int heads, int left, int right)
    : tokens_(tokens), heads_(heads), left_(left), right_(right) {
  const size_t size = size_t(tokens) * heads * 64;
  q_ = converted<Bfloat>(smallNumbers(size, 11));
  k_ = converted<Bfloat>(smallNumbers(size, 12));
  v_ = converted<Bfloat>(smallNumbers(size, 13));
  out_.resize(size);
  lse_.resize(size_t(tokens) * heads);
  for (int h = 0; h < heads; ++h)
    for (int i = 0; i < tokens; ++i)
      row(i, h);
}

void WindowAttention::row(int i, int h) {
  double sum = 0;
  for (int j = std::max(0, i - left_); j <= std::min(tokens_ - 1, i + right_); ++j) {
    double score = 0;
    for (int d = 0; d < 64; ++d)
      score += double(q_[at(i, h) + d]) * k_[at(j, h) + d];
    const double weight = std::exp2(score * scale_);
    sum += weight;
    for (int d = 0; d < 64; ++d)
      out_[at(i, h) + d] += weight * v_[at(j, h) + d];
  }
  for (int d = 0; d < 64; ++d)
    out_[at(i, h) + d] /= sum;
  lse_[size_t(h) * tokens_ + i] = std::log2(sum);
}

/// The first value that is off, NaN included.
template <typename T>
static std::string difference(const char *what, const std::vector<T> &got, const std::vector<double> &want,
                              double bound) {
  for (size_t i = 0; i < want.size(); ++i)
    if (!(std::abs(double(got[i]) - want[i]) <= bound * (1 + std::abs(want[i]))))
      return "a wrong result: " + std::string(what) + "[" + std::to_string(i) + "] is " +
             std::to_string(double(got[i])) + ", expected " + std::to_string(want[i]);
  return {};
}

std::string WindowAttention::launch(Session &s, const char *kernel, uint32_t threads, uint32_t bytes,
                                    Params &params) const {
  const uint64_t o = s.upload(std::vector<Bfloat>(out_.size())), l = s.upload(std::vector<float>(lse_.size()));
  params.add(o).add(l).add(tokens_).add(heads_).add(left_).add(right_).add(scale_);
  const LaunchShape shape{{uint32_t(tokens_ + 63) / 64, uint32_t(heads_), 1}, {threads, 1, 1}, {1, 1, 1}, bytes};
  const LaunchResult r = s.launch(kernel, shape, params);
  if (!r.reports.empty())
    return r.reports[0].sentence();
  const std::string wrong = difference("out", s.download<Bfloat>(o, out_.size()), out_, 6e-3);
  return wrong.empty() ? difference("lse", s.download<float>(l, lse_.size()), lse_, 1e-4) : wrong;
}

std::string WindowAttention::runFlash2(Session &s) const {
  Params params;
  params.add(s.upload(q_)).add(s.upload(k_)).add(s.upload(v_));
  return launch(s, "flash2", 128, 0, params);
}

std::string WindowAttention::runHopper(Session &s) const {
  Params params;
  for (const auto *v : {&q_, &k_, &v_})
    params.add(tensorMap(s.upload(*v), {64, uint32_t(heads_), uint32_t(tokens_)}, {64, 1, 64}), 64);
  return launch(s, "attention", 256, 5 * 8192 + 40, params);
}

} // namespace muntin::emulator::test
