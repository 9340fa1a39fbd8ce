//===- DeviceMemory.h - device memory, fenced to the byte -------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Device addresses are never dereferenced: they lie at 2^56 and above, where
// no process has memory, and are looked up among live allocations. Addresses
// are not used again, so use after free is told apart from out of bounds.
//
//   0x01.. device memory     0x02.. shared window of generic addresses
//   0x03.. local window      0x04.. kernel parameters
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_MEMORY_DEVICEMEMORY_H
#define MUNTIN_EMULATOR_MEMORY_DEVICEMEMORY_H

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace muntin::emulator {

constexpr uint64_t DeviceWindow = uint64_t(1) << 56;
constexpr uint64_t SharedWindow = uint64_t(2) << 56;
constexpr uint64_t LocalWindow = uint64_t(3) << 56;
constexpr uint64_t ParamWindow = uint64_t(4) << 56;
constexpr uint64_t windowOf(uint64_t address) { return address & (uint64_t(0xff) << 56); }

struct Allocation {
  uint64_t base = 0, bytes = 0;
  uint8_t *host = nullptr;
  bool owned = false;  ///< device memory; else host memory that the device may use
  bool isHost = false; ///< addresses are host pointers
  int device = 0;
  std::atomic<bool> allWritten{false};
  std::unique_ptr<std::atomic<uint8_t>[]> written; ///< a bit per byte; absent once allWritten
  std::string name;                                ///< of a module's variable

  bool holds(uint64_t address, uint64_t size) const {
    return address >= base && size <= bytes && address - base <= bytes - size;
  }
  void markWritten(uint64_t address, uint64_t size);
  bool isWritten(uint64_t address, uint64_t size) const;
};

class DeviceMemory {
public:
  ~DeviceMemory();
  /// 0 when the host has no memory left or the device's limit is reached.
  uint64_t allocate(uint64_t bytes, int device, uint64_t deviceLimit, std::string name = {});
  bool release(uint64_t base);
  /// Host memory that kernels may touch, as cuMemHostAlloc and cuMemHostRegister give it. `owned`: freed by release.
  Allocation *addHost(void *host, uint64_t bytes, bool owned, int device);
  /// The live allocation that contains the address, or nullptr.
  Allocation *find(uint64_t address);
  /// Where a released allocation was, if the address lies in one.
  std::optional<std::pair<uint64_t, uint64_t>> findReleased(uint64_t address) const;
  uint64_t used(int device) const;
  /// Whether any allocation of the device is left.
  void releaseAll(int device);
  /// Describes where an address lies, for reports.
  std::string describe(uint64_t address);

private:
  std::map<uint64_t, std::unique_ptr<Allocation>> live_;
  std::map<uint64_t, uint64_t> released_; ///< base to bytes; the newest few
  uint64_t next_ = DeviceWindow + 0x10000;
  std::map<int, uint64_t> used_;
};

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_MEMORY_DEVICEMEMORY_H
