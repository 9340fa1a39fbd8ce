/*===- HeaderTest.c - muntin.h in plain C11, as its comment shows it -*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "muntin/muntin.h"

#include <stdio.h>

/* The first argument is the compiler library. */
int main(int argc, char **argv) {
  float memory[4][2 * 3 * 8] = {{0}};
  const int64_t extents[] = {1, 6, 1, 8};
  mtn_session *session = NULL;
  mtn_session_options options;
  mtn_problem problem;
  mtn_arguments arguments;
  int i;

  mtn_session_options_init(&options);
  options.compiler = argc > 1 ? argv[1] : NULL;
  if (mtn_session_create(&options, &session) != MTN_OK)
    return 1;
  mtn_problem_init(&problem);
  problem.head_dim = 8;

  for (i = 0; i < 6 * 8; ++i)
    memory[2][i] = 1;
  const mtn_tensor q = mtn_tensor_contiguous(memory[0], MTN_F32, 4, extents);
  const mtn_tensor k = mtn_tensor_contiguous(memory[1], MTN_F32, 4, extents);
  const mtn_tensor v = mtn_tensor_contiguous(memory[2], MTN_F32, 4, extents);
  const mtn_tensor out = mtn_tensor_contiguous(memory[3], MTN_F32, 4, extents);
  mtn_arguments_init(&arguments);
  arguments.q = &q;
  arguments.k = &k;
  arguments.v = &v;
  arguments.out = &out;
  arguments.flags = MTN_ALLOCATE_WORKSPACE;
  if (mtn_forward(session, &problem, &arguments) != MTN_OK) {
    fprintf(stderr, "%s: %s\n", mtn_status_name(mtn_last_error()->status), mtn_last_error()->message);
    return 1;
  }
  mtn_session_destroy(session);
  printf("version %s, out %g\n", mtn_version(), memory[3][0]); /* 6 keys of 1, times 1/sqrt(8) */
  return memory[3][0] > 2.12f && memory[3][0] < 2.13f ? 0 : 1;
}
