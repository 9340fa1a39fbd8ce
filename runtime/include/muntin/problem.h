/*===- problem.h - what is computed, and on what -----------------*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_PROBLEM_H
#define MUNTIN_PROBLEM_H

#include "muntin/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mtn_operation MTN_INT32 { MTN_FORWARD = 0, MTN_BACKWARD = 1 } mtn_operation;
typedef enum mtn_dtype MTN_INT32 { MTN_F32 = 0, MTN_F16 = 1, MTN_BF16 = 2, MTN_I32 = 3 } mtn_dtype;

/* What a kernel is compiled for. Extents, strides and the scale are not in it. */
typedef struct mtn_problem {
  size_t struct_size;
  mtn_operation operation;
  mtn_dtype dtype;           /* of q, k, v and out */
  int32_t rank;              /* 1..3; 0: the mask's, else 1 */
  int64_t head_dim;          /* 1..256; 0: 64 */
  int64_t value_dim;         /* 1..256; 0: head_dim */
  const char *mask;          /* as text; null: "full()" */
  const char *template_name; /* null: the planner chooses */
  const char *target;        /* null or "host": the best that the session's device supports */
  const char *plan;          /* null: the planner chooses */
  /* GPUs: 16, 8, 4 or 2, a divisor of the tensors' addresses, of their strides and of their rows, in bytes; a kernel
   * for a larger one is faster. 0: mtn_forward looks at the tensors, all else takes the largest that the rows allow.
   * CPUs: 0. */
  int64_t alignment;
  /* GPUs: bytes of shared memory that a block's plan may use, 1024 to 232448; a device that lets a block have less
   * refuses the kernel. 0: 99 KiB, which all GPUs have. CPUs: 0. */
  int64_t shared_bytes;
} mtn_problem;

/* The run-time extents of a launch. Beyond the rank, entries are ignored. Extents of 0 are legal. */
typedef struct mtn_shape {
  size_t struct_size;
  int64_t batch, heads, kv_heads;
  int64_t grid[MTN_MAX_RANK];
  int64_t kv_grid[MTN_MAX_RANK];
} mtn_shape;

/* A view of memory that the caller owns. Strides count elements, may be 0 or
 * negative for inputs, and the last axis has stride 1 if its extent exceeds 1.
 *
 *   q [B, *grid, H, D]   k [B, *kv_grid, Hkv, D]   v [B, *kv_grid, Hkv, Dv]
 *   out [B, *grid, H, Dv]   lse [B, *grid, H] f32
 *   segments [B, tokens of the grid] i32   kv_segments [B, tokens of the kv_grid] i32 (rows contiguous) */
typedef struct mtn_tensor {
  void *data; /* aligned to its element; may be null if an extent is 0 */
  mtn_dtype dtype;
  int32_t ndim;
  int64_t extents[MTN_MAX_DIMS];
  int64_t strides[MTN_MAX_DIMS];
} mtn_tensor;

static inline void mtn_problem_init(mtn_problem *problem) {
  memset(problem, 0, sizeof *problem);
  problem->struct_size = sizeof *problem;
}
static inline void mtn_shape_init(mtn_shape *shape) {
  memset(shape, 0, sizeof *shape);
  shape->struct_size = sizeof *shape;
  shape->batch = shape->heads = shape->kv_heads = 1;
}
/* A tensor without gaps, last axis fastest. ndim is at most MTN_MAX_DIMS. */
static inline mtn_tensor mtn_tensor_contiguous(void *data, mtn_dtype dtype, int32_t ndim, const int64_t *extents) {
  mtn_tensor tensor;
  uint64_t stride = 1;
  int32_t axis;
  memset(&tensor, 0, sizeof tensor);
  tensor.data = data;
  tensor.dtype = dtype;
  tensor.ndim = ndim;
  for (axis = ndim - 1; axis >= 0 && axis < MTN_MAX_DIMS; --axis) {
    tensor.extents[axis] = extents[axis];
    tensor.strides[axis] = (int64_t)stride;
    stride *= (uint64_t)extents[axis];
  }
  return tensor;
}

#ifdef __cplusplus
}
#endif

#endif /* MUNTIN_PROBLEM_H */
