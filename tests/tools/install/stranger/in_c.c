/* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include <muntin/muntin.h>

#include <stdio.h>

enum { kTokens = 20, kHeadDim = 8, kElements = kTokens * kHeadDim };

static int fail(void) {
  fprintf(stderr, "%s\n", mtn_last_error()->message);
  return 1;
}

/* Each token attends to itself only, so the output is the value. */
int main(void) {
  static float q[kElements], k[kElements], v[kElements], out[kElements];
  for (int n = 0; n < kElements; ++n)
    v[n] = (float)n;
  float *const data[] = {q, k, v, out};
  mtn_tensor tensors[4];
  for (int n = 0; n < 4; ++n)
    tensors[n] = mtn_tensor_contiguous(data[n], MTN_F32, 4, (const int64_t[]){1, kTokens, 1, kHeadDim});

  mtn_session *session = NULL;
  if (mtn_session_create(NULL, &session) != MTN_OK)
    return fail();
  mtn_problem problem;
  mtn_problem_init(&problem);
  problem.head_dim = kHeadDim;
  problem.mask = "neighborhood(window=1)";
  mtn_arguments arguments;
  mtn_arguments_init(&arguments);
  arguments.q = &tensors[0];
  arguments.k = &tensors[1];
  arguments.v = &tensors[2];
  arguments.out = &tensors[3];
  arguments.flags = MTN_ALLOCATE_WORKSPACE;
  if (mtn_forward(session, &problem, &arguments) != MTN_OK)
    return fail();
  mtn_session_destroy(session);

  for (int n = 0; n < kElements; ++n)
    if (out[n] != (float)n) {
      fprintf(stderr, "out[%d] is %g\n", n, out[n]);
      return 1;
    }
  printf("C: Muntin %s, %d tokens\n", mtn_version(), kTokens);
  return 0;
}
