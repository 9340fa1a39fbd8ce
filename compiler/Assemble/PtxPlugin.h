/*===- PtxPlugin.h - NVIDIA's PTX compiler behind three functions --*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* libmuntin-ptx.so exports these and nothing else. It holds NVIDIA's library,
|* which may not be handed on: it is built on the machine that uses it.
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_COMPILER_ASSEMBLE_PTXPLUGIN_H
#define MUNTIN_COMPILER_ASSEMBLE_PTXPLUGIN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MTNP_INTERFACE 1u

typedef struct mtnp_result {
  int code;      /* nvPTXCompileResult: 0 success, 3 the text is refused, 7 its version is too new */
  char *cubin;   /* null on failure */
  size_t size;   /* of the cubin */
  char *told;    /* what the compiler says, as `ptxas -v`; never null unless memory is exhausted */
  char *refused; /* its error messages; the same */
} mtnp_result;

/* The interface, and the library's version: 13.0. */
unsigned mtnp_version(unsigned *major, unsigned *minor);
/* Any number of threads may assemble at once. Free the result with mtnp_free(). */
void mtnp_assemble(const char *ptx, size_t size, const char *const *options, int count, mtnp_result *result);
void mtnp_free(mtnp_result *result);

#ifdef __cplusplus
}
#endif

#endif /* MUNTIN_COMPILER_ASSEMBLE_PTXPLUGIN_H */
