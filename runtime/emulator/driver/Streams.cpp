//===- Streams.cpp - streams, events, host functions ----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/State.h"

#include <chrono>

namespace muntin::emulator::driver {

MUNTIN_API CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int priority) {
  const Entry e;
  if (e.status || !stream || flags > 1)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *stream = new Stream{e.context, flags, priority, {}};
  e.context->streams.insert(*stream);
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
  return cuStreamCreateWithPriority(stream, flags, 0);
}

/// The checks of a call on a stream.
struct StreamEntry : Entry {
  explicit StreamEntry(CUstream handle) {
    if (status)
      return;
    stream = Driver::get().resolve(*context, handle);
    if (!stream)
      status = CUDA_ERROR_INVALID_HANDLE;
  }
  Stream *stream = nullptr;
};

MUNTIN_API CUresult cuStreamDestroy_v2(CUstream handle) {
  const StreamEntry e(handle);
  if (e.status)
    return e.status;
  if (!e.context->streams.count(e.stream))
    return CUDA_ERROR_INVALID_HANDLE;
  Driver::get().drain(*e.stream);
  for (Event *event : e.context->events)
    if (event->stream == e.stream)
      event->stream = nullptr;
  e.context->streams.erase(e.stream);
  delete e.stream;
  return e.context->error;
}

MUNTIN_API CUresult cuStreamSynchronize(CUstream handle) {
  const StreamEntry e(handle);
  if (e.status)
    return e.status;
  return e.stream == &e.context->defaultStream ? Driver::get().drainForDefault(*e.context)
                                               : Driver::get().drain(*e.stream);
}

MUNTIN_API CUresult cuStreamQuery(CUstream handle) {
  const StreamEntry e(handle);
  if (e.status)
    return e.status;
  if (e.stream->queue.empty())
    return CUDA_SUCCESS;
  const CUresult status = Driver::get().drainOne(*e.stream); // who asks often will see it end
  return status ? status : e.stream->queue.empty() ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

MUNTIN_API CUresult cuStreamGetFlags(CUstream handle, unsigned *flags) {
  const StreamEntry e(handle);
  if (e.status || !flags)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *flags = e.stream->flags;
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuStreamGetPriority(CUstream handle, int *priority) {
  const StreamEntry e(handle);
  if (e.status || !priority)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *priority = e.stream->priority;
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuStreamGetCtx(CUstream handle, CUcontext *context) {
  const StreamEntry e(handle);
  if (e.status || !context)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *context = e.context;
  return CUDA_SUCCESS;
}

// Graphs are not supported, and said so.
MUNTIN_API CUresult cuStreamBeginCapture_v2(CUstream handle, int) {
  const StreamEntry e(handle);
  return e.status ? e.status : CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}
MUNTIN_API CUresult cuStreamEndCapture(CUstream handle, void **) {
  const StreamEntry e(handle);
  return e.status ? e.status : CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}
MUNTIN_API CUresult cuStreamIsCapturing(CUstream handle, int *state) {
  const StreamEntry e(handle);
  if (e.status || !state)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *state = 0;
  return CUDA_SUCCESS;
}

// Events.

MUNTIN_API CUresult cuEventCreate(CUevent *event, unsigned flags) {
  const Entry e;
  if (e.status || !event || flags > 7)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *event = new Event{e.context, flags};
  e.context->events.insert(*event);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuEventDestroy_v2(CUevent event) {
  const Entry e;
  if (e.status)
    return e.status;
  if (!e.context->events.count(event))
    return CUDA_ERROR_INVALID_HANDLE;
  if (event->done < event->recorded)
    Driver::get().drainAll(*e.context); // queued work refers to it
  Driver::get().drainAll(*e.context);
  e.context->events.erase(event);
  delete event;
  return CUDA_SUCCESS;
}

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

MUNTIN_API CUresult cuEventRecord(CUevent event, CUstream handle) {
  const StreamEntry e(handle);
  if (e.status)
    return e.status;
  if (!e.context->events.count(event))
    return CUDA_ERROR_INVALID_HANDLE;
  event->stream = e.stream;
  const uint64_t count = ++event->recorded;
  return Driver::get().enqueue(*e.stream, [event, count] {
    event->done = count;
    event->seconds = now();
    return static_cast<CUresult>(CUDA_SUCCESS);
  });
}
MUNTIN_API CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned) {
  return cuEventRecord(event, stream);
}

/// Runs the event's stream until the record is done. A record was queued before any wait for it, so this ends.
static CUresult waitFor(Event &event, uint64_t count) {
  while (event.done < count && event.stream && !event.stream->queue.empty())
    if (const CUresult status = Driver::get().drainOne(*event.stream))
      return status;
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuStreamWaitEvent(CUstream handle, CUevent event, unsigned) {
  const StreamEntry e(handle);
  if (e.status)
    return e.status;
  if (!e.context->events.count(event))
    return CUDA_ERROR_INVALID_HANDLE;
  return Driver::get().enqueue(*e.stream, [event, count = event->recorded] { return waitFor(*event, count); });
}

MUNTIN_API CUresult cuEventSynchronize(CUevent event) {
  const Entry e;
  if (e.status)
    return e.status;
  if (!e.context->events.count(event))
    return CUDA_ERROR_INVALID_HANDLE;
  return waitFor(*event, event->recorded);
}

MUNTIN_API CUresult cuEventQuery(CUevent event) {
  const Entry e;
  if (e.status)
    return e.status;
  if (!e.context->events.count(event))
    return CUDA_ERROR_INVALID_HANDLE;
  if (event->done < event->recorded && event->stream)
    if (const CUresult status = Driver::get().drainOne(*event->stream))
      return status;
  return event->done < event->recorded ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

MUNTIN_API CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent start, CUevent end) {
  const Entry e;
  if (e.status || !milliseconds)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!e.context->events.count(start) || !e.context->events.count(end) || (start->flags & 2) || (end->flags & 2) ||
      start->recorded == 0 || end->recorded == 0)
    return CUDA_ERROR_INVALID_HANDLE;
  if (start->done < start->recorded || end->done < end->recorded)
    return CUDA_ERROR_NOT_READY;
  *milliseconds = static_cast<float>((end->seconds - start->seconds) * 1000); // the host's time: no claim about a GPU
  return CUDA_SUCCESS;
}
MUNTIN_API CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end) {
  return cuEventElapsedTime_v2(milliseconds, start, end);
}

MUNTIN_API CUresult cuLaunchHostFunc(CUstream handle, CUhostFn function, void *data) {
  const StreamEntry e(handle);
  if (e.status || !function)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  return Driver::get().enqueue(*e.stream, [function, data] {
    Driver::get().inHostFunction = true; // it may not call the driver
    function(data);
    Driver::get().inHostFunction = false;
    return static_cast<CUresult>(CUDA_SUCCESS);
  });
}

MUNTIN_API CUresult cuStreamAddCallback(CUstream handle, void (*callback)(CUstream, CUresult, void *), void *data,
                                        unsigned flags) {
  const StreamEntry e(handle);
  if (e.status || !callback || flags)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  return Driver::get().enqueue(*e.stream, [=] {
    Driver::get().inHostFunction = true;
    callback(handle, CUDA_SUCCESS, data);
    Driver::get().inHostFunction = false;
    return static_cast<CUresult>(CUDA_SUCCESS);
  });
}

} // namespace muntin::emulator::driver
