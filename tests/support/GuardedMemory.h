//===- GuardedMemory.h - memory whose neighbours cannot be touched  -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   | no access | ....... tensor | no access |     flush with the right guard: one element too far is a signal
//   | no access | tensor ....... | no access |     flush with the left guard: one element too early is
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_SUPPORT_GUARDEDMEMORY_H
#define MUNTIN_TESTS_SUPPORT_GUARDEDMEMORY_H

#include <cstddef>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace muntin::testing {

class GuardedMemory {
public:
  enum class Flush { Left, Right };

  GuardedMemory() = default;
  GuardedMemory(size_t bytes, Flush flush) : bytes_(bytes) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    open_ = (bytes + page - 1) / page * page;
    mapped_ = open_ + 2 * page;
    void *map = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
      throw std::bad_alloc();
    map_ = static_cast<std::byte *>(map);
    begin_ = map_ + page;
    data_ = flush == Flush::Left ? begin_ : begin_ + open_ - bytes;
    protect(true);
  }
  GuardedMemory(GuardedMemory &&other) noexcept { swap(other); }
  GuardedMemory &operator=(GuardedMemory &&other) noexcept {
    swap(other);
    return *this;
  }
  ~GuardedMemory() {
    if (map_)
      munmap(map_, mapped_);
  }

  std::byte *data() const { return data_; }
  size_t size() const { return bytes_; }
  /// All that is accessible: the tensor and the rest of its pages.
  std::byte *openBegin() const { return begin_; }
  size_t openSize() const { return open_; }

  void fill(int byte) { std::memset(begin_, byte, open_); }
  void protect(bool writable) {
    if (open_)
      mprotect(begin_, open_, writable ? PROT_READ | PROT_WRITE : PROT_READ);
  }

private:
  void swap(GuardedMemory &other) {
    std::swap(bytes_, other.bytes_), std::swap(open_, other.open_), std::swap(mapped_, other.mapped_);
    std::swap(map_, other.map_), std::swap(begin_, other.begin_), std::swap(data_, other.data_);
  }

  size_t bytes_ = 0, open_ = 0, mapped_ = 0;
  std::byte *map_ = nullptr, *begin_ = nullptr, *data_ = nullptr;
};

} // namespace muntin::testing

#endif // MUNTIN_TESTS_SUPPORT_GUARDEDMEMORY_H
