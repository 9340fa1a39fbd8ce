//===- prepared.cpp - the fastest way to call a kernel, in C++ ------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An engine calls one problem on one image size again and again, with other
// pointers: extents, strides and scale are checked once, in kernel.call(). What
// can fail returns an Expected, which chains; nothing throws.
//
//===----------------------------------------------------------------------===//

#include "muntin/muntin.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

constexpr int64_t kHeight = 20, kWidth = 30, kHeads = 2, kHeadDim = 16;

muntin::Expected<muntin::Kernel> prepare(const muntin::Session &session) {
  const muntin::Attention problem{.rank = 2, .headDim = kHeadDim, .mask = "block(size=10x10)"};
  return session.prepare(problem);
}

/// One frame: its value is `value` everywhere, and so must be the result.
struct Frame {
  explicit Frame(float value) : q(kHeight * kWidth * kHeads * kHeadDim), k(q), v(q.size(), value), out(q) {}

  muntin::Arguments arguments() {
    const auto view = [](std::vector<float> &data) {
      return muntin::tensor(data.data(), {1, kHeight, kWidth, kHeads, kHeadDim});
    };
    return {.q = view(q), .k = view(k), .v = view(v), .out = view(out)};
  }
  mtn_pointers pointers(void *workspace) {
    mtn_pointers pointers;
    mtn_pointers_init(&pointers);
    pointers.q = q.data();
    pointers.k = k.data();
    pointers.v = v.data();
    pointers.out = out.data();
    pointers.workspace = workspace;
    return pointers;
  }

  std::vector<float> q, k, v, out;
};

int fail(const muntin::Outcome &outcome) {
  std::fprintf(stderr, "%s\n", outcome.message().c_str());
  return 1;
}

} // namespace

int main() {
  Frame layout(0);
  const auto session = muntin::Session::create();
  if (!session)
    return fail(session.error());
  const auto call =
      prepare(*session).and_then([&](const muntin::Kernel &kernel) { return kernel.call(layout.arguments()); });
  if (!call)
    return fail(call.error());

  const size_t bytes = (*call->workspace() / 64 + 1) * 64;
  const std::unique_ptr<void, decltype(&std::free)> workspace(std::aligned_alloc(64, bytes), std::free);
  float worst = 0;
  for (int number = 1; number <= 100; ++number) {
    Frame frame(static_cast<float>(number));
    if (const auto done = call->run(frame.pointers(workspace.get())); !done)
      return fail(done);
    for (const float element : frame.out)
      worst = std::max(worst, std::abs(element - static_cast<float>(number)));
  }
  std::printf("100 frames, largest error %.1e\n", worst);
  return worst < 1e-4f ? 0 : 1;
}
