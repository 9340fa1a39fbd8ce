/*===- run.h - running kernels -----------------------------------*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_RUN_H
#define MUNTIN_RUN_H

#include "muntin/kernel.h"
#include "muntin/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mtn_run_flags MTN_INT32 {
  MTN_ALLOCATE_WORKSPACE = 1 /* the session allocates the workspace, frees it, and so waits for the stream */
} mtn_run_flags;

/* What a run works on. */
typedef struct mtn_arguments {
  size_t struct_size;
  const mtn_tensor *q, *k, *v, *out;
  const mtn_tensor *lse;         /* may be null */
  const mtn_tensor *segments;    /* for document(), else null */
  const mtn_tensor *kv_segments; /* null: segments, if both grids are equal */
  const double *scale;           /* finite; null: 1/sqrt(head_dim) */
  void *workspace;               /* 64-byte aligned; may be null if the kernel wants none */
  size_t workspace_size;
  mtn_stream stream; /* null: returns when the work is done */
  int32_t threads;   /* at most so many; 0: the session's */
  uint32_t flags;    /* of mtn_run_flags */
} mtn_arguments;
static inline void mtn_arguments_init(mtn_arguments *arguments) {
  memset(arguments, 0, sizeof *arguments);
  arguments->struct_size = sizeof *arguments;
}

/* Finds the kernel as mtn_prepare does and runs it. A request that is refused writes nothing to out and lse. Empty
 * problems need no kernel: without a query nothing is done; without a key out is 0 and lse is -inf. */
MTN_CHECKED mtn_forward(mtn_session *session, const mtn_problem *problem, const mtn_arguments *arguments);
/* Runs a kernel whose handle the caller holds: no lookup. */
MTN_CHECKED mtn_kernel_run(mtn_kernel *kernel, const mtn_arguments *arguments);

/* A call whose problem, extents, strides and scale are fixed, to be run again with other pointers. Everything but the
 * pointers is checked once, in mtn_call_create. It holds its kernel. */
MTN_CHECKED mtn_call_create(mtn_kernel *kernel, const mtn_arguments *arguments, mtn_call **call);
MTN_CHECKED mtn_call_workspace(const mtn_call *call, size_t *bytes);
/* Null is allowed. */
MTN_API void mtn_call_release(mtn_call *call);

typedef struct mtn_pointers {
  size_t struct_size;
  const void *q, *k, *v;
  void *out;
  float *lse; /* may be null */
  const int32_t *segments, *kv_segments;
  void *workspace; /* of mtn_call_workspace bytes, 64-byte aligned */
  mtn_stream stream;
} mtn_pointers;
static inline void mtn_pointers_init(mtn_pointers *pointers) {
  memset(pointers, 0, sizeof *pointers);
  pointers->struct_size = sizeof *pointers;
}
/* Any number of threads may run one call at once, with different outputs and workspaces. */
MTN_CHECKED mtn_call_run(const mtn_call *call, const mtn_pointers *pointers);

#ifdef __cplusplus
}
#endif

#endif /* MUNTIN_RUN_H */
