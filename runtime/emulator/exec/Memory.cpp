//===- Memory.cpp - lanes' addresses to bytes of the host -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Memory.h"

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/exec/Cluster.h"

namespace muntin::emulator {

static std::string bytesAt(uint64_t bytes, uint64_t address) {
  char text[64];
  std::snprintf(text, sizeof text, "%llu bytes at 0x%llx", static_cast<unsigned long long>(bytes),
                static_cast<unsigned long long>(address));
  return text;
}

void computeAddresses(Warp &w, const Instr &in, unsigned slot, uint64_t *address) {
  const auto offset = static_cast<uint64_t>(in.imm);
  if (in.flags & WideBase) {
    const uint64_t *base = w.words<uint64_t>(in.op[slot]);
    for (unsigned i = 0; i < WarpSize; ++i)
      address[i] = base[i] + offset;
  } else {
    const uint32_t *base = w.words<uint32_t>(in.op[slot]);
    for (unsigned i = 0; i < WarpSize; ++i)
      address[i] = static_cast<uint32_t>(base[i] + offset);
  }
}

static void checkAlignment(Warp &w, unsigned lane, uint64_t address, uint64_t bytes, uint64_t align) {
  if (address & (align - 1))
    w.cta().fault(w, ReportKind::Misaligned, static_cast<int>(lane), address,
                  bytesAt(bytes, address) + ", expected a multiple of " + std::to_string(align));
}

uint8_t *sharedHost(Warp &w, unsigned lane, uint64_t address, uint64_t bytes, uint64_t align) {
  checkAlignment(w, lane, address, bytes, align);
  Cta *cta = &w.cta();
  const uint64_t rank = (address >> 24) & 0xff, offset = address & 0xffffff;
  if (rank != 0 && rank - 1 != cta->rank) {
    cta = cta->cluster ? cta->cluster->member(static_cast<uint32_t>(rank - 1)) : nullptr;
    if (!cta)
      w.cta().fault(w, ReportKind::OutOfBounds, static_cast<int>(lane), address,
                    bytesAt(bytes, address) + ": no CTA of rank " + std::to_string(rank - 1) + " in the cluster");
  }
  if (address >> 32 || offset + bytes > cta->sharedBytes())
    w.cta().fault(w, ReportKind::OutOfBounds, static_cast<int>(lane), address,
                  bytesAt(bytes, address) + " of shared memory, which has " + std::to_string(cta->sharedBytes()) +
                      " bytes");
  return cta->shared() + offset;
}

static uint8_t *missed(Warp &w, unsigned lane, uint64_t address, uint64_t bytes) {
  DeviceMemory &memory = w.cta().grid().memory;
  const bool freed = memory.findReleased(address).has_value();
  w.cta().fault(w, freed ? ReportKind::UseAfterFree : ReportKind::OutOfBounds, static_cast<int>(lane), address,
                bytesAt(bytes, address) + ": " + memory.describe(address));
}

static Allocation *lookUp(Warp &w, uint64_t address, uint64_t bytes) {
  AccessCache &cache = w.cta().cache(static_cast<unsigned>(address >> 20) & 7);
  if (address >= cache.low && address + bytes <= cache.high && address + bytes >= address)
    return cache.allocation;
  Allocation *a = w.cta().grid().memory.find(address);
  if (!a || !a->holds(address, bytes))
    return nullptr;
  cache = {a->base, a->base + a->bytes, a};
  return a;
}

static void noteUnwritten(Warp &w, unsigned lane, uint64_t address, uint64_t bytes) {
  w.cta().note(w, ReportKind::UninitializedRead, static_cast<int>(lane), address,
               bytesAt(bytes, address) + " of global memory, never written");
}

uint8_t *globalHost(Warp &w, unsigned lane, uint64_t address, uint64_t bytes, uint64_t align, Access access) {
  checkAlignment(w, lane, address, bytes, align);
  Allocation *a = lookUp(w, address, bytes);
  if (!a)
    return missed(w, lane, address, bytes);
  if (w.cta().options().check != CheckLevel::Off && !a->allWritten.load(std::memory_order_relaxed)) {
    if (access != Access::Write && !a->isWritten(address, bytes))
      noteUnwritten(w, lane, address, bytes);
    if (access != Access::Read)
      a->markWritten(address, bytes);
  }
  return a->host + (address - a->base);
}

uint64_t sharedFromGeneric(uint64_t address, bool &isShared) {
  isShared = windowOf(address) == SharedWindow;
  return isShared ? address - SharedWindow : address;
}

static uint8_t *localHost(Warp &w, unsigned lane, uint64_t address, uint64_t bytes) {
  checkAlignment(w, lane, address, bytes, bytes);
  const uint64_t offset = windowOf(address) == LocalWindow ? address - LocalWindow : address;
  if (offset + bytes > w.localStride || offset + bytes < offset)
    w.cta().fault(w, ReportKind::OutOfBounds, static_cast<int>(lane), address,
                  bytesAt(bytes, address) + " of local memory, which has " + std::to_string(w.localStride) + " bytes");
  return w.local.data() + size_t(lane) * w.localStride + offset;
}

static uint8_t *paramHost(Warp &w, unsigned lane, uint64_t address, uint64_t bytes, Access access) {
  std::vector<uint8_t> &params = w.cta().grid().params;
  const uint64_t offset = address - ParamWindow;
  if (access != Access::Read || offset + bytes > params.size() || offset + bytes < offset)
    w.cta().fault(w, ReportKind::OutOfBounds, static_cast<int>(lane), address,
                  bytesAt(bytes, address) + " of kernel parameters, which have " + std::to_string(params.size()) +
                      " bytes and are read-only");
  checkAlignment(w, lane, address, bytes, bytes);
  return params.data() + offset;
}

static uint8_t *frameParamHost(Warp &w, unsigned lane, uint64_t address, uint64_t bytes) {
  Frame &frame = w.frame();
  if (address + bytes > frame.routine->paramBytes)
    w.cta().fault(w, ReportKind::OutOfBounds, static_cast<int>(lane), address, "outside the parameters of the call");
  return frame.params.data() + size_t(lane) * frame.routine->paramBytes + address;
}

static uint8_t *genericHost(Warp &w, unsigned lane, uint64_t address, unsigned bytes, Access access) {
  switch (windowOf(address)) {
  case SharedWindow: return sharedHost(w, lane, address - SharedWindow, bytes, bytes);
  case LocalWindow: return localHost(w, lane, address, bytes);
  case ParamWindow: return paramHost(w, lane, address, bytes, access);
  default: return globalHost(w, lane, address, bytes, bytes, access);
  }
}

/// All lanes of a full warp within one allocation, aligned: the common case, without a look at each.
static bool resolveTogether(Warp &w, unsigned bytes, Access access, Touched &t) {
  uint64_t low = t.address[0], high = t.address[0], bits = 0;
  for (unsigned i = 0; i < WarpSize; ++i) {
    low = std::min(low, t.address[i]);
    high = std::max(high, t.address[i]);
    bits |= t.address[i];
  }
  if ((bits & (bytes - 1)) || high - low > (uint64_t(1) << 40))
    return false;
  Allocation *a = lookUp(w, low, high - low + bytes);
  if (!a)
    return false;
  if (w.cta().options().check != CheckLevel::Off && !a->allWritten.load(std::memory_order_relaxed))
    return false;
  for (unsigned i = 0; i < WarpSize; ++i)
    t.host[i] = a->host + (t.address[i] - a->base);
  return true;
}

static bool resolveSharedTogether(Warp &w, unsigned bytes, Touched &t) {
  uint64_t high = 0, bits = 0;
  for (unsigned i = 0; i < WarpSize; ++i) {
    high = std::max(high, t.address[i]);
    bits |= t.address[i];
  }
  if ((bits & (bytes - 1)) || high + bytes > w.cta().sharedBytes())
    return false;
  uint8_t *shared = w.cta().shared();
  for (unsigned i = 0; i < WarpSize; ++i)
    t.host[i] = shared + t.address[i];
  return true;
}

static void checkSharedInit(Warp &w, uint32_t mask, unsigned bytes, Access access, const Touched &t) {
  Cta &cta = w.cta();
  if (cta.sharedWritten.empty())
    return;
  eachLane(mask, [&](unsigned i) {
    const ptrdiff_t offset = t.host[i] - cta.shared();
    if (offset < 0 || offset + bytes > cta.sharedBytes())
      return;
    uint8_t *written = cta.sharedWritten.data() + offset;
    if (access != Access::Write && std::count(written, written + bytes, 0))
      cta.note(w, ReportKind::UninitializedRead, static_cast<int>(i), static_cast<uint64_t>(offset),
               bytesAt(bytes, static_cast<uint64_t>(offset)) + " of shared memory, never written");
    if (access != Access::Read)
      std::fill_n(written, bytes, 1);
  });
}

void resolve(Warp &w, const Instr &in, uint32_t mask, MemSpace space, unsigned bytes, Access access, Touched &t) {
  bool done = false;
  if (mask == FullMask && space == MemSpace::Global)
    done = resolveTogether(w, bytes, access, t);
  else if (mask == FullMask && space == MemSpace::Shared)
    done = resolveSharedTogether(w, bytes, t);
  if (!done)
    eachLane(mask, [&](unsigned i) {
      switch (space) {
      case MemSpace::Generic: t.host[i] = genericHost(w, i, t.address[i], bytes, access); break;
      case MemSpace::Global: t.host[i] = globalHost(w, i, t.address[i], bytes, bytes, access); break;
      case MemSpace::Shared: t.host[i] = sharedHost(w, i, t.address[i], bytes, bytes); break;
      case MemSpace::Local: t.host[i] = localHost(w, i, t.address[i], bytes); break;
      case MemSpace::KernelParam: t.host[i] = paramHost(w, i, t.address[i], bytes, access); break;
      case MemSpace::FrameParam: t.host[i] = frameParamHost(w, i, t.address[i], bytes); break;
      }
    });
  if (space == MemSpace::Shared || space == MemSpace::Generic)
    checkSharedInit(w, mask, bytes, access, t);
  if (w.cta().race && space <= MemSpace::Shared)
    w.cta().race->access(w, in, mask, space, bytes, access, t);
}

void afterRead(Warp &w, const Instr &in, uint32_t mask, const Touched &t) {
  if (RaceChecker *race = w.cta().race; race && in.aux & StrongBit)
    race->acquireFlags(w, in, mask, t);
}

} // namespace muntin::emulator
