/*===- status.h - how a call ended -------------------------------*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_STATUS_H
#define MUNTIN_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MTN_API __attribute__((visibility("default")))
#define MTN_CHECKED __attribute__((visibility("default"), warn_unused_result)) mtn_status
#else
#define MTN_API
#define MTN_CHECKED mtn_status
#endif

/* Enumerations are 32-bit integers, in C++ by name, so that a value that is none of theirs can be seen and refused. */
#ifdef __cplusplus
#define MTN_INT32 : int32_t
#else
#define MTN_INT32
#endif

#define MTN_VERSION_MAJOR 0
#define MTN_VERSION_MINOR 1
#define MTN_MAX_RANK 3
#define MTN_MAX_DIMS 6 /* batch, three grid axes, head, element */

typedef enum mtn_status MTN_INT32 {
  MTN_OK = 0,
  MTN_INVALID_ARGUMENT = 1,    /* the request is wrong: field, value and bound are in the message */
  MTN_NOT_IN_THIS_VERSION = 2, /* named by the contract, not built yet */
  MTN_UNAVAILABLE = 3,         /* this machine cannot do it: no such device, instruction set or compiler library */
  MTN_COMPILE_FAILED = 4,      /* a defect of ours: the message names the stage */
  MTN_IO_ERROR = 5,            /* a file could not be read or written */
  MTN_CHECK_FAILED = 6,        /* an image is damaged */
  MTN_OUT_OF_MEMORY = 7,
  MTN_CANCELLED = 8, /* by mtn_session_cancel */
  MTN_TIMED_OUT = 9  /* compile_timeout has passed */
} mtn_status;

typedef struct mtn_error {
  mtn_status status;
  const char *message;    /* one sentence; "" after no failure */
  const char *reproducer; /* a file that replays a failed compilation; may be null */
} mtn_error;

/* The last failure in the calling thread. Never null; valid until the next call in this thread fails. */
MTN_API const mtn_error *mtn_last_error(void);
/* "invalid argument", ... for any value. */
MTN_API const char *mtn_status_name(mtn_status status);
/* "0.1.0" */
MTN_API const char *mtn_version(void);

#ifdef __cplusplus
}
#endif

#endif /* MUNTIN_STATUS_H */
