//===- DeviceTensors.cpp - tensors where the device reads them ------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/DeviceTensors.h"

#include "tools/muntin/Command.h"

#include <string_view>

using namespace muntin;

DeviceTensors::~DeviceTensors() {
  for (const Copy &copy : copies)
    (void)mtn_memory_release(session.get(), copy.device);
}

Status DeviceTensors::send(mtn_tensor &tensor, bool output) {
  size_t bytes = tensor.dtype == MTN_F32 || tensor.dtype == MTN_I32 ? 4 : 2;
  for (int axis = 0; axis < tensor.ndim; ++axis)
    bytes *= static_cast<size_t>(tensor.extents[axis]);
  if (bytes == 0)
    return {};
  copies.push_back({.host = tensor.data, .bytes = bytes, .output = output});
  Copy &copy = copies.back();
  if (const Outcome taken(mtn_memory_allocate(session.get(), bytes, &copy.device)); !taken)
    return toStatus(taken);
  tensor.data = copy.device;
  return toStatus(Outcome(mtn_memory_write(session.get(), copy.device, copy.host, bytes, nullptr)));
}

Status DeviceTensors::send(Arguments &arguments) {
  Expected<mtn_device_info> device = session.device();
  if (!device)
    return toStatus(device.error());
  if (std::string_view(device->name) == "cpu")
    return {};
  for (mtn_tensor *tensor : {&arguments.q, &arguments.k, &arguments.v})
    if (Status status = send(*tensor, false); !status)
      return status;
  for (std::optional<mtn_tensor> *tensor : {&arguments.segments, &arguments.kvSegments})
    if (*tensor)
      if (Status status = send(**tensor, false); !status)
        return status;
  if (arguments.lse)
    if (Status status = send(*arguments.lse, true); !status)
      return status;
  return send(arguments.out, true);
}

Status DeviceTensors::fetch() {
  for (const Copy &copy : copies)
    if (copy.output)
      if (const Outcome read(mtn_memory_read(session.get(), copy.host, copy.device, copy.bytes, nullptr)); !read)
        return toStatus(read);
  return {};
}
