//===- DeviceCopies.cpp - a case's tensors in a device's memory -----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/conformance/DeviceCopies.h"

#include <algorithm>
#include <muntin/memory.h>
#include <numeric>

namespace muntin::conformance {

constexpr int64_t kWidest = 16;

DeviceCopies::~DeviceCopies() {
  for (const Copy &copy : copies_)
    (void)mtn_memory_release(session_, copy.memory);
}

Status DeviceCopies::send(mtn_tensor &tensor, const Layout &layout, int64_t bytes, bool output, bool rows) {
  if (!needed_ || layout.span == 0 || !tensor.data)
    return {};
  const int64_t size = layout.span * bytes, ahead = layout.flushRight ? (kWidest - size % kWidest) % kWidest : 0;
  Copy copy{.host = static_cast<char *>(tensor.data) - layout.first * bytes,
            .bytes = static_cast<size_t>(size),
            .output = output};
  if (const Status status = statusOf(mtn_memory_allocate(session_, static_cast<size_t>(size + ahead), &copy.memory));
      !status)
    return status;
  copy.first = static_cast<char *>(copy.memory) + ahead;
  tensor.data = static_cast<char *>(copy.first) + layout.first * bytes;
  copies_.push_back(copy);
  if (rows) {
    alignment_ = std::gcd(alignment_, static_cast<int64_t>(reinterpret_cast<uintptr_t>(tensor.data) % kWidest));
    for (int axis = 0; axis < tensor.ndim; ++axis)
      if (axis + 1 == tensor.ndim)
        alignment_ = std::gcd(alignment_, tensor.extents[axis] * bytes);
      else if (tensor.extents[axis] > 1)
        alignment_ = std::gcd(alignment_, tensor.strides[axis] * bytes);
  }
  return statusOf(mtn_memory_write(session_, copy.first, copy.host, copy.bytes, nullptr));
}

Status DeviceCopies::send(const Case &c, CallSite &site) {
  const int64_t bytes = elementTypeBytes(c.problem.element);
  const auto list = [](const mtn_tensor &tensor) {
    return Layout{.span = tensor.extents[0] * tensor.extents[1], .flushRight = true};
  };
  for (const Status &status : {send(site.query, c.query, bytes, false, true), send(site.key, c.key, bytes, false, true),
                               send(site.value, c.value, bytes, false, true), send(site.out, c.out, bytes, true, true),
                               c.lse ? send(site.lse, *c.lse, 4, true, false) : Status(),
                               c.segments ? send(site.segments, list(site.segments), 4, false, false) : Status(),
                               c.kvSegments ? send(site.kvSegments, list(site.kvSegments), 4, false, false) : Status()})
    if (!status)
      return status;
  return {};
}

Status DeviceCopies::send(void *&workspace, size_t bytes) {
  if (!needed_ || bytes == 0)
    return {};
  Copy copy{.host = workspace, .bytes = bytes};
  if (const Status status = statusOf(mtn_memory_allocate(session_, bytes, &copy.memory)); !status)
    return status;
  copy.first = workspace = copy.memory;
  copies_.push_back(copy);
  return statusOf(mtn_memory_write(session_, copy.first, copy.host, bytes, nullptr));
}

Status DeviceCopies::fetch() {
  for (const Copy &copy : copies_)
    if (copy.output)
      if (const Status status = statusOf(mtn_memory_read(session_, copy.host, copy.first, copy.bytes, nullptr));
          !status)
        return status;
  return {};
}

} // namespace muntin::conformance
