/*===- NullKernel.c - machine code that does nothing ------------- -*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include <stdint.h>

/* An entry in the form of Image.h: what is measured around it is the runtime's own. */
void null_kernel(const uint64_t *arguments, int64_t begin, int64_t end, void *scratch) {
  (void)arguments;
  (void)begin;
  (void)end;
  (void)scratch;
}
