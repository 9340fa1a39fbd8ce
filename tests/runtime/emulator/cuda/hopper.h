//===- hopper.h - TMA, mbarriers and wgmma by inline PTX ---*- CUDA -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#pragma once

#include <cuda_bf16.h>

using bf16 = __nv_bfloat16;
using Barrier = unsigned long long;

struct alignas(64) TensorMap { // opaque
  char bytes[128];
};

__device__ inline unsigned shared(const void *p) { return static_cast<unsigned>(__cvta_generic_to_shared(p)); }

__device__ inline void init(Barrier *b, unsigned count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared(b)), "r"(count) : "memory");
}
__device__ inline void publish() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
__device__ inline void expect(Barrier *b, unsigned bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared(b)), "r"(bytes) : "memory");
}
__device__ inline void arrive(Barrier *b) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared(b)) : "memory");
}
__device__ inline void wait(Barrier *b, unsigned parity) {
  asm volatile("{\n\t.reg .pred done;\n\tagain:\n\tmbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n\t"
               "@!done bra again;\n\t}" ::"r"(shared(b)),
               "r"(parity)
               : "memory");
}
__device__ inline void load2(void *to, const TensorMap &map, int x, int y, Barrier *b) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];" ::
          "r"(shared(to)),
      "l"(&map), "r"(shared(b)), "r"(x), "r"(y)
      : "memory");
}
__device__ inline void load3(void *to, const TensorMap &map, int x, int y, int z, Barrier *b) {
  asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, "
               "%5}], [%2];" ::"r"(shared(to)),
               "l"(&map), "r"(shared(b)), "r"(x), "r"(y), "r"(z)
               : "memory");
}

/// Rows of 128 bytes, swizzled, 8 rows to 1024 bytes.
__device__ inline unsigned long long describe(const void *tile) {
  return ((shared(tile) & 0x3ffff) >> 4) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

__device__ inline void fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ inline void commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
__device__ inline void finish() { asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory"); }

#define EIGHT(x, i)                                                                                                    \
  "+f"(x[i]), "+f"(x[i + 1]), "+f"(x[i + 2]), "+f"(x[i + 3]), "+f"(x[i + 4]), "+f"(x[i + 5]), "+f"(x[i + 6]),          \
      "+f"(x[i + 7])
#define SUMS                                                                                                           \
  "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%"   \
  "30,%31}"

/// c [64, 64] (+)= a [64, 16] b [64, 16]^T, both in shared memory, k innermost.
__device__ inline void multiply(float (&c)[32], unsigned long long a, unsigned long long b, int add) {
  asm volatile(
      "{\n\t.reg .pred p;\n\tsetp.ne.b32 p, %34, 0;\n\twgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 " SUMS
      ", %32, %33, p, 1, 1, 0, 0;\n\t}"
      : EIGHT(c, 0), EIGHT(c, 8), EIGHT(c, 16), EIGHT(c, 24)
      : "l"(a), "l"(b), "r"(add));
}
/// c [64, 64] += a [64, 16] b [16, 64], a in registers, b with its columns innermost.
__device__ inline void multiply(float (&c)[32], const unsigned *a, unsigned long long b) {
  asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 " SUMS ", {%32,%33,%34,%35}, %36, 1, 1, 1, 1;"
               : EIGHT(c, 0), EIGHT(c, 8), EIGHT(c, 16), EIGHT(c, 24)
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

__device__ inline unsigned pack(float low, float high) {
  const __nv_bfloat162 v = __floats2bfloat162_rn(low, high);
  return reinterpret_cast<const unsigned &>(v);
}
