//===- Convert.h - between the structures of C and ours ----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Structures carry their size, so that programs and library may be of
// different versions: what a shorter one lacks is taken as 0, and what a
// longer one adds must be 0.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_CAPI_CONVERT_H
#define MUNTIN_RUNTIME_CAPI_CONVERT_H

#include "muntin/muntin.h"
#include "runtime/capi/Session.h"

#include <algorithm>
#include <cstring>

namespace muntin::runtime {

inline Status isNull(const char *what) { return Status::invalid(fmt::format("{} is null", what)); }

/// The part of a structure that lies beyond what this library knows.
Status checkNewerFields(const char *what, const void *structure, size_t known, size_t size);

/// `source` with the fields that it lacks filled with 0.
template <typename T> Result<T> readStruct(const char *what, const T *source) {
  if (!source)
    return Status::invalid(fmt::format("{} is null", what));
  const size_t size = source->struct_size;
  if (size < sizeof(size_t))
    return Status::invalid(fmt::format("{}: struct_size is {}, expected {}", what, size, sizeof(T)));
  if (Status status = checkNewerFields(what, source, sizeof(T), size); !status)
    return status;
  T copy = {};
  std::memcpy(&copy, source, std::min(size, sizeof(T)));
  return copy;
}

/// Copies as much of `value` as the caller's structure has room for; struct_size stays.
template <typename T> Status writeStruct(const char *what, T *target, T value) {
  if (!target)
    return Status::invalid(fmt::format("{} is null", what));
  const size_t size = target->struct_size;
  if (size < sizeof(size_t))
    return Status::invalid(fmt::format("{}: struct_size is {}, expected {}", what, size, sizeof(T)));
  value.struct_size = size;
  std::memcpy(target, &value, std::min(size, sizeof(T)));
  return {};
}

/// Views of the strings in `problem`.
Result<Request> toRequest(const mtn_problem *problem);
Result<Shape> toShape(const mtn_shape *shape, int rank);
Result<RunRequest> toRunRequest(const mtn_arguments *arguments);
/// segments and kv_segments may be null.
Result<TensorSet> toSegments(const mtn_tensor *segments, const mtn_tensor *kvSegments);
Result<SessionOptions> toSessionOptions(const mtn_session_options *options);

/// A copy that mtn_blob_free() frees.
Result<mtn_blob> toBlob(std::string_view bytes);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_CAPI_CONVERT_H
