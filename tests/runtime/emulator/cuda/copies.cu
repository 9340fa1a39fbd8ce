//===- copies.cu - cuda::pipeline and cuda::barrier -----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Scaled tiles that were copied asynchronously; the last tile is partial. Where the CTA shares a tile it is written
// back to front, so that a thread reads what another one copied.

#include <cooperative_groups.h>
#include <cuda/barrier>
#include <cuda/pipeline>

namespace cg = cooperative_groups;

// These objects have constructors that must not run: init() is called by one thread.
#pragma nv_diag_suppress static_var_with_dynamic_init

constexpr int Tile = 256;

/// Two stages shared by the CTA: the copy of tile i + 1 runs beside the work on tile i.
extern "C" __global__ void pipelined(const float *in, float *out, int n, float factor) {
  __shared__ __align__(16) float stage[2][Tile];
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, 2> state;
  const auto block = cg::this_thread_block();
  auto pipe = cuda::make_pipeline(block, &state);
  const int tiles = (n + Tile - 1) / Tile;
  const auto fetch = [&](int t) {
    pipe.producer_acquire();
    if (t < tiles)
      cuda::memcpy_async(block, stage[t % 2], in + t * Tile, sizeof(float) * min(Tile, n - t * Tile), pipe);
    pipe.producer_commit();
  };
  fetch(0);
  for (int t = 0; t < tiles; ++t) {
    fetch(t + 1);
    pipe.consumer_wait();
    for (int i = threadIdx.x; i < min(Tile, n - t * Tile); i += blockDim.x)
      out[t * Tile + i] = factor * stage[t % 2][min(Tile, n - t * Tile) - 1 - i];
    pipe.consumer_release();
  }
}

/// One stage per thread, no shared state: each thread copies and reads its own quarter of 16 bytes.
extern "C" __global__ void pipelinedThreads(const float4 *in, float4 *out, int n, float factor) {
  __shared__ float4 stage[2][64];
  auto pipe = cuda::make_pipeline();
  const int step = gridDim.x * blockDim.x;
  int next = blockIdx.x * blockDim.x + threadIdx.x, s = 0;
  const auto fetch = [&](int i, int where) {
    pipe.producer_acquire();
    if (i < n)
      cuda::memcpy_async(&stage[where][threadIdx.x], &in[i], cuda::aligned_size_t<16>(16), pipe);
    pipe.producer_commit();
  };
  fetch(next, 0);
  for (int i = next; i < n; i += step, s ^= 1) {
    fetch(i + step, s ^ 1);
    cuda::pipeline_consumer_wait_prior<1>(pipe);
    const float4 v = stage[s][threadIdx.x];
    out[i] = make_float4(factor * v.x, factor * v.y, factor * v.z, factor * v.w);
    pipe.consumer_release();
  }
}

/// A barrier object counts arrivals and copies; tiles are read back to front.
extern "C" __global__ void barriers(const float *in, float *out, int n, float factor) {
  using barrier = cuda::barrier<cuda::thread_scope_block>;
  __shared__ __align__(16) float stage[Tile];
  __shared__ barrier filled, emptied;
  const auto block = cg::this_thread_block();
  if (threadIdx.x == 0) {
    init(&filled, blockDim.x);
    init(&emptied, blockDim.x);
  }
  block.sync();
  for (int first = 0; first < n; first += Tile) {
    const int count = min(Tile, n - first);
    cuda::memcpy_async(block, stage, in + first, sizeof(float) * count, filled);
    filled.arrive_and_wait();
    for (int i = threadIdx.x; i < count; i += blockDim.x)
      out[first + i] = factor * stage[count - 1 - i];
    auto token = emptied.arrive();
    emptied.wait(std::move(token));
  }
}
