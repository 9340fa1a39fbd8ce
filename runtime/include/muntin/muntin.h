/*===- muntin.h - the C interface of the runtime -------------------*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* A session answers "run this problem on these tensors":
|*
|*   mtn_session *session = NULL;
|*   mtn_session_create(NULL, &session);
|*
|*   mtn_problem problem;
|*   mtn_problem_init(&problem);
|*   problem.rank = 2;
|*   problem.mask = "neighborhood(window=7x7)";
|*
|*   mtn_arguments arguments;
|*   mtn_arguments_init(&arguments);
|*   arguments.q = &q; arguments.k = &k; arguments.v = &v; arguments.out = &out;
|*   arguments.flags = MTN_ALLOCATE_WORKSPACE;
|*
|*   if (mtn_forward(session, &problem, &arguments) != MTN_OK)
|*     fprintf(stderr, "%s\n", mtn_last_error()->message);
|*   mtn_session_destroy(session);
|*
|* The first call compiles; later ones, also with other extents, do not.
|*
|* Rules that hold for every function:
|* - It returns a status; nothing is thrown, nothing aborts. After a failure
|*   mtn_last_error() of the same thread says why; output parameters keep the
|*   value they had.
|* - Any number of threads may call it at once, with the same handles, unless
|*   it says otherwise. Destroying a handle while another thread uses it is the
|*   caller's mistake.
|* - A null pointer where "may be null" does not stand is MTN_INVALID_ARGUMENT.
|* - Structures begin with struct_size, which the _init functions fill in, so
|*   that a program built against an older header keeps working. A structure
|*   filled with zeros except struct_size asks for the defaults.
|* - Strings are UTF-8 and NUL-terminated. Those that go in are copied; those
|*   that come out live as long as the handle they come from.
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_MUNTIN_H
#define MUNTIN_MUNTIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MTN_API __attribute__((visibility("default")))
#define MTN_CHECKED __attribute__((visibility("default"), warn_unused_result)) mtn_status
#else
#define MTN_API
#define MTN_CHECKED mtn_status
#endif

/* Enumerations are 32-bit integers, in C++ by name, so that a value that is none of theirs can be seen and refused. */
#ifdef __cplusplus
#define MTN_INT32 : int32_t
#else
#define MTN_INT32
#endif

#define MTN_VERSION_MAJOR 0
#define MTN_VERSION_MINOR 1
#define MTN_MAX_RANK 3
#define MTN_MAX_DIMS 6 /* batch, three grid axes, head, element */

/*===-- Statuses ----------------------------------------------------------===*/

typedef enum mtn_status MTN_INT32 {
  MTN_OK = 0,
  MTN_INVALID_ARGUMENT = 1,    /* the request is wrong: field, value and bound are in the message */
  MTN_NOT_IN_THIS_VERSION = 2, /* named by the contract, not built yet */
  MTN_UNAVAILABLE = 3,         /* this machine cannot do it: no such device, instruction set or compiler library */
  MTN_COMPILE_FAILED = 4,      /* a defect of ours: the message names the stage */
  MTN_IO_ERROR = 5,            /* a file could not be read or written */
  MTN_CHECK_FAILED = 6,        /* an image is damaged */
  MTN_OUT_OF_MEMORY = 7
} mtn_status;

typedef struct mtn_error {
  mtn_status status;
  const char *message;    /* one sentence; "" after no failure */
  const char *reproducer; /* a file that replays a failed compilation; may be null */
} mtn_error;

/* The last failure in the calling thread. Never null; valid until the next call in this thread fails. */
MTN_API const mtn_error *mtn_last_error(void);
/* "invalid argument", ... for any value. */
MTN_API const char *mtn_status_name(mtn_status status);
/* "0.1.0" */
MTN_API const char *mtn_version(void);

/*===-- Problems, shapes, tensors -----------------------------------------===*/

typedef enum mtn_operation MTN_INT32 { MTN_FORWARD = 0, MTN_BACKWARD = 1 } mtn_operation;
typedef enum mtn_dtype MTN_INT32 { MTN_F32 = 0, MTN_F16 = 1, MTN_BF16 = 2, MTN_I32 = 3 } mtn_dtype;

/* What a kernel is compiled for. Extents, strides and the scale are not in it. */
typedef struct mtn_problem {
  size_t struct_size;
  mtn_operation operation;
  mtn_dtype dtype;           /* of q, k, v and out */
  int32_t rank;              /* 1..3; 0: the mask's, else 1 */
  int64_t head_dim;          /* 1..256; 0: 64 */
  int64_t value_dim;         /* 1..256; 0: head_dim */
  const char *mask;          /* as text; null: "full()" */
  const char *template_name; /* null: the planner chooses */
  const char *target;        /* null or "host": the best that this machine supports */
  const char *plan;          /* null: the planner chooses */
} mtn_problem;

/* The run-time extents of a launch. Beyond the rank, entries are ignored. Extents of 0 are legal. */
typedef struct mtn_shape {
  size_t struct_size;
  int64_t batch, heads, kv_heads;
  int64_t grid[MTN_MAX_RANK];
  int64_t kv_grid[MTN_MAX_RANK];
} mtn_shape;

