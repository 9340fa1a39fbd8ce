//===- OpenDevice.h - a device by its name -----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_CAPI_OPENDEVICE_H
#define MUNTIN_RUNTIME_CAPI_OPENDEVICE_H

#include "runtime/base/Environment.h"
#include "runtime/capi/Session.h"

namespace muntin::runtime {

/// cpu (also ""), cuda[:N], emulator[:sm_80].
Result<std::unique_ptr<Device>> openDevice(const SessionOptions &options, const Environment &environment,
                                           const Log &log);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_CAPI_OPENDEVICE_H
