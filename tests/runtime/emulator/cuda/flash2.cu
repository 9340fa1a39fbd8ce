//===- flash2.cu - attention as FlashAttention-2 does it, with a window ---===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Tensors [tokens, heads, 64] of bf16; query i sees keys i - left .. i + right. Four warps of 16 queries each; tiles of
// 32 keys arrive by cp.async in two stages; rows of 128 bytes are swizzled by 16-byte pieces.

#include <cuda_bf16.h>

using bf16 = __nv_bfloat16;
constexpr int D = 64, Queries = 64, Keys = 32, Threads = 128;

__device__ unsigned place(const bf16 *tile, int row, int piece) {
  return static_cast<unsigned>(__cvta_generic_to_shared(tile + row * D + 8 * (piece ^ (row & 7))));
}

template <int Rows> __device__ void fetch(bf16 *tile, const bf16 *from, int first, int tokens, int stride) {
  for (int i = threadIdx.x; i < Rows * 8; i += Threads) {
    const int row = first + i / 8;
    const bf16 *source = from + (row < tokens ? row : 0) * stride + 8 * (i % 8);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(place(tile, i / 8, i % 8)), "l"(source),
                 "r"(row < tokens ? 16 : 0));
  }
}

__device__ void load4(unsigned (&r)[4], unsigned at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at));
}
__device__ void load4Transposed(unsigned (&r)[4], unsigned at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at));
}
__device__ void multiply(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
__device__ unsigned pack(float low, float high) {
  const __nv_bfloat162 v = __floats2bfloat162_rn(low, high);
  return reinterpret_cast<const unsigned &>(v);
}

extern "C" __global__ void __launch_bounds__(Threads)
    flash2(const bf16 *q, const bf16 *k, const bf16 *v, bf16 *out, float *lse, int tokens, int heads, int left,
           int right, float scale) {
  __shared__ __align__(128) bf16 tileQ[Queries * D], tileK[2][Keys * D], tileV[2][Keys * D];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, stride = heads * D;
  const int first = blockIdx.x * Queries, shift = blockIdx.y * D;
  const int begin = max(0, first - left) / Keys * Keys, end = min(tokens, first + Queries + right);
  fetch<Queries>(tileQ, q + shift, first, tokens, stride);
  fetch<Keys>(tileK[0], k + shift, begin, tokens, stride);
  fetch<Keys>(tileV[0], v + shift, begin, tokens, stride);
  asm volatile("cp.async.commit_group;");
  float o[D / 8][4] = {}, most[2] = {-INFINITY, -INFINITY}, sum[2] = {};
  for (int key = begin, stage = 0; key < end; key += Keys, stage ^= 1) {
    if (key + Keys < end) {
      fetch<Keys>(tileK[stage ^ 1], k + shift, key + Keys, tokens, stride);
      fetch<Keys>(tileV[stage ^ 1], v + shift, key + Keys, tokens, stride);
    }
    asm volatile("cp.async.commit_group;\n\tcp.async.wait_group 1;" ::: "memory");
    __syncthreads();
    // S = Q K^T
    float s[Keys / 8][4] = {};
    for (int d = 0; d < D / 16; ++d) {
      unsigned a[4];
      load4(a, place(tileQ, 16 * warp + lane % 16, 2 * d + lane / 16));
      for (int n = 0; n < Keys / 16; ++n) {
        unsigned b[4];
        load4(b, place(tileK[stage], 16 * n + lane % 8 + 8 * (lane / 16), 2 * d + lane / 8 % 2));
        multiply(s[2 * n], a, b[0], b[1]);
        multiply(s[2 * n + 1], a, b[2], b[3]);
      }
    }
    // softmax, online; a thread holds rows g and g + 8
    float factor[2];
    for (int half = 0; half < 2; ++half) {
      const int query = first + 16 * warp + g + 8 * half;
      float m = most[half];
      for (int n = 0; n < Keys / 8; ++n)
        for (int c = 0; c < 2; ++c) {
          const int j = key + 8 * n + 2 * t + c;
          float &x = s[n][2 * half + c];
          x = j < tokens && j >= query - left && j <= query + right ? x * scale : -INFINITY;
          m = fmaxf(m, x);
        }
      m = fmaxf(m, __shfl_xor_sync(~0u, m, 1));
      m = fmaxf(m, __shfl_xor_sync(~0u, m, 2));
      const float base = m == -INFINITY ? 0 : m;
      factor[half] = exp2f(most[half] - base);
      most[half] = m;
      float part = 0;
      for (int n = 0; n < Keys / 8; ++n)
        for (int c = 0; c < 2; ++c)
          part += s[n][2 * half + c] = exp2f(s[n][2 * half + c] - base);
      sum[half] = sum[half] * factor[half] + part;
    }
    // O = O factor + P V
    for (int d = 0; d < D / 8; ++d)
      for (int i = 0; i < 4; ++i)
        o[d][i] *= factor[i / 2];
    for (int n = 0; n < Keys / 16; ++n) {
      const unsigned a[4] = {pack(s[2 * n][0], s[2 * n][1]), pack(s[2 * n][2], s[2 * n][3]),
                             pack(s[2 * n + 1][0], s[2 * n + 1][1]), pack(s[2 * n + 1][2], s[2 * n + 1][3])};
      for (int d = 0; d < D / 16; ++d) {
        unsigned b[4];
        load4Transposed(b, place(tileV[stage], 16 * n + lane % 16, 2 * d + lane / 16));
        multiply(o[2 * d], a, b[0], b[1]);
        multiply(o[2 * d + 1], a, b[2], b[3]);
      }
    }
    __syncthreads();
  }
  for (int half = 0; half < 2; ++half) {
    float total = sum[half];
    total += __shfl_xor_sync(~0u, total, 1);
    total += __shfl_xor_sync(~0u, total, 2);
    const int query = first + 16 * warp + g + 8 * half;
    if (query >= tokens)
      continue;
    for (int d = 0; d < D / 8; ++d)
      *reinterpret_cast<unsigned *>(out + query * stride + shift + 8 * d + 2 * t) =
          pack(o[d][2 * half] / total, o[d][2 * half + 1] / total);
    if (t == 0)
      lse[blockIdx.y * tokens + query] = most[half] + log2f(total);
  }
}
