//===- groups.cu - cooperative groups -------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>

namespace cg = cooperative_groups;

/// Sums by tiles of 8 threads, then the block; the largest by an integer reduction; prefix sums per warp.
extern "C" __global__ void groups(const int *in, int n, int *tileSums, int *blockMax, int *prefix, unsigned *positive) {
  __shared__ int most[32];
  const auto block = cg::this_thread_block();
  const auto tile = cg::tiled_partition<8>(block);
  const auto warp = cg::tiled_partition<32>(block);
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const int value = i < n ? in[i] : 0;
  const int sum = cg::reduce(tile, value, cg::plus<int>());
  if (tile.thread_rank() == 0)
    tileSums[i / 8] = sum;
  const int largest = cg::reduce(warp, value, cg::greater<int>());
  if (warp.thread_rank() == 0)
    most[warp.meta_group_rank()] = largest;
  const int scanned = cg::inclusive_scan(warp, value);
  if (i < n)
    prefix[i] = scanned;
  if (value > 0) { // one atomic per warp, by whoever is here
    const auto here = cg::coalesced_threads();
    if (here.thread_rank() == 0)
      atomicAdd(positive, here.num_threads());
  }
  block.sync();
  if (block.thread_rank() == 0) {
    int all = most[0];
    for (unsigned w = 1; w < warp.meta_group_size(); ++w)
      all = max(all, most[w]);
    blockMax[blockIdx.x] = all;
  }
}

/// All lanes with the same key elect one that counts them, by match and popc.
extern "C" __global__ void countKeys(const int *keys, int n, unsigned *counts) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  const auto here = cg::coalesced_threads();
  const auto same = cg::labeled_partition(here, keys[i]);
  if (same.thread_rank() == 0)
    atomicAdd(&counts[keys[i]], same.num_threads());
}
