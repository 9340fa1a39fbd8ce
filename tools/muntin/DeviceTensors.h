//===- DeviceTensors.h - tensors where the device reads them ---*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_DEVICETENSORS_H
#define MUNTIN_TOOLS_MUNTIN_DEVICETENSORS_H

#include "muntin/muntin.hpp"
#include "runtime/abi/Result.h"

#include <vector>

namespace muntin {

/// Copies of a run's tensors, which have no gaps, in memory of a session's device.
class DeviceTensors {
public:
  explicit DeviceTensors(const Session &session) : session(session) {}
  ~DeviceTensors();
  DeviceTensors(const DeviceTensors &) = delete;
  /// Copies all tensors of `arguments` and lets it point to the copies. Not where the device reads the host's memory.
  Status send(Arguments &arguments);
  /// Copies out and lse back to where they were.
  Status fetch();

private:
  struct Copy {
    void *device = nullptr, *host = nullptr;
    size_t bytes = 0;
    bool output = false;
  };
  Status send(mtn_tensor &tensor, bool output);

  const Session &session;
  std::vector<Copy> copies;
};

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_DEVICETENSORS_H
