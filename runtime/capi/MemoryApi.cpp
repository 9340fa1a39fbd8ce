//===- MemoryApi.cpp - the C interface: memory of the device *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "muntin/memory.h"

#include "runtime/capi/Convert.h"
#include "runtime/capi/Handles.h"
#include "runtime/capi/LastError.h"

using namespace muntin;
using namespace muntin::runtime;

mtn_status mtn_memory_allocate(mtn_session *session, size_t bytes, void **memory) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    if (!memory)
      return isNull("memory");
    const Result<void *> taken = session->session->device().allocate(bytes);
    if (!taken)
      return taken.status();
    *memory = *taken;
    return {};
  });
}

mtn_status mtn_memory_release(mtn_session *session, void *memory) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    if (memory)
      session->session->device().release(memory);
    return {};
  });
}

static Status checkCopy(const mtn_session *session, const void *memory, const void *host, size_t bytes) {
  if (Status status = checkHandle("session", session); !status)
    return status;
  if (bytes > 0 && (!memory || !host))
    return isNull(memory ? "host" : "memory");
  return {};
}

mtn_status mtn_memory_write(mtn_session *session, void *memory, const void *host, size_t bytes, mtn_stream stream) {
  return guarded([&]() -> Status {
    if (Status status = checkCopy(session, memory, host, bytes); !status || bytes == 0)
      return status;
    return session->session->device().copyFromHost(memory, host, bytes, stream);
  });
}

mtn_status mtn_memory_read(mtn_session *session, void *host, const void *memory, size_t bytes, mtn_stream stream) {
  return guarded([&]() -> Status {
    if (Status status = checkCopy(session, memory, host, bytes); !status || bytes == 0)
      return status;
    return session->session->device().copyToHost(host, memory, bytes, stream);
  });
}