/* A view of memory that the caller owns. Strides count elements, may be 0 or
 * negative for inputs, and the last axis has stride 1 if its extent exceeds 1.
 *
 *   q [B, *grid, H, D]   k [B, *kv_grid, Hkv, D]   v [B, *kv_grid, Hkv, Dv]
 *   out [B, *grid, H, Dv]   lse [B, *grid, H] f32
 *   segments [B, tokens of the grid] i32   kv_segments [B, tokens of the kv_grid] i32 (rows contiguous) */
typedef struct mtn_tensor {
  void *data; /* aligned to its element; may be null if an extent is 0 */
  mtn_dtype dtype;
  int32_t ndim;
  int64_t extents[MTN_MAX_DIMS];
  int64_t strides[MTN_MAX_DIMS];
} mtn_tensor;

/* Queues of a device. The CPU device has the null stream only: calls return when the work is done. */
typedef void *mtn_stream;

typedef enum mtn_run_flags MTN_INT32 {
  MTN_ALLOCATE_WORKSPACE = 1 /* the session allocates the workspace for this run and frees it afterwards */
} mtn_run_flags;

/* What a run works on. */
typedef struct mtn_arguments {
  size_t struct_size;
  const mtn_tensor *q, *k, *v, *out;
  const mtn_tensor *lse;         /* may be null */
  const mtn_tensor *segments;    /* for document(), else null */
  const mtn_tensor *kv_segments; /* null: segments, if both grids are equal */
  const double *scale;           /* finite; null: 1/sqrt(head_dim) */
  void *workspace;               /* 64-byte aligned; may be null if the kernel wants none */
  size_t workspace_size;
  mtn_stream stream; /* null */
  int32_t threads;   /* at most so many; 0: the session's */
  uint32_t flags;    /* of mtn_run_flags */
} mtn_arguments;

static inline void mtn_problem_init(mtn_problem *problem) {
  memset(problem, 0, sizeof *problem);
  problem->struct_size = sizeof *problem;
}
static inline void mtn_shape_init(mtn_shape *shape) {
  memset(shape, 0, sizeof *shape);
  shape->struct_size = sizeof *shape;
  shape->batch = shape->heads = shape->kv_heads = 1;
}
static inline void mtn_arguments_init(mtn_arguments *arguments) {
  memset(arguments, 0, sizeof *arguments);
  arguments->struct_size = sizeof *arguments;
}
/* A tensor without gaps, last axis fastest. ndim is at most MTN_MAX_DIMS. */
static inline mtn_tensor mtn_tensor_contiguous(void *data, mtn_dtype dtype, int32_t ndim, const int64_t *extents) {
  mtn_tensor tensor;
  uint64_t stride = 1;
  int32_t axis;
  memset(&tensor, 0, sizeof tensor);
  tensor.data = data;
  tensor.dtype = dtype;
  tensor.ndim = ndim;
  for (axis = ndim - 1; axis >= 0 && axis < MTN_MAX_DIMS; --axis) {
    tensor.extents[axis] = extents[axis];
    tensor.strides[axis] = (int64_t)stride;
    stride *= (uint64_t)extents[axis];
  }
  return tensor;
}

/*===-- Sessions ----------------------------------------------------------===*/

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
} mtn_session_options;

static inline void mtn_session_options_init(mtn_session_options *options) {
  memset(options, 0, sizeof *options);
  options->struct_size = sizeof *options;
}

/* options may be null. Opens no compiler and starts no thread. */
MTN_CHECKED mtn_session_create(const mtn_session_options *options, mtn_session **session);
/* Null is allowed. Handles of kernels and calls keep what they need and may be released later. */
MTN_API void mtn_session_destroy(mtn_session *session);

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
} mtn_session_stats;
/* stats->struct_size is set by the caller. */
MTN_CHECKED mtn_session_get_stats(mtn_session *session, mtn_session_stats *stats);

/*===-- Kernels -----------------------------------------------------------===*/

typedef enum mtn_prepare_flags MTN_INT32 {
  MTN_COMPILE_NEVER = 1, /* what is neither in memory nor on the disk is MTN_UNAVAILABLE */
  MTN_BACKGROUND = 2     /* compile on a thread of the session; not in this version */
} mtn_prepare_flags;

/* Finds, or compiles and loads, the kernel for `problem`. However many threads ask for it, it is compiled once. The
 * handle is released with mtn_kernel_release. `kernel` may be null: then the problem is only made ready. */
MTN_CHECKED mtn_prepare(mtn_session *session, const mtn_problem *problem, uint32_t flags, mtn_kernel **kernel);
/* Loads an image that mtn_compile made (ahead of time). Its problem is found by later calls. */
MTN_CHECKED mtn_load_image(mtn_session *session, const void *bytes, size_t size, mtn_kernel **kernel);
/* Null is allowed. */
MTN_API void mtn_kernel_release(mtn_kernel *kernel);

