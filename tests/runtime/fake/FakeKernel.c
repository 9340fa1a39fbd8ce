/*===- FakeKernel.c - machine code that nobody compiled ---------- -*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* Entries in the form of Image.h for the tests of the runtime. Not attention:
|* each row of out is scale times the sum of the rows of v, so that a slip in
|* any stride, extent, pointer or order of launches shows.
|*
\*===----------------------------------------------------------------------===*/

#include <math.h>
#include <stdint.h>
#include <string.h>

/* The slots that FakeCompiler.cpp fills, in order. */
enum {
  V,
  OUT,
  LSE,
  WORKSPACE,
  COUNTER,
  SCALE,
  V_BATCH,
  V_TOKEN,
  V_HEAD,
  OUT_BATCH,
  OUT_TOKEN,
  OUT_HEAD,
  LSE_BATCH,
  LSE_TOKEN,
  LSE_HEAD,
  HEADS,
  KV_HEADS,
  QUERIES,
  KEYS,
  VALUE_DIM
};

/* Task: one (batch, key head). workspace[task][d] = sum over the keys of v. */
void fake_sums(const uint64_t *a, int64_t begin, int64_t end, void *scratch) {
  const int64_t dv = (int64_t)a[VALUE_DIM], kvHeads = (int64_t)a[KV_HEADS];
  for (int64_t task = begin; task < end; ++task) {
    const float *v =
        (const float *)a[V] + (task / kvHeads) * (int64_t)a[V_BATCH] + (task % kvHeads) * (int64_t)a[V_HEAD];
    float *sum = scratch; /* the runtime's promise: private and 64-byte aligned */
    for (int64_t d = 0; d < dv; ++d)
      sum[d] = (uintptr_t)scratch % 64 == 0 ? 0.0f : NAN;
    for (int64_t key = 0; key < (int64_t)a[KEYS]; ++key)
      for (int64_t d = 0; d < dv; ++d)
        sum[d] += v[key * (int64_t)a[V_TOKEN] + d];
    memcpy((float *)a[WORKSPACE] + task * dv, sum, (size_t)dv * sizeof(float));
  }
}

/* Task: one (batch, head, query). out = scale * workspace, lse = the number of keys. */
void fake_spread(const uint64_t *a, int64_t begin, int64_t end, void *scratch) {
  const int64_t dv = (int64_t)a[VALUE_DIM], heads = (int64_t)a[HEADS], kvHeads = (int64_t)a[KV_HEADS];
  double scale;
  (void)scratch;
  memcpy(&scale, &a[SCALE], sizeof scale);
  for (int64_t task = begin; task < end; ++task) {
    const int64_t query = task % (int64_t)a[QUERIES], head = task / (int64_t)a[QUERIES] % heads;
    const int64_t batch = task / (int64_t)a[QUERIES] / heads;
    const float *sum = (const float *)a[WORKSPACE] + (batch * kvHeads + head / (heads / kvHeads)) * dv;
    float *out =
        (float *)a[OUT] + batch * (int64_t)a[OUT_BATCH] + query * (int64_t)a[OUT_TOKEN] + head * (int64_t)a[OUT_HEAD];
    for (int64_t d = 0; d < dv; ++d)
      out[d] = (float)scale * sum[d];
    if (a[LSE])
      ((float *)a[LSE])[batch * (int64_t)a[LSE_BATCH] + query * (int64_t)a[LSE_TOKEN] + head * (int64_t)a[LSE_HEAD]] =
          (float)a[KEYS];
  }
}

/* Task: one (batch, head, query). */
void fake_count(const uint64_t *a, int64_t begin, int64_t end, void *scratch) {
  (void)scratch;
  if (a[V] == 0 && a[OUT] == 0) /* no tensors */
    *(uint64_t *)a[COUNTER] += (uint64_t)(end - begin) * a[KEYS];
}
