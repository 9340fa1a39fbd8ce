//===- Matrix.cpp - ldmatrix, stmatrix, movmatrix -------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Matrix i of 8 x 8 halves has its rows at the addresses of lanes 8i .. 8i+7.
// Lane 4g + t holds elements (g, 2t) and (g, 2t + 1), transposed (2t, g) and
// (2t + 1, g).
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/LoadStore.h"
#include "runtime/emulator/isa/Decoders.h"

#include <cstring>

namespace muntin::emulator {

namespace {

constexpr uint32_t TransposeBit = 1 << 16;

/// Row addresses, checked, of the lanes that give some.
uint32_t matrixRows(Warp &w, const Instr &in, Access access, Touched &t) {
  const uint32_t lanes = in.vec == 4 ? FullMask : (uint32_t(1) << (8 * in.vec)) - 1;
  computeAddresses(w, in, 1, t.address);
  resolve(w, in, lanes, spaceOf(in), 16, access, t);
  if (w.cta().grid().profile)
    profileAccess(w, in, lanes, spaceOf(in), 16, t);
  return lanes;
}

void load(Warp &w, const Instr &in, uint32_t mask) {
  if (!w.converged(mask))
    return;
  Touched t;
  matrixRows(w, in, Access::Read, t);
  for (unsigned i = 0; i < in.vec; ++i) {
    uint32_t *d = w.words<uint32_t>(w.extra(in, i));
    if (!(in.aux & TransposeBit)) {
      for (unsigned g = 0; g < 8; ++g)
        std::memcpy(d + 4 * g, t.host[8 * i + g], 16);
      continue;
    }
    uint16_t m[8][8];
    for (unsigned r = 0; r < 8; ++r)
      std::memcpy(m[r], t.host[8 * i + r], 16);
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      d[lane] = uint32_t(m[2 * (lane & 3) + 1][lane >> 2]) << 16 | m[2 * (lane & 3)][lane >> 2];
  }
}

void store(Warp &w, const Instr &in, uint32_t mask) {
  if (!w.converged(mask))
    return;
  Touched t;
  matrixRows(w, in, Access::Write, t);
  w.cta().progress = true;
  for (unsigned i = 0; i < in.vec; ++i) {
    const uint32_t *s = w.words<uint32_t>(w.extra(in, i));
    uint16_t m[8][8];
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      for (unsigned half = 0; half < 2; ++half) {
        const unsigned g = lane >> 2, c = 2 * (lane & 3) + half;
        const auto value = static_cast<uint16_t>(s[lane] >> (16 * half));
        (in.aux & TransposeBit ? m[c][g] : m[g][c]) = value;
      }
    for (unsigned r = 0; r < 8; ++r)
      std::memcpy(t.host[8 * i + r], m[r], 16);
  }
}

void decodeForm(Decoder &d, bool isLoad) {
  if (!d.take("aligned") || !d.take("sync") || !d.take("m8n8"))
    d.unsupported();
  const int count = d.takeOne({"x1", "x2", "x4"});
  const bool transpose = d.take("trans");
  const MemSpace space = takeSpace(d);
  if (count < 0 || d.needType() != Type::B16 || (space != MemSpace::Shared && space != MemSpace::Generic))
    d.unsupported();
  d.expectCount(2, 2);
  d.now.vec = static_cast<uint8_t>(1u << count);
  memoryOperand(d, d.operand(isLoad ? 1 : 0), 1, space);
  d.now.aux |= transpose ? TransposeBit : 0;
  const Operand &list = d.operand(isLoad ? 0 : 1);
  if (list.kind != OperandKind::Vector && d.now.vec == 1) {
    d.extra(isLoad ? d.dst(list, Type::B32) : d.src(list, Type::B32));
  } else {
    if (list.kind != OperandKind::Vector || list.count != d.now.vec)
      d.fail(list, "expected " + std::to_string(d.now.vec) + " registers in braces");
    for (unsigned i = 0; i < d.now.vec; ++i)
      d.extra(isLoad ? d.dst(d.element(list, i), Type::B32) : d.src(d.element(list, i), Type::B32));
  }
  d.now.run = isLoad ? load : store;
}

} // namespace

void decodeLdmatrix(Decoder &d) { decodeForm(d, true); }
void decodeStmatrix(Decoder &d) { decodeForm(d, false); }

void decodeMovmatrix(Decoder &d) {
  if (!d.take("sync") || !d.take("aligned") || !d.take("m8n8") || !d.take("trans") || d.needType() != Type::B16)
    d.unsupported();
  d.expectCount(2, 2);
  d.now.op[1] = d.src(1, Type::B32);
  d.now.op[0] = d.dst(0u, Type::B32);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    if (!w.converged(mask))
      return;
    uint16_t m[8][8];
    const uint32_t *s = w.words<uint32_t>(in.op[1]);
    for (unsigned lane = 0; lane < WarpSize; ++lane) {
      m[lane >> 2][2 * (lane & 3)] = static_cast<uint16_t>(s[lane]);
      m[lane >> 2][2 * (lane & 3) + 1] = static_cast<uint16_t>(s[lane] >> 16);
    }
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      w.words<uint32_t>(in.op[0])[lane] =
          uint32_t(m[2 * (lane & 3) + 1][lane >> 2]) << 16 | m[2 * (lane & 3)][lane >> 2];
  };
}

} // namespace muntin::emulator
