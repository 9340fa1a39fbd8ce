/*===- memory.h - memory of a session's device ---------------------*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* Tensors lie in memory of the device that runs. A program that has memory of it
|* (on the CPU any; on a GPU what the CUDA runtime or a framework allocated) needs
|* nothing of this.
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_MEMORY_H
#define MUNTIN_MEMORY_H

#include "muntin/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Aligned to 64 bytes at least. */
MTN_CHECKED mtn_memory_allocate(mtn_session *session, size_t bytes, void **memory);
/* Null is allowed. No work on it may be left. */
MTN_CHECKED mtn_memory_release(mtn_session *session, void *memory);
/* From the host into the device's memory and back, after what `stream` holds. */
MTN_CHECKED mtn_memory_write(mtn_session *session, void *memory, const void *host, size_t bytes, mtn_stream stream);
MTN_CHECKED mtn_memory_read(mtn_session *session, void *host, const void *memory, size_t bytes, mtn_stream stream);

#ifdef __cplusplus
}
#endif

#endif /* MUNTIN_MEMORY_H */
