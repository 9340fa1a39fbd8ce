//===- wmma.cu - GEMM by <mma.h> ------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// C [m, n] f32 = A [m, k] B [k, n], row-major, any extents: 16 x 16 tiles of C, one per warp, four warps side by side.
// Tiles are staged in shared memory with zeros beyond the border. B is staged transposed, so both majors are loaded.

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

using namespace nvcuda;

template <typename T, typename Fragment, int K>
__device__ void gemm(const T *a, const T *b, float *c, int m, int n, int k) {
  __shared__ __align__(32) T left[16][K + 8];
  __shared__ __align__(32) T right[4][16][K + 8]; // transposed: [column][k]
  __shared__ __align__(32) float out[4][16][20];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, row = blockIdx.y * 16,
            column = (blockIdx.x * 4 + warp) * 16;
  wmma::fragment<wmma::accumulator, 16, 16, K, float> sum;
  wmma::fill_fragment(sum, 0.0f);
  for (int first = 0; first < k; first += K) {
    __syncthreads();
    for (int i = threadIdx.x; i < 16 * K; i += 128) {
      const int r = row + i / K, j = first + i % K;
      left[i / K][i % K] = r < m && j < k ? a[r * k + j] : T(0.0f);
    }
    for (int i = lane; i < 16 * K; i += 32) {
      const int j = first + i / 16, x = column + i % 16;
      right[warp][i % 16][i / 16] = j < k && x < n ? b[j * n + x] : T(0.0f);
    }
    __syncthreads();
    wmma::fragment<wmma::matrix_a, 16, 16, K, Fragment, wmma::row_major> fa;
    wmma::fragment<wmma::matrix_b, 16, 16, K, Fragment, wmma::col_major> fb;
    wmma::load_matrix_sync(fa, &left[0][0], K + 8);
    wmma::load_matrix_sync(fb, &right[warp][0][0], K + 8);
    if constexpr (K == 8) {
      for (int i = 0; i < fa.num_elements; ++i)
        fa.x[i] = wmma::__float_to_tf32(fa.x[i]);
      for (int i = 0; i < fb.num_elements; ++i)
        fb.x[i] = wmma::__float_to_tf32(fb.x[i]);
    }
    wmma::mma_sync(sum, fa, fb, sum);
  }
  wmma::store_matrix_sync(&out[warp][0][0], sum, 20, wmma::mem_row_major);
  __syncwarp();
  for (int i = lane; i < 256; i += 32)
    if (row + i / 16 < m && column + i % 16 < n)
      c[(row + i / 16) * n + column + i % 16] = out[warp][i / 16][i % 16];
}

extern "C" __global__ void gemmBf16(const __nv_bfloat16 *a, const __nv_bfloat16 *b, float *c, int m, int n, int k) {
  gemm<__nv_bfloat16, __nv_bfloat16, 16>(a, b, c, m, n, k);
}
extern "C" __global__ void gemmF16(const __half *a, const __half *b, float *c, int m, int n, int k) {
  gemm<__half, __half, 16>(a, b, c, m, n, k);
}
extern "C" __global__ void gemmTf32(const float *a, const float *b, float *c, int m, int n, int k) {
  gemm<float, wmma::precision::tf32, 8>(a, b, c, m, n, k);
}

/// The other shapes, majors and half sums on one tile: D [M, N] = A B + C in f16, A column-major, B row-major.
template <int M, int N> __device__ void halfTile(const __half *a, const __half *b, const __half *c, __half *d) {
  wmma::fragment<wmma::matrix_a, M, N, 16, __half, wmma::col_major> fa;
  wmma::fragment<wmma::matrix_b, M, N, 16, __half, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, M, N, 16, __half> sum;
  wmma::load_matrix_sync(fa, a, M);
  wmma::load_matrix_sync(fb, b, N);
  wmma::load_matrix_sync(sum, c, N, wmma::mem_row_major);
  wmma::mma_sync(sum, fa, fb, sum);
  wmma::store_matrix_sync(d, sum, M, wmma::mem_col_major);
}
extern "C" __global__ void half32x8(const __half *a, const __half *b, const __half *c, __half *d) {
  halfTile<32, 8>(a, b, c, d);
}
extern "C" __global__ void half8x32(const __half *a, const __half *b, const __half *c, __half *d) {
  halfTile<8, 32>(a, b, c, d);
}
extern "C" __global__ void half16x16(const __half *a, const __half *b, const __half *c, __half *d) {
  halfTile<16, 16>(a, b, c, d);
}

/// s8 and f64, one tile each.
extern "C" __global__ void bytes16x16(const signed char *a, const signed char *b, int *d) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, signed char, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, signed char, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, int> sum;
  wmma::fill_fragment(sum, 7);
  wmma::load_matrix_sync(fa, a, 16);
  wmma::load_matrix_sync(fb, b, 16);
  wmma::mma_sync(sum, fa, fb, sum);
  wmma::store_matrix_sync(d, sum, 16, wmma::mem_row_major);
}
extern "C" __global__ void doubles8x8(const double *a, const double *b, double *d) {
  wmma::fragment<wmma::matrix_a, 8, 8, 4, double, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 8, 8, 4, double, wmma::col_major> fb;
  wmma::fragment<wmma::accumulator, 8, 8, 4, double> sum;
  wmma::fill_fragment(sum, 0.5);
  wmma::load_matrix_sync(fa, a, 4);
  wmma::load_matrix_sync(fb, b, 4);
  wmma::mma_sync(sum, fa, fb, sum);
  wmma::store_matrix_sync(d, sum, 8, wmma::mem_row_major);
}
