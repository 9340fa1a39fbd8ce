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

#endif // MUNTIN_RUNTIME_CAPI_HANDLES_H
