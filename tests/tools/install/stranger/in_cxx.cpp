// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <muntin/muntin.hpp>

#include <cstdio>
#include <vector>

// All keys are equal, so a token gets the mean of the 5 tokens before it and of itself.
int main() {
  constexpr int64_t kTokens = 30, kHeadDim = 16;
  std::vector<float> q(kTokens * kHeadDim, 1.0f), k(q), v(q), out(q.size());
  for (size_t n = 0; n < v.size(); ++n)
    v[n] = static_cast<float>(n / kHeadDim);
  const muntin::Attention problem{.headDim = kHeadDim, .mask = "sliding(left=5, right=0)"};
  const muntin::Arguments run{.q = muntin::tensor(q.data(), {1, kTokens, 1, kHeadDim}),
                              .k = muntin::tensor(k.data(), {1, kTokens, 1, kHeadDim}),
                              .v = muntin::tensor(v.data(), {1, kTokens, 1, kHeadDim}),
                              .out = muntin::tensor(out.data(), {1, kTokens, 1, kHeadDim})};
  const auto session = muntin::Session::create();
  if (!session) {
    std::fprintf(stderr, "%s\n", session.error().message().c_str());
    return 1;
  }
  if (const auto done = session->forward(problem, run); !done) {
    std::fprintf(stderr, "%s\n", done.message().c_str());
    return 1;
  }
  for (int64_t token = 5; token < kTokens; ++token)
    if (const float error = out[token * kHeadDim] - (token - 2.5f); error < -1e-4f || error > 1e-4f) {
      std::fprintf(stderr, "out[%d] is %g\n", static_cast<int>(token), out[token * kHeadDim]);
      return 1;
    }
  std::printf("C++: %d tokens\n", static_cast<int>(kTokens));
}
