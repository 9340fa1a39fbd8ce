/*===- queued.c - kernels and results that come later, in C11 -----------------===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "muntin/muntin.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { kTokens = 1000, kHeads = 2, kHeadDim = 32, kElements = kTokens * kHeads * kHeadDim };
static float q[kElements], k[kElements], v[kElements], out[kElements];

static int fail(void) {
  fprintf(stderr, "%s\n", mtn_last_error()->message);
  return 1;
}

int main(void) {
  for (int n = 0; n < kElements; ++n)
    v[n] = (float)(n / (kHeads * kHeadDim)); /* the token; queries and keys are all zero */

  mtn_session *session = NULL;
  if (mtn_session_create(NULL, &session) != MTN_OK)
    return fail();

  /* A thread of the session compiles while this one goes on. */
  mtn_problem problem;
  mtn_problem_init(&problem);
  problem.rank = 1;
  problem.head_dim = kHeadDim;
  problem.mask = "sliding(left=4, right=0)"; /* each token attends to itself and the 4 before it */
  if (mtn_prepare(session, &problem, MTN_BACKGROUND, NULL) != MTN_OK)
    return fail();
  puts("compiling in the background");

  /* Waits for the kernel, so that the workspace can be of the right size. */
  mtn_kernel *kernel = NULL;
  if (mtn_prepare(session, &problem, 0, &kernel) != MTN_OK)
    return fail();
  mtn_shape shape;
  mtn_shape_init(&shape);
  shape.heads = shape.kv_heads = kHeads;
  shape.grid[0] = shape.kv_grid[0] = kTokens;
  size_t bytes = 0;
  if (mtn_kernel_workspace(kernel, &shape, &bytes) != MTN_OK)
    return fail();
  void *workspace = aligned_alloc(64, (bytes / 64 + 1) * 64);

  /* A stream does its work in order; an event says how far it has come. */
  mtn_stream stream = NULL;
  mtn_event *event = NULL;
  if (mtn_stream_create(session, &stream) != MTN_OK || mtn_event_create(session, &event) != MTN_OK)
    return fail();
  const int64_t extents[] = {1, kTokens, kHeads, kHeadDim};
  const mtn_tensor tensors[] = {
      mtn_tensor_contiguous(q, MTN_F32, 4, extents), mtn_tensor_contiguous(k, MTN_F32, 4, extents),
      mtn_tensor_contiguous(v, MTN_F32, 4, extents), mtn_tensor_contiguous(out, MTN_F32, 4, extents)};
  mtn_arguments arguments;
  mtn_arguments_init(&arguments);
  arguments.q = &tensors[0];
  arguments.k = &tensors[1];
  arguments.v = &tensors[2];
  arguments.out = &tensors[3];
  arguments.workspace = workspace;
  arguments.workspace_size = bytes;
  arguments.stream = stream;
  if (mtn_kernel_run(kernel, &arguments) != MTN_OK || mtn_event_record(event, stream) != MTN_OK)
    return fail();
  puts("queued"); /* until the event is reached, the tensors and the workspace belong to the run */
  if (mtn_event_synchronize(event) != MTN_OK)
    return fail();

  /* Token 9 has the mean of tokens 5 to 9; token 1 that of 0 and 1, as there is nothing before. */
  const float first = out[1 * kHeads * kHeadDim], later = out[9 * kHeads * kHeadDim];
  printf("tokens 1, 9 -> %.3f, %.3f\n", first, later);

  mtn_event_destroy(event);
  if (mtn_stream_destroy(session, stream) != MTN_OK)
    return fail();
  mtn_kernel_release(kernel);
  mtn_session_destroy(session);
  free(workspace);
  return fabsf(first - 0.5f) + fabsf(later - 7) < 1e-4f ? 0 : 1;
}
