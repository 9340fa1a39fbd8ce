//===- Memory.h - lanes' addresses to bytes of the host ---------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_MEMORY_H
#define MUNTIN_EMULATOR_EXEC_MEMORY_H

#include "runtime/emulator/exec/Cta.h"
#include "runtime/emulator/exec/Lanes.h"

namespace muntin::emulator {

enum class MemSpace : uint8_t { Generic, Global, Shared, Local, KernelParam, FrameParam };
enum class Access : uint8_t { Read, Write, Atomic };

// Instr::aux of memory instructions: the space, and what the access orders.
constexpr uint32_t SpaceMask = 15, StrongBit = 1 << 8, AcquireBit = 1 << 9, ReleaseBit = 1 << 10, CtaScopeBit = 1 << 11;
// Instr::flags of memory instructions: the base register has 64 bits.
constexpr uint8_t WideBase = 1;

inline MemSpace spaceOf(const Instr &in) { return static_cast<MemSpace>(in.aux & SpaceMask); }

struct Touched {
  uint64_t address[WarpSize];
  uint8_t *host[WarpSize];
};

/// Effective addresses of op[slot] + imm.
void computeAddresses(Warp &w, const Instr &in, unsigned slot, uint64_t *address);
/// Checks bounds and alignment of `bytes` at each lane's address and finds them; faults otherwise.
void resolve(Warp &w, const Instr &in, uint32_t mask, MemSpace space, unsigned bytes, Access access, Touched &t);
/// After a read: tells the race checker if it may have been of a flag.
void afterRead(Warp &w, const Instr &in, uint32_t mask, const Touched &t);
/// Bytes of shared memory of this CTA or another one of the cluster.
uint8_t *sharedHost(Warp &w, unsigned lane, uint64_t address, uint64_t bytes, uint64_t align);
/// Bytes at a global or generic address.
uint8_t *globalHost(Warp &w, unsigned lane, uint64_t address, uint64_t bytes, uint64_t align, Access access);
/// A generic address that lies in the shared window, as a shared address; others unchanged, with `isShared` false.
uint64_t sharedFromGeneric(uint64_t address, bool &isShared);

/// Changes a value in memory that other threads may change as well; returns the old one.
template <typename U, typename F> inline U atomicUpdate(uint8_t *at, F f) {
  U *p = reinterpret_cast<U *>(at);
  U old = __atomic_load_n(p, __ATOMIC_ACQUIRE);
  while (!__atomic_compare_exchange_n(p, &old, static_cast<U>(f(old)), true, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))
    ;
  return old;
}

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_MEMORY_H
