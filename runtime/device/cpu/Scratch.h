//===- Scratch.h - memory that kernels use while they run --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_DEVICE_CPU_SCRATCH_H
#define MUNTIN_RUNTIME_DEVICE_CPU_SCRATCH_H

#include <array>
#include <atomic>
#include <cstddef>

namespace muntin::runtime {

/// Memory from the host program, or from the system if it has none to give.
struct HostAllocator {
  void *(*allocate)(void *user, size_t bytes, size_t alignment) = nullptr;
  void (*release)(void *user, void *memory) = nullptr;
  void *user = nullptr;

  /// 64-byte aligned; null if there is none.
  void *take(size_t bytes) const;
  void give(void *memory) const;
};

/// Buffers of one session, kept for the next run. Each thread has a place of its own, shared only where there are more
/// threads than places. It could be thread_local; but then memory of the session would outlive it in the threads of the
/// pool, and their destructors would keep the library from being unloaded.
class ScratchPool {
public:
  explicit ScratchPool(HostAllocator allocator) : allocator_(allocator) {}
  ScratchPool(const ScratchPool &) = delete;
  ~ScratchPool();

  /// A buffer for the calling thread until it goes.
  class Lease {
  public:
    Lease(ScratchPool &pool, size_t bytes);
    ~Lease();
    Lease(const Lease &) = delete;
    /// 64-byte aligned; null if none was asked for, or there is none.
    void *data() const;

  private:
    struct Buffer;
    friend class ScratchPool;
    ScratchPool &pool_;
    Buffer *buffer_ = nullptr;
  };

private:
  static constexpr size_t kPlaces = 64;
  struct alignas(64) Place {
    std::atomic<Lease::Buffer *> buffer{nullptr};
  };
  Place &ownPlace();

  const HostAllocator allocator_;
  std::array<Place, kPlaces> places_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_DEVICE_CPU_SCRATCH_H
