//===- Tensors.h - the tensors of a run ------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_TENSORS_H
#define MUNTIN_TOOLS_MUNTIN_TENSORS_H

#include "compiler/Reference/Check.h"
#include "tools/muntin/Request.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace muntin {

/// Zeroed bytes at a 64-byte boundary. Memory that cannot be had throws std::bad_alloc, which main turns into a status.
class Buffer {
public:
  Buffer() = default;
  explicit Buffer(size_t size);
  char *data() { return data_.get(); }
  const char *data() const { return data_.get(); }
  size_t size() const { return size_; }

private:
  struct Free {
    void operator()(char *memory) const;
  };
  std::unique_ptr<char, Free> data_;
  size_t size_ = 0;
};

struct Tensors {
  Buffer q, k, v, out;
  std::vector<float> lse;
  std::vector<int32_t> segments, kvSegments; ///< empty unless the mask has document()
};

/// Bytes that `request`'s tensors take, refused (Unavailable) where this machine has not as much memory.
Result<uint64_t> checkMemory(const Request &request);

/// Inputs from `files`, converted to the problem's dtype, or random ones; zeroed outputs; segments if the mask wants
/// them.
Result<Tensors> makeTensors(const Options &options, const Request &request, const InputFiles *files);
/// The segments alone.
Status makeSegments(const Options &options, const Request &request, Tensors &tensors);

/// The same memory as the runtime and as the reference see it.
Arguments runtimeArguments(const Request &request, Tensors &tensors);
reference::Inputs referenceInputs(const Request &request, const Tensors &tensors);
reference::Outputs referenceOutputs(const Request &request, const Tensors &tensors);

/// Segment tensors for pair counting; absent where the mask has none.
std::optional<mtn_tensor> segmentTensor(const Request &request, Tensors &tensors);
std::optional<mtn_tensor> kvSegmentTensor(const Request &request, Tensors &tensors);

/// `out` widened to f32.
std::vector<float> widenOut(const Request &request, const Tensors &tensors);

/// [B, *grid, H, Dv] and [B, *grid, H]
std::vector<int64_t> outShape(const Request &request);
std::vector<int64_t> lseShape(const Request &request);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_TENSORS_H
