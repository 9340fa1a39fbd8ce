//===- DeviceMemory.cpp - device memory, fenced to the byte ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/memory/DeviceMemory.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace muntin::emulator {

constexpr uint64_t Granule = 512; ///< alignment of allocations, and at least this much between two of them
constexpr size_t MostReleased = 65536;

void Allocation::markWritten(uint64_t address, uint64_t size) {
  if (allWritten.load(std::memory_order_relaxed) || size == 0)
    return;
  if (address == base && size == bytes) {
    allWritten.store(true, std::memory_order_relaxed);
    return;
  }
  for (uint64_t at = address - base, end = at + size; at < end;) {
    const uint64_t cell = at / 8, first = at % 8, count = std::min<uint64_t>(8 - first, end - at);
    const auto bits = static_cast<uint8_t>(((1u << count) - 1) << first);
    if ((written[cell].load(std::memory_order_relaxed) & bits) != bits)
      written[cell].fetch_or(bits, std::memory_order_relaxed);
    at += count;
  }
}

bool Allocation::isWritten(uint64_t address, uint64_t size) const {
  if (allWritten.load(std::memory_order_relaxed))
    return true;
  for (uint64_t at = address - base, end = at + size; at < end;) {
    const uint64_t cell = at / 8, first = at % 8, count = std::min<uint64_t>(8 - first, end - at);
    const auto bits = static_cast<uint8_t>(((1u << count) - 1) << first);
    if ((written[cell].load(std::memory_order_relaxed) & bits) != bits)
      return false;
    at += count;
  }
  return true;
}

DeviceMemory::~DeviceMemory() {
  for (auto &[base, allocation] : live_)
    if (allocation->owned)
      std::free(allocation->host);
}

uint64_t DeviceMemory::allocate(uint64_t bytes, int device, uint64_t deviceLimit, std::string name) {
  if (bytes == 0 || bytes > deviceLimit || used_[device] > deviceLimit - bytes)
    return 0;
  auto a = std::make_unique<Allocation>();
  void *host = nullptr;
  if (posix_memalign(&host, Granule, (bytes + Granule - 1) / Granule * Granule) != 0)
    return 0;
  a->host = static_cast<uint8_t *>(host);
  a->written.reset(new (std::nothrow) std::atomic<uint8_t>[bytes / 8 + 1]());
  if (!a->written) {
    std::free(host);
    return 0;
  }
  a->base = next_;
  a->bytes = bytes;
  a->owned = true;
  a->device = device;
  a->name = std::move(name);
  next_ += (bytes / Granule + 2) * Granule;
  used_[device] += bytes;
  const uint64_t base = a->base;
  live_.emplace(base, std::move(a));
  return base;
}

Allocation *DeviceMemory::addHost(void *host, uint64_t bytes, bool owned, int device) {
  auto a = std::make_unique<Allocation>();
  a->base = reinterpret_cast<uint64_t>(host);
  a->bytes = bytes;
  a->host = static_cast<uint8_t *>(host);
  a->owned = owned;
  a->isHost = true;
  a->device = device;
  a->allWritten = true;
  return live_.emplace(a->base, std::move(a)).first->second.get();
}

bool DeviceMemory::release(uint64_t base) {
  const auto found = live_.find(base);
  if (found == live_.end())
    return false;
  Allocation &a = *found->second;
  if (a.owned)
    std::free(a.host);
  if (!a.isHost) {
    used_[a.device] -= a.bytes;
    released_[a.base] = a.bytes;
    if (released_.size() > MostReleased)
      released_.erase(released_.begin());
  }
  live_.erase(found);
  return true;
}

Allocation *DeviceMemory::find(uint64_t address) {
  auto after = live_.upper_bound(address);
  if (after == live_.begin())
    return nullptr;
  Allocation *a = std::prev(after)->second.get();
  return a->holds(address, 1) ? a : nullptr;
}

std::optional<std::pair<uint64_t, uint64_t>> DeviceMemory::findReleased(uint64_t address) const {
  auto after = released_.upper_bound(address);
  if (after == released_.begin())
    return std::nullopt;
  const auto &[base, bytes] = *std::prev(after);
  if (address - base >= bytes)
    return std::nullopt;
  return std::pair(base, bytes);
}

uint64_t DeviceMemory::used(int device) const {
  const auto found = used_.find(device);
  return found == used_.end() ? 0 : found->second;
}

void DeviceMemory::releaseAll(int device) {
  for (auto i = live_.begin(); i != live_.end();) {
    const uint64_t base = i->first;
    const bool mine = i->second->device == device;
    ++i;
    if (mine)
      release(base);
  }
}

std::string DeviceMemory::describe(uint64_t address) {
  char text[160];
  const auto number = [](uint64_t v) { return static_cast<unsigned long long>(v); };
  if (const auto gone = findReleased(address)) {
    std::snprintf(text, sizeof text, "byte %llu of an allocation of %llu bytes that was freed",
                  number(address - gone->first), number(gone->second));
    return text;
  }
  auto after = live_.upper_bound(address);
  if (after != live_.begin()) {
    const Allocation &a = *std::prev(after)->second;
    std::snprintf(text, sizeof text, "%llu bytes beyond the start of an allocation of %llu bytes",
                  number(address - a.base), number(a.bytes));
    if (address - a.base < (uint64_t(1) << 32))
      return text;
  }
  if (after != live_.end() && after->first - address < (uint64_t(1) << 20)) {
    std::snprintf(text, sizeof text, "%llu bytes before an allocation of %llu bytes", number(after->first - address),
                  number(after->second->bytes));
    return text;
  }
  return "no allocation is near";
}

} // namespace muntin::emulator
