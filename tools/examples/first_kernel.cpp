//===- first_kernel.cpp - a first kernel in C++ ---------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "muntin/muntin.hpp"

#include <cmath>
#include <cstdio>
#include <vector>

int main() {
  // One batch of 56x56 tokens, 4 heads of 64 numbers. Each token attends to the 7x7 tokens around it.
  const muntin::Attention problem{.dtype = MTN_F32, .rank = 2, .headDim = 64, .mask = "neighborhood(window=7x7)"};
  std::vector<float> q(56 * 56 * 4 * 64, 0.5f), k(q), v(q), out(q.size());
  for (size_t n = 0; n < v.size(); ++n)
    v[n] = static_cast<float>(n / (56 * 4 * 64)); // the token's row
  const muntin::Arguments run{.q = muntin::tensor(q.data(), {1, 56, 56, 4, 64}),
                              .k = muntin::tensor(k.data(), {1, 56, 56, 4, 64}),
                              .v = muntin::tensor(v.data(), {1, 56, 56, 4, 64}),
                              .out = muntin::tensor(out.data(), {1, 56, 56, 4, 64})};

  const auto session = muntin::Session::create();
  if (!session) {
    std::fprintf(stderr, "%s\n", session.error().message().c_str());
    return 1;
  }
  // The first call compiles; the next ones, also on grids of another size, do not.
  if (const auto done = session->forward(problem, run); !done) {
    std::fprintf(stderr, "%s\n", done.message().c_str());
    return 1;
  }
  // All keys are equal, so a token gets the mean row of its window. At a border the window shifts, it never shrinks:
  // row 0 sees rows 0 to 6, row 20 sees 17 to 23, row 55 sees 49 to 55.
  const auto row = [&](int y) { return out[y * 56 * 4 * 64]; };
  std::printf("rows 0, 20, 55 -> %.3f, %.3f, %.3f\n", row(0), row(20), row(55));
  return std::abs(row(0) - 3) + std::abs(row(20) - 20) + std::abs(row(55) - 52) < 1e-4 ? 0 : 1;
}
