//===- LoadStore.cpp - loads and stores -----------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/LoadStore.h"

#include "runtime/emulator/check/Profile.h"

namespace muntin::emulator {

template <typename M, typename R> static void loadColumn(R *d, uint8_t *const *host, unsigned offset, uint32_t mask) {
  using Bytes = Bits<sizeof(M)>;
  const auto one = [&](unsigned i) {
    const Bytes raw = __atomic_load_n(reinterpret_cast<const Bytes *>(host[i] + offset), __ATOMIC_ACQUIRE);
    if constexpr (std::is_signed_v<M>)
      d[i] = static_cast<R>(static_cast<std::make_signed_t<R>>(static_cast<M>(raw))); // small types extend
    else
      d[i] = static_cast<R>(raw);
  };
  if (mask == FullMask)
    for (unsigned i = 0; i < WarpSize; ++i)
      one(i);
  else
    eachLane(mask, one);
}

template <typename M> static void load(Warp &w, const Instr &in, uint32_t mask) {
  Touched t;
  computeAddresses(w, in, 1, t.address);
  const MemSpace space = spaceOf(in);
  resolve(w, in, mask, space, sizeof(M) * in.vec, Access::Read, t);
  if (w.cta().grid().profile)
    profileAccess(w, in, mask, space, sizeof(M) * in.vec, t);
  for (unsigned k = 0; k < in.vec; ++k)
    if (const Ref d = w.extra(in, k); d != NoRef)
      loadColumn<M>(w.words<Slot<M>>(d), t.host, k * sizeof(M), mask);
  afterRead(w, in, mask, t);
}

template <typename M> static void store(Warp &w, const Instr &in, uint32_t mask) {
  Touched t;
  computeAddresses(w, in, 1, t.address);
  const MemSpace space = spaceOf(in);
  resolve(w, in, mask, space, sizeof(M) * in.vec, Access::Write, t);
  if (w.cta().grid().profile)
    profileAccess(w, in, mask, space, sizeof(M) * in.vec, t);
  w.cta().progress = true;
  for (unsigned k = 0; k < in.vec; ++k) {
    const Slot<M> *s = w.words<Slot<M>>(w.extra(in, k));
    eachLane(mask, [&](unsigned i) {
      using Bytes = Bits<sizeof(M)>;
      __atomic_store_n(reinterpret_cast<Bytes *>(t.host[i] + k * sizeof(M)), static_cast<Bytes>(s[i]),
                       __ATOMIC_RELEASE);
    });
  }
}

Handler loadHandler(Type type) {
  if (isSigned(type) && bitsOf(type) < 32)
    return bitsOf(type) == 8 ? &load<int8_t> : &load<int16_t>;
  switch (bytesOf(type)) {
  case 1: return &load<uint8_t>;
  case 2: return &load<uint16_t>;
  case 4: return &load<uint32_t>;
  case 8: return &load<uint64_t>;
  default: return nullptr;
  }
}

Handler storeHandler(Type type) {
  switch (bytesOf(type)) {
  case 1: return &store<uint8_t>;
  case 2: return &store<uint16_t>;
  case 4: return &store<uint32_t>;
  case 8: return &store<uint64_t>;
  default: return nullptr;
  }
}

} // namespace muntin::emulator
