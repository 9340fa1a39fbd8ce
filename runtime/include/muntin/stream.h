/*===- stream.h - work that is done later ------------------------*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|*   mtn_stream_create(session, &stream);
|*   arguments.stream = stream;
|*   mtn_forward(session, &problem, &arguments);    checks, finds the kernel, queues the run
|*   mtn_event_record(event, stream);
|*   ...                                            the caller does something else
|*   mtn_event_synchronize(event);                  out may be read
|*
|* Tensors and workspace belong to the run until it is done; kernels and calls
|* are held until then. Work of one stream is done in order; streams know
|* nothing of each other but through events.
|*
\*===----------------------------------------------------------------------===*/

#ifndef MUNTIN_STREAM_H
#define MUNTIN_STREAM_H

#include "muntin/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A queue of a device. Null is the default one: calls that are given it return when the work is done. On the CPU a
 * stream has a thread, which shares the tasks of a run with the session's. */
typedef void *mtn_stream;

MTN_CHECKED mtn_stream_create(mtn_session *session, mtn_stream *stream);
/* Waits for its work first. Null is allowed. */
MTN_CHECKED mtn_stream_destroy(mtn_session *session, mtn_stream stream);
/* Waits for its work, and tells of it what failed first; after that failure nothing more was done. */
MTN_CHECKED mtn_stream_synchronize(mtn_session *session, mtn_stream stream);

/* A point in a stream. Before it is first recorded it counts as reached. */
typedef struct mtn_event mtn_event;

MTN_CHECKED mtn_event_create(mtn_session *session, mtn_event **event);
/* Null is allowed. Holds its session. */
MTN_API void mtn_event_destroy(mtn_event *event);
/* The event stands for what the stream was given up to now. */
MTN_CHECKED mtn_event_record(mtn_event *event, mtn_stream stream);
/* Sets *reached to 1 if all that is done, else to 0. */
MTN_CHECKED mtn_event_query(mtn_event *event, int32_t *reached);
/* Waits until it is done. Tells a failure before it in its stream, as often as asked. */
MTN_CHECKED mtn_event_synchronize(mtn_event *event);
/* What `stream` is given from now on waits for the event. */
MTN_CHECKED mtn_stream_wait(mtn_stream stream, mtn_event *event);

#ifdef __cplusplus
}
#endif

#endif /* MUNTIN_STREAM_H */
