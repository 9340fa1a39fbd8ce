/*===- FirstResult.c - a process that wants one result ----------- -*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*   first-result                runs one small problem and judges the result
|*   first-result bundle FILE    the same with a kernel from a bundle
|*   first-result ... maps       then prints what is mapped into the process
|*   first-result nothing        only links the library
|*
\*===----------------------------------------------------------------------===*/

#include "muntin/muntin.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GRID = 8, DIM = 64 };
static float q[GRID * GRID * DIM], k[GRID * GRID * DIM], v[GRID * GRID * DIM], out[GRID * GRID * DIM];

/* With q = 0 each row of out is the mean of the rows of v in its window. */
static int isRight(void) {
  for (int row = 0; row < GRID; ++row)
    for (int column = 0; column < GRID; ++column) {
      const int first = column < 2 ? 0 : column > GRID - 3 ? GRID - 5 : column - 2; /* of 5 that fit into the grid */
      if (fabsf(out[(row * GRID + column) * DIM] - (float)(first + 2)) > 1e-5f)
        return 0;
    }
  return 1;
}

/* `bundle` may be null. */
static int run(const char *bundle) {
  const int64_t extents[] = {1, GRID, GRID, 1, DIM};
  static mtn_session *session; /* static: reachable, so that leak checkers are at ease */
  mtn_session_options options;
  mtn_problem problem;
  mtn_arguments arguments;
  mtn_problem_init(&problem);
  problem.rank = 2;
  problem.mask = "neighborhood(window=5x5)";
  for (int i = 0; i < GRID * GRID * DIM; ++i)
    v[i] = (float)(i / DIM % GRID); /* the token's column */
  const mtn_tensor tensors[] = {
      mtn_tensor_contiguous(q, MTN_F32, 5, extents), mtn_tensor_contiguous(k, MTN_F32, 5, extents),
      mtn_tensor_contiguous(v, MTN_F32, 5, extents), mtn_tensor_contiguous(out, MTN_F32, 5, extents)};
  mtn_arguments_init(&arguments);
  arguments.q = &tensors[0];
  arguments.k = &tensors[1];
  arguments.v = &tensors[2];
  arguments.out = &tensors[3];
  arguments.flags = MTN_ALLOCATE_WORKSPACE;
  mtn_session_options_init(&options);
  options.compile_never = bundle != NULL;
  if (mtn_session_create(&options, &session) != MTN_OK ||
      (bundle && mtn_session_add_bundle_file(session, bundle) != MTN_OK) ||
      mtn_forward(session, &problem, &arguments) != MTN_OK) {
    fprintf(stderr, "first-result: %s\n", mtn_last_error()->message);
    return 3;
  }
  /* The session is left to the end of the process, as by an engine that stays. */
  return isRight() ? 0 : 1;
}

int main(int argc, char **argv) {
  char line[4096];
  if (argc > 1 && strcmp(argv[1], "nothing") == 0)
    return 0;
  const int result = run(argc > 2 ? argv[2] : NULL);
  FILE *maps = strcmp(argv[argc - 1], "maps") == 0 ? fopen("/proc/self/maps", "r") : NULL;
  while (maps && fgets(line, sizeof line, maps))
    fputs(line, stdout);
  return result;
}
