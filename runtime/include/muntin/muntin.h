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
|* - Any number of threads may call it at once, with the same handles; a
|*   function for which that does not hold says so. All that release a handle
|*   are such: no other thread may use the handle meanwhile or afterwards. A
|*   library built without NDEBUG refuses handles that were released.
|* - After fork() the child may use what it inherited, on the thread that
|*   calls: kernels and calls run, nothing new is made, streams are refused. A
|*   session that the child creates works in full, unless another thread was
|*   making or releasing a kernel at the moment of the fork: then it makes none.
|* - The library may be unloaded once every handle is released; nothing of it
|*   stays behind.
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

#include "muntin/bundle.h"
#include "muntin/compile.h"
#include "muntin/dlpack.h"
#include "muntin/kernel.h"
#include "muntin/memory.h"
#include "muntin/problem.h"
#include "muntin/run.h"
#include "muntin/session.h"
#include "muntin/status.h"
#include "muntin/stream.h"

#endif /* MUNTIN_MUNTIN_H */
