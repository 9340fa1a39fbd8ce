/*===- compile.h - compilation as such ---------------------------*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_COMPILE_H
#define MUNTIN_COMPILE_H

#include "muntin/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mtn_emit MTN_INT32 {
  MTN_EMIT_IMAGE = 0,
  MTN_EMIT_ATTN = 1,
  MTN_EMIT_TILE = 2,
  MTN_EMIT_LLVM = 3,
  MTN_EMIT_ASM = 4,
  MTN_EMIT_OBJECT = 5,
  MTN_EMIT_PLAN = 6
} mtn_emit;

/* Memory that the library allocated. */
typedef struct mtn_blob {
  char *data; /* NUL-terminated beyond size */
  size_t size;
} mtn_blob;
/* Null and empty blobs are allowed. */
MTN_API void mtn_blob_free(mtn_blob *blob);

typedef struct mtn_compile_result {
  size_t struct_size; /* set by the caller */
  mtn_blob output;    /* freed by the caller */
  mtn_stage_time stages[16];
  size_t num_stages;
} mtn_compile_result;

/* Compiles up to a stage, for any target, and hands out what it made; loads and caches nothing. `shape` may be null:
 * the extents that MTN_EMIT_PLAN predicts for. */
MTN_CHECKED mtn_compile(mtn_session *session, const mtn_problem *problem, mtn_emit emit, const mtn_shape *shape,
                        mtn_compile_result *result);
/* The assembler that the session's compiler uses for GPU kernels: name and path, empty if there is none; then images
 * carry PTX only, and the driver assembles. */
MTN_CHECKED mtn_session_get_assembler(mtn_session *session, mtn_blob *assembler);
/* The canonical text of `problem`, "host" resolved. */
MTN_CHECKED mtn_problem_key(const mtn_problem *problem, mtn_blob *key);

#ifdef __cplusplus
}
#endif

#endif /* MUNTIN_COMPILE_H */
