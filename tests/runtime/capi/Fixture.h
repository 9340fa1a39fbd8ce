//===- Fixture.h - a session on the fake compiler ----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_CAPI_FIXTURE_H
#define MUNTIN_TESTS_RUNTIME_CAPI_FIXTURE_H

#include "muntin/muntin.hpp"
#include "tests/runtime/fake/FakeCompiler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <dlfcn.h>

/// Of the copy that the sessions of this process have opened.
inline FakeCompilerCounts fakeCompilerCounts() {
  void *handle = dlopen(FAKE_COMPILER, RTLD_NOW | RTLD_LOCAL);
  using Counts = FakeCompilerCounts (*)();
  const auto counts = handle ? reinterpret_cast<Counts>(dlsym(handle, "fake_compiler_counts")) : nullptr;
  if (!counts) {
    ADD_FAILURE() << "no fake compiler: " << dlerror();
    return {};
  }
  const FakeCompilerCounts result = counts();
  dlclose(handle);
  return result;
}

/// Options of a session whose compiler is the fake.
inline mtn_session_options fakeOptions(int threads = 2) {
  mtn_session_options options;
  mtn_session_options_init(&options);
  options.compiler = FAKE_COMPILER;
  options.threads = threads;
  options.cache = MTN_CACHE_OFF;
  return options;
}

/// Tensors of rank 1 for the fake kernel, and what it must make of them.
struct FakeRun {
  FakeRun(int64_t batch, int64_t queries, int64_t keys, int64_t heads, int64_t kvHeads, int64_t dim = 8)
      : q(batch * queries * heads * dim), k(batch * keys * kvHeads * dim), v(k.size()), out(q.size(), -1),
        lse(batch * queries * heads, -1), extents{batch, queries, keys, heads, kvHeads, dim} {
    for (size_t i = 0; i < v.size(); ++i)
      v[i] = static_cast<float>((i * 37 + 11) % 101) / 8;
  }

  muntin::Arguments arguments() {
    const auto [batch, queries, keys, heads, kvHeads, dim] = extents;
    return {.q = muntin::tensor(q.data(), {batch, queries, heads, dim}),
            .k = muntin::tensor(k.data(), {batch, keys, kvHeads, dim}),
            .v = muntin::tensor(v.data(), {batch, keys, kvHeads, dim}),
            .out = muntin::tensor(out.data(), {batch, queries, heads, dim}),
            .lse = muntin::tensor(lse.data(), {batch, queries, heads}),
            .scale = scale};
  }

  /// How many elements of out and lse are not what the fake kernel computes.
  int wrong() const {
    const auto [batch, queries, keys, heads, kvHeads, dim] = extents;
    int wrong = 0;
    for (int64_t row = 0; row < batch * queries * heads; ++row) {
      const int64_t b = row / heads / queries, head = row % heads / (heads / kvHeads);
      for (int64_t d = 0; d < dim; ++d) {
        float sum = 0;
        for (int64_t key = 0; key < keys; ++key)
          sum += v[((b * keys + key) * kvHeads + head) * dim + d];
        wrong += out[row * dim + d] != static_cast<float>(scale) * sum;
      }
      wrong += lse[row] != static_cast<float>(keys);
    }
    return wrong;
  }

  std::vector<float> q, k, v, out, lse;
  double scale = 0.25;
  struct {
    int64_t batch, queries, keys, heads, kvHeads, dim;
  } extents;
};

inline muntin::Attention fakeProblem(const std::string &plan = "") { return {.headDim = 8, .plan = plan}; }

#endif // MUNTIN_TESTS_RUNTIME_CAPI_FIXTURE_H
