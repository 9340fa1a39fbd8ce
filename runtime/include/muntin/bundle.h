/*===- bundle.h - kernels that were compiled ahead of time -------*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* muntin compile --problems FILE --target A --target B -o kernels.mtn makes a
|* bundle, --embed NAME also NAME.c and NAME.h, which link it into a program; the
|* CMake function muntin_add_kernels does all that.
|*
|* A problem that a bundle of the session has needs no compiler and no disk
|* cache. MTN_COMPILE_NEVER (compile_never of the session's options) makes any
|* other one an error that names the nearest that there is; and then a bundle's
|* kernel for a lesser target than the machine's own serves too: the best one,
|* whose name mtn_kernel_get_info and the log tell.
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_BUNDLE_H
#define MUNTIN_BUNDLE_H

#include "muntin/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opens a bundle and checks its index; kernels are loaded when they are asked for. MTN_CHECK_FAILED if it is damaged,
 * MTN_IO_ERROR if the file cannot be read. Bundles are asked in the order in which they were added. */
MTN_CHECKED mtn_session_add_bundle_file(mtn_session *session, const char *path);
/* The same of one in memory, which is used in place: the bytes stay as they are as long as the session or a handle of
 * it lives. */
MTN_CHECKED mtn_session_add_bundle(mtn_session *session, const void *bytes, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* MUNTIN_BUNDLE_H */
