/*===- shipped.c - kernels without a compiler, in C11 -------------------------===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* The build compiles kernels.json into the program:
|*
|*   find_package(Muntin REQUIRED)
|*   add_executable(shipped shipped.c)
|*   target_link_libraries(shipped PRIVATE Muntin::muntin)
|*   muntin_add_kernels(shipped PROBLEMS kernels.json TARGETS x86-64-v3 x86-64-v4 NAME my_kernels)
|*
|* Where it runs nobody needs libmuntin-compiler.so.
|*
\*===----------------------------------------------------------------------===*/

#include "muntin/muntin.h"
#include "my_kernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { kTokens = 100, kHeadDim = 32 };
static float q[kTokens][kHeadDim], k[kTokens][kHeadDim], v[kTokens][kHeadDim], out[kTokens][kHeadDim];

static int fail(void) {
  fprintf(stderr, "%s\n", mtn_last_error()->message);
  return 1;
}

/* True if a file whose name contains `name` is mapped into this process. */
static int is_mapped(const char *name) {
  char line[4096];
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (maps && fgets(line, sizeof line, maps))
    found |= strstr(line, name) != NULL;
  if (maps)
    fclose(maps);
  return found;
}

int main(void) {
  for (int token = 0; token < kTokens; ++token)
    for (int d = 0; d < kHeadDim; ++d)
      v[token][d] = (float)token; /* queries and keys are all zero */

  mtn_session_options options;
  mtn_session_options_init(&options);
  options.compile_never = 1; /* what is not in the bundle is an error, not a wait for a compiler */
  options.cache = MTN_CACHE_OFF;
  mtn_session *session = NULL;
  if (mtn_session_create(&options, &session) != MTN_OK ||
      mtn_session_add_bundle(session, my_kernels, my_kernels_size) != MTN_OK)
    return fail();

  mtn_problem problem;
  mtn_problem_init(&problem);
  problem.rank = 1;
  problem.head_dim = kHeadDim;
  problem.mask = "sliding(left=4, right=0)";
  const int64_t extents[] = {1, kTokens, 1, kHeadDim};
  const mtn_tensor tensors[] = {
      mtn_tensor_contiguous(q, MTN_F32, 4, extents), mtn_tensor_contiguous(k, MTN_F32, 4, extents),
      mtn_tensor_contiguous(v, MTN_F32, 4, extents), mtn_tensor_contiguous(out, MTN_F32, 4, extents)};
  mtn_arguments arguments;
  mtn_arguments_init(&arguments);
  arguments.q = &tensors[0];
  arguments.k = &tensors[1];
  arguments.v = &tensors[2];
  arguments.out = &tensors[3];
  arguments.flags = MTN_ALLOCATE_WORKSPACE;
  if (mtn_forward(session, &problem, &arguments) != MTN_OK)
    return fail();

  /* Which of the targets serves here. */
  mtn_kernel *kernel = NULL;
  mtn_kernel_info info = {.struct_size = sizeof info};
  if (mtn_prepare(session, &problem, 0, &kernel) != MTN_OK || mtn_kernel_get_info(kernel, &info) != MTN_OK)
    return fail();
  printf("token 9 -> %.3f, by a kernel for %s\n", out[9][0], info.target);
  mtn_kernel_release(kernel);

  /* What was not shipped. */
  problem.head_dim = 16;
  if (mtn_prepare(session, &problem, 0, NULL) == MTN_OK)
    return 1;
  printf("head_dim 16: %s\n", mtn_last_error()->message);
  mtn_session_destroy(session);
  if (is_mapped("libmuntin-compiler") || is_mapped("LLVM")) {
    fprintf(stderr, "the compiler was loaded\n");
    return 1;
  }
  return fabsf(out[9][0] - 7) < 1e-4f ? 0 : 1;
}
