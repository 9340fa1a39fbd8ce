//===- Call.h - a kernel and everything about a run but the pointers *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_LAUNCH_CALL_H
#define MUNTIN_RUNTIME_LAUNCH_CALL_H

#include "runtime/launch/Footprint.h"
#include "runtime/launch/Kernel.h"

#include <memory_resource>
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

/// Room on the stack for a call that is made for one run: enough for most kernels, the heap for the others.
class CallRoom {
public:
  std::pmr::memory_resource *memory() { return &memory_; }

private:
  std::array<std::byte, 2048> bytes_;
  std::pmr::monotonic_buffer_resource memory_{bytes_.data(), bytes_.size()};
};

/// A run of a kernel on tensors whose layouts are known: formulas evaluated,
/// arguments packed, except the pointers. May be run by any number of threads.
/// A run on the CPU allocates nothing and takes no lock of its own.
class Call {
public:
  /// `tensors` passed checkLayouts() and agreed on `shape`; their pointers are ignored. `kernel` outlives the call, and
  /// so does `memory`, of which a call that is made for one run takes some on the stack.
  static Result<Call> create(const Kernel &kernel, const TensorSet &tensors, const Shape &shape, double scale,
                             int threads, std::pmr::memory_resource *memory = std::pmr::get_default_resource());

  int64_t workspaceBytes() const { return workspaceBytes_; }
  /// The layouts, in the order of Tensor.
  const TensorSet &layouts() const { return tensors_; }

  /// Checks the pointers, null for tensors that create() was not given, and runs.
  Status run(const Pointers &pointers, Workspace workspace, Stream stream) const;
  /// The same in a workspace of its own.
  Status runAllocating(const Pointers &pointers, Stream stream) const;

private:
  /// One launch.
  struct Step {
    void *entry = nullptr;
    int64_t tasks = 0, threads = 1, scratch = 0;
    size_t firstSlot = 0, slots = 0; ///< of the recipe's slots
    int64_t resident = 0;
  };
  /// What is put into a slot just before a run.
  struct Pointer {
    uint32_t slot;
    int32_t tensor; ///< of Tensor; -1: the workspace
    int64_t offset; ///< bytes
  };
  /// All launches of a variant with their arguments, side by side.
  struct Packed {
    explicit Packed(std::pmr::memory_resource *memory) : steps(memory), slots(memory), pointers(memory) {}
    std::pmr::vector<Step> steps;
    std::pmr::vector<uint64_t> slots;
    std::pmr::vector<Pointer> pointers;
  };
  struct Inputs;

  explicit Call(std::pmr::memory_resource *memory) : packed_(memory) {}
  static Status pack(const Launch &launch, void *entry, const Inputs &inputs, Packed &packed);
  static Status packAll(const std::vector<Launch> &launches, const std::vector<void *> &entries, const Inputs &inputs,
                        Packed &packed);
  static Status launchAll(Device &device, const Packed &packed, const Pointers &pointers, void *workspace,
                          Stream stream, int threads);
  /// Why the pointers cannot be used, if they cannot.
  Status checkPointers(const Pointers &pointers, Workspace workspace) const;
  TensorSet withPointers(const Pointers &pointers) const;
  friend Result<uint64_t> countPairs(const Kernel &kernel, const Shape &shape, TensorSet tensors);

  const Kernel *kernel_ = nullptr;
  TensorSet tensors_;
  Footprints footprints_;
  Extent extent_ = Extent::Some;
  int threads_ = 0;
  int64_t workspaceBytes_ = 0;
  Packed packed_;
};

/// Query-key pairs that the kernel computes for `shape`, over batch and heads.
/// `tensors` holds the segments if the mask wants them, and nothing else.
Result<uint64_t> countPairs(const Kernel &kernel, const Shape &shape, TensorSet tensors);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_LAUNCH_CALL_H
