//===- StreamApi.cpp - the C interface: streams and events -*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/capi/Convert.h"
#include "runtime/capi/Handles.h"
#include "runtime/capi/LastError.h"

using namespace muntin;
using namespace muntin::runtime;

mtn_status mtn_stream_create(mtn_session *session, mtn_stream *stream) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    if (!stream)
      return isNull("stream");
    const Result<Stream> made = session->session->device().createStream();
    if (!made)
      return made.status();
    *stream = *made;
    return {};
  });
}

mtn_status mtn_stream_destroy(mtn_session *session, mtn_stream stream) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    return session->session->device().destroyStream(stream);
  });
}

mtn_status mtn_stream_synchronize(mtn_session *session, mtn_stream stream) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    return session->session->device().synchronize(stream);
  });
}

//===-- Events ------------------------------------------------------------===//

mtn_status mtn_event_create(mtn_session *session, mtn_event **event) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    if (!event)
      return isNull("event");
    Result<std::unique_ptr<StreamEvent>> made = session->session->device().createEvent();
    if (!made)
      return made.status();
    *event = makeHandle<mtn_event>(session->session, std::move(*made));
    return {};
  });
}

void mtn_event_destroy(mtn_event *event) { releaseHandle(event); }

mtn_status mtn_event_record(mtn_event *event, mtn_stream stream) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("event", event); !status)
      return status;
    return event->event->record(stream);
  });
}

mtn_status mtn_event_query(mtn_event *event, int32_t *reached) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("event", event); !status)
      return status;
    if (!reached)
      return isNull("reached");
    const Result<bool> now = event->event->reached();
    if (!now)
      return now.status();
    *reached = *now;
    return {};
  });
}

mtn_status mtn_event_synchronize(mtn_event *event) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("event", event); !status)
      return status;
    return event->event->wait();
  });
}

mtn_status mtn_stream_wait(mtn_stream stream, mtn_event *event) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("event", event); !status)
      return status;
    return event->event->holdBack(stream);
  });
}