typedef struct mtn_stage_time {
  const char *stage; /* "parse", "plan", "lower", "codegen", "link", ..., and the runtime's own "load" */
  double seconds;
} mtn_stage_time;

typedef enum mtn_origin MTN_INT32 {
  MTN_FROM_COMPILER = 0,
  MTN_FROM_IMAGE = 1,
  MTN_FROM_DISK = 2,
  MTN_FROM_BUNDLE = 3
} mtn_origin;

typedef struct mtn_kernel_info {
  size_t struct_size;
  const char *key;    /* the problem's canonical text */
  const char *target; /* row of the target table whose code was chosen */
  const char *plan;   /* JSON object */
  mtn_origin origin;
  double compile_seconds; /* wall time from the miss to the loaded kernel; 0 if nothing was compiled */
  const mtn_stage_time *stages;
  size_t num_stages;
  size_t num_variants;
} mtn_kernel_info;
/* info->struct_size is set by the caller. Strings live as long as the kernel handle. */
MTN_CHECKED mtn_kernel_get_info(mtn_kernel *kernel, mtn_kernel_info *info);

/* The variant that is launched for `shape`; "none" if a shape is empty. */
MTN_CHECKED mtn_kernel_variant(mtn_kernel *kernel, const mtn_shape *shape, const char **name);
/* Bytes of workspace that a run with `shape` wants. */
MTN_CHECKED mtn_kernel_workspace(mtn_kernel *kernel, const mtn_shape *shape, size_t *bytes);
/* Query-key pairs that the kernel computes for `shape`, over batch and heads, masked ones included. Walks the boxes.
 * The segment tensors are those of a run; null unless the mask has document(). */
MTN_CHECKED mtn_kernel_processed_pairs(mtn_kernel *kernel, const mtn_shape *shape, const mtn_tensor *segments,
                                       const mtn_tensor *kv_segments, uint64_t *pairs);

/*===-- Runs --------------------------------------------------------------===*/

/* Finds the kernel as mtn_prepare does and runs it. A request that is refused writes nothing to out and lse. Empty
 * problems need no kernel: without a query nothing is done; without a key out is 0 and lse is -inf. */
MTN_CHECKED mtn_forward(mtn_session *session, const mtn_problem *problem, const mtn_arguments *arguments);
/* Runs a kernel whose handle the caller holds: no lookup. */
MTN_CHECKED mtn_kernel_run(mtn_kernel *kernel, const mtn_arguments *arguments);

/* A call whose problem, extents, strides and scale are fixed, to be run again with other pointers. Everything but the
 * pointers is checked once, in mtn_call_create. It holds its kernel. */
MTN_CHECKED mtn_call_create(mtn_kernel *kernel, const mtn_arguments *arguments, mtn_call **call);
MTN_CHECKED mtn_call_workspace(const mtn_call *call, size_t *bytes);
/* Null is allowed. */
MTN_API void mtn_call_release(mtn_call *call);

typedef struct mtn_pointers {
  size_t struct_size;
  const void *q, *k, *v;
  void *out;
  float *lse; /* may be null */
  const int32_t *segments, *kv_segments;
  void *workspace; /* of mtn_call_workspace bytes, 64-byte aligned */
  mtn_stream stream;
} mtn_pointers;
static inline void mtn_pointers_init(mtn_pointers *pointers) {
  memset(pointers, 0, sizeof *pointers);
  pointers->struct_size = sizeof *pointers;
}
/* Any number of threads may run one call at once, with different outputs and workspaces. */
MTN_CHECKED mtn_call_run(const mtn_call *call, const mtn_pointers *pointers);

/*===-- Compilation as such -----------------------------------------------===*/

typedef enum mtn_emit MTN_INT32 {
  MTN_EMIT_IMAGE = 0,
  MTN_EMIT_ATTN = 1,
  MTN_EMIT_TILE = 2,
  MTN_EMIT_LLVM = 3,
  MTN_EMIT_ASM = 4,
  MTN_EMIT_OBJECT = 5,
  MTN_EMIT_PLAN = 6
} mtn_emit;

/* Memory that the library allocated. */
typedef struct mtn_blob {
  char *data; /* NUL-terminated beyond size */
  size_t size;
} mtn_blob;
/* Null and empty blobs are allowed. */
MTN_API void mtn_blob_free(mtn_blob *blob);

typedef struct mtn_compile_result {
  size_t struct_size; /* set by the caller */
  mtn_blob output;    /* freed by the caller */
  mtn_stage_time stages[16];
  size_t num_stages;
} mtn_compile_result;

/* Compiles up to a stage, for any target, and hands out what it made; loads and caches nothing. `shape` may be null:
 * the extents that MTN_EMIT_PLAN predicts for. */
MTN_CHECKED mtn_compile(mtn_session *session, const mtn_problem *problem, mtn_emit emit, const mtn_shape *shape,
                        mtn_compile_result *result);
/* The canonical text of `problem`, "host" resolved. */
MTN_CHECKED mtn_problem_key(const mtn_problem *problem, mtn_blob *key);

/*===-- What there is to run on -------------------------------------------===*/

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

#endif /* MUNTIN_MUNTIN_H */
