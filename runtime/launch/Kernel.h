//===- Kernel.h - a loaded image ---------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_LAUNCH_KERNEL_H
#define MUNTIN_RUNTIME_LAUNCH_KERNEL_H

#include "runtime/abi/Image.h"
#include "runtime/device/Device.h"

#include <memory>
#include <string>
#include <vector>

namespace muntin::runtime {

struct StageTime {
  std::string stage;
  double seconds = 0;
};

enum class Origin : int { Compiler = 0, Image = 1, Disk = 2, Bundle = 3 };

/// Where a kernel came from and what that cost.
struct Provenance {
  Origin origin = Origin::Image;
  double seconds = 0;
  std::vector<StageTime> stages;
};

/// An image that a device has loaded. Shared as constant, so any number of threads may launch it.
class Kernel : public std::enable_shared_from_this<Kernel> {
public:
  /// Checks the recipe, loads the binary that the device prefers, and finds the entries. `file`, if any, begins with
  /// the bytes of that binary.
  static Result<std::shared_ptr<Kernel>> load(Device &device, Image image, Provenance provenance,
                                              const std::string &file = "");

  Device &device() const { return *device_; }
  const Problem &problem() const { return problem_; }
  const std::string &key() const { return image_.problemKey; }
  const std::string &plan() const { return image_.plan; }
  const std::vector<Variant> &variants() const { return image_.variants; }
  const std::string &target() const { return target_; }
  const Provenance &provenance() const { return provenance_; }
  /// Notes the time for loading, and in all, before the kernel is shared.
  void recordLoad(double loadSeconds, double totalSeconds);

  /// The first variant whose guards hold: its index; an error that says what no variant takes.
  Result<size_t> choose(const Shape &shape) const;
  /// The entries of a variant, one per launch, in order.
  const std::vector<void *> &entries(size_t variant) const { return entries_[variant].launches; }
  const std::vector<void *> &countingEntries(size_t variant) const { return entries_[variant].counting; }

private:
  struct Entries {
    std::vector<void *> launches, counting;
  };
  Kernel() = default;
  /// Finds the entries and refuses recipes that packing could not follow.
  Status resolve();
  Status refusal(const Shape &shape) const;

  Device *device_ = nullptr;
  Problem problem_;
  Image image_; ///< without the bytes of its binaries
  std::string target_;
  std::unique_ptr<Module> module_;
  std::vector<Entries> entries_; ///< per variant
  Provenance provenance_;
};

/// Bytes of workspace that `variant` wants for `shape`.
Result<int64_t> workspaceBytes(const Variant &variant, const Shape &shape);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_LAUNCH_KERNEL_H
