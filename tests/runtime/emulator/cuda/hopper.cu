//===- hopper.cu - GEMM and attention with TMA and wgmma ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hopper.h"

constexpr int Tile = 64, Stages = 2;

/// C [m, n] f32 = A [m, k] B [n, k]^T of bf16: one warpgroup, tiles of 64 x 64 x 64 in two stages. The copies fill with
/// zeros beyond the tensors.
extern "C" __global__ void __launch_bounds__(128)
    gemm(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, float *c, int m, int n, int k) {
  __shared__ __align__(1024) bf16 left[Stages][Tile * Tile], right[Stages][Tile * Tile];
  __shared__ Barrier full[Stages];
  const int row = blockIdx.y * Tile, column = blockIdx.x * Tile, steps = (k + Tile - 1) / Tile;
  const auto fetch = [&](int step) {
    expect(&full[step % Stages], 2 * Tile * Tile * sizeof(bf16));
    load2(left[step % Stages], a, step * Tile, row, &full[step % Stages]);
    load2(right[step % Stages], b, step * Tile, column, &full[step % Stages]);
  };
  if (threadIdx.x == 0) {
    for (int s = 0; s < Stages; ++s)
      init(&full[s], 1);
    publish();
  }
  __syncthreads();
  if (threadIdx.x == 0)
    for (int s = 0; s < Stages && s < steps; ++s)
      fetch(s);
  float sum[32];
  for (int step = 0; step < steps; ++step) {
    wait(&full[step % Stages], step / Stages % 2);
    const unsigned long long da = describe(left[step % Stages]), db = describe(right[step % Stages]);
    fence();
    for (int i = 0; i < Tile / 16; ++i)
      multiply(sum, da + 2 * i, db + 2 * i, step + i > 0);
    commit();
    finish();
    __syncthreads();
    if (threadIdx.x == 0 && step + Stages < steps)
      fetch(step + Stages);
  }
  const int warp = threadIdx.x / 32, g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
  for (int i = 0; i < 32; ++i) {
    const int y = row + 16 * warp + g + 8 * (i / 2 % 2), x = column + 8 * (i / 4) + 2 * t + i % 2;
    if (y < m && x < n)
      c[y * n + x] = sum[i];
  }
}

struct AttentionTiles {
  bf16 q[Tile * Tile], k[Stages][Tile * Tile], v[Stages][Tile * Tile];
  Barrier queries, full[Stages], empty[Stages];
};

__device__ void produce(AttentionTiles &s, const TensorMap &q, const TensorMap &k, const TensorMap &v, int begin,
                        int end) {
  expect(&s.queries, sizeof s.q);
  load3(s.q, q, 0, blockIdx.y, blockIdx.x * Tile, &s.queries);
  for (int key = begin, i = 0; key < end; key += Tile, ++i) {
    wait(&s.empty[i % Stages], i / Stages % 2 ^ 1);
    expect(&s.full[i % Stages], 2 * sizeof s.k[0]);
    load3(s.k[i % Stages], k, 0, blockIdx.y, key, &s.full[i % Stages]);
    load3(s.v[i % Stages], v, 0, blockIdx.y, key, &s.full[i % Stages]);
  }
  for (int s_ = 0; s_ < Stages; ++s_) { // the barriers must not vanish under the last arrivals
    const int tiles = (end - begin + Tile - 1) / Tile, uses = (tiles - s_ + Stages - 1) / Stages;
    if (uses > 0)
      wait(&s.empty[s_], (uses - 1) % 2);
  }
}

__device__ void consume(AttentionTiles &s, bf16 *out, float *lse, int tokens, int heads, int left, int right,
                        float scale, int begin, int end) {
  const int warp = threadIdx.x / 32, g = threadIdx.x % 32 / 4, t = threadIdx.x % 4, first = blockIdx.x * Tile;
  float o[32] = {}, most[2] = {-INFINITY, -INFINITY}, sum[2] = {};
  wait(&s.queries, 0);
  const unsigned long long q = describe(s.q);
  for (int key = begin, i = 0; key < end; key += Tile, ++i) {
    wait(&s.full[i % Stages], i / Stages % 2);
    const unsigned long long k = describe(s.k[i % Stages]), v = describe(s.v[i % Stages]);
    float x[32];
    fence();
    for (int d = 0; d < Tile / 16; ++d)
      multiply(x, q + 2 * d, k + 2 * d, d > 0);
    commit();
    finish();
    float factor[2];
    for (int half = 0; half < 2; ++half) {
      const int query = first + 16 * warp + g + 8 * half;
      float m = most[half];
      for (int n = 0; n < 16; ++n) {
        const int j = key + 8 * (n / 2) + 2 * t + n % 2;
        float &score = x[4 * (n / 2) + 2 * half + n % 2];
        score = j < tokens && j >= query - left && j <= query + right ? score * scale : -INFINITY;
        m = fmaxf(m, score);
      }
      m = fmaxf(m, __shfl_xor_sync(~0u, m, 1));
      m = fmaxf(m, __shfl_xor_sync(~0u, m, 2));
      const float base = m == -INFINITY ? 0 : m;
      factor[half] = exp2f(most[half] - base);
      most[half] = m;
      sum[half] *= factor[half];
      for (int n = 0; n < 16; ++n) {
        float &score = x[4 * (n / 2) + 2 * half + n % 2];
        sum[half] += score = exp2f(score - base);
      }
    }
    unsigned p[16];
    for (int n = 0; n < 16; ++n)
      p[n] = pack(x[2 * n], x[2 * n + 1]);
    for (int n = 0; n < 32; ++n)
      o[n] *= factor[n / 2 % 2];
    fence();
    for (int n = 0; n < Tile / 16; ++n)
      multiply(o, p + 4 * n, v + 128 * n);
    commit();
    finish();
    arrive(&s.empty[i % Stages]);
  }
  for (int half = 0; half < 2; ++half) {
    float total = sum[half];
    total += __shfl_xor_sync(~0u, total, 1);
    total += __shfl_xor_sync(~0u, total, 2);
    const int query = first + 16 * warp + g + 8 * half;
    if (query >= tokens)
      continue;
    for (int n = 0; n < 8; ++n)
      *reinterpret_cast<unsigned *>(out + (query * heads + blockIdx.y) * Tile + 8 * n + 2 * t) =
          pack(o[4 * n + 2 * half] / total, o[4 * n + 2 * half + 1] / total);
    if (t == 0)
      lse[blockIdx.y * tokens + query] = most[half] + log2f(total);
  }
}

/// As flash2.cu's, by a consumer warpgroup and a producer thread. Tensors [tokens, heads, 64].
extern "C" __global__ void __launch_bounds__(256, 1)
    attention(const __grid_constant__ TensorMap q, const __grid_constant__ TensorMap k,
              const __grid_constant__ TensorMap v, bf16 *out, float *lse, int tokens, int heads, int left, int right,
              float scale) {
  extern __shared__ __align__(1024) char memory[];
  AttentionTiles &s = *reinterpret_cast<AttentionTiles *>(memory);
  const int first = blockIdx.x * Tile, begin = max(0, first - left) / Tile * Tile,
            end = min(tokens, first + Tile + right);
  if (threadIdx.x == 0) {
    init(&s.queries, 1);
    for (int i = 0; i < Stages; ++i) {
      init(&s.full[i], 1);
      init(&s.empty[i], 128);
    }
    publish();
  }
  __syncthreads();
  if (threadIdx.x >= 128) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
    if (threadIdx.x == 128)
      produce(s, q, k, v, begin, end);
  } else {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    consume(s, out, lse, tokens, heads, left, right, scale, begin, end);
  }
}
