//===- Handles.h - what the handles of the C interface are -*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A handle holds what it needs: a kernel its session, a call its kernel. So
// handles may be released in any order.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_CAPI_HANDLES_H
#define MUNTIN_RUNTIME_CAPI_HANDLES_H

#include "muntin/muntin.h"
#include "runtime/capi/Session.h"

#include <memory>
#include <vector>

struct mtn_session {
  std::shared_ptr<muntin::runtime::Session> session;
};

struct mtn_kernel {
  std::shared_ptr<muntin::runtime::Session> session; ///< before kernel: goes after it
  std::shared_ptr<const muntin::runtime::Kernel> kernel;
  std::vector<mtn_stage_time> stages; ///< views of the kernel's
};

struct mtn_call {
  std::shared_ptr<muntin::runtime::Session> session;
  std::shared_ptr<const muntin::runtime::Kernel> kernel;
  muntin::runtime::Call call;
};

struct mtn_event {
  std::shared_ptr<muntin::runtime::Session> session; ///< before event: goes after it
  std::unique_ptr<muntin::runtime::StreamEvent> event;
};

namespace muntin::runtime {

/// What messages call a handle.
template <typename Handle> constexpr const char *kKind = nullptr;
template <> inline constexpr const char *kKind<mtn_session> = "session";
template <> inline constexpr const char *kKind<mtn_kernel> = "kernel";
template <> inline constexpr const char *kKind<mtn_call> = "call";
template <> inline constexpr const char *kKind<mtn_event> = "event";

/// Refuses null, and, where NDEBUG is not defined, what is no living handle of the kind.
Status checkHandle(const char *kind, const void *handle);

/// Every handle is made and released here, so that those that live are known.
void noteHandle(const char *kind, const void *handle);
void forgetHandle(const void *handle);
template <typename Handle, typename... Parts> Handle *makeHandle(Parts &&...parts) {
  auto handle = std::make_unique<Handle>(Handle{std::forward<Parts>(parts)...});
  noteHandle(kKind<Handle>, handle.get());
  return handle.release();
}
template <typename Handle> void releaseHandle(Handle *handle) {
  forgetHandle(handle);
  delete handle;
}

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_CAPI_HANDLES_H
