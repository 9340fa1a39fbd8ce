/*===- kernel.h - compiled problems ------------------------------*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_KERNEL_H
#define MUNTIN_KERNEL_H

#include "muntin/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mtn_prepare_flags MTN_INT32 {
  MTN_COMPILE_NEVER = 1, /* what is neither in memory, in a bundle nor on the disk is MTN_UNAVAILABLE */
  MTN_BACKGROUND = 2     /* returns at once; a thread of the session compiles and loads; `kernel` must be null */
} mtn_prepare_flags;

/* Finds, or compiles and loads, the kernel for `problem`. However many threads ask for it, it is compiled once. The
 * handle is released with mtn_kernel_release. `kernel` may be null: then the problem is only made ready. */
MTN_CHECKED mtn_prepare(mtn_session *session, const mtn_problem *problem, uint32_t flags, mtn_kernel **kernel);
/* Sets *ready to 1 if the kernel for `problem` is in memory, else to 0. Neither waits nor compiles. A preparation in
 * the background that fails is logged; who asks for the kernel then compiles again and hears why. */
MTN_CHECKED mtn_is_ready(mtn_session *session, const mtn_problem *problem, int32_t *ready);
/* Loads an image that mtn_compile made (ahead of time). Its problem is found by later calls. */
MTN_CHECKED mtn_load_image(mtn_session *session, const void *bytes, size_t size, mtn_kernel **kernel);
/* Null is allowed. */
MTN_API void mtn_kernel_release(mtn_kernel *kernel);

typedef struct mtn_stage_time {
  const char *stage; /* "parse", "plan", "lower", "codegen", "link", ..., and the runtime's own "load" */
  double seconds;
} mtn_stage_time;

typedef enum mtn_origin MTN_INT32 {
  MTN_FROM_COMPILER = 0,
  MTN_FROM_IMAGE = 1,
  MTN_FROM_DISK = 2,
  MTN_FROM_BUNDLE = 3
} mtn_origin;

typedef struct mtn_kernel_info {
  size_t struct_size;
  const char *key;    /* the problem's canonical text */
  const char *target; /* row of the target table whose code was chosen */
  const char *plan;   /* JSON object */
  mtn_origin origin;
  double compile_seconds; /* wall time from the miss to the loaded kernel; 0 if nothing was compiled */
  const mtn_stage_time *stages;
  size_t num_stages;
  size_t num_variants;
} mtn_kernel_info;
/* info->struct_size is set by the caller. Strings live as long as the kernel handle. */
MTN_CHECKED mtn_kernel_get_info(mtn_kernel *kernel, mtn_kernel_info *info);

/* The variant that is launched for `shape`; "none" if a shape is empty. */
MTN_CHECKED mtn_kernel_variant(mtn_kernel *kernel, const mtn_shape *shape, const char **name);
/* Bytes of workspace that a run with `shape` wants. */
MTN_CHECKED mtn_kernel_workspace(mtn_kernel *kernel, const mtn_shape *shape, size_t *bytes);
/* Query-key pairs that the kernel computes for `shape`, over batch and heads, masked ones included. Walks the boxes.
 * Counted in multiply-adds: where a kernel computes a pair's score and leaves out its value, that is D / (D + Dv) pairs.
 * The segment tensors are those of a run; null unless the mask has document(). */
MTN_CHECKED mtn_kernel_processed_pairs(mtn_kernel *kernel, const mtn_shape *shape, const mtn_tensor *segments,
                                       const mtn_tensor *kv_segments, uint64_t *pairs);

#ifdef __cplusplus
}
#endif

#endif /* MUNTIN_KERNEL_H */
