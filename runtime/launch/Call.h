//===- Call.h - a kernel and everything about a run but the pointers *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_LAUNCH_CALL_H
#define MUNTIN_RUNTIME_LAUNCH_CALL_H

#include "runtime/launch/Kernel.h"
#include "runtime/launch/TensorView.h"

#include <vector>

namespace muntin::runtime {

/// What a shape asks of us.
enum class Extent : uint8_t {
  NoQuery, ///< the result is empty: nothing is done
  NoKey,   ///< out = 0 and lse = -inf: done without a kernel
  Some,
};
Extent extentOf(const Shape &shape);

/// out = 0, lse = -inf.
Status fillWithoutKeys(Device &device, const TensorSet &tensors, Stream stream);

struct Workspace {
  void *data = nullptr;
  size_t size = 0;
};

/// A run of a kernel on tensors whose layouts are known: formulas evaluated,
/// arguments packed, except the pointers. May be run by any number of threads.
class Call {
public:
  /// `tensors` passed checkLayouts() and agreed on `shape`; their pointers are ignored. `kernel` outlives the call.
  static Result<Call> create(const Kernel &kernel, TensorSet tensors, const Shape &shape, double scale, int threads);

  int64_t workspaceBytes() const { return workspaceBytes_; }
  /// The layouts, in the order of Tensor.
  const TensorSet &layouts() const { return tensors_; }

  /// Checks the pointers of `tensors`, whose layouts are those of create(), and runs.
  Status run(const TensorSet &tensors, Workspace workspace, Stream stream) const;
  /// The same in a workspace of its own.
  Status runAllocating(const TensorSet &tensors, Stream stream) const;

private:
  /// One launch; pointers are put into the slots just before it.
  struct Step {
    struct Pointer {
      uint16_t slot;
      int8_t tensor;  ///< of Tensor; -1: the workspace
      int64_t offset; ///< bytes
    };
    void *entry = nullptr;
    int64_t tasks = 0, threads = 1, scratch = 0;
    std::vector<uint64_t> arguments;
    std::vector<Pointer> pointers;
  };
  struct Inputs;

  static Result<Step> pack(const Launch &launch, void *entry, const Inputs &inputs);
  static Result<std::vector<Step>> packAll(const std::vector<Launch> &launches, const std::vector<void *> &entries,
                                           const Inputs &inputs);
  static Status launch(Device &device, const Step &step, const TensorSet &tensors, void *workspace, Stream stream,
                       int threads);
  friend Result<uint64_t> countPairs(const Kernel &kernel, const Shape &shape, TensorSet tensors);

  const Kernel *kernel_ = nullptr;
  TensorSet tensors_;
  Extent extent_ = Extent::Some;
  int threads_ = 0;
  int64_t workspaceBytes_ = 0;
  std::vector<Step> steps_;
};

/// Query-key pairs that the kernel computes for `shape`, over batch and heads.
/// `tensors` holds the segments if the mask wants them, and nothing else.
Result<uint64_t> countPairs(const Kernel &kernel, const Shape &shape, TensorSet tensors);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_LAUNCH_CALL_H
