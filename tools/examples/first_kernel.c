/*===- first_kernel.c - a first kernel in C11 ---------------------------------===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "muntin/muntin.h"

#include <math.h>
#include <stdio.h>

/* One batch of 56x56 tokens, 4 heads of 64 numbers: 3.2 MB each. */
static float q[56][56][4][64], k[56][56][4][64], v[56][56][4][64], out[56][56][4][64];

static int fail(void) {
  fprintf(stderr, "%s\n", mtn_last_error()->message);
  return 1;
}

int main(void) {
  for (int n = 0; n < 56 * 56 * 4 * 64; ++n)
    (&v[0][0][0][0])[n] = (float)(n / (56 * 4 * 64)); /* the token's row; queries and keys are all zero */

  mtn_session *session = NULL;
  if (mtn_session_create(NULL, &session) != MTN_OK)
    return fail();

  mtn_problem problem;
  mtn_problem_init(&problem);
  problem.dtype = MTN_F32;
  problem.rank = 2;
  problem.head_dim = 64;
  problem.mask = "neighborhood(window=7x7)"; /* each token attends to the 7x7 tokens around it */

  const int64_t extents[] = {1, 56, 56, 4, 64};
  const mtn_tensor tensors[] = {
      mtn_tensor_contiguous(q, MTN_F32, 5, extents), mtn_tensor_contiguous(k, MTN_F32, 5, extents),
      mtn_tensor_contiguous(v, MTN_F32, 5, extents), mtn_tensor_contiguous(out, MTN_F32, 5, extents)};
  mtn_arguments arguments;
  mtn_arguments_init(&arguments);
  arguments.q = &tensors[0];
  arguments.k = &tensors[1];
  arguments.v = &tensors[2];
  arguments.out = &tensors[3];
  arguments.flags = MTN_ALLOCATE_WORKSPACE;

  /* The first call compiles; the next ones, also on grids of another size, do not. */
  if (mtn_forward(session, &problem, &arguments) != MTN_OK)
    return fail();
  mtn_session_destroy(session);

  /* All keys are equal, so a token gets the mean row of its window. At a border the window shifts, it never shrinks:
   * row 0 sees rows 0 to 6, row 20 sees 17 to 23, row 55 sees 49 to 55. */
  printf("rows 0, 20, 55 -> %.3f, %.3f, %.3f\n", out[0][0][0][0], out[20][0][0][0], out[55][0][0][0]);
  return fabsf(out[0][0][0][0] - 3) + fabsf(out[20][0][0][0] - 20) + fabsf(out[55][0][0][0] - 52) < 1e-4f ? 0 : 1;
}
