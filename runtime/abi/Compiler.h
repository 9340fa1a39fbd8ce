/*===- Compiler.h - the C interface of the compiler library --------*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* libmuntin-compiler.so exports these functions and nothing else. The runtime
|* opens it with dlopen at the first miss. Safe to call from any thread.
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_ABI_COMPILER_H
#define MUNTIN_ABI_COMPILER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MTNC_ABI_VERSION 2u

/* What comes out of a compilation. */
enum mtnc_emit {
  MTNC_EMIT_IMAGE = 0,  /* serializeImage(), ready to launch */
  MTNC_EMIT_ATTN = 1,   /* text: the problem in the attn dialect */
  MTNC_EMIT_TILE = 2,   /* text: the instantiated and scheduled template */
  MTNC_EMIT_LLVM = 3,   /* text: LLVM IR */
  MTNC_EMIT_ASM = 4,    /* text: assembly */
  MTNC_EMIT_OBJECT = 5, /* ELF relocatable object; for GPUs a cubin, which needs an assembler */
  MTNC_EMIT_PLAN = 6    /* JSON: the plan, its candidates and predicted costs; for GPUs what the assembler says */
};

typedef struct mtnc_stage_time {
  const char *stage; /* static string: "parse", "plan", "lower", "codegen", "link", ... */
  double seconds;
} mtnc_stage_time;

typedef struct mtnc_result {
  int status;  /* StatusCode of Result.h */
  char *bytes; /* the output, NUL-terminated; null on failure */
  size_t size;
  char *message;    /* one sentence; null on success */
  char *reproducer; /* path of a file that replays a failed compilation, or null */
  mtnc_stage_time stages[16];
  size_t num_stages;
  char *warning; /* one sentence about an output that is right but not as it should be, or null */
} mtnc_result;

typedef struct mtnc_options {
  size_t struct_size; /* sizeof(mtnc_options) */
  enum mtnc_emit emit;
  const char *dump_dir;     /* every stage is written there; may be null */
  const char *override_dir; /* stages are read back from there; may be null */
  /* The extents the caller expects (rank entries each), for MTNC_EMIT_PLAN's predictions; may be null. */
  const int64_t *grid;
  const int64_t *kv_grid;
  int64_t batch, heads, kv_heads;
  /* Asked before each stage, on the thread that compiles; another answer than 0 ends the compilation. May be null. */
  int (*begin_stage)(void *user, const char *stage);
  void *begin_stage_user;
  /* The assembler of GPU kernels: a path, or a name on PATH; "off": none; null: the best that is found. */
  const char *ptxas;
  double ptxas_seconds; /* after which it is stopped; 0: two minutes */
  /* The architectures for which images of GPUs carry a cubin: "sm_80,sm_90"; null: that of the target, where there is
     an assembler. */
  const char *cubins;
} mtnc_options;

uint32_t mtnc_abi_version(void);
/* Compiles the problem whose canonical text is key[0, key_size). result is always filled; free it with mtnc_free. */
void mtnc_compile(const char *key, size_t key_size, const mtnc_options *options, mtnc_result *result);
/* Which assembler mtnc_compile() would use with these options: its name and path as text, empty if there is none. */
void mtnc_find_assembler(const mtnc_options *options, mtnc_result *result);
void mtnc_free(mtnc_result *result);

#ifdef __cplusplus
}
#endif

#endif /* MUNTIN_ABI_COMPILER_H */
