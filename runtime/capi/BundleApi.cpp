//===- BundleApi.cpp - the C interface: bundles ------------*- C++ -*-===//
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

static Status add(mtn_session &session, Result<Bundle> bundle) {
  if (!bundle)
    return bundle.status();
  session.session->bundles().add(std::move(*bundle));
  return {};
}

mtn_status mtn_session_add_bundle_file(mtn_session *session, const char *path) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    return path ? add(*session, Bundle::openFile(path)) : isNull("path");
  });
}

mtn_status mtn_session_add_bundle(mtn_session *session, const void *bytes, size_t size) {
  return guarded([&]() -> Status {
    if (Status status = checkHandle("session", session); !status)
      return status;
    return bytes ? add(*session, Bundle::openMemory({static_cast<const char *>(bytes), size})) : isNull("bytes");
  });
}
