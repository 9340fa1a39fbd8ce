//===- Scratch.cpp - memory that kernels use while they run *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/Scratch.h"

#include <new>
#include <utility>

namespace muntin::runtime {

constexpr size_t kAlignment = 64;

void *HostAllocator::take(size_t bytes) const {
  return allocate ? allocate(user, bytes, kAlignment)
                  : ::operator new(bytes, std::align_val_t(kAlignment), std::nothrow);
}

void HostAllocator::give(void *memory) const {
  if (!memory)
    return;
  if (allocate)
    release(user, memory);
  else
    ::operator delete(memory, std::align_val_t(kAlignment));
}

/// Stands in front of the bytes.
struct ScratchPool::Lease::Buffer {
  alignas(kAlignment) size_t bytes;
};

ScratchPool::~ScratchPool() {
  for (const Place &place : places_)
    allocator_.give(place.buffer.load());
}

ScratchPool::Place &ScratchPool::ownPlace() {
  static constinit std::atomic<size_t> threads{0};
  static constinit thread_local size_t number = 0; // 0: not yet; needs no destructor
  if (number == 0)
    number = threads.fetch_add(1, std::memory_order_relaxed) + 1;
  return places_[number % kPlaces];
}

ScratchPool::Lease::Lease(ScratchPool &pool, size_t bytes) : pool_(pool) {
  if (bytes == 0)
    return;
  buffer_ = pool.ownPlace().buffer.exchange(nullptr, std::memory_order_acquire);
  if (buffer_ && buffer_->bytes >= bytes)
    return;
  pool.allocator_.give(std::exchange(buffer_, nullptr));
  size_t total = 0;
  if (__builtin_add_overflow(bytes, sizeof(Buffer), &total))
    return;
  if (void *memory = pool.allocator_.take(total))
    buffer_ = ::new (memory) Buffer{bytes};
}

ScratchPool::Lease::~Lease() {
  if (buffer_)
    pool_.allocator_.give(pool_.ownPlace().buffer.exchange(buffer_, std::memory_order_acq_rel));
}

void *ScratchPool::Lease::data() const { return buffer_ ? buffer_ + 1 : nullptr; }

} // namespace muntin::runtime
