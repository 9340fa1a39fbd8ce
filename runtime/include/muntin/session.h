/*===- session.h - device, compiler and kernels together ---------*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_SESSION_H
#define MUNTIN_SESSION_H

#include "muntin/problem.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtn_session mtn_session;
typedef struct mtn_kernel mtn_kernel;
typedef struct mtn_call mtn_call;

typedef enum mtn_log_level MTN_INT32 { MTN_LOG_ERROR = 1, MTN_LOG_WARN, MTN_LOG_INFO, MTN_LOG_DEBUG } mtn_log_level;
/* Called from any thread, also from several at once. */
typedef void (*mtn_log_callback)(void *user, mtn_log_level level, const char *message);

/* The host's parallel loop: it calls body(context, begin, end) for disjoint ranges that together are [0, count), on any
 * threads, and returns when all are done. Results do not depend on how the range is cut. */
typedef void (*mtn_parallel_body)(void *context, int64_t begin, int64_t end);
typedef void (*mtn_parallel_for)(void *user, int64_t count, mtn_parallel_body body, void *context);

/* Kernels on disk outlive the process: off, only read, or read and written (the default, after MUNTIN_CACHE). */
typedef enum mtn_cache_mode MTN_INT32 { MTN_CACHE_DEFAULT, MTN_CACHE_OFF, MTN_CACHE_RO, MTN_CACHE_RW } mtn_cache_mode;

/* Memory of the host, aligned to `alignment`, a power of two; null if there is none. Called from any thread. Workspaces
 * that a run allocates and the scratch memory of threads come from there. */
typedef void *(*mtn_allocate)(void *user, size_t bytes, size_t alignment);
typedef void (*mtn_release)(void *user, void *memory);

/* A stage of a compilation begins: "plan", "codegen", ...; `key` is the problem's canonical text. Called on threads of
 * the session, from several at once if several problems are compiled. */
typedef void (*mtn_progress_callback)(void *user, const char *key, const char *stage);

/* Each field that is set wins over its environment variable. */
typedef struct mtn_session_options {
  size_t struct_size;
  const char *device;       /* null: "cpu" */
  int32_t threads;          /* 0: MUNTIN_THREADS, else all cores this process may use */
  const char *compiler;     /* path of libmuntin-compiler.so; null: MUNTIN_COMPILER, else beside libmuntin.so */
  const char *dump_dir;     /* every stage of every compilation is written there; null: MUNTIN_DUMP */
  const char *override_dir; /* stages are read back from there; null: MUNTIN_OVERRIDE */
  mtn_log_callback log;     /* null: lines on stderr up to MUNTIN_LOG (default warn) */
  void *log_user;
  int32_t log_level;             /* an mtn_log_level; 0: MUNTIN_LOG, else warn */
  mtn_parallel_for parallel_for; /* null: the session's own threads */
  void *parallel_for_user;
  mtn_cache_mode cache;  /* off if stages are dumped or read back */
  const char *cache_dir; /* null: MUNTIN_CACHE_DIR, else muntin in $XDG_CACHE_HOME, else ~/.cache/muntin */
  uint64_t cache_limit;  /* bytes; 0: MUNTIN_CACHE_LIMIT, else 1 GiB */
  mtn_allocate allocate; /* null: the system's memory; else release must be set too */
  mtn_release release;
  void *allocator_user;
  mtn_progress_callback progress; /* may be null */
  void *progress_user;
  double compile_timeout; /* seconds that a caller waits for a kernel at most; 0: no limit */
  int32_t compile_never;  /* 1: as if MTN_COMPILE_NEVER stood in every request, also in mtn_forward */
  const char *ptxas;  /* the assembler of GPU kernels: a program, or "off"; null: MUNTIN_PTXAS, else the best found */
  const char *cubins; /* architectures for which images of GPUs that this session compiles carry machine code beside PTX,
                         "sm_80,sm_90": each is then assembled or the compilation fails. The disk cache keeps them
                         apart; a kernel of a bundle is taken as it is. null: the target's own, where there is an assembler */
} mtn_session_options;

static inline void mtn_session_options_init(mtn_session_options *options) {
  memset(options, 0, sizeof *options);
  options->struct_size = sizeof *options;
}

/* options may be null. Opens no compiler and starts no thread. */
MTN_CHECKED mtn_session_create(const mtn_session_options *options, mtn_session **session);
/* Null is allowed. Handles of kernels and calls keep what they need and may be released later. Waits for the work of
 * streams, which go with it, and for compilations to stop, which they do at their next stage. */
MTN_API void mtn_session_destroy(mtn_session *session);

/* All who wait for a kernel return MTN_CANCELLED at once; compilations stop at their next stage. What is asked for
 * afterwards is not concerned. */
MTN_CHECKED mtn_session_cancel(mtn_session *session);

/* Numbers since the session began. */
typedef struct mtn_session_stats {
  size_t struct_size;
  uint64_t compiles; /* compilations into kernels that succeeded */
  uint64_t failed_compiles;
  uint64_t hits;        /* lookups that found the kernel in memory */
  uint64_t misses;      /* lookups that did not */
  uint64_t waits;       /* misses that waited for another thread's compilation of the same problem */
  uint64_t kernels;     /* kernels in memory now */
  uint64_t disk_hits;   /* misses that the disk cache had */
  uint64_t disk_misses; /* those that it had not */
  uint64_t bundle_hits; /* misses that a bundle had */
} mtn_session_stats;
/* stats->struct_size is set by the caller. */
MTN_CHECKED mtn_session_get_stats(mtn_session *session, mtn_session_stats *stats);

typedef struct mtn_target_info {
  const char *name;
  int32_t implemented; /* 0: named by the contract, not in this version */
  int32_t supported;   /* 1: this machine can execute it */
  int32_t host;        /* 1: what "host" means here */
} mtn_target_info;
/* The rows of the target table; the array lives as long as the library. */
MTN_CHECKED mtn_targets(const mtn_target_info **targets, size_t *count);

typedef struct mtn_device_info {
  size_t struct_size;      /* set by the caller */
  const char *name;        /* "cpu" */
  const char *description; /* the processor's own name */
  const char *target;      /* what "host" means for it; "" if the machine supports no target */
  int32_t threads;         /* that a run uses */
} mtn_device_info;
/* The device of the session. */
MTN_CHECKED mtn_session_get_device(mtn_session *session, mtn_device_info *info);
/* Opens the compiler library if it is not yet open, and names its file. MTN_UNAVAILABLE if there is none. */
MTN_CHECKED mtn_session_get_compiler(mtn_session *session, const char **path);

#ifdef __cplusplus
}
#endif

#endif /* MUNTIN_SESSION_H */
